"""Trains the styles that come with the pack, on the public-domain and CC0 part of the collection.

A fifth of photos and art, by a hash of the name, is never trained with: evaluate with these. Ctrl-C
keeps what was trained; the same call goes on.
"""

import argparse
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from collection import ART, TO_MEASURE_WITH, is_held_out, load_art, load_photos, training_photos
from tps_portrait.tps_core.pictures import write_picture
from tps_portrait.tps_core.style import save_style
from tps_portrait.training.options import TrainingOptions
from tps_portrait.training.sheet import sample_strip
from tps_portrait.training.trainer import train

SAMPLES = 8
SHOW_EVERY = 250  # steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("style", choices=sorted(ART.keys() - TO_MEASURE_WITH))
    parser.add_argument("work", type=Path, help="folder for banks and trainings")
    parser.add_argument("--steps", type=int, default=TrainingOptions.steps)
    parser.add_argument("--size", type=int, default=TrainingOptions.size)
    parser.add_argument("--batch", type=int, default=TrainingOptions.batch)
    arguments = parser.parse_args()

    art = load_art(arguments.style, arguments.work).select(lambda name: not is_held_out(name))
    photos = training_photos(load_photos(arguments.work))
    options = TrainingOptions(
        steps=arguments.steps,
        size=arguments.size,
        batch=arguments.batch,
        early_stop=False,
    )
    folder = arguments.work / f"{arguments.style} {options.size}"
    samples, last = photos.pictures(SAMPLES, options.size), None
    with closing(train(art, photos, options, state=folder / "state")) as steps:
        try:
            for last in steps:
                if last.number % SHOW_EVERY == 0:
                    strip = sample_strip([samples, last.paint(samples)])
                    write_picture(folder / f"{last.number:05d}.png", strip)
                    print(last.number, last.losses, flush=True)
        except KeyboardInterrupt:
            print("stopped")
    style = last.style()
    record = style.record | {"licence": "CC0 1.0", "author": "TPS Portrait"}
    save_style(replace(style, record=record), folder / f"{arguments.style}.safetensors")
    print(folder / f"{arguments.style}.safetensors")


if __name__ == "__main__":
    main()
