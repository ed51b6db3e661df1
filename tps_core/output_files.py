"""Writing files: beside their place first, then renamed, so that what was there stays whole."""

import errno
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

# What some file systems say that can't be told to write to the disk now.
NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}
LONGEST_NAME = 255  # bytes, in nearly all file systems
LONGEST_ENDING = 12  # of those that say what kind of file it is
TEMPORARY = ".tps-portrait-*.tmp"  # what `name_beside` gives, before the ending


class NotWritten(OSError):
    """A file could not be written; the message names it and says why."""

    def __init__(self, path: Path, error: OSError):
        super().__init__(error.errno, error.strerror or str(error), str(path))

    def __str__(self) -> str:
        return f"{self.filename}: can't be written ({self.strerror})"


def first_free(stem: str, ending: str, is_free: Callable[[str], bool]) -> str:
    """The first file name that is free of stem.png, stem 2.png, stem 3.png … for the ending .png.

    The stem is cut where the name would be too long.
    """
    names = (_numbered(stem, number, ending) for number in count(1))
    return next(filter(is_free, names))


def _numbered(stem: str, number: int, ending: str) -> str:
    ending = f" {number}{ending}" if number > 1 else ending
    while len(os.fsencode(stem + ending)) > LONGEST_NAME and stem:
        stem = stem[:-1]
    return stem + ending


def replace_file(path: Path, content: bytes, replace: bool = True) -> None:
    """Puts a file with the content at the path, as `written_beside` does."""
    with written_beside(path, replace) as temporary:
        temporary.write_bytes(content)


@contextmanager
def written_beside(path: Path, replace: bool = True) -> Iterator[Path]:
    """Gives a hidden name beside the path to write to, and renames that file when all went well.

    Whatever goes wrong before, what was at the path stays as it was and nothing else is left. Once
    it is renamed the file is on the disk, so a power cut leaves the old or the new one. Without
    `replace` a file that is there is kept, even one that came just now.
    Raises NotWritten.
    """
    with names_file(path):
        temporary = name_beside(path)
        try:
            yield temporary
            put_in_place(temporary, path, replace)
        finally:
            with suppress(OSError):
                temporary.unlink()


@contextmanager
def names_file(path: Path) -> Iterator[None]:
    """Within it, what the system says against writing is said of the path: raises NotWritten."""
    try:
        yield
    except NotWritten:
        raise
    except OSError as error:
        raise NotWritten(path, error) from None


def make_folder(folder: Path) -> None:
    """Makes the folder, and those that it lies in, if need be. Raises OSError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "its folder is a file") from None


def name_beside(path: Path) -> Path:
    """A hidden name in the path's folder, with its ending, that nobody else has or can guess."""
    ending = path.suffix if len(path.suffix) <= LONGEST_ENDING else ""
    return path.with_name(f".tps-portrait-{secrets.token_hex(6)}.tmp{ending}")


def put_in_place(temporary: Path, path: Path, replace: bool = True) -> None:
    """Gives the file the path's name, once it is on the disk; `replace` as in `written_beside`."""
    sync(temporary)
    if replace:
        temporary.replace(path)
        return
    if os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, "there is such a file already")
    try:
        os.link(temporary, path)  # fails where the name was taken a moment ago
        temporary.unlink()
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, "there is such a file already") from None
    except OSError:  # a disk that has no links
        temporary.rename(path)


def sync(path: Path) -> None:
    """Makes the system write the file to the disk now."""
    with path.open("rb+") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            if error.errno not in NO_SYNC:
                raise


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
