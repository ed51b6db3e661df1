"""tps-portrait paint-like: paints pictures like one picture of art."""

import argparse
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from ..tps_core.file_faces import faces_in_file, known_faces
from ..tps_core.paint_like.artwork import Artwork
from ..tps_core.paint_like.find_art import find_artwork
from ..tps_core.paint_like.painter import paint_like
from ..tps_core.pictures import read_picture
from ..tps_core.stylize import Stylized
from .common import find_device
from .face_options import face_arguments
from .finish_options import finish_arguments
from .paint_each import add_painting_options, paint_each, paint_picture
from .video import is_video


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "paint-like",
        help="paint portraits like one picture of art, without training",
        description="Paints each portrait like the picture of art: with its colours, its strokes, "
        "its light. Nothing is trained; it takes some seconds. For videos a style that was trained "
        "from the picture is steadier: `tps-portrait train`, then `tps-portrait stylize`.",
    )
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|-")
    parser.add_argument(
        "--art",
        type=Path,
        required=True,
        metavar="PICTURE",
        help="a painted or drawn portrait; the larger the face in it, the finer the strokes",
    )
    add_painting_options(parser, "the name of a picture; of several, a folder; - for stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture; one that can't be painted fails the command, after the others.

    Raises ValueError for a video, before any work.
    """
    for path in map(Path, arguments.inputs):
        if is_video(path, arguments.output):
            raise ValueError(
                f"{path}: a video would flicker, painted like this; train a style with "
                f"tps-portrait train --art {arguments.art} -o STYLE.safetensors, then use "
                "tps-portrait stylize"
            )

    def prepare():
        art = _read_art(arguments)
        return lambda path, target, moving: _paint(path, target, art, arguments)

    return paint_each(arguments, [arguments.art], prepare)


def _read_art(arguments: argparse.Namespace) -> Artwork:
    path = arguments.art
    picture = read_picture(path)
    faces = known_faces(path, picture)
    art = find_artwork(picture, str(path), faces, arguments.detector, arguments.min_confidence)
    return replace(art, picture=picture.to(find_device(arguments.device)))


def _paint(path: Path, target: Path, art: Artwork, arguments: argparse.Namespace) -> None:
    def paint(photo: Tensor) -> Stylized:
        faces = faces_in_file(path, photo, *face_arguments(arguments))
        photo = photo.to(art.picture.device)
        return paint_like(photo, art, faces, **finish_arguments(arguments), name=str(path))

    paint_picture(path, target, arguments, paint)
