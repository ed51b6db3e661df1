"""Trains the styles that come with the pack, and some that may, each from one picture of art.

A fifth of the photos, by a hash of the name, is never trained with: evaluate with these. Ctrl-C
keeps what was trained; the same call goes on.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from collection import CREDITS, LOOKS, load_look, load_photos, training_photos
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.style import save_style
from tps_portrait.training.learn.drive import drive
from tps_portrait.training.learn.eta import Eta
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.samples import Samples
from tps_portrait.training.learn.trainer import Step, train

SAMPLES = 8
TELL_EVERY = 200  # steps
OURS = ("TPS Portrait", "CC0 1.0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("style", choices=sorted(LOOKS))
    parser.add_argument("work", type=Path, help="folder for banks and trainings")
    parser.add_argument("--steps", type=int, default=1600)
    parser.add_argument("--pairs", type=int, default=TrainingOptions.pairs)
    parser.add_argument("--branches-every", type=int, default=1_000_000)
    arguments = parser.parse_args()

    art = load_look(arguments.style, arguments.work)
    photos = training_photos(load_photos(arguments.work))
    options = TrainingOptions(
        steps=arguments.steps,
        pairs=arguments.pairs,
        branches_every=arguments.branches_every,
        early_stop=False,
        learning_rate=1e-3,
    )
    folder = arguments.work / arguments.style
    author, licence = CREDITS.get(arguments.style, OURS)

    def tell_pair(done: int, total: int) -> None:
        if done % 8 == 0:
            print(f"{done} of {total} photos painted", flush=True)

    def tell(step: Step, eta: Eta) -> None:
        if step.number % TELL_EVERY == 0:
            print(step.number, step.losses, flush=True)

    def show(strip: Tensor) -> None:
        write_picture(folder / "samples.png", strip)

    def keep(step: Step) -> None:
        style, path = step.style(), folder / f"{arguments.style}.safetensors"
        record = style.record | {"licence": licence, "author": author}
        save_style(replace(style, record=record), path)
        print(path)

    samples = Samples(photos.pictures(SAMPLES, options.size), folder / "state")
    steps = train(art, photos, options, state=folder / "state", on_pair=tell_pair)
    try:
        last, _ = drive(steps, samples, tell, show, keep)
    except KeyboardInterrupt:
        print("stopped")
    else:
        keep(last)


if __name__ == "__main__":
    main()
