"""tps-portrait stylize: paints pictures."""

import argparse
import sys
from pathlib import Path

from ..tps_core.detect import FaceNotFound, detect_face
from ..tps_core.pictures import ENDINGS, read_picture, write_picture
from ..tps_core.style import find_style, load_style
from ..tps_core.stylize import stylize
from .common import (
    add_detector_options,
    add_device_option,
    add_json_option,
    expand,
    find_device,
    print_json,
    show_progress,
)


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "stylize",
        help="paint portraits in a style",
        description="Finds the face in each picture, paints it in the style and puts it back.",
    )
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER")
    parser.add_argument(
        "--style",
        required=True,
        metavar="NAME|PATH",
        help="the name of an installed style (doctor lists them), or a file",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a picture's name; of several pictures, a folder",
    )
    parser.add_argument("--whole-image", action="store_true", help="paint the background too")
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="0…1, mixes painting and photo; default: 1, the painting",
    )
    parser.add_argument(
        "--color-match",
        type=float,
        default=0.0,
        metavar="C",
        help="0…1, takes the face's colours towards the photo's; default: 0",
    )
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture; one that can't be painted fails the command, after the others."""
    for name in ("strength", "color_match"):
        if not 0 <= getattr(arguments, name) <= 1:
            raise ValueError(f"{name.replace('_', '-')} must be between 0 and 1")
    paths = expand(arguments.inputs)
    to_file = len(paths) == 1 and arguments.output.suffix.lower() in ENDINGS
    style = load_style(find_style(arguments.style)).to(find_device(arguments.device))
    written, failed = {}, []
    for done, path in enumerate(paths, 1):
        target = arguments.output if to_file else _free_name(arguments.output, path, written)
        try:
            photo = read_picture(path)
            face = _face(photo, path, arguments)
        except ValueError as error:
            failed.append(str(error))
        else:
            result = stylize(
                photo,
                style,
                face,
                arguments.whole_image,
                arguments.strength,
                arguments.color_match,
            )
            write_picture(target, result.picture)
            written[str(target)] = str(path)
        show_progress(done, len(paths), path.name)
    if arguments.json:
        print_json({"written": list(written), "failed": failed})
    else:
        print("\n".join(written) if len(written) < 10 else f"{len(written)} pictures written")
    for line in failed:
        print(f"tps-portrait stylize: {line}", file=sys.stderr)
    return 2 if failed else 0


def _face(photo, path: Path, arguments: argparse.Namespace):
    """The largest face; with the whole image to be painted, a photo without one will do."""
    try:
        return detect_face(photo, str(path), arguments.detector, arguments.min_confidence)
    except FaceNotFound:
        if not arguments.whole_image:
            raise
        return []


def _free_name(folder: Path, path: Path, written: dict[str, str]) -> Path:
    """A file in the folder named like the picture; numbered if another picture had that name."""
    target, number = folder / f"{path.stem}.png", 2
    while str(target) in written:
        target, number = folder / f"{path.stem} {number}.png", number + 1
    return target
