"""Reading and writing single pictures, in files or, where "-" is given, by stdin and stdout."""

import argparse
import sys
from pathlib import Path

from torch import Tensor

from ..tps_core.picture_writer import check_room, encode, holds_alpha, write_picture
from ..tps_core.pictures import decode_picture, read_with_alpha, to_image
from .inputs import PIPE
from .terminal import tell

AS_FILE = Path("stdout.png")  # as what a picture goes to stdout


def check_pipes(arguments: argparse.Namespace, count: int = 1) -> None:
    """Raises ValueError where stdout is to take what it can't: `count` pictures are to be made."""
    if arguments.output != PIPE:
        return
    if sys.stdout.isatty():
        raise ValueError("-o -: stdout is the terminal; send it to a file or another program")
    if count > 1:
        raise ValueError(f"-o -: stdout takes one picture, and there are {count}; name a folder")
    if arguments.json:
        raise ValueError("-o -: stdout is taken by the picture; leave out --json")


def read_for(path: Path, target: Path) -> tuple[Tensor, Tensor | None]:
    """The picture (3, h, w) of an input, and its alpha (1, h, w), as `read_with_alpha` has them.

    That the target can't be transparent is said: it gets white there when it is written. Raises
    ValueError when the picture can't be read, or is too large for the target's format.
    """
    name = "stdin" if path == PIPE else str(path)
    picture, alpha = decode_picture(_piped(), name) if path == PIPE else read_with_alpha(path)
    if target == PIPE:
        return picture, alpha
    check_room(target, (picture.shape[2], picture.shape[1]))
    if alpha is not None and not holds_alpha(target):
        tell(f"{name}: is partly transparent, which {target.suffix} can't hold; laid on white")
    return picture, alpha


def write_to(target: Path, picture: Tensor, overwrite: bool) -> None:
    """Writes the picture (3, h, w) or (4, h, w); on stdout as PNG. Raises as `write_picture`."""
    if target != PIPE:
        write_picture(target, picture, overwrite)
        return
    sys.stdout.buffer.write(encode(to_image(picture), AS_FILE))
    sys.stdout.buffer.flush()


def _piped() -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError("-: no picture comes by stdin; send one, or name a file")
    return sys.stdin.buffer.read()
