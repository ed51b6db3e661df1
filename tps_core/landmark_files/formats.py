"""Landmark files on disk: any of the forms in, the two that we write out."""

import os
from collections.abc import Callable
from pathlib import Path

from ..json_reading import read_bytes
from ..landmarks import Landmarks
from ..output_files import first_free, replace_file
from ..picture_formats import ENDINGS
from ..pictures import picture_size
from .json_file import MOST_BYTES, SIDECAR, sidecar_path
from .picture_size import Size
from .points_json import read_points, write_points
from .pts_file import read_pts, write_pts

FORMATS = ("json", "pts")
WHEN_THERE = ("number", "replace", "error")


def read_landmarks(
    path: Path, size: Size | None = None, may_read: Callable[[Path], bool] = lambda path: True
) -> tuple[list[list[Landmarks]], Size]:
    """The faces of each picture that the file tells of, and their pictures' (width, height).

    path: a sidecar, a picture that has one, other JSON that `read_points` knows, or a .pts file.
    `size` is that of the picture for files that don't say it; without it a picture of the same
    name beside the file is looked at, if it `may_read` it.
    Raises ValueError, naming the file, when it can't be read or understood.
    """
    if path.suffix.lower() in ENDINGS:
        path = sidecar_path(path)
    try:
        text = read_bytes(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: can't be read (it is not UTF-8); save it as UTF-8") from None
    try:
        if path.suffix.lower() == ".pts":
            size = size or _size_beside(path, may_read)
            return [[read_pts(text, size)]], size
        return read_points(text, size)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def write_landmarks(
    path: Path, frames: list[list[Landmarks]], size: Size, form: str = "json", there="number"
) -> Path:
    """Writes the faces of pictures of `size` (width, height), and says where.

    path: without its ending, or with any of a picture's or a landmark file's. "json" makes a
    sidecar for one frame and the `.json` of `tps-portrait detect` for several, "pts" a .pts file,
    which holds one face. there: what to do with a file that is there already. "number" keeps it
    and puts a number behind the name, "replace" overwrites it if it holds landmarks, else does the
    same, "error" raises.
    Raises ValueError when it can't be written.
    """
    faces = [face for own in frames for face in own]
    if form == "pts" and len(faces) != 1:
        raise ValueError(
            f"a .pts file holds one face, and here are {len(faces)}; choose one with Convert Face "
            "Landmarks, or save as json"
        )
    text = write_pts(faces[0]) if form == "pts" else write_points(frames, size) + "\n"
    ending = ".pts" if form == "pts" else SIDECAR if len(frames) == 1 else ".json"
    stem = _bare_name(path.name)
    path = path.with_name(stem + ending)
    if os.path.lexists(path) and there == "error":
        raise ValueError(f"{path}: is there already; choose another name, or replace it")

    def is_free(name: str) -> bool:
        other = path.with_name(name)
        if not os.path.lexists(other):
            return True
        return there == "replace" and _holds_landmarks(other, size)

    path = path.with_name(first_free(stem, ending, is_free))
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise ValueError(f"{path}: can't be written ({error.strerror})") from None
    return path


def _bare_name(name: str) -> str:
    for ending in (SIDECAR, ".json", ".pts", *ENDINGS):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name


def _holds_landmarks(path: Path, size: Size) -> bool:
    """Whether the file is one that we might have written: no other is ever replaced."""
    try:
        return path.is_file() and not path.is_symlink() and bool(read_landmarks(path, size))
    except ValueError:
        return False


def _size_beside(path: Path, may_read: Callable[[Path], bool]) -> Size:
    """The size of the picture that has the file's name but for its ending."""
    for ending in sorted(ENDINGS):
        for picture in (path.with_suffix(ending), path.with_suffix(ending.upper())):
            if picture.is_file() and may_read(picture):
                return picture_size(picture)
    raise ValueError("it doesn't say how large its picture is; connect the picture to image")
