"""Each template in a real ComfyUI: it runs as it is, and shows what its thumbnail promises."""

import json
import urllib.parse
import urllib.request

import numpy as np
import pytest
from PIL import Image

import comfyui as comfyui_host
from conftest import lend_models
from templates import AS_INSTALLED, FILES, THUMBNAILS, path_of, run, thumbnail

pytestmark = pytest.mark.slow

MOST_OFF = 4.0  # levels of 255, on average: JPEG, and another machine's arithmetic


@pytest.fixture(scope="module")
def comfyui(tmp_path_factory, squeezenet):
    """A ComfyUI as one has it who has just installed the pack."""
    folder = tmp_path_factory.mktemp("comfyui")
    lend_models(folder / "models" / "tps_portrait", squeezenet, names=AS_INSTALLED)
    with comfyui_host.start(folder, environment={"TPS_PORTRAIT_HOME": ""}) as host:
        yield host


def test_the_templates_are_offered_with_their_thumbnails(comfyui):
    names = {path.stem for path in FILES.values()}
    assert set(comfyui.get("/workflow_templates")[comfyui_host.PACK_NAME]) == names
    for name in names:
        address = f"/api/workflow_templates/{comfyui_host.PACK_NAME}/{urllib.parse.quote(name)}"
        with urllib.request.urlopen(f"{comfyui.url}{address}.jpg") as answer:
            assert Image.open(answer).size == (512, 512)


@pytest.mark.parametrize("name", THUMBNAILS)
def test_a_template_runs_as_it_is_and_its_result_is_its_thumbnail(name, comfyui):
    if name == "Export a style":
        pytest.importorskip("onnx")
    shown = thumbnail(name, run(comfyui, name))
    with Image.open(path_of(name)) as promised:
        off = np.abs(np.asarray(promised, np.float32) - np.asarray(shown, np.float32))
    assert off.mean() < MOST_OFF


def test_an_app_asks_for_nothing_that_comfyui_hides_in_it(comfyui):
    known, hidden = comfyui.object_info(), []
    for path in FILES.values():
        workflow = json.loads(path.read_text("utf-8"))
        kinds = {node["id"]: node["type"] for node in workflow["nodes"]}
        for number, name in workflow["extra"].get("linearData", {}).get("inputs", []):
            inputs = known[kinds[number]]["input"]
            _, *settings = {**inputs["required"], **inputs.get("optional", {})}[name]
            if settings and settings[0].get("advanced"):
                hidden.append((path.stem, name))
    assert hidden == []


def test_the_blueprints_are_offered_and_name_inputs_that_their_nodes_have(comfyui):
    known, offered = comfyui.object_info(), comfyui.get("/global_subgraphs")
    ours = [
        key
        for key, entry in offered.items()
        if entry["info"]["node_pack"] == f"custom_nodes.{comfyui_host.PACK_NAME}"
    ]
    files = (comfyui_host.PACK / "subgraphs").glob("*.json")
    assert {offered[key]["name"] for key in ours} == {path.stem for path in files}
    for key in ours:
        content = json.loads(comfyui.get(f"/global_subgraphs/{key}")["data"])
        (subgraph,) = content["definitions"]["subgraphs"]
        for node in subgraph["nodes"]:
            inputs = known[node["type"]]["input"]
            names = {*inputs["required"], *inputs.get("optional", {}), "upload"}
            assert {socket["name"] for socket in node["inputs"]} <= names
