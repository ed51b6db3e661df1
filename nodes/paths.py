"""Which files and folders the names in a prompt may mean: the one place that decides.

A prompt comes from anybody who reaches the server. What nodes read and list for it lies below
ComfyUI's input, output, temp, models and (where there is one) datasets folder, or below those that
the machine's owner adds in $TPS_PORTRAIT_ROOTS; what they write, below input, output or those.
Only a server that nobody but its own machine reaches reads any folder by its full path: its
prompts are the owner's. Setting the variable, even to nothing, ends that.
"""

import ipaddress
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import folder_paths
from comfy.cli_args import args

from ..tps_core.folders import files_by_name, model_folder
from ..tps_core.pictures import list_files

ROOTS_VARIABLE = "TPS_PORTRAIT_ROOTS"
MOST_FILES = 20_000  # in a folder and below it: more is no collection of portraits
LONGEST_NAME = 255  # bytes, of what is there already
LONGEST_NEW_NAME = 180  # bytes, which leaves room for an ending, a number and a temporary name
LONGEST_PATH = 1000  # bytes of all of it
NOT_PRINTED = {"Cc", "Cs", "Zl", "Zp"}  # Unicode's control characters and broken halves of pairs
# What Windows takes for devices, in any folder and with any ending.
DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}


def readable_folder(name: str) -> Path:
    """The folder that a prompt names: one in ComfyUI's input (or datasets), or a full path.

    Raises ValueError when there is none, or when it may not be read.
    """
    path = _find(name, [_input(), *_datasets()], "folder of pictures")
    found = _status(path)
    if found is None or not stat.S_ISDIR(found.st_mode):
        raise ValueError(f"{_shown(name)}: no such folder; name one in ComfyUI's input folder")
    return path


def readable_file(name: str, endings: Iterable[str], most_bytes: int) -> Path:
    """The file that a prompt names: one in ComfyUI's input or output, or a full path.

    It is a regular file, of at most so many bytes, whose name has one of the endings (".json").
    Raises ValueError when there is none, or when it may not be read.
    """
    path = _find(name, [_input(), _output()], "file to load")
    shown = _shown(name)
    found = _status(path)
    if found is None:
        raise ValueError(f"{shown}: no such file; name one in ComfyUI's input or output folder")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{shown}: not a regular file; name one that is")
    if not path.name.lower().endswith(tuple(endings)):
        raise ValueError(f"{shown}: its name has to end in {' or '.join(endings)}")
    if found.st_size > most_bytes:
        raise ValueError(
            f"{shown}: {found.st_size} bytes are too many, {most_bytes} at most are read"
        )
    return path


def is_readable(path: Path) -> bool:
    """Whether nodes may read the file or folder, wherever links on the way to it lead."""
    if _reads_anything():
        return True
    return _parts_below(Path(os.path.realpath(path)), _readable_roots()) is not None


