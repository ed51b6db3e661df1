"""What several commands share: progress, pictures named on the command line, device, options."""

import argparse
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from ..tps_core.detect import DETECTORS
from ..tps_core.picture_writer import WRITTEN_FORMATS
from ..tps_core.videos.writer import CODECS
from ..training.banks.bank import FaceBank, build_bank, load_bank
from .terminal import add_number, show_progress

LIKE_AN_ENDING = re.compile(r"\.(?=.*[a-z])[a-z0-9]{1,5}")

# What a file that is damaged, gone or too large may lead to.
INPUT_ERRORS = (ValueError, OSError, MemoryError, RecursionError, torch.cuda.OutOfMemoryError)


def reason(error: Exception, path: Path) -> str:
    """Why a file could not be used, in a sentence that names it."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return f"{path}: takes more memory than there is; make it smaller"
    text = str(error)
    return text if str(path) in text else f"{path}: {text}"


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detector",
        choices=DETECTORS,
        default="auto",
        help="for pictures without a landmark file (portrait.landmarks.json beside portrait.jpg), "
        "which wins over any detector; default: auto",
    )
    add_number(
        parser,
        "--min-confidence",
        float,
        0,
        1,
        open_range=True,
        default=0.5,
        metavar="P",
        help="how sure the detector must be, between 0 and 1; default: 0.5",
    )


def add_overwrite_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace what is there already under that name and is of the same kind; what the "
        "command reads is never replaced",
    )


@contextmanager
def finishing(written: list[Path]) -> Iterator[None]:
    """Within it, an error also says what is written by then."""
    try:
        yield
    except (ValueError, OSError) as error:
        if not written:
            raise
        raise ValueError(f"{error}; finished before: {', '.join(map(str, written))}") from None


def build_folder_bank(folder: Path | str, size: int, arguments: argparse.Namespace) -> FaceBank:
    """The bank of the folder's faces, by the detector options, with progress; as `build_bank`."""
    return build_bank(
        folder,
        size,
        arguments.detector,
        arguments.min_confidence,
        lambda done, total, entry: show_progress(done, total, entry.name),
    )


def load_or_build_bank(source: Path | str, size: int, arguments: argparse.Namespace) -> FaceBank:
    """The face bank in the file, or that of the folder's faces, as `build_folder_bank`."""
    if Path(source).suffix == ".safetensors":
        return load_bank(source)
    return build_folder_bank(source, size, arguments)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_device_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        default="auto",
        metavar="D",
        help="cpu, cuda, cuda:1, mps …; default: a GPU if there is one",
    )


def find_device(name: str) -> torch.device:
    """The device of that name, or the best there is for "auto".

    Raises ValueError for one that this machine doesn't have.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        torch.zeros(1, device=name).item()  # "meta" makes tensors, but has nothing in them
        return torch.device(name)
    except (RuntimeError, AssertionError, ValueError):
        # AssertionError: what torch raises for CUDA when it was built without.
        raise ValueError(f"device {name!r} can't be used here; try --device cpu") from None


def mode_of(path: Path) -> int:
    """What the system says the path is; 0 where there is nothing, or its name can't be one."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return 0


def is_file_name(output: Path, count: int, kind: str, endings: Sequence[str]) -> bool:
    """Whether OUT is the name of the only file that is made, and not of a folder for all of them.

    kind: "a picture" or "a video", of which there are `count`; endings: those that it may have.
    Raises ValueError for a name that ends like a file's, but in none of them, or that would stand
    for several.
    """
    ending = output.suffix.lower()
    if stat.S_ISDIR(mode_of(output)) or not LIKE_AN_ENDING.fullmatch(ending):
        return False
    if count > 1 and (ending in WRITTEN_FORMATS or ending in CODECS):
        raise ValueError(
            f"{output}: names one file, and {count} are to be made; name a folder for them"
        )
    if count == 1 and ending in endings:
        return True
    raise ValueError(
        f"{output}: {kind}'s name must end in {', '.join(endings)}; or make the folder first, if "
        "it is to be one"
    )
