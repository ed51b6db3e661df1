"""The options of the commands that paint: which faces of a group, and what without a face."""

import argparse
import re

from ..tps_core.choose import NO_FACE
from ..tps_core.detect import MOST_FACES

ORDERS = {"left-to-right": "left to right", "score": "score"}


def add_face_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--faces",
        type=_which,
        metavar="WHICH",
        help="of a group: largest, all, or numbers such as 2 or 1,3; default: the largest, or all "
        "in the picture's landmark file; in a video a face keeps its number until the next cut",
    )
    parser.add_argument(
        "--face-order",
        choices=ORDERS,
        default="left-to-right",
        help="how the numbers of --faces count: from the left, or the surest first; default: "
        "left-to-right",
    )
    parser.add_argument(
        "--no-face",
        choices=NO_FACE,
        help="a picture or video without a face: error reports it and goes on with the others, "
        "skip writes a picture unchanged, and of a video what needs no face is painted; default: "
        "error, but painted whole with `stylize` unless --face-only",
    )


def face_arguments(arguments: argparse.Namespace) -> tuple:
    """The options as `faces_in_file` takes them: detector, confidence, which faces, numbers."""
    detector = arguments.detector, arguments.min_confidence
    if isinstance(arguments.faces, tuple):
        return *detector, ORDERS[arguments.face_order], arguments.faces
    return *detector, arguments.faces or "auto", (1,)


def _which(text: str) -> str | tuple[int, ...]:
    if text in ("largest", "all"):
        return text
    if not re.fullmatch(r"[0-9]{1,3}(,[0-9]{1,3})*", text):
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not largest, all, or numbers such as 2 or 1,3"
        )
    numbers = tuple(dict.fromkeys(map(int, text.split(","))))  # each face once
    if not all(1 <= number <= MOST_FACES for number in numbers):
        raise argparse.ArgumentTypeError(f"faces are counted from 1 to {MOST_FACES}, got {text}")
    return numbers
