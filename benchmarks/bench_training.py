"""Times a step of training against a straightforward version of the same loop.

That version computes the same losses; what ours saves is undone in it, and also one by one. All
take turns in one run: quote the ratios, the machine may be busy.
"""

import argparse
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import skimage.data
import torch
from PIL import Image, ImageEnhance
from torch import Tensor

from timing import add_patience_option, in_turn, machine, table
from tps_portrait.tps_core import warp
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.interpolation.lattice import Lattice
from tps_portrait.tps_core.painting.generator import warp_features
from tps_portrait.tps_core.pictures import list_pictures, read_picture
from tps_portrait.tps_core.tps import Spline
from tps_portrait.training import losses
from tps_portrait.training.bank import FaceBank, build_bank
from tps_portrait.training.options import PRESETS, TrainingOptions
from tps_portrait.training.pairs import Pairs
from tps_portrait.training.trainer import start_run, train_step

HEAD = (80, 0, 400, 320)  # of the astronaut in scikit-image
SIDE = 1024  # of the pictures in pixels
LIGHTS = (0.7, 0.9, 1.1, 1.3)  # one picture of each
CPU = torch.device("cpu")

FILES = "pictures are read and cut in each step"
TWICE = "the portrait is encoded for each branch"
EVERY_PIXEL = "splines are evaluated at every pixel"
EVERYTHING = "the generators' loss has gradients in the discriminators too"
PLANES = "channels lie apart in memory"
SAVED = (FILES, TWICE, EVERY_PIXEL, EVERYTHING, PLANES)


class FacesInFiles:
    """Stands for a bank's faces, and reads and cuts them from the files whenever it is asked."""

    def __init__(self, folder: Path, size: int):
        self._paths = list_pictures(folder)
        self._alignments = [align(detect_face(read_picture(path), path)) for path in self._paths]
        self.shape = (len(self._paths), 3, size, size)

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: list[int]) -> Tensor:
        return torch.stack([self._face(int(i)) for i in index])

    def _face(self, index: int) -> Tensor:
        face = self._alignments[index].crop(read_picture(self._paths[index]), self.shape[-1])
        return (255 * face).round().to(torch.uint8)


def stepping(
    folder: Path, bank: FaceBank, options: TrainingOptions, undone: tuple[str, ...]
) -> Callable[[], object]:
    """The work of a training step without these savings."""
    run, content, _ = start_run(bank, bank, options, CPU)
    if PLANES in undone:
        run.networks.to(memory_format=torch.contiguous_format)
    if FILES in undone:
        bank = replace(bank, faces=FacesInFiles(folder, bank.size))
    pairs = Pairs(bank, bank, options.size, CPU)
    encode, seen = run.networks.p2s.encode, []
    everything = [*run.networks.generators(), *run.networks.discriminators()]

    def encode_first(portrait: Tensor) -> list[Tensor]:
        seen[:] = [portrait]
        return encode(portrait)

    def encode_again(features: list[Tensor], spline: Spline) -> list[Tensor]:
        return warp_features(encode(seen[0]), spline)

    def step() -> None:
        with ExitStack() as stack:
            if TWICE in undone:
                stack.enter_context(patch.object(run.networks.p2s, "encode", encode_first))
                stack.enter_context(patch.object(losses, "warp_features", encode_again))
            if EVERY_PIXEL in undone:
                stack.enter_context(patch.object(warp, "choose", every_pixel))
            if EVERYTHING in undone:
                stack.enter_context(patch.object(run.networks, "generators", lambda: everything))
            train_step(run, pairs, content)

    return step


def every_pixel(spline: Spline, size: object, extent: object) -> list[Lattice]:
    return [Lattice()] * len(spline.centres)


def write_portraits(folder: Path) -> None:
    head = Image.fromarray(skimage.data.astronaut()).crop(HEAD).resize((SIDE, SIDE))
    for light in LIGHTS:
        ImageEnhance.Brightness(head).enhance(light).save(folder / f"{light}.jpg", quality=92)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["quick", "good"])
    add_patience_option(parser)
    arguments = parser.parse_args()

    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_portraits(folder)
        bank = build_bank(folder)
        for preset in arguments.presets:
            options = TrainingOptions(**PRESETS[preset])
            contestants = {"ours": ()} | {name: (name,) for name in SAVED}
            contestants["all of these: the straightforward loop"] = SAVED
            works = {
                name: stepping(folder, bank, options, undone)
                for name, undone in contestants.items()
            }
            times = in_turn(works, patience=arguments.patience)
            print(f"\n{preset}: {options.batch} at a time, {options.size} px")
            print(
                table(
                    ("a step in which", "ms", "CPU ms", "x ours", "CPU time x ours", "rounds"),
                    [
                        (name, own.ms, own.cpu_ms, own.over(times["ours"]),
                         own.cpu_over(times["ours"]), len(own.wall))
                        for name, own in times.items()
                    ],
                ),
                flush=True,
            )  # fmt: skip


if __name__ == "__main__":
    main()