def files_below(folder: Path) -> list[Path]:
    """The files in the folder and below it, as `list_files` has them.

    Folders that a link leads to stand for what is in them where they may not be read.
    Raises ValueError for more than MOST_FILES of them.
    """
    files = list(islice(list_files(folder, is_readable), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise ValueError(
            f"{folder.name or folder}: more than {MOST_FILES} files in the folder and below it; "
            "choose one with the pictures alone"
        )
    return files


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
    path = _place(name, "file to save")
    roots = [_output()]
    if path.is_absolute():
        roots += [_input(), *_added_roots()]
        _check_below(name, path, roots)
    real = Path(os.path.realpath(_output() / path))
    if _parts_below(real.parent, roots) is None:
        raise ValueError(_outside(name))
    if len(os.fsencode(real.name)) > LONGEST_NEW_NAME:
        raise ValueError(f"{_shown(name)}: the name is too long; use a shorter one")
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{_shown(name)}: its folder can't be made ({error.strerror}); use another name"
        ) from None
    return real


def free_path(name: str, kind: str, more: str = "") -> Path:
    """A *.safetensors file in the user's folder of that kind, `styles` or `banks`.

    It has the name with `more` behind it, and a number if that is taken, so that it replaces and
    hides no other. Raises ValueError for a name that can't be a file's.
    """
    name = file_name(name, ".safetensors") + more
    folder = model_folder() / kind
    folder.mkdir(parents=True, exist_ok=True)
    taken, free, number = files_by_name(kind), name, 2
    # Some systems see no difference between large and small letters.
    while free in taken or os.path.lexists(folder / f"{free}.safetensors"):
        free, number = f"{name} {number}", number + 1
    return folder / f"{free}.safetensors"


def free_output(name: str, ending: str) -> Path:
    """A file in tps_portrait in ComfyUI's output, with a number behind a name that is taken.

    Raises ValueError for a name that can't be a file's.
    """
    name, number = file_name(name, ending), 2
    path = writable_path(f"tps_portrait/{name}{ending}")
    while os.path.lexists(path):
        path, number = path.with_name(f"{name} {number}{ending}"), number + 1
    return path


def file_name(name: str, ending: str = "") -> str:
    """The name as a file's, without the ending.

    Raises ValueError for one that can't be a file's on every system.
    """
    bare = name.strip().removesuffix(ending).strip() if isinstance(name, str) else ""
    reason = _fault(bare, LONGEST_NEW_NAME)
    if reason or bare[0] in ".~" or "/" in bare or "\\" in bare:
        raise ValueError(
            f"{_shown(name)!r} can't be a file's name{reason and f' ({reason})'}; use letters, "
            "digits, blanks, - and _"
        )
    return bare


def listed(name: str, files: dict[str, Path], kind: str) -> Path:
    """The file of that name among those that a node offers.

    Raises ValueError for any other: versions of ComfyUI don't check what a prompt chose.
    """
    if not isinstance(name, str) or name not in files:
        raise ValueError(
            f"{_shown(name)}: no such {kind}; choose one of the list, which pressing R renews"
        )
    return files[name]


def _find(name: str, places: list[Path], wanted: str) -> Path:
    """What the name means that may be read, in the first of the places that has it."""
    path = _place(name, wanted)
    if path.is_absolute() and not _reads_anything():
        _check_below(name, path, _readable_roots())  # nothing out there is looked at
    found = [place / path for place in places]
    if not all(map(is_readable, found)):
        raise ValueError(_outside(name))
    return Path(os.path.realpath(next(filter(os.path.lexists, found), found[0])))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _place(name: str, wanted: str) -> Path:
    """What was typed, as a full path or as one below a folder of ComfyUI's.

    Looks at no file. Raises ValueError for what could be neither, on any system.
    """
    typed = name.strip().strip('"').strip() if isinstance(name, str) else ""  # Windows quotes
    if not typed:
        raise ValueError(f"name the {wanted}")
    parts = [part for part in re.split(r"[/\\]", typed) if part not in ("", ".")]
    reason = _bad_characters(typed) or _too_long(typed, LONGEST_PATH)
    if reason:
        raise ValueError(_unusable(name, reason))
    if typed[0] == "~" and _reads_anything():
        with suppress(RuntimeError):  # there is no such home
            typed = str(Path(typed).expanduser())
    if Path(typed).is_absolute():
        reason = next(filter(None, (_too_long(part, LONGEST_NAME) for part in parts)), "")
    elif typed[0] in "~/\\":
        raise ValueError(_outside(name))
    else:
        reason = next(filter(None, map(_fault, parts)), "")
        typed = "/".join(parts)
    if reason:
        raise ValueError(_unusable(name, reason))
    return Path(typed)


def _check_below(name: str, path: Path, roots: list[Path]) -> None:
    """Raises ValueError for a full path that isn't below a root, by its letters alone."""
    parts = _parts_below(path, roots)
    if parts is None:
        raise ValueError(_outside(name))
    if reason := next(filter(None, map(_fault, parts)), ""):
        raise ValueError(_unusable(name, reason))


def _parts_below(path: Path, roots: list[Path]) -> tuple[str, ...] | None:
    """What of the path comes below one of the roots, as written or after links; else None."""
    for root in roots:
        for form in (os.path.abspath(root), os.path.realpath(root)):
            if path.is_relative_to(form):
                return path.relative_to(form).parts
    return None


def _fault(part: str, most_bytes: int = LONGEST_NAME) -> str:
    """Why this can't be the name of a file or folder on every system; "" if it can."""
    if part in ("", ".."):
        return "it leads upwards" if part else "it is empty"
    if reason := _bad_characters(part) or _too_long(part, most_bytes):
        return reason
    if any(character in '<>:"|?*' for character in part):
        return 'no name has any of < > : " | ? *'
    if part.endswith((".", " ")):
        return "it ends in a dot or a blank"
    if part.split(".")[0].strip().lower() in DEVICES:
        return "it is a device's name in Windows"
    return ""


def _bad_characters(part: str) -> str:
    bad = any(unicodedata.category(character) in NOT_PRINTED for character in part)
    return "there are control characters in it" if bad else ""


def _too_long(part: str, most_bytes: int) -> str:
    return "it is too long" if len(part.encode("utf-8", "replace")) > most_bytes else ""


def _shown(name: object) -> str:
    """The name for an error, which may go to a terminal."""
    text = "".join(c if unicodedata.category(c) not in NOT_PRINTED else "?" for c in str(name))
    return text if len(text) <= 100 else f"{text[:100]}…"


def _unusable(name: str, reason: str) -> str:
    return f"{_shown(name)}: can't be used as a name here ({reason}); use another one"


def _outside(name: str) -> str:
    """The same sentence whether there is such a file or not."""
    return (
        f"{_shown(name)}: outside the folders that nodes may use on this server; name something "
        f"in ComfyUI's input or output folder, or have its owner add the folder to "
        f"{ROOTS_VARIABLE}"
    )


def _reads_anything() -> bool:
    """Whether only this machine reaches the server, and its owner has not said what may be read."""
    if ROOTS_VARIABLE in os.environ or getattr(args, "multi_user", False):
        return False
    return all(_is_loopback(address.strip()) for address in (args.listen or "").split(","))


def _is_loopback(address: str) -> bool:
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:  # another name may lead anywhere
        return False


def _readable_roots() -> list[Path]:
    own = [_input(), _output(), Path(folder_paths.get_temp_directory())]
    return [*own, Path(folder_paths.models_dir), *_datasets(), *_added_roots()]


def _added_roots() -> list[Path]:
    """The folders that the owner allows; one that is no full path would allow too much."""
    given = os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return [path for path in map(Path, map(str.strip, given)) if path.is_absolute()]


def _input() -> Path:
    return Path(folder_paths.get_input_directory())


def _output() -> Path:
    return Path(folder_paths.get_output_directory())


def _datasets() -> list[Path]:
    try:
        return [Path(folder) for folder in folder_paths.get_folder_paths("datasets")]
    except KeyError:  # versions before 0.30 have none
        return []
