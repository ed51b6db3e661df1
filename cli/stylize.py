"""tps-portrait stylize: paints pictures and videos."""

import argparse
from pathlib import Path

from torch import Tensor

from ..tps_core.choose import choose
from ..tps_core.face_not_found import FaceNotFound
from ..tps_core.file_faces import faces_in_file
from ..tps_core.style import Style, find_style, load_style
from ..tps_core.stylize import Stylized, stylize
from .common import find_device
from .face_options import face_arguments
from .finish_options import finish_arguments
from .paint_each import add_painting_options, paint_each, paint_picture
from .video import paint_video


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
        action="append",
        metavar="NAME|PATH",
        help="the name of an installed style (doctor lists them), or a file; given several times, "
        "the faces of a group get one each, from left to right, and the first paints the rest",
    )
    add_painting_options(
        parser,
        "a picture's or a video's name (.mp4, .mkv, .webm, .gif …); of several, a folder; - for "
        "stdout",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture and video; one that can't be fails the command, after the others."""
    style_paths = [find_style(name) for name in arguments.style]
    if len(style_paths) > 1 and arguments.faces is None:
        arguments.faces = "all"

    def prepare():
        device = find_device(arguments.device)
        styles = [load_style(path).to(device) for path in style_paths]
        return lambda path, target, moving: _paint(path, target, moving, styles, arguments)

    return paint_each(arguments, style_paths, prepare, videos=True)


def _paint(
    path: Path, target: Path, moving: bool, styles: list[Style], arguments: argparse.Namespace
) -> dict | None:
    if moving:
        return paint_video(path, target, styles, arguments)

    def paint(photo: Tensor) -> Stylized:
        try:
            faces = faces_in_file(path, photo, *face_arguments(arguments))
        except FaceNotFound:
            if arguments.no_face or arguments.faces or not arguments.whole_image:
                raise
            faces = []  # all of it can be painted without one
        if len(styles) > 1 and not isinstance(arguments.faces, tuple):
            faces = choose(faces, "left to right")  # unless the numbers say otherwise
        return stylize(photo, styles, faces, **finish_arguments(arguments), name=str(path))

    paint_picture(path, target, arguments, paint)
    return None
