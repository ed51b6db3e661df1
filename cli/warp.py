"""tps-portrait warp: gives a face the shape of another."""

import argparse
from pathlib import Path

from ..tps_core.face_warp import PLACEMENTS, warp_face
from ..tps_core.file_faces import faces_in_file
from ..tps_core.file_kinds import PICTURE
from ..tps_core.picture_writer import picture_format
from ..tps_core.pictures import read_picture
from ..tps_core.plain_text import shown
from ..tps_core.targets import Targets
from ..tps_core.transparency import cut_out
from .common import add_detector_options, add_json_option, add_overwrite_option
from .inputs import PIPE, place
from .pipes import check_pipes, read_for, write_to
from .terminal import add_number, say, say_json


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "warp",
        help="give a face the shape of another",
        description="Bends the face in a picture into the shape of the face in another.",
    )
    parser.add_argument("image", type=place, metavar="IMAGE|-")
    parser.add_argument(
        "--to",
        type=Path,
        required=True,
        metavar="REFERENCE",
        help="a picture of the face to resemble",
    )
    parser.add_argument(
        "-o", "--output", type=place, required=True, metavar="OUT", help="- for stdout"
    )
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
    output = arguments.output
    check_pipes(arguments)
    if output != PIPE:
        picture_format(output)
        Targets((arguments.image, arguments.to), arguments.overwrite).file(output, PICTURE)
    picture, alpha = read_for(arguments.image, output)
    source, target = (
        faces_in_file(path, seen, arguments.detector, arguments.min_confidence)[0]
        for seen, path in ((picture, arguments.image), (read_picture(arguments.to), arguments.to))
    )
    warped, _ = warp_face(
        cut_out(picture, alpha),
        source,
        target,
        arguments.strength,
        arguments.stiffness,
        arguments.placement,
    )
    write_to(output, warped, arguments.overwrite)
    if output == PIPE:
        return 0
    if arguments.json:
        say_json({"output": str(arguments.output)})
    else:
        say(shown(arguments.output))
    return 0
