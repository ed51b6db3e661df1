"""tps-portrait warp: gives a face the shape of another."""

import argparse
from pathlib import Path

from ..tps_core.face_warp import PLACEMENTS, warp_face
from ..tps_core.file_faces import faces_in_file
from ..tps_core.file_kinds import PICTURE
from ..tps_core.pictures import picture_format, read_picture, write_picture
from ..tps_core.plain_text import shown
from ..tps_core.targets import Targets
from .common import add_detector_options, add_json_option, add_overwrite_option
from .terminal import add_number, say, say_json


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "warp",
        help="give a face the shape of another",
        description="Bends the face in a picture into the shape of the face in another.",
    )
    parser.add_argument("image", type=Path, metavar="IMAGE")
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="REFERENCE",
        help="a picture of the face to resemble",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT")
    add_number(
        parser,
        "--strength",
        float,
        -10,
        10,
        default=1.0,
        metavar="S",
        help="0 leaves the face, 1 gives it the reference's shape, more exaggerates; default: 1",
    )
    add_number(
        parser,
        "--stiffness",
        float,
        0,
        1000,
        default=0.001,
        metavar="L",
        help="0 hits every point, more bends more gently; default: 0.001",
    )
    parser.add_argument(
        "--placement",
        choices=PLACEMENTS,
        default=PLACEMENTS[0],
        help="'in place' takes the shape only; 'exact' puts every point where "
        "the reference has it; default: in place",
    )
    add_overwrite_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    inputs = (arguments.image, arguments.to)
    picture_format(arguments.output)
    Targets(inputs, arguments.overwrite).file(arguments.output, PICTURE)
    pictures = [read_picture(path) for path in inputs]
    source, target = (
        faces_in_file(path, picture, arguments.detector, arguments.min_confidence)[0]
        for picture, path in zip(pictures, inputs, strict=True)
    )
    warped, _ = warp_face(
        pictures[0], source, target, arguments.strength, arguments.stiffness, arguments.placement
    )
    write_picture(arguments.output, warped, arguments.overwrite)
    if arguments.json:
        say_json({"output": str(arguments.output)})
    else:
        say(shown(arguments.output))
    return 0
