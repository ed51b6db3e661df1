"""Trains the styles that come with the pack, and some that may, each from one picture of art.

A fifth of the photos, by a hash of the name, is never trained with: evaluate with these. Ctrl-C
keeps what was trained; the same call goes on.
"""

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from collection import CREDITS, LOOKS, load_look, load_photos, training_photos
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.style import save_style
from tps_portrait.training.banks.contact_sheet import sample_strip
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.trainer import train

SAMPLES = 8
SHOW_EVERY = 200  # steps
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
    samples, last = photos.pictures(SAMPLES, options.size), None

    def tell(done: int, total: int) -> None:
        if done % 8 == 0:
            print(f"{done} of {total} photos painted", flush=True)

    with closing(train(art, photos, options, state=folder / "state", on_pair=tell)) as steps:
        try:
            for last in steps:
                if last.number % SHOW_EVERY == 0:
                    strip = sample_strip([samples, last.paint(samples)])
                    write_picture(folder / f"{last.number:05d}.png", strip)
                    print(last.number, last.losses, flush=True)
        except KeyboardInterrupt:
            print("stopped")
    style = last.style()
    author, licence = CREDITS.get(arguments.style, OURS)
    record = style.record | {"licence": licence, "author": author}
    save_style(replace(style, record=record), folder / f"{arguments.style}.safetensors")
    print(folder / f"{arguments.style}.safetensors")


if __name__ == "__main__":
    main()
