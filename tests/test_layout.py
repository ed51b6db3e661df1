"""The layout's rules: nodes -> training -> tps_core -> torch.

Only nodes/ knows ComfyUI, and only webui/ (with the one file of scripts/) the WebUI.
"""

import ast
import graphlib
import importlib
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
    "webui": {"tps_core", "training", "webui"},
}
ROOMS = ("banks", "measure", "learn")  # of training/: each may import those before it
COMFYUI = {"comfy", "comfy_api", "comfy_execution", "folder_paths", "nodes", "server"}
WEBUI = {"modules", "modules_forge", "launch", "gradio", "fastapi", "starlette"}
HEAVY = {"lpips", "mediapipe", "kornia", "torchvision", "scipy", "skimage", "cv2", "onnxruntime"}
SOURCES = [path for folder in MAY_USE for path in sorted((ROOT / folder).rglob("*.py"))]


def parts(path):
    """The file's folders below the pack's, and its name."""
    return path.relative_to(ROOT).with_suffix("").parts


def imports(path):
    """(whether it is relative, its parts) of each module or name that the file imports.

    The parts of a relative one are counted from the pack's folder.
    """
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((False, tuple(alias.name.split("."))) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = parts(path)[: -node.level] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            yield from ((node.level > 0, (*base, alias.name)) for alias in node.names)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: "/".join(parts(path)))
def test_imports_run_one_way(path):
    own = parts(path)[0]
    for relative, (used, *_) in imports(path):
        if relative:
            assert used in MAY_USE[own], f"{own} must not import {used}"
        else:
            assert used != "tps_portrait", "imports in the pack are relative"
            if own != "nodes":
                assert used not in COMFYUI, f"{own} must not know ComfyUI"
            if own != "webui":
                assert used not in WEBUI, f"{own} must not know the WebUI"


def test_what_the_webui_runs_by_its_path_knows_no_folder_of_the_pack_by_its_bare_name():
    (script,) = (ROOT / "scripts").iterdir()  # the WebUI runs every file that lies there
    used = {names[0] for relative, names in imports(script)}
    assert used == {"importlib", "logging", "modules", "os", "sys"}


@pytest.mark.parametrize("name", ["job", "picture", "settings", "works", "api"])
def test_most_of_the_webui_s_room_can_be_tested_without_a_webui(name):
    used = {names[0] for relative, names in imports(ROOT / "webui" / f"{name}.py") if not relative}
    assert not used & WEBUI


def test_the_folders_and_files_of_tps_core_import_each_other_in_no_circle():
    uses = {}
    for path in (ROOT / "tps_core").rglob("*.py"):
        own = parts(path)[1]
        used = {
            names[1] for relative, names in imports(path) if relative and names[0] == "tps_core"
        }
        uses.setdefault(own, set()).update(used - {own})
    assert list(graphlib.TopologicalSorter(uses).static_order())  # CycleError names a circle


def test_each_room_of_training_imports_only_those_before_it():
    assert {path.name for path in (ROOT / "training").iterdir() if path.is_dir()} >= {*ROOMS}
    for path in (ROOT / "training").rglob("*.py"):
        _, room, *_ = parts(path)
        for relative, names in imports(path):
            if relative and names[0] == "training":
                assert names[1] in ROOMS[: ROOMS.index(room) + 1], f"{path}: {room} -> {names[1]}"


def test_geometry_knows_nothing_of_faces():
    for path in (ROOT / "tps_core" / "geometry").glob("*.py"):
        used = {names[1] for relative, names in imports(path) if relative}
        assert used <= {"geometry"}, path.name


@pytest.mark.parametrize("name", ["tps.fit", "tps.Spline", "warp.warp_image", "stylize.stylize"])
def test_other_peoples_code_finds_the_public_names(name):
    module, _, attribute = name.partition(".")
    assert callable(getattr(importlib.import_module(f"tps_portrait.tps_core.{module}"), attribute))


def test_every_folder_of_the_pack_is_installed():
    listed = (ROOT / "pyproject.toml").read_text("utf-8")
    for folder in {path.parent for path in SOURCES}:
        name = ".".join(("tps_portrait", *folder.relative_to(ROOT).parts))
        assert f'"{name}",\n' in listed, f"{name} is not among the packages in pyproject.toml"


@pytest.mark.slow
def test_heavy_packages_are_imported_only_when_they_are_used():
    modules = ("cli", "tps_core.stylize", "training.banks.bank", "training.learn.trainer")
    code = (
        f"import sys, importlib\n"
        f"for name in {modules!r}:\n"
        f"    importlib.import_module(f'tps_portrait.{{name}}')\n"
        f"    print(*(f'{{name}} imports {{heavy}}' for heavy in {HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_requirements_pin_nothing_that_others_depend_on():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = [line.split("#")[0].strip() for line in lines]
    for line in filter(None, wanted):
        assert not any(mark in line for mark in ("<", "==", "~=")), line
        assert not line.startswith(("torch", "opencv", "mediapipe")), line
