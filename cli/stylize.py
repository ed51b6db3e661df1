"""tps-portrait stylize: paints pictures and videos."""

import argparse
from pathlib import Path

from ..tps_core.face_not_found import FaceNotFound
from ..tps_core.file_faces import faces_in_file
from ..tps_core.style import Style, find_style, load_style
from ..tps_core.stylize import stylize
from ..tps_core.transparency import cut_out
from .common import find_device
from .finish_options import finish_arguments
from .paint_each import add_painting_options, paint_each
from .pipes import read_for, write_to
from .video import is_video, paint_video


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "stylize",
        help="paint portraits and videos in a style",
        description="Paints each picture or video in the style: all of it, or the face alone. In a "
        "video the face is followed and held steady; its sound is copied.",
    )
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|VIDEO|-")
    parser.add_argument(
        "--style",
        required=True,
        metavar="NAME|PATH",
        help="the name of an installed style (doctor lists them), or a file",
    )
    add_painting_options(
        parser,
        "a picture's or a video's name (.mp4, .mkv, .webm, .gif …); of several, a folder; - for "
        "stdout",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture and video; one that can't be fails the command, after the others."""
    style_path = find_style(arguments.style)

    def prepare():
        style = load_style(style_path).to(find_device(arguments.device))
        return lambda path, target: _paint(path, target, style, arguments)

    return paint_each(arguments, style_path, prepare, videos=True)


def _paint(path: Path, target: Path, style: Style, arguments: argparse.Namespace) -> dict | None:
    if is_video(path, arguments.output):
        return paint_video(path, target, style, arguments)
    photo, alpha = read_for(path, target)
    try:
        faces = faces_in_file(path, photo, arguments.detector, arguments.min_confidence)
    except FaceNotFound:
        if not arguments.whole_image:
            raise
        faces = []  # all of it can be painted without one
    result = stylize(photo, style, faces, **finish_arguments(arguments), name=str(path))
    write_to(target, cut_out(result.picture, alpha), arguments.overwrite)
    return None
