"""The pack's version, which stands in pyproject.toml alone."""

import importlib.metadata
import re

from .folders import PACK


def version() -> str:
    """Such as "0.2.0": of the folder's pyproject.toml, or of the package installed without it."""
    file = PACK / "pyproject.toml"
    if file.is_file():
        return re.findall(r'^version = "(.+)"$', file.read_text("utf-8"), re.MULTILINE)[0]
    return importlib.metadata.version("tps-portrait")
