"""Names for what nodes save."""

from pathlib import Path

from ..tps_core.folders import files_by_name, model_folder


def file_name(name: str) -> str:
    """The name as a file's, without an ending. Raises ValueError for one that can't be."""
    name = name.strip().removesuffix(".safetensors")
    if not name or any(c in '<>:"/\\|?*' or ord(c) < 32 for c in name) or name.startswith("."):
        raise ValueError(f"{name!r} can't be a file's name; use letters, digits, blanks, - and _")
    return name


def free_path(name: str, kind: str) -> Path:
    """A *.safetensors file in the user's folder of that kind, `styles` or `banks`.

    It has the name, or one with a number if that is taken, so that it replaces and hides no other.
    Raises ValueError for a name that can't be a file's.
    """
    name = file_name(name)
    folder = model_folder() / kind
    folder.mkdir(parents=True, exist_ok=True)
    taken, free, number = files_by_name(kind), name, 2
    # Some systems see no difference between large and small letters.
    while free in taken or (folder / f"{free}.safetensors").exists():
        free, number = f"{name} {number}", number + 1
    return folder / f"{free}.safetensors"
