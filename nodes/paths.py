"""Which files and folders the names in a prompt may mean: the one place that decides.

A prompt comes from anybody who reaches the server. What nodes read and list for it lies below
ComfyUI's input, output, temp, models and (where there is one) datasets folder, or below those that
the machine's owner adds in $TPS_PORTRAIT_ROOTS; what they write, below input, output or those.
Only a server that nobody but its own machine reaches reads any folder by its full path: its
prompts are the owner's. Setting the variable, even to nothing, ends that.
"""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import folder_paths
from comfy.cli_args import args

from ..tps_core import server_paths
from ..tps_core.output_files import first_free
from ..tps_core.server_paths import (
    LONGEST_NEW_NAME,
    ROOTS_VARIABLE,
    Server,
    added_roots,
    check_below,
    file_name,
    free_path,
    is_loopback,
    outside,
    parts_below,
    place,
    shown,
    status,
)

__all__ = ["file_name", "free_path"]  # from here, as all that nodes ask
MOST_LEVELS, MOST_LISTED = 3, 300  # of the folders that are offered


def readable_folder(name: str) -> Path:
    """The folder that a prompt names: one in ComfyUI's input (or datasets), or a full path.

    Raises ValueError when there is none, or when it may not be read.
    """
    return _server().find_folder(name, [_input(), *_datasets()], "ComfyUI's input folder")


def folders_to_choose() -> list[str]:
    """The folders in ComfyUI's input (and datasets) and below, sorted, as `readable_folder` takes.

    Hidden ones are left out, as is what lies deeper than MOST_LEVELS or behind a link.
    """
    found: set[str] = set()
    for top in (_input(), *_datasets()):
        level = [top]
        for _ in range(MOST_LEVELS):
            level = [folder for above in level for folder in _folders_in(above)]
            found.update(folder.relative_to(top).as_posix() for folder in level)
    return sorted(found)[:MOST_LISTED]


def _folders_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
    except OSError:  # it isn't there, or may not be read
        return []
    return [folder / name for name in names if not name.startswith(".")]


def fault(check: Callable[..., object], *arguments: object) -> bool | str:
    """True, or what the ValueError says that the check raises: for `validate_inputs`."""
    try:
        check(*arguments)
    except ValueError as error:
        return str(error)
    return True


def readable_file(name: str, endings: Iterable[str], most_bytes: int) -> Path:
    """The file that a prompt names: one in ComfyUI's input or output, or a full path.

    It is a regular file, of at most so many bytes, whose name has one of the endings (".json").
    Raises ValueError when there is none, or when it may not be read.
    """
    path = _server().find(name, [_input(), _output()], "file to load")
    called = shown(name)
    found = status(path)
    if found is None:
        raise ValueError(f"{called}: no such file; name one in ComfyUI's input or output folder")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{called}: not a regular file; name one that is")
    if not path.name.lower().endswith(tuple(endings)):
        raise ValueError(f"{called}: its name has to end in {' or '.join(endings)}")
    if found.st_size > most_bytes:
        raise ValueError(
            f"{called}: {found.st_size} bytes are too many, {most_bytes} at most are read"
        )
    return path


def is_readable(path: Path) -> bool:
    """Whether nodes may read the file or folder, wherever links on the way to it lead."""
    return _server().is_readable(path)


def files_below(folder: Path) -> list[Path]:
    """The files in the folder and below it, as `Server.files_below` has them."""
    return _server().files_below(folder)


def fingerprint(find: Callable[[], Iterable[Path]]) -> str:
    """What changes when one of the files does; "" when `find` says that they can't be read.

    Never raises: the node says what is wrong when it runs.
    """
    try:
        # Not followed: a link may lead nowhere.
        files = [(path, path.lstat()) for path in find()]
    except (OSError, ValueError):
        return ""
    return str([(str(path), s.st_mtime_ns, s.st_size, s.st_ino) for path, s in files])


def writable_path(name: str) -> Path:
    """Where a prompt's file may be written: in ComfyUI's output, or by a full path.

    The folder that it lies in is made. Raises ValueError where nothing may be written.
    """
    path = place(name, "file to save", _server())
    roots = [_output()]
    if path.is_absolute():
        roots += [_input(), *added_roots()]
        check_below(name, path, roots, _server())
    real = Path(os.path.realpath(_output() / path))
    if parts_below(real.parent, roots) is None:
        raise ValueError(outside(name, _server()))
    if len(os.fsencode(real.name)) > LONGEST_NEW_NAME:
        raise ValueError(f"{shown(name)}: the name is too long; use a shorter one")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{shown(name)}: its folder can't be made ({error.strerror}); use another name"
        ) from None
    return real


def free_output(name: str, ending: str) -> Path:
    """A file in tps_portrait in ComfyUI's output, with a number behind a name that is taken.

    Raises ValueError for a name that can't be a file's.
    """
    name = file_name(name, ending)
    folder = writable_path(f"tps_portrait/{name}{ending}").parent
    return folder / first_free(name, ending, lambda free: not os.path.lexists(folder / free))


def listed(name: str, files: dict[str, Path], kind: str) -> Path:
    """The file of that name among those that a node offers.

    Raises ValueError for any other: versions of ComfyUI don't check what a prompt chose.
    """
    return server_paths.listed(name, files, kind, ", which pressing R renews")


def _server() -> Server:
    where = "ComfyUI's input or output folder"
    return Server(_readable_roots(), _reads_anything(), "nodes", where)


def _reads_anything() -> bool:
    """Whether only this machine reaches the server, and its owner has not said what may be read."""
    if ROOTS_VARIABLE in os.environ or getattr(args, "multi_user", False):
        return False
    return all(is_loopback(address.strip()) for address in (args.listen or "").split(","))


def _readable_roots() -> list[Path]:
    own = [_input(), _output(), Path(folder_paths.get_temp_directory())]
    return [*own, Path(folder_paths.models_dir), *_datasets(), *added_roots()]


def _input() -> Path:
    return Path(folder_paths.get_input_directory())


def _output() -> Path:
    return Path(folder_paths.get_output_directory())


def _datasets() -> list[Path]:
    try:
        return [Path(folder) for folder in folder_paths.get_folder_paths("datasets")]
    except KeyError:  # versions before 0.30 have none
        return []
