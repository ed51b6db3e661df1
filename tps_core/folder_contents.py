"""What in a folder is a person's own: without what their system, and we, left there."""

import logging
from collections.abc import Callable, Set
from pathlib import Path

from .file_kinds import MARK, SHEET, names_us
from .own_folder import listed_in
from .picture_formats import WRITTEN
from .pictures import ENDINGS, list_files, software_of

log = logging.getLogger("tps_portrait")


def own_files(
    folder: Path,
    may_read: Callable[[Path], bool] = lambda path: True,
    videos: Set[str] = frozenset(),
) -> list[Path]:
    """The files of the folder and below it that are a person's own, as `list_files` has them.

    Without what we made: reports, sheets, paintings, and videos (by their endings). Where there is
    no picture or video beside these, the paintings and videos are what the person means. What is
    left out is said in one line.
    """
    system: list[Path] = []
    files = list(list_files(folder, may_read, system.append))
    listed = {path for place in _places(folder, files) for path in listed_in(place)}
    makers = {path: _maker(path, videos) for path in files if may_read(path)}
    ours = {path for path in files if path in listed or makers.get(path, b"").startswith(MARK)}
    seen = {path for path in files if path.suffix.lower() in ENDINGS | videos}
    if seen <= ours:
        ours = {path for path in ours if path in listed or makers[path].startswith(SHEET)}
    counts = {"made by TPS Portrait": len(ours), "of the system": len(system)}
    if any(counts.values()):
        said = " and ".join(f"{_files(count)} {kind}" for kind, count in counts.items() if count)
        log.info("%s: left out %s", folder, said)
    return [path for path in files if path not in ours]


def own_pictures(folder: Path | str) -> list[Path]:
    """The picture files among `own_files`. Raises ValueError when there is no such folder."""
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return [path for path in own_files(folder) if path.suffix.lower() in ENDINGS]


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"


def _places(folder: Path, files: list[Path]) -> set[Path]:
    """The folder and those in it that hold the files."""
    places = {folder}
    for file in files:
        for place in file.parents:
            if place in places:
                break
            places.add(place)
    return places


def _maker(path: Path, videos: Set[str]) -> bytes:
    """What the picture or video says it was made by."""
    ending = path.suffix.lower()
    try:
        if not path.is_file():  # a pipe would be waited for
            return b""
        if ending in WRITTEN:
            return software_of(path)
        return MARK if ending in videos and names_us(path) else b""
    except OSError:
        return b""
