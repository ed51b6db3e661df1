"""The installer under the WebUI, which runs it at every start."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import pytest

from tps_portrait import install


@pytest.fixture
def launch(monkeypatch):
    """The WebUI's own helper; `ran` is what it was told."""
    helper = ModuleType("launch")
    helper.ran = []
    helper.run_pip = lambda command, what: helper.ran.append((command, what))
    for module in (helper, ModuleType("modules")):
        module.__spec__ = ModuleSpec(module.__name__, None)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return helper


def test_in_the_webui_its_own_helper_installs_what_is_missing(launch, capsys):
    install.install_in_webui(["lpips"])
    assert launch.ran == [('install "lpips"', "lpips for TPS Portrait")]
    assert capsys.readouterr().err == ""


def test_what_the_webui_s_helper_cannot_install_is_said_on_stdout(launch, capsys):
    def fail(command, what):
        raise RuntimeError("no internet")

    launch.run_pip = fail
    install.install_in_webui(["lpips"])
    assert capsys.readouterr().out == ("TPS Portrait: lpips could not be installed: no internet\n")


def test_outside_the_webui_no_package_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "launch", None)
    install.install_in_webui(["lpips"])
