"""What names that come from anybody may mean, on a server that others may reach.

Names become those of files only here: one that leads out of the folders that may be read, that no
system can have, or that is a device's is refused, and nothing says whether there is such a file.
The servers, ComfyUI and the WebUI, say which folders those are.
"""

import ipaddress
import os
import re
import stat
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .folder_contents import list_files
from .folders import files_by_name, model_folder
from .output_files import first_free

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


@dataclass(frozen=True)
class Server:
    """What may be read on a server."""

    roots: list[Path]  # whatever lies below them, wherever links on the way to it lead
    reads_anything: bool  # whether any full path is read: only its own machine reaches it
    who: str  # reads: "nodes", for errors
    where: str  # something can be put to be read: "ComfyUI's input or output folder"

    def find(self, name: str, places: list[Path], wanted: str) -> Path:
        """What the name means that may be read, in the first of the places that has it.

        Raises ValueError where it may not be, or can be no name.
        """
        path = place(name, wanted, self)
        if path.is_absolute() and not self.reads_anything:
            check_below(name, path, self.roots, self)  # nothing out there is looked at
        found = [folder / path for folder in places]
        if not all(map(self.is_readable, found)):
            raise ValueError(outside(name, self))
        return Path(os.path.realpath(next(filter(os.path.lexists, found), found[0])))

    def find_folder(self, name: str, places: list[Path], where: str) -> Path:
        """The folder that the name means, in one of the places or by a full path.

        where: the places, for an error. Raises ValueError when there is none that may be read.
        """
        path = self.find(name, places, "folder of pictures")
        found = status(path)
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise ValueError(f"{shown(name)}: no such folder; name one in {where}")
        return path

    def is_readable(self, path: Path) -> bool:
        """Whether the file or folder may be read, wherever links on the way to it lead."""
        if self.reads_anything:
            return True
        return parts_below(Path(os.path.realpath(path)), self.roots) is not None

    def files_below(self, folder: Path) -> list[Path]:
        """The files in the folder and below it, as `list_files` has them.

        Folders that a link leads to stand for what is in them where they may not be read.
        Raises ValueError for more than MOST_FILES of them.
        """
        files = list(islice(list_files(folder, self.is_readable), MOST_FILES + 1))
        if len(files) > MOST_FILES:
            raise ValueError(
                f"{folder.name or folder}: more than {MOST_FILES} files in the folder and below "
                "it; choose one with the pictures alone"
            )
        return files


def free_path(name: str, kind: str, more: str = "") -> Path:
    """A *.safetensors file in the user's folder of that kind, `styles` or `banks`.

    It has the name with `more` behind it, and a number if that is taken, so that it replaces and
    hides no other. Raises ValueError for a name that can't be a file's.
    """
    name = file_name(name, ".safetensors") + more
    folder = model_folder() / kind
    folder.mkdir(parents=True, exist_ok=True)
    taken = {f"{other}.safetensors" for other in files_by_name(kind)}

    def is_free(file: str) -> bool:
        # Some systems see no difference between large and small letters.
        return file not in taken and not os.path.lexists(folder / file)

    return folder / first_free(name, ".safetensors", is_free)


def file_name(name: str, ending: str = "") -> str:
    """The name as a file's, without the ending.

    Raises ValueError for one that can't be a file's on every system.
    """
    bare = name.strip().removesuffix(ending).strip() if isinstance(name, str) else ""
    reason = _fault(bare, LONGEST_NEW_NAME)
    if reason or bare[0] in ".~" or "/" in bare or "\\" in bare:
        raise ValueError(
            f"{shown(name)!r} can't be a file's name{reason and f' ({reason})'}; use letters, "
            "digits, blanks, - and _"
        )
    return bare


def listed(name: str, files: dict[str, Path], kind: str, more: str = "") -> Path:
    """The file of that name among those that are offered; `more` says more of the list.

    Raises ValueError for any other: not every server checks what was chosen.
    """
    if not isinstance(name, str) or name not in files:
        raise ValueError(f"{shown(name)}: no such {kind}; choose one of the list{more}")
    return files[name]


def status(path: Path) -> os.stat_result | None:
    """What the system says of the file; None where there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def place(name: str, wanted: str, server: Server) -> Path:
    """What was typed, as a full path or as one below a folder of the server's.

    Looks at no file. Raises ValueError for what could be neither, on any system.
    """
    typed = name.strip().strip('"').strip() if isinstance(name, str) else ""  # Windows quotes
    if not typed:
        raise ValueError(f"name the {wanted}")
    parts = [part for part in re.split(r"[/\\]", typed) if part not in ("", ".")]
    reason = _bad_characters(typed) or _too_long(typed, LONGEST_PATH)
    if reason:
        raise ValueError(_unusable(name, reason))
    if typed[0] == "~" and server.reads_anything:
        with suppress(RuntimeError):  # there is no such home
            typed = str(Path(typed).expanduser())
    if Path(typed).is_absolute():
        reason = next(filter(None, (_too_long(part, LONGEST_NAME) for part in parts)), "")
    elif typed[0] in "~/\\":
        raise ValueError(outside(name, server))
    else:
        reason = next(filter(None, map(_fault, parts)), "")
        typed = "/".join(parts)
    if reason:
        raise ValueError(_unusable(name, reason))
    return Path(typed)


def check_below(name: str, path: Path, roots: list[Path], server: Server) -> None:
    """Raises ValueError for a full path that isn't below a root, by its letters alone."""
    parts = parts_below(path, roots)
    if parts is None:
        raise ValueError(outside(name, server))
    if reason := next(filter(None, map(_fault, parts)), ""):
        raise ValueError(_unusable(name, reason))


def parts_below(path: Path, roots: list[Path]) -> tuple[str, ...] | None:
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


def shown(name: object) -> str:
    """The name for an error, which may go to a terminal."""
    text = "".join(c if unicodedata.category(c) not in NOT_PRINTED else "?" for c in str(name))
    return text if len(text) <= 100 else f"{text[:100]}…"


def _unusable(name: str, reason: str) -> str:
    return f"{shown(name)}: can't be used as a name here ({reason}); use another one"


def outside(name: str, server: Server) -> str:
    """The same sentence whether there is such a file or not."""
    return (
        f"{shown(name)}: outside the folders that {server.who} may use on this server; name "
        f"something in {server.where}, or have its owner add the folder to {ROOTS_VARIABLE}"
    )


def added_roots() -> list[Path]:
    """The folders that the owner allows; one that is no full path would allow too much."""
    given = os.environ.get(ROOTS_VARIABLE, "").split(os.pathsep)
    return [path for path in map(Path, map(str.strip, given)) if path.is_absolute()]


def is_loopback(address: str) -> bool:
    """Whether the address is one that only this machine reaches."""
    try:
        return address == "localhost" or ipaddress.ip_address(address).is_loopback
    except ValueError:  # another name may lead anywhere
        return False
