"""The options of the commands that paint: how much, how strongly, whose colours, what ground."""

import argparse
from pathlib import Path

from ..tps_core.finish import GROUNDS, MOST_STRENGTH
from ..tps_core.picture_writer import WRITTEN_FORMATS, holds_alpha
from ..tps_core.videos.writer import ALPHA_CODECS
from .terminal import add_number
from .video import video_ending


def add_finish_options(parser: argparse.ArgumentParser) -> None:
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--face-only",
        dest="whole_image",
        action="store_false",
        help="paint the face alone and set it into the photo; else all of it is painted",
    )
    # What it asked for has become the default; scripts that say so go on.
    part.add_argument(
        "--whole-image", dest="whole_image", action="store_true", help=argparse.SUPPRESS
    )
    parser.set_defaults(whole_image=True)
    add_number(
        parser,
        "--color-match",
        float,
        0,
        1,
        default=0.0,
        metavar="C",
        help="0…1, with --face-only: takes the face's colours towards the photo's; default: 0",
    )
    add_number(
        parser,
        "--strength",
        float,
        0,
        MOST_STRENGTH,
        default=1.0,
        metavar="S",
        help=f"0…{MOST_STRENGTH:g}: 0 is the photo, 1 the painting, more exaggerates what the "
        "painting changes; default: 1",
    )
    parser.add_argument(
        "--keep-colors",
        action="store_true",
        help="keep the photo's colours: only light and dark are painted",
    )
    parser.add_argument(
        "--ground",
        choices=GROUNDS,
        default="paint",
        help="what is behind the person: painted, kept from the photo, blurred, or transparent "
        "(.png and .webp; videos: .webm, .mkv, .mov and .gif); default: paint",
    )


def finish_arguments(arguments: argparse.Namespace) -> dict:
    """The options as `stylize` and `paint_like` take them."""
    return {
        "whole_image": arguments.whole_image,
        "strength": arguments.strength,
        "color_match": arguments.color_match,
        "keep_colors": float(arguments.keep_colors),
        "ground": arguments.ground,
    }


def check_finish_options(
    arguments: argparse.Namespace, paths: list[Path], films: set[Path]
) -> None:
    """Raises ValueError for options that can't be, before anything is painted.

    `films` are those of the paths that are videos.
    """
    if arguments.ground != "transparent":
        return
    for path in filter(films.__contains__, paths):
        ending = video_ending(path, arguments.output)
        if ending not in ALPHA_CODECS:
            raise ValueError(
                f"{path}: a {ending} video can't be transparent; let its name end in "
                f"{', '.join(ALPHA_CODECS)}, or choose --ground keep or --ground blur"
            )
    output = arguments.output
    if len(paths) == 1 and output.suffix.lower() in WRITTEN_FORMATS and not holds_alpha(output):
        raise ValueError(
            f"{arguments.output}: can't be transparent; let its name end in .png or .webp"
        )
