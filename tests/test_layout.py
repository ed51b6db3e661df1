"""The layout's rules: nodes -> training -> tps_core -> torch, and only nodes/ knows ComfyUI."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Which of our folders each may import.
MAY_USE = {
    "tps_core": {"tps_core"},
    "training": {"tps_core", "training"},
    "nodes": {"tps_core", "training", "nodes"},
    "cli": {"tps_core", "training", "cli"},
}
COMFYUI = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "nodes", "server"}
HEAVY = {"lpips", "mediapipe", "kornia", "torchvision", "scipy", "skimage", "cv2", "onnxruntime"}
SOURCES = [path for folder in MAY_USE for path in sorted((ROOT / folder).glob("*.py"))]


def imports(path):
    """(level, module, names) of each import in the file; level 0 is absolute."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_imports_run_one_way(path):
    own = path.parent.name
    for level, module, names in imports(path):
        if level == 2:
            used = {module.split(".")[0]} if module else set(names) - {"__version__"}
            assert used <= MAY_USE[own], f"{own} must not import {used - MAY_USE[own]}"
        elif level == 0:
            assert module.split(".")[0] != "tps_portrait", "imports in the pack are relative"
            if own != "nodes":
                assert module.split(".")[0] not in COMFYUI, f"{own} must not know ComfyUI"


@pytest.mark.parametrize("module", ["tps_core.stylize", "training.trainer", "training.bank", "cli"])
def test_heavy_packages_are_imported_only_when_they_are_used(module):
    code = (
        f"import sys, importlib; importlib.import_module('tps_portrait.{module}'); "
        f"print(*({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_requirements_pin_nothing_that_others_depend_on():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line.split("#")[0].strip() for line in lines]
    for line in filter(None, wanted):
        assert not any(mark in line for mark in ("<", "==", "~=")), line
        assert not line.startswith(("torch", "opencv", "mediapipe")), line
