"""tps-portrait warp: gives a face the shape of another."""

import argparse
from pathlib import Path

from ..tps_core.detect import detect_face
from ..tps_core.face_warp import PLACEMENTS, warp_face
from ..tps_core.pictures import read_picture, write_picture
from .common import add_detector_options, add_json_option, print_json


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
    parser.add_argument(
        "--strength",
        type=float,
        default=1.0,
        metavar="S",
        help="0 leaves the face, 1 gives it the reference's shape, more exaggerates; default: 1",
    )
    parser.add_argument(
        "--stiffness",
        type=float,
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
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    pictures = [read_picture(path) for path in (arguments.image, arguments.to)]
    source, target = (
        detect_face(picture, str(path), arguments.detector, arguments.min_confidence)
        for picture, path in zip(pictures, (arguments.image, arguments.to), strict=True)
    )
    warped, _ = warp_face(
        pictures[0], source, target, arguments.strength, arguments.stiffness, arguments.placement
    )
    write_picture(arguments.output, warped)
    if arguments.json:
        print_json({"output": str(arguments.output)})
    else:
        print(arguments.output)
    return 0
