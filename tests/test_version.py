"""The version stands in one place, and what is released is what the changelog tells of."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from tps_portrait.cli import main
from tps_portrait.tps_core import version as module
from tps_portrait.tps_core.version import version

ROOT = Path(__file__).parents[1]


def test_the_command_and_the_changelog_have_the_version_of_pyproject(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"tps-portrait {version()}\n"
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert version() in headings[:2]  # after what is not released yet


def test_without_pyproject_it_is_that_of_the_installed_package(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "PACK", tmp_path)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: f"1.2.3 of {name}")
    assert version() == "1.2.3 of tps-portrait"
