"""tps-portrait export: writes a style as an ONNX file."""

import argparse
from pathlib import Path

from ..tps_core.export import PRECISIONS, export_style
from ..tps_core.file_kinds import EXPORT
from ..tps_core.pictures import read_picture
from ..tps_core.plain_text import shown
from ..tps_core.style import find_style, load_style
from ..tps_core.targets import Targets
from .common import INPUT_ERRORS, add_json_option, add_overwrite_option, reason
from .inputs import find_inputs
from .terminal import add_number, say, say_json, tell

MOST_PHOTOS = 4  # of a folder, the first so many check the file


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "export",
        help="write a style as an ONNX file for other programs",
        description="Writes a style as an ONNX file: one input, picture (b, 3, h, w), RGB in 0…1, "
        "and one output, painted, the same shape; sides must be multiples of 16. What the style "
        "says of itself is in the file's metadata. Where onnxruntime or openvino is installed, "
        "the file is checked against the style before it is written.",
    )
    parser.add_argument(
        "style",
        metavar="STYLE",
        help="the name of an installed style (doctor lists them), or a file",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.onnx")
    add_number(
        parser,
        "--size",
        int,
        32,
        8192,
        metavar="N",
        help="fix the size at N x N pixels, one picture at a time; default: any",
    )
    add_overwrite_option(parser)
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument(
        "--half",
        dest="precision",
        action="store_const",
        const="float16",
        help="store it in half precision: half as large, the same picture",
    )
    precision.add_argument(
        "--int8",
        dest="precision",
        action="store_const",
        const="int8",
        help=argparse.SUPPRESS,  # of earlier versions; refused with a sentence
    )
    parser.add_argument(
        "--photos",
        nargs="+",
        default=[],
        metavar="IMAGE|FOLDER",
        help="portrait photos that the file is checked with; default: a picture of its own",
    )
    add_json_option(parser)
    parser.set_defaults(run=run, precision=PRECISIONS[0])


def run(arguments: argparse.Namespace) -> int:
    """Exports; a photo that can't be read fails the command, after the rest is done."""
    style_path = find_style(arguments.style)
    paths, failed = find_inputs(arguments.photos) if arguments.photos else ([], [])
    paths = paths[:MOST_PHOTOS]
    targets = Targets([style_path, *paths], arguments.overwrite)
    targets.file(arguments.output, EXPORT, ours=True)
    style = load_style(style_path)
    photos = []
    for path in paths:
        try:
            photos.append(read_picture(path))
        except INPUT_ERRORS as error:
            failed.append(reason(error, path))
    exported = export_style(
        style, arguments.output, arguments.size, arguments.precision or PRECISIONS[0], photos
    )
    if arguments.json:
        checked = bool(exported.checked_by)
        say_json(
            {
                "written": str(exported.path),
                "bytes": exported.bytes,
                "precision": arguments.precision or PRECISIONS[0],
                "checked_by": exported.checked_by,
                "mean_difference": exported.mean if checked else None,
                "max_difference": exported.most if checked else None,
            }
        )
    else:
        say(shown(exported.describe()))
    for line in failed:
        tell(f"tps-portrait export: {line}")
    return 2 if failed else 0
