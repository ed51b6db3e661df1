"""Times a step of training against a straightforward version of the same loop.

That version computes the same losses; what ours saves is undone in it, and also one by one. All
take turns in one run: quote the ratios, the machine may be busy. With photos and paintings of the
collection in ../shared/data, so that poses and splines are those of real trainings.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

from collection import ART, DATA
from timing import add_patience_option, in_turn, machine, table
from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.geometry import grid
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.tps_core.geometry.spline import Spline
from tps_portrait.tps_core.landmark_files.json_file import read_sidecar, write_sidecar
from tps_portrait.tps_core.painting.generator import warp_features
from tps_portrait.tps_core.pictures import picture_size, read_picture
from tps_portrait.training.banks.bank import FaceBank, build_bank
from tps_portrait.training.learn import losses
from tps_portrait.training.learn.one_step import start_run, train_step
from tps_portrait.training.learn.options import PRESETS, TrainingOptions
from tps_portrait.training.learn.pairs import Pairs

FOLDERS = (DATA / "photos", DATA / "art" / ART["impressionist oil"])
FILES_EACH = 16
CPU = torch.device("cpu")
Source = tuple[Path, FaceBank]  # a folder of pictures, and its bank

FILES = "pictures are read and cut in each step"
TWICE = "the portrait is encoded for each branch"
EVERY_PIXEL = "splines are evaluated at every pixel"
EVERYTHING = "the generators' loss has gradients in the discriminators too"
PLANES = "channels lie apart in memory"
SAVED = (FILES, TWICE, EVERY_PIXEL, EVERYTHING, PLANES)


class FacesInFiles:
    """Stands for a bank's faces, and reads and cuts them from the files whenever it is asked."""

    def __init__(self, folder: Path, bank: FaceBank):
        self._paths = [folder / entry.name for entry in bank.entries if entry.used]
        self._alignments = [align(read_sidecar(path)[0]) for path in self._paths]
        self.shape = bank.faces.shape

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: list[int]) -> Tensor:
        return torch.stack([self._face(int(i)) for i in index])

    def _face(self, index: int) -> Tensor:
        picture = read_picture(self._paths[index])
        return as_bytes(self._alignments[index].crop(picture, self.shape[-1]))


def stepping(
    sources: list[Source], options: TrainingOptions, undone: tuple[str, ...]
) -> Callable[[], object]:
    """The work of a training step, on photos and art, without these savings."""
    photos, art = (bank for _, bank in sources)
    run, content, _ = start_run(art, photos, options, CPU)
    if PLANES in undone:
        run.networks.to(memory_format=torch.contiguous_format)
    if FILES in undone:
        photos, art = (replace(bank, faces=FacesInFiles(folder, bank)) for folder, bank in sources)
    pairs = Pairs(photos, art, options.size, CPU, run.profile)
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
                stack.enter_context(patch.object(grid, "first_stride", lambda size: 1))
            if EVERYTHING in undone:
                stack.enter_context(patch.object(run.networks, "generators", lambda: everything))
            train_step(run, pairs, None, content)

    return step


def copy_faces(source: Path, folder: Path) -> Source:
    """Copies FILES_EACH of the pictures in which a face is found, its landmarks beside it."""
    folder.mkdir()
    paths = list_pictures(source)
    for path in paths[:: len(paths) // FILES_EACH]:
        picture = read_picture(path)
        for face in detect(picture, max_faces=1):
            copy = Path(shutil.copy(path, folder))
            write_sidecar(copy, [face], picture_size(copy))
    return folder, build_bank(folder)


def compare(preset: str, sources: list[Source], patience: float) -> str:
    """The table of one preset's steps, on photos and art."""
    options = TrainingOptions(**PRESETS[preset])
    contestants = {"ours": ()} | {name: (name,) for name in SAVED}
    contestants["all of these: the straightforward loop"] = SAVED
    works = {name: stepping(sources, options, undone) for name, undone in contestants.items()}
    times = in_turn(works, patience=patience)
    ours = times["ours"]
    rows = [
        (name, own.ms, own.cpu_ms, own.over(ours), own.cpu_over(ours), len(own.wall))
        for name, own in times.items()
    ]
    heads = ("a step in which", "ms", "CPU ms", "x ours", "CPU time x ours", "rounds")
    return f"\n{preset}: {options.batch} at a time, {options.size} px\n" + table(heads, rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=["quick", "good"])
    add_patience_option(parser)
    arguments = parser.parse_args()

    print(machine(), flush=True)
    try:
        with tempfile.TemporaryDirectory() as place:
            sources = [copy_faces(folder, Path(place, folder.name)) for folder in FOLDERS]
            for preset in arguments.presets:
                print(compare(preset, sources, arguments.patience), flush=True)
    except ValueError as error:  # the collection or SqueezeNet is missing
        print(f"bench_training: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
