"""Where the tests' WebUIs come from: an environment for each gradio, and a host from the registry.

No package on the index holds a whole Stable-Diffusion WebUI. One wheel carries the classes of
A1111 1.7.0 that extensions meet; it is a host to test in, and nothing of it gets into the project.
webui_host.py builds a WebUI around them. It runs in an environment that has just what the closed
list for its gradio names: pip never finishes resolving gradio 3.41.2. All lie in a cache outside
the project, which all clones share.

    python tests/webui_environment.py     makes them, and says so where one can't be had
"""

import hashlib
import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

from comfyui_backend import cache_folder, put, unpack_wheel

WHEEL = "auto1111sdk==0.0.95"  # carries A1111 1.7.0's scripts, callbacks and postprocessing
WHEEL_SHA256 = "5e5e16a3eb2f8600506eb51d65d930891a9540358cd8771c83873909a0c29908"
INSIDE_WHEEL = "auto1111sdk/modules/"
GRADIOS = ("gradio3", "gradio4")
PYTHONS = [(3, minor) for minor in (10, 11, 12)]  # that the lists' packages are built for

HERE = Path(__file__).resolve().parent


class NotThere(Exception):
    """An environment can't be had here; the message says why."""


def find_python(gradio: str) -> Path:
    """The Python of the environment for "gradio3" or "gradio4". Raises NotThere."""
    python = _environment(gradio) / "bin" / "python"
    if not python.is_file():
        raise NotThere(f"there is no environment for {gradio}; `make test` tries to make one")
    return python


def find_modules() -> Path:
    """The folder with the WebUI's own classes in it. Raises NotThere."""
    folder = _modules()
    if not folder.is_dir():
        raise NotThere("the WebUI's classes are not here; `make test` tries to fetch them")
    return folder


def make_all() -> None:
    """Fetches the classes and makes both environments, if need be. Raises NotThere."""
    try:
        if not _modules().is_dir():
            _fetch_modules(_modules())
        for gradio in GRADIOS:
            if not _environment(gradio).is_dir():
                print(f"Installing a WebUI's {gradio} to test in: a minute, once.", flush=True)
                _make(_environment(gradio), gradio)
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        raise NotThere(str(error)) from None


def _modules() -> Path:
    return cache_folder() / f"webui-{WHEEL_SHA256[:12]}"


def _environment(gradio: str) -> Path:
    digest = hashlib.sha256("\n".join([sys.version, *_torch(), _list(gradio)]).encode())
    return cache_folder() / f"webui-{gradio}-{digest.hexdigest()[:12]}"


def _list(gradio: str) -> str:
    return (HERE / f"webui-{gradio}.txt").read_text("utf-8")


def _torch() -> list[str]:
    """The torch and torchvision of this environment, which the others get too."""
    names = ("torch", "torchvision")
    return [f"{name}=={importlib.metadata.version(name).split('+')[0]}" for name in names]


def _fetch_modules(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="webui-part-") as part:
        put(unpack_wheel(part, WHEEL, WHEEL_SHA256, INSIDE_WHEEL), folder)


def _make(folder: Path, gradio: str) -> None:
    if sys.version_info[:2] not in PYTHONS:
        raise ValueError(f"a WebUI's packages are not for Python {sys.version.split()[0]}")
    torch, torchvision = _torch()
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="webui-part-") as part:
        place = Path(part) / "environment"
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        python = str(place / "bin" / "python")
        _pip(python, "install", torch)
        _pip(python, "install", "--no-deps", torchvision)
        _pip(python, "install", "--no-deps", "-r", str(HERE / f"webui-{gradio}.txt"))
        (packages,) = place.glob("lib/python*/site-packages")
        substitute = HERE / "torchvision_without_cuda.py"
        (packages / substitute.name).write_bytes(substitute.read_bytes())
        (packages / f"{substitute.stem}.pth").write_text(f"import {substitute.stem}\n")
        put(place, folder)  # its Python finds its packages wherever it lies


def _pip(python: str, *arguments: str) -> None:
    subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *arguments], check=True
    )


if __name__ == "__main__":
    try:
        make_all()
    except NotThere as error:
        print(f"The tests in a WebUI will be skipped: {error}", file=sys.stderr)
