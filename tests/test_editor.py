"""ComfyUI's editor opens every workflow without a red node.

$TPS_PORTRAIT_SCREENSHOTS names a folder that keeps the pictures.
"""

from collections.abc import Iterator

import pytest
from PIL import Image

import comfyui as comfyui_host
from editor import Editor, find_browser, open_editor

WORKFLOWS = sorted((comfyui_host.PACK / "workflows").glob("*.json"))
BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.fixture(scope="module", params=["classic canvas", "Nodes 2.0"])
def editor(
    request: pytest.FixtureRequest, comfyui: comfyui_host.Host, portrait: Image.Image
) -> Iterator[Editor]:
    """ComfyUI's editor, opened once for each of its two ways to draw nodes."""
    # Every ComfyUI has a picture of that name; a workflow that named another would open in red.
    comfyui.upload(portrait, "example.png")
    settings = {"Comfy.VueNodes.Enabled": request.param == "Nodes 2.0"}
    with open_editor(comfyui.url, BROWSER, settings) as opened:
        opened.kind = request.param
        yield opened


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_opens_without_a_red_node(workflow, editor, screenshots):
    editor.open(workflow)
    editor.screenshot(screenshots / f"{workflow.stem} ({editor.kind}).png")
    nodes = editor.nodes()
    assert [node["type"] for node in nodes if not node["registered"]] == []
    assert [node["type"] for node in nodes if node["has_errors"]] == []
    assert editor.complaints() == []


def test_the_packs_own_scripts_raise_no_error(editor):
    place = f"/extensions/{comfyui_host.PACK_NAME}"
    assert [error for error in editor.errors if place in error] == []
