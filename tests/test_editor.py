"""ComfyUI's editor opens every workflow without a red node.

$TPS_PORTRAIT_SCREENSHOTS names a folder that keeps the pictures.
"""

import pytest

import comfyui as comfyui_host
from editor import find_browser

WORKFLOWS = sorted((comfyui_host.PACK / "workflows").glob("*.json"))
BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_opens_without_a_red_node(workflow, editor, screenshots):
    editor.open(workflow)
    editor.screenshot(screenshots / f"{workflow.stem} ({editor.kind}).png")
    nodes = editor.nodes()
    assert [node["type"] for node in nodes if not node["registered"]] == []
    assert [node["type"] for node in nodes if node["has_errors"]] == []
    assert editor.complaints() == []


def test_painting_like_a_picture_needs_one_press_of_run(editor, screenshots):
    editor.open(comfyui_host.PACK / "workflows" / "Paint like a picture.json")
    editor.page.evaluate("app.queuePrompt(0)")
    painted = "() => (app.nodeOutputs['5']?.images ?? []).length > 0"
    editor.page.wait_for_function(painted, timeout=180_000)
    editor.page.wait_for_timeout(2000)  # the picture is drawn
    editor.screenshot(screenshots / f"Paint like a picture, painted ({editor.kind}).png")
    assert editor.complaints() == []


def test_the_packs_own_scripts_raise_no_error(editor):
    place = f"/extensions/{comfyui_host.PACK_NAME}"
    assert [error for error in editor.errors if place in error] == []
