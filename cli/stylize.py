"""tps-portrait stylize: paints pictures and videos."""

import argparse
import sys
from pathlib import Path

from ..tps_core.detect import FaceNotFound, detect_face
from ..tps_core.pictures import ENDINGS, read_picture, write_picture
from ..tps_core.style import Style, find_style, load_style
from ..tps_core.stylize import stylize
from ..tps_core.videos.writer import CODECS
from .common import (
    add_detector_options,
    add_device_option,
    add_json_option,
    expand,
    find_device,
    print_json,
    show_progress,
)
from .finish_options import add_finish_options, check_finish_options
from .video import is_video, paint_video


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "stylize",
        help="paint portraits and videos in a style",
        description="Paints each picture or video in the style: all of it, or the face alone. In a "
        "video the face is followed and held steady; its sound is copied.",
    )
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|VIDEO")
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
        help="a picture's or a video's name (.mp4, .mkv, .webm, .gif …); of several, a folder",
    )
    add_finish_options(parser)
    parser.add_argument(
        "--color-match",
        type=float,
        default=0.0,
        metavar="C",
        help="0…1, with --face-only: takes the face's colours towards the photo's; default: 0",
    )
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture; one that can't be painted fails the command, after the others."""
    if not 0 <= arguments.color_match <= 1:
        raise ValueError("color-match must be between 0 and 1")
    paths = expand(arguments.inputs)
    check_finish_options(arguments, paths)
    style = load_style(find_style(arguments.style)).to(find_device(arguments.device))
    written: dict[str, str] = {}
    videos, failed = {}, []
    for done, path in enumerate(paths, 1):
        moving = is_video(path, arguments.output)
        target = _target(path, moving, len(paths) == 1, arguments.output, written)
        try:
            if moving:
                videos[str(target)] = paint_video(path, target, style, arguments)
            else:
                _paint_picture(path, target, style, arguments)
        except ValueError as error:
            failed.append(str(error))
        else:
            written[str(target)] = str(path)
        if not moving:
            show_progress(done, len(paths), path.name)
    if arguments.json:
        print_json({"written": list(written), "videos": videos, "failed": failed})
    else:
        print("\n".join(written) if len(written) < 10 else f"{len(written)} files written")
    for line in failed:
        print(f"tps-portrait stylize: {line}", file=sys.stderr)
    return 2 if failed else 0


def _paint_picture(path: Path, target: Path, style: Style, arguments: argparse.Namespace) -> None:
    photo = read_picture(path)
    result = stylize(
        photo,
        style,
        _face(photo, path, arguments),
        arguments.whole_image,
        arguments.strength,
        arguments.color_match,
        str(path),
        float(arguments.keep_colors),
        arguments.ground,
    )
    write_picture(target, result.picture)


def _face(photo, path: Path, arguments: argparse.Namespace):
    """The largest face; with the whole image to be painted, a photo without one will do."""
    try:
        return detect_face(photo, str(path), arguments.detector, arguments.min_confidence)
    except FaceNotFound:
        if not arguments.whole_image:
            raise
        return []


def _target(path: Path, moving: bool, alone: bool, output: Path, written: dict[str, str]) -> Path:
    """The file to write: OUT itself for a picture or video that is alone, else one in that folder.

    There it is named like the input, and numbered if another had that name.
    Raises ValueError for a video that is to become a picture.
    """
    ending = output.suffix.lower()
    if alone and ending in (CODECS if moving else ENDINGS):
        return output
    if moving and ending in ENDINGS:
        raise ValueError(f"{output}: a video's name must end in {', '.join(CODECS)}")
    suffix = ".png"
    if moving:
        suffix = path.suffix if path.suffix.lower() in CODECS else ".mp4"
    target, number = output / f"{path.stem}{suffix}", 2
    while str(target) in written:
        target, number = output / f"{path.stem} {number}{suffix}", number + 1
    return target
