"""A folder of files that we made, known by a list in it: these may be replaced, others never."""

import contextlib
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from .output_files import make_folder, names_file, replace_file
from .targets import Targets

MARK = ".tps-portrait"  # the list's name
HEADING = "made by TPS Portrait, which may replace and delete what is listed here\n"


class OwnFolder:
    """The folder at `place`, to be filled with `names`.

    What an earlier run made and nobody changed since is replaced, and deleted by `finish` where
    there is no new one. All else is kept.
    Raises ValueError where one of the names is taken, and where the place is no folder or can't be
    written to.
    """

    def __init__(self, place: Path, names: Iterable[str]):
        self.place = Targets().folder(place)
        self._before = _read(place / MARK)
        self._now: dict[str, str] = {}
        for name in names:
            self.claim(name)

    def claim(self, name: str) -> Path:
        """The path of the file, or folder, of that name. Raises ValueError if it is taken."""
        path = self.place / name
        if self._is_linked(path) or (os.path.lexists(path) and not self._is_ours(name, path)):
            raise ValueError(
                f"{path}: is there already, and is not what TPS Portrait wrote; give another folder"
            )
        return path

    def write(self, name: str, content: bytes) -> None:
        """Writes a file. Raises ValueError if its name is taken, NotWritten if it can't."""
        path = self.claim(name)
        # Listed first, so that a run that is killed leaves nothing that nobody made.
        self._list(name, hashlib.sha256(content).hexdigest())
        with names_file(path):
            make_folder(path.parent)
        replace_file(path, content)

    def keep(self, name: str) -> None:
        """Lists a file that was written after it was claimed."""
        self._list(name, _digest(self.place / name))

    def finish(self) -> None:
        """Deletes what is left of an earlier run."""
        for name in self._before.keys() - self._now.keys():
            path = self.place / name
            if path.is_file() and not self._is_linked(path) and self._is_ours(name, path):
                path.unlink()
                with contextlib.suppress(OSError):  # there is something else in it
                    path.parent.rmdir()
        lines = [f"{digest}  {name}\n" for name, digest in self._now.items()]
        replace_file(self.place / MARK, "".join([HEADING, *lines]).encode())

    def _is_ours(self, name: str, path: Path) -> bool:
        if path.is_dir():
            return any(known.startswith(f"{name}/") for known in self._before | self._now) or not (
                any(path.iterdir())
            )
        digests = self._before.get(name, set()) | {self._now.get(name)}
        return path.is_file() and _digest(path) in digests

    def _is_linked(self, path: Path) -> bool:
        """Whether it, or a folder between it and ours, is a link to somewhere else."""
        between = [path, *path.parents]
        return any(step.is_symlink() for step in between[: between.index(self.place)])

    def _list(self, name: str, digest: str) -> None:
        mark = self.place / MARK
        with names_file(mark):
            make_folder(self.place)
            if not mark.exists():
                replace_file(mark, HEADING.encode())
            with mark.open("a", encoding="utf-8") as file:
                file.write(f"{digest}  {name}\n")
        self._now[name] = digest


def listed_in(folder: Path) -> list[Path]:
    """What we made in the folder, by the list in it; nothing where there is no such list."""
    try:
        return [folder / name for name in _read(folder / MARK)]
    except (ValueError, OSError):
        return []


def _read(mark: Path) -> dict[str, set[str]]:
    """For each name in the list the digests that it has there: two, if a run was killed.

    Raises ValueError for a file that is no such list.
    """
    known: dict[str, set[str]] = {}
    if not os.path.lexists(mark):
        return known
    text = "" if mark.is_symlink() or not mark.is_file() else mark.read_text("utf-8", "replace")
    if not text.startswith(HEADING):
        raise ValueError(f"{mark}: is there already, and is not ours; give another folder")
    for line in text.splitlines()[1:]:
        digest, _, name = line.partition("  ")
        # A list that somebody else wrote must not lead out of the folder.
        if name and not Path(name).is_absolute() and ".." not in Path(name).parts:
            known.setdefault(name, set()).add(digest)
    return known


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
