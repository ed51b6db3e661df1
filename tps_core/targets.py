"""Decides where a command may write: one place for all of them.

A file that is there is replaced only where that was asked for (`--overwrite`) and only by one of
its own kind; what a command reads is never replaced, however it is spelled or linked.
"""

import ntpath
import os
import stat
from collections.abc import Iterable
from pathlib import Path, PureWindowsPath

from .file_kinds import Kind
from .output_files import LONGEST_NAME, first_free

ON_WINDOWS = os.name == "nt"


class Targets:
    """Where a command may write that reads `inputs`.

    overwrite: whether files that are there already may be replaced.
    """

    def __init__(self, inputs: Iterable[Path | str] = (), overwrite: bool = False):
        self.overwrite = overwrite
        self.written: list[Path] = []  # what is finished
        self._kept = {_identity(Path(path)) for path in inputs} - {None}

    def file(self, path: Path, kind: Kind, ours: bool = False) -> Path:
        """The path, if a file of that kind may be written there.

        ours: whether one of that kind that is there may be replaced without being asked to, as
        only we make such files.
        Raises ValueError where it may not be: for a folder, an input, a file that is there, a
        name that is too long, and where nothing can be written.
        """
        if wrong := self._wrong(path, kind, ours):
            raise ValueError(f"{path}: {wrong}")
        return path

    def folder(self, path: Path) -> Path:
        """The path, if it is a folder that can be written to, or can be made one.

        Raises ValueError where it isn't.
        """
        place = path
        # lexists is false for names that are too long, where "exists" fails.
        while not os.path.lexists(place) and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise ValueError(f"{place}: is no folder; give another place to write to")
        if not os.access(place, os.W_OK | os.X_OK):
            raise ValueError(
                f"{place}: can't be written to; check the file permissions, or choose another"
            )
        return path

    def free(self, folder: Path, stem: str, ending: str, kind: Kind) -> Path:
        """A file in the folder of that name, with a number if need be, so that it replaces none.

        To be overwritten it must be of that kind, and neither read nor written by this command.
        """
        if ON_WINDOWS and is_reserved(stem):
            stem = f"_{stem}"

        def is_free(name: str) -> bool:
            path = folder / name
            if not os.path.lexists(path):
                return True
            return self.overwrite and not self._wrong(path, kind, True)

        return folder / first_free(stem, ending, is_free)

    def finished(self, path: Path) -> None:
        """Notes that the file is written: it is not replaced by another of the same command."""
        self.written.append(path)
        self._kept |= {_identity(path)} - {None}

    def _wrong(self, path: Path, kind: Kind, ours: bool) -> str:
        """Why no file may be written there; "" if it may."""
        if len(os.fsencode(path.name)) > LONGEST_NAME:
            return "the name is too long for a file"
        if ON_WINDOWS and is_reserved(path.name):
            return "Windows keeps the name for itself; give another one"
        if not os.path.lexists(path):
            self.folder(path.parent)
            return ""
        if _identity(path) in self._kept:
            return "is read by this command itself; give another name"
        if path.is_dir():
            return "is a folder; give the name of a file"
        try:
            if not path.is_file():
                return "is no ordinary file; give another name"
            is_empty = path.stat().st_size == 0
            if not (is_empty or kind.fits(path)):
                return f"is there already, and is not {kind.name}; give another name"
            if not (self.overwrite or (ours and not is_empty)):
                return "is there already; give another name, or replace it with --overwrite"
            if not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
                return "is there already and write-protected; give another name"
        except OSError as error:
            return f"is there already and can't be read ({error.strerror}); give another name"
        return ""


def is_reserved(name: str) -> bool:
    """Whether Windows takes a file of that name for a device, or can't have it."""
    if hasattr(ntpath, "isreserved"):  # from Python 3.13 on, where the other is given up
        return ntpath.isreserved(name)
    return PureWindowsPath(name).is_reserved()


def _identity(path: Path) -> tuple[int, int] | None:
    """What is the same for a file under all its names; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino
