"""Writing files: beside their place first, then renamed, so that what was there stays whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Puts a file with the content at the path: all of it, or nothing of it."""
    with written_beside(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Gives a hidden name beside the path to write to, and renames that file when all went well.

    Whatever goes wrong before, what was at the path stays as it was and nothing else is left. Once
    it is renamed the file is on the disk, so a power cut leaves the old or the new one.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Makes the system write the file to the disk now."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Makes the system write to the disk now which files the folder has, where it can be asked."""
    if os.name == "nt":  # it opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network folders can't
            os.fsync(handle)
    finally:
        os.close(handle)
