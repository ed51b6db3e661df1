"""What in a folder is a person's own: without what their system, and we, left there."""

import logging
import os
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from .file_kinds import MARK, SHEET, names_us
from .own_folder import listed_in
from .picture_formats import ENDINGS
from .picture_writer import WRITTEN_FORMATS
from .pictures import software_of

# What systems and programs leave in folders of pictures, in small letters.
SYSTEM = {
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", ".ds_store",
    "@eadir", "#recycle", "#snapshot", "__macosx", "$recycle.bin", "system volume information",
    "lost+found", ".thumbnails", ".picasa.ini", "picasa.ini", "zbthumbnail.info",
}  # fmt: skip

log = logging.getLogger("tps_portrait")


def list_pictures(folder: Path | str) -> list[Path]:
    """The picture files in the folder and all below it, in a stable order.

    Raises ValueError when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return [path for path in list_files(folder) if path.suffix.lower() in ENDINGS]


def list_files(
    folder: Path,
    may_read: Callable[[Path], bool] = lambda path: True,
    left_out: Callable[[Path], None] = lambda path: None,
) -> Iterator[Path]:
    """All files in the folder and below it, sorted; hidden ones, and the system's, left out.

    A folder that can't be opened, or that `may_read` says no to, stands for what is in it. Linked
    folders are entered, once each. `left_out` is told of the system's files and folders.
    """
    seen, closed = set(), []
    walk = os.walk(folder, followlinks=True, onerror=lambda error: closed.append(error.filename))
    for root, folders, names in walk:
        # A link to a folder above would be followed for ever.
        here = os.path.realpath(root)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        if not may_read(Path(root)):
            folders.clear()
            closed.append(root)
            continue
        for name in filter(_is_the_systems, [*folders, *names]):
            left_out(Path(root, name))
        folders[:] = sorted(filter(_is_a_persons, folders))
        yield from (Path(root, name) for name in sorted(filter(_is_a_persons, names)))
    yield from sorted(map(Path, closed))


def _is_the_systems(name: str) -> bool:
    """Whether systems leave files or folders of that name beside a person's."""
    return name.lower() in SYSTEM or name.startswith("._")


def _is_a_persons(name: str) -> bool:
    return not name.startswith(".") and not _is_the_systems(name)


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
        if ending in WRITTEN_FORMATS:
            return software_of(path)
        return MARK if ending in videos and names_us(path) else b""
    except OSError:
        return b""
