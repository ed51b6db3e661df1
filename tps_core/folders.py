"""Where models and styles lie: `$TPS_PORTRAIT_HOME` first, then the default.

The default is ComfyUI's `models/tps_portrait`, or outside ComfyUI the user's data folder.
Standard library only: `install.py` runs this before anything is installed.
"""

import functools
import logging
import os
import sys
import tempfile
from pathlib import Path

log = logging.getLogger("tps_portrait")

# Not resolved: a pack that is linked into custom_nodes belongs to that ComfyUI.
PACK = Path(os.path.abspath(__file__)).parent.parent
HOME_VARIABLE = "TPS_PORTRAIT_HOME"

_host_folders: list[Path] = []


def add_model_folder(models: Path | str) -> None:
    """Declares the host's `models` folder: ours becomes `tps_portrait` in it.

    It then is the default place. Of several, the one declared first gets what is new.
    """
    folder = Path(models) / "tps_portrait"
    if folder not in _host_folders:
        _host_folders.append(folder)


def home_folder() -> Path | None:
    """The folder that `$TPS_PORTRAIT_HOME` names, or None where it is not set.

    Raises ValueError where it begins with the ~ of a user who has no home.
    """
    value = os.environ.get(HOME_VARIABLE, "").strip()
    try:
        return Path(value).expanduser().absolute() if value else None
    except RuntimeError:
        raise ValueError(
            f"{HOME_VARIABLE} is {value}, and that user has no home here; set it to a full path"
        ) from None


def default_folder() -> Path:
    """The folder for models where `$TPS_PORTRAIT_HOME` says nothing; it need not exist yet."""
    return _default_folders()[0]


def model_folder() -> Path:
    """The folder where new models are put; it is made if need be.

    That is `$TPS_PORTRAIT_HOME` where it is set and can be written to, else the default.
    Raises ValueError when neither can be written to.
    """
    home = home_folder()
    for folder in (home, default_folder()):
        if folder and _is_writable(folder):
            return folder
    raise ValueError(
        f"{default_folder()}: can't be written to; set {HOME_VARIABLE} to a folder that can"
    )


def find_model(name: str) -> Path | None:
    """The file called `name` in the model folders, or None where none of them has it.

    In `$TPS_PORTRAIT_HOME` it may lie in the folder itself or in its `models`.
    """
    for folder in model_folders():
        if (folder / name).is_file():
            return folder / name
    return None


def model_folders() -> list[Path]:
    """The folders that are searched for models, in that order, whether they exist or not."""
    home = home_folder()
    folders = [home, home / "models"] if home else []
    return list(dict.fromkeys(folders + _default_folders()))


def folders_of(kind: str) -> list[Path]:
    """The folders that hold `styles` or `banks`, in the order in which they are searched.

    All of them exist. The pack's own is the last.
    """
    folders = [folder / kind for folder in [*model_folders(), PACK]]
    return [folder for folder in folders if folder.is_dir()]


def files_by_name(kind: str) -> dict[str, Path]:
    """The *.safetensors files of that kind by their names without ending, sorted.

    Of several with one name, that of the first folder counts. One whose name no page can show (it
    has control characters in it, or bytes that are no text) is left out.
    """
    found: dict[str, Path] = {}
    for folder in folders_of(kind):
        for path in folder.glob("*.safetensors"):
            if path.stem.isprintable():
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def _default_folders() -> list[Path]:
    """The default folder, then where else a model may lie: outside ComfyUI it was put there."""
    folders = list(_host_folders)
    if PACK.parent.name == "custom_nodes" and (PACK.parent.parent / "models").is_dir():
        folders.append(PACK.parent.parent / "models" / "tps_portrait")
    return [*folders, _user_data_folder() / "tps-portrait"]


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # The system lets root write anywhere; a folder marked read-only is meant to stay as it is.
        return bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK)
    except OSError:
        return False


def _user_data_folder() -> Path:
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"])
    if sys.platform not in ("win32", "darwin") and os.environ.get("XDG_DATA_HOME"):
        return Path(os.environ["XDG_DATA_HOME"])
    try:
        home = Path.home()
    except RuntimeError:  # no HOME, and the system doesn't know the user either
        return _temporary_home()
    if sys.platform == "win32":
        return home / "AppData" / "Local"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".local" / "share"


@functools.cache
def _temporary_home() -> Path:
    """A folder for a user who has no home, made if need be, that only this user can write to."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"tps-portrait-of-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        # Anybody can make one of that name where all may write, and lay models into it.
        if folder.is_symlink() or found.st_mode & 0o022 or found.st_uid != user:
            folder = Path(tempfile.mkdtemp(prefix="tps-portrait-"))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="tps-portrait-"))
    log.warning(
        "this user has no home folder, so models lie in %s, which may be emptied; set HOME, or "
        "%s to a folder that stays",
        folder,
        HOME_VARIABLE,
    )
    return folder
