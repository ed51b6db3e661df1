"""Fixing what is wrong with the files of a folder, one by one.

A fix writes the landmark file beside a picture, or deletes it, and nothing else; then the picture
is looked at again. To exclude a picture its landmark file says that there is no face in it, and
keeps those that a person had placed.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ...tps_core.landmark_files.json_file import (
    faces_from_json,
    read_set_aside,
    sidecar_path,
    write_sidecar,
)
from ...tps_core.landmarks import Landmarks
from ...tps_core.output_files import replace_file
from .entry import Entry
from .scan import ScanOptions, ScanResult, mark_duplicates, scan_file

ACTIONS = ("exclude", "include", "choose", "place", "confirm", "forget")


@dataclass(frozen=True)
class Fix:
    """What was done to one file."""

    index: int  # of the file
    before: bytes | None  # its landmark file as it was, None if it had none


@dataclass
class Review:
    """A folder under review. `results` are always those of the files as they are now."""

    folder: Path
    options: ScanOptions
    results: list[ScanResult]
    fixes: list[Fix] = field(default_factory=list)  # that can be undone, the last one last

    @property
    def entries(self) -> list[Entry]:
        return [result.entry for result in self.results]

    def index_of(self, name: str) -> int:
        """The index of the file of that name.

        Raises ValueError for one that is not in the folder's list.
        """
        for i, entry in enumerate(self.entries):
            if entry.name == name:
                return i
        raise ValueError(f"{name}: not one of the files that are reviewed")

    def path(self, index: int) -> Path:
        """Where the file lies."""
        return self.folder / self.entries[index].name

    def fix(self, name: str, action: str, face: int = 0, faces: list | None = None) -> str:
        """Does one of ACTIONS to the file of that name, and says what was done.

        face: which to choose. faces: those to place, as landmark files have them.
        Raises ValueError where that can't be done.
        """
        index = self.index_of(name)
        result = self.results[index]
        if result.size is None:
            raise ValueError(f"{name}: not a picture that can be shown; {result.entry.reason}")
        self._check_alone(index)
        path = self.path(index)
        before = _content(path)
        try:
            done = self._write(path, result, action, face, faces)
        except OSError as error:
            raise ValueError(
                f"{sidecar_path(path)}: can't be written ({error.strerror}); check the "
                "permissions of that folder"
            ) from None
        self.fixes.append(Fix(index, before))
        self._scan_again(index)
        return f"{name}: {done}"

    def undo(self) -> tuple[int, str]:
        """Takes the last fix back: the file's index, and what was done.

        Raises ValueError if there is none.
        """
        if not self.fixes:
            raise ValueError("there is nothing to undo")
        last = self.fixes.pop()
        sidecar = sidecar_path(self.path(last.index))
        if last.before is None:
            sidecar.unlink(missing_ok=True)
        else:
            replace_file(sidecar, last.before)
        self._scan_again(last.index)
        return last.index, f"{self.entries[last.index].name}: as it was before"

    def _write(self, path: Path, result: ScanResult, action: str, face: int, faces) -> str:
        known, size = result.faces, result.size
        if action == "exclude" or (action == "place" and not faces):
            # Faces of a detector can be found again.
            write_sidecar(path, [], size, known if result.by_hand else None)
            return "excluded"
        if action == "include":
            kept = read_set_aside(path)
            if kept:
                write_sidecar(path, kept[:1], size, kept[1:])
            else:
                sidecar_path(path).unlink(missing_ok=True)
            return "brought back"
        if action == "forget":
            sidecar_path(path).unlink(missing_ok=True)
            return "looked at again by the detector"
        if action == "place":
            write_sidecar(path, _placed(faces, size), size, known[1:])
            return "the points are saved"
        if action not in ACTIONS:
            raise ValueError(f"unknown action {action!r}; known: {', '.join(ACTIONS)}")
        if type(face) is not int or not 0 <= face < len(known):  # true is no number
            raise ValueError(f"{result.entry.name}: it has no face of that number")
        chosen, others = known[face], known[:face] + known[face + 1 :]
        if action == "confirm":
            chosen = replace(chosen, detector="hand", score=1.0)
        write_sidecar(path, [chosen], size, others)
        return "the points are right" if action == "confirm" else "this face is used"

    def _scan_again(self, index: int) -> None:
        name = self.entries[index].name
        self.results[index] = scan_file(self.path(index), name, self.options)
        self.results = mark_duplicates(self.results)

    def _check_alone(self, index: int) -> None:
        sidecar = sidecar_path(self.path(index))
        for i, result in enumerate(self.results):
            if i != index and result.size and sidecar_path(self.path(i)) == sidecar:
                raise ValueError(
                    f"{result.entry.name} and {self.entries[index].name} would share one landmark "
                    "file; rename one of them first, and build the bank again"
                )


def _placed(faces: list, size: tuple[int, int]) -> list[Landmarks]:
    try:
        return faces_from_json({"size": size, "faces": faces})
    except ValueError as error:
        raise ValueError(f"these are no faces ({error}); nothing was saved") from None


def _content(path: Path) -> bytes | None:
    sidecar = sidecar_path(path)
    return sidecar.read_bytes() if sidecar.is_file() else None
