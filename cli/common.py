"""What several commands share: progress, pictures named on the command line, device, options."""

import argparse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ..tps_core.detect import DETECTORS
from ..tps_core.pictures import list_pictures
from ..training.banks.bank import FaceBank, build_bank, load_bank
from .terminal import add_number, show_progress

# What a file that is damaged, gone or too large may lead to.
UNUSABLE = (ValueError, OSError, MemoryError, RecursionError, torch.cuda.OutOfMemoryError)


def reason(error: Exception, path: Path) -> str:
    """Why a file could not be used, in a sentence that names it."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return f"{path}: takes more memory than there is; make it smaller"
    text = str(error)
    return text if str(path) in text else f"{path}: {text}"


def add_detector_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--detector", choices=DETECTORS, default="auto", help="default: auto")
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


def expand(inputs: Iterable[str]) -> list[Path]:
    """The picture files that the arguments name, folders taken apart.

    Raises ValueError when one doesn't exist, and when there is no picture at all.
    """
    paths: list[Path] = []
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            paths += list_pictures(path)
        elif path.is_file():
            paths.append(path)
        else:
            raise ValueError(f"{name}: no such file or folder")
    if not paths:
        raise ValueError(f"{', '.join(map(str, inputs))}: no pictures in it")
    return paths
