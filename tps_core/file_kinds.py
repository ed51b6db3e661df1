"""Of what kind an existing file is, by what is in it: its name may say anything."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HEAD_BYTES = 4096  # bytes at a file's beginning that say what it is
EDGE_BYTES = 1 << 18  # bytes at a video's beginning and end in which it says what made it
LONGEST_HEADER = 100_000_000  # of a safetensors file, as its own library has it
LARGEST_EXPORT = 200_000_000  # bytes: ours have a few million
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*")
VIDEOS = (b"\x1aE\xdf\xa3", b"GIF8")  # Matroska and WebM; a GIF that moves
MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
MARK = b"TPS Portrait"  # in what we write, as the software that made it
SHEET = MARK + b", sheet"  # in pictures that show many, and are no paintings


@dataclass(frozen=True)
class Kind:
    """A kind of files that are written."""

    name: str  # with its article
    fits: Callable[[Path], bool]  # whether the existing file is one; raises OSError


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _is_picture(path: Path) -> bool:
    head = _head(path)
    in_riff = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    in_box = head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis", b"mif1", b"heic")
    return head.startswith(PICTURES) or in_riff or in_box


def _is_video(path: Path) -> bool:
    head = _head(path)
    return head.startswith(VIDEOS) or (head[4:8] in MP4_BOXES and not _is_picture(path))


def _begins_with(form: bytes) -> Callable[[Path], bool]:
    return lambda path: bool(re.match(form, _head(path)))


def _is_ours(kind: str) -> Callable[[Path], bool]:
    """Whether it is a safetensors file of ours of that kind, of any version."""

    def fits(path: Path) -> bool:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= LONGEST_HEADER:
                return False
            try:
                format = json.loads(file.read(length))["__metadata__"]["format"]
            except (ValueError, LookupError, TypeError, RecursionError):
                return False
        return isinstance(format, str) and format.startswith(f"{kind}/")

    return fits


def _is_export(path: Path) -> bool:
    # What it says of itself may stand at its end.
    return path.stat().st_size < LARGEST_EXPORT and b"tps-portrait-style/" in path.read_bytes()


def names_us(path: Path) -> bool:
    """Whether the file names us in its beginning or end, as the videos do that we make."""
    with path.open("rb") as file:
        head = file.read(EDGE_BYTES)
        file.seek(max(file.seek(0, os.SEEK_END) - EDGE_BYTES, 0))
        return MARK in head or MARK in file.read(EDGE_BYTES)


PICTURE = Kind("a picture", _is_picture)
VIDEO = Kind("a video", _is_video)
STYLE = Kind("a style of TPS Portrait", _is_ours("tps-portrait-style"))
BANK = Kind("a face bank", _is_ours("tps-portrait-bank"))
EXPORT = Kind("an exported style", _is_export)
DETECTED = Kind("landmarks as detect writes them", _begins_with(rb'\s*{\s*"images"'))
LANDMARKS = Kind(
    "a landmark file", _begins_with(rb'\s*({\s*"(images|size|faces|set_aside)"|version:)')
)
LOSSES = Kind("a training's losses", _begins_with(rb"step,"))
