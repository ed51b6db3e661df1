"""Stand-ins for the WebUI's modules and gradio: what of webui/ needs them can do without."""

import importlib
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

OURS = ("host", "paths", "controls", "extras", "always", "axes", "routes", "reviews", "tab")

STARLETTE = ("concurrency", "requests", "responses")


def lend(monkeypatch, folder: Path, **options) -> SimpleNamespace:
    """The options of a WebUI with its data in the folder; our files meet it while a test runs."""
    found = SimpleNamespace(**options)
    state = SimpleNamespace(interrupted=False, skipped=False)
    modules = ModuleType("modules")
    modules.devices = SimpleNamespace(get_device_for=lambda task: "cpu")
    modules.paths_internal = SimpleNamespace(models_path=str(folder / "models"))
    modules.shared = SimpleNamespace(cmd_opts=found, state=state)
    modules.scripts = SimpleNamespace(Script=object, AlwaysVisible=object())
    modules.scripts_postprocessing = SimpleNamespace(ScriptPostprocessing=object)
    monkeypatch.setitem(sys.modules, "modules", modules)
    monkeypatch.setitem(sys.modules, "gradio", MagicMock(__version__="4.40.0"))
    for name in ("starlette", *(f"starlette.{part}" for part in STARLETTE)):
        monkeypatch.setitem(sys.modules, name, MagicMock())
    for name in OURS:
        monkeypatch.delitem(sys.modules, f"tps_portrait.webui.{name}", raising=False)
        monkeypatch.delattr(f"tps_portrait.webui.{name}", raising=False)
    monkeypatch.setattr("tps_portrait.tps_core.folders._host_folders", [])
    return found


def load(name: str):
    """Our file of that name, as it is in the WebUI that is lent."""
    return importlib.import_module(f"tps_portrait.webui.{name}")
