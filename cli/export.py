"""tps-portrait export: writes a style as an ONNX file."""

import argparse
from pathlib import Path

from ..tps_core.export import PRECISIONS, export_style
from ..tps_core.pictures import read_picture
from ..tps_core.style import find_style, load_style
from .common import add_json_option, expand, print_json

PHOTOS = 64  # of a folder, the first so many calibrate: more change nothing


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
    parser.add_argument(
        "--size",
        type=int,
        metavar="N",
        help="fix the size at N x N pixels, one picture at a time; default: any",
    )
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
        help="reckon with 8 bits: a quarter as large, nearly the same picture; needs --photos",
    )
    parser.add_argument(
        "--photos",
        nargs="+",
        default=[],
        metavar="IMAGE|FOLDER",
        help="portrait photos, 4 or more, better 20, that the 8 bits are fitted to",
    )
    add_json_option(parser)
    parser.set_defaults(run=run, precision=PRECISIONS[0])


def run(arguments: argparse.Namespace) -> int:
    style = load_style(find_style(arguments.style))
    paths = expand(arguments.photos)[:PHOTOS] if arguments.photos else []
    photos = [read_picture(path) for path in paths]
    exported = export_style(
        style, arguments.output, arguments.size, arguments.precision or PRECISIONS[0], photos
    )
    if arguments.json:
        checked = bool(exported.checked_by)
        print_json(
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
        print(exported.describe())
    return 0
