"""Looks whether the pack's packages are there, and fetches what training needs beside them.

ComfyUI's Manager runs this in the pack's folder after it has installed requirements.txt; the
Stable-Diffusion WebUI in its own folder, at every start, and reads no requirements.txt. The first
training then needs no internet; without it one line says so, and everything else works.
"""

import importlib.metadata
import importlib.util
import logging
import re
import socket
import sys
from pathlib import Path

PACK = Path(__file__).parent
SECONDS = 30  # that a server may be silent


def main() -> int:
    """Says what is missing, and fetches it. 0 in any case: no installation fails by it."""
    logging.basicConfig(format="TPS Portrait: %(message)s", level=logging.INFO, stream=sys.stdout)
    logging.getLogger("tps_portrait").setLevel(logging.INFO)
    install_in_webui(missing_packages())
    if missing := missing_packages():
        say(f"{', '.join(missing)}: not installed; run: pip install -r requirements.txt")
    elif not importlib.util.find_spec("torch"):
        say("torch is not installed; it comes with ComfyUI, else see pytorch.org")
    else:
        fetch()
    return 0


def install_in_webui(missing: list[str]) -> None:
    """Installs the packages where the WebUI runs this, by its own helper; nothing is upgraded."""
    if not missing or not all(map(importlib.util.find_spec, ("launch", "modules"))):
        return  # this is no WebUI
    import launch  # the WebUI's: its folder is in PYTHONPATH

    for name in missing:
        try:
            launch.run_pip(f'install "{name}"', f"{name} for TPS Portrait")
        except RuntimeError as error:
            say(f"{name} could not be installed: {error}")
    importlib.invalidate_caches()


def missing_packages() -> list[str]:
    """The packages of requirements.txt that are not installed."""
    lines = (PACK / "requirements.txt").read_text("utf-8").splitlines()
    names = [re.split(r"[^\w.-]", line)[0] for line in lines if line and line[0] != "#"]
    return [name for name in names if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Whether the package of that name is installed, whether it can be imported or not."""
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def fetch() -> None:
    """Fetches the weights that the content loss of training is measured with."""
    socket.setdefaulttimeout(SECONDS)
    try:
        import_pack()
        from tps_portrait.training.measure.perceptual import fetch_weights

        fetch_weights()
    except (ImportError, ValueError, OSError) as error:
        say(f"{error} (only training needs this)")


def import_pack() -> None:
    """Makes this folder, whatever its name, the package tps_portrait."""
    specification = importlib.util.spec_from_file_location(
        "tps_portrait", PACK / "__init__.py", submodule_search_locations=[str(PACK)]
    )
    if specification is None or specification.loader is None:
        raise ImportError(f"{PACK} can't be imported")
    pack = importlib.util.module_from_spec(specification)
    sys.modules["tps_portrait"] = pack
    specification.loader.exec_module(pack)


def say(line: str) -> None:
    """Prints a line that says whose it is."""
    print(f"TPS Portrait: {line}")


if __name__ == "__main__":
    sys.exit(main())
