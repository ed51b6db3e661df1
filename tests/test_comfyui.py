"""The pack in a real ComfyUI: it loads quietly and quickly, and every workflow paints."""

import compileall
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

import comfyui as comfyui_host
from comfyui_backend import find_backend

pytestmark = pytest.mark.slow

WORKFLOWS = sorted((comfyui_host.PACK / "workflows").glob("*.json"))
# What a workflow asks of a person's own machine, made small enough for a test: by node type.
OVERRIDES = {
    "TPSPortraitBuildFaceBank": {"folder": "{art}"},
    "TPSPortraitTrainStyle": {"steps": 2},
}
# Loads the pack in a fresh process as ComfyUI does and reports what that brought and cost.
# CPU time, because the machine may be busy with something else.
LOAD = """
import sys
import comfy.options
comfy.options.enable_args_parsing()
import asyncio, json, logging, time, warnings
import nodes

said, handler = [], logging.Handler(logging.WARNING)
handler.emit = lambda record: said.append(record.getMessage())
logging.getLogger().addHandler(handler)
before, start = set(sys.modules), time.process_time()
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    loaded = asyncio.run(nodes.load_custom_node(sys.PACK, module_parent="custom_nodes"))
print(json.dumps({
    "loaded": loaded,
    "seconds": time.process_time() - start,
    "said": said + [str(warning) for warning in warned],
    "modules": sorted(set(sys.modules) - before),
}))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What loading the pack once in a process of its own did."""
    folder = tmp_path_factory.mktemp("load")
    name = "TPS Portrait v0.1"  # with a space and a dot: any name must do
    comfyui_host.prepare(folder, comfyui_host.PACK, name)
    for part in (".", "nodes", "tps_core", "training"):  # as on every start but the first
        compileall.compile_dir(comfyui_host.PACK / part, maxlevels=0, quiet=1)
    pack = folder / "custom_nodes" / name
    script = f"import sys\nsys.PACK = {str(pack)!r}\n{comfyui_host.HIDE_THE_PACKAGE}{LOAD}"
    process = subprocess.run(
        [sys.executable, "-c", script, "--cpu", f"--base-directory={folder}"],
        cwd=find_backend(),
        env={**os.environ, "TPS_PORTRAIT_HOME": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    result = json.loads(process.stdout.splitlines()[-1])
    assert result["loaded"], result["said"]
    return result


def test_the_pack_loads_without_a_word(report):
    assert report["said"] == []


def test_loading_takes_less_than_a_third_of_a_second(report):
    assert report["seconds"] < 0.3


def test_loading_leaves_the_heavy_packages_alone(report):
    loaded = {name.partition(".")[0] for name in report["modules"]}
    assert not loaded & {"mediapipe", "lpips", "kornia", "torchvision", "scipy", "skimage"}


def test_comfyui_knows_our_nodes_and_complains_of_nothing(comfyui):
    ours = {
        name: info
        for name, info in comfyui.object_info().items()
        if info["python_module"] == f"custom_nodes.{comfyui_host.PACK_NAME}"
    }
    assert ours
    for name, info in ours.items():
        assert name.startswith("TPSPortrait")
        assert info["category"].startswith("TPS Portrait")
        assert info["description"], f"{name} has no description"
    # The only line about the pack is the one on how long it took.
    lines = [line for line in comfyui.log().splitlines() if comfyui_host.PACK_NAME in line]
    assert len(lines) == 1, lines
    assert "seconds: " in lines[0]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_and_paints(workflow, comfyui, portrait, tmp_path):
    prompt = comfyui.api_prompt(workflow)
    art = draw_art(tmp_path / "art", portrait)
    for node in prompt.values():
        for name, value in OVERRIDES.get(node["class_type"], {}).items():
            assert name in node["inputs"], f"{node['class_type']} has no input {name}"
            node["inputs"][name] = str(art) if value == "{art}" else value
    give_pictures(prompt, workflow.parent, comfyui, portrait)

    images = comfyui.images(comfyui.queue(prompt, timeout=600))

    assert images, "the workflow shows no picture"
    for node, pictures in images.items():
        for picture in pictures:
            values = np.asarray(picture.convert("RGB"), dtype=np.float32)
            place = f"{prompt[node]['class_type']} {node}"
            assert min(picture.size) >= 64, f"{place}: {picture.size}"
            assert values.std() > 8, f"{place}: flat, deviation {values.std():.1f} of 255"


def give_pictures(
    prompt: dict, folder: Path, host: comfyui_host.Host, portrait: Image.Image
) -> None:
    """Uploads what the prompt's Load Image nodes name: from `folder`, else portraits."""
    stand_ins = [portrait, ImageOps.mirror(portrait)]
    names = {n["inputs"]["image"] for n in prompt.values() if n["class_type"] == "LoadImage"}
    for index, name in enumerate(sorted(names)):
        own = folder / name
        host.upload(own if own.is_file() else stand_ins[index % len(stand_ins)], name)


def draw_art(folder: Path, portrait: Image.Image) -> Path:
    """Returns `folder`, filled with four posters made of the portrait: a style to train on."""
    folder.mkdir()
    for number, bits in enumerate((1, 2, 3, 4)):
        poster = ImageOps.posterize(portrait, bits)
        (ImageOps.mirror(poster) if number % 2 else poster).save(folder / f"{number}.png")
    return folder
