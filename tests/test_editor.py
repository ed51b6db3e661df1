"""ComfyUI's editor opens every template and blueprint without a red node.

$TPS_PORTRAIT_SCREENSHOTS names a folder that keeps the pictures.
"""

import pytest

import comfyui as comfyui_host
from editor import find_browser
from templates import FILES

BLUEPRINTS = sorted((comfyui_host.PACK / "subgraphs").glob("*.json"))
BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]
# How many pictures the nodes of a type show.
SHOWN = """type => app.graph.nodes.filter(node => node.type === type).map(
    node => (app.nodeOutputs[node.id]?.images ?? []).length)"""
INSIDE = """() => [...app.graph.subgraphs.values()].flatMap(subgraph => subgraph.nodes).map(
    node => [node.type, node.type in LiteGraph.registered_node_types])"""
WIDGETS = "() => app.graph.nodes[0].widgets.map(widget => [widget.name, widget.value])"
# Puts a photo before the one node that is there, and what saves its first output behind.
CONNECT = """() => {
    const [subgraph] = app.graph.nodes;
    const [photo, saver] = ['LoadImage', 'SaveImage'].map(type => LiteGraph.createNode(type));
    app.graph.add(photo);
    app.graph.add(saver);
    photo.pos = [-500, 0];
    saver.pos = [500, 0];
    photo.widgets.find(widget => widget.name === 'image').value = 'tps_portrait_photo.png';
    photo.connect(0, subgraph, 0);
    subgraph.connect(0, saver, 0);
}"""


@pytest.mark.parametrize("workflow", FILES.values(), ids=lambda path: path.stem)
def test_a_template_opens_without_a_red_node(workflow, editor, screenshots):
    editor.open(workflow)
    editor.screenshot(screenshots / f"{workflow.stem} ({editor.kind}).png")
    nodes = editor.nodes()
    assert [node["type"] for node in nodes if not node["registered"]] == []
    assert [node["type"] for node in nodes if node["has_errors"]] == []
    assert editor.complaints() == []


@pytest.mark.parametrize("name", ["Paint a portrait", "Paint like a picture"])
def test_a_first_painting_needs_one_press_of_run(name, editor, screenshots):
    editor.open(FILES[name])
    run_until_saved(editor)
    editor.screenshot(screenshots / f"{name}, painted ({editor.kind}).png")
    assert editor.complaints() == []


def test_the_camera_is_painted(editor, screenshots):
    editor.open(FILES["Live camera"])
    ready = "() => app.graph.nodes.some(n => n.widgets?.some(w => w.label?.match(/^capture$/i)))"
    editor.page.wait_for_function(ready)
    for _ in range(2):
        editor.page.evaluate("app.queuePrompt(0)")
    shown = f"type => ({SHOWN})(type)[0] > 0"
    editor.page.wait_for_function(shown, arg="PreviewImage")
    editor.page.wait_for_timeout(2000)  # the picture is drawn
    editor.screenshot(screenshots / f"Live camera, painted ({editor.kind}).png")
    assert editor.complaints() == []


@pytest.mark.parametrize("blueprint", BLUEPRINTS, ids=lambda path: path.stem)
def test_a_blueprint_is_one_node_of_known_nodes_with_its_widgets(blueprint, editor, screenshots):
    editor.open(blueprint)
    editor.screenshot(screenshots / f"{blueprint.stem}, blueprint ({editor.kind}).png")
    assert len(editor.nodes()) == 1
    inside = editor.page.evaluate(INSIDE)
    assert inside
    assert [kind for kind, known in inside if not known] == []
    assert dict(editor.page.evaluate(WIDGETS))["strength"] == 1
    assert editor.complaints() == []


def test_a_blueprint_paints(editor, screenshots):
    editor.open(comfyui_host.PACK / "subgraphs" / "Stylize a portrait.json")
    editor.page.evaluate(CONNECT)
    run_until_saved(editor)
    editor.screenshot(screenshots / f"Stylize a portrait, painted ({editor.kind}).png")
    assert editor.complaints() == []


def test_the_packs_own_scripts_raise_no_error(editor):
    place = f"/extensions/{comfyui_host.PACK_NAME}"
    assert [error for error in editor.errors if place in error] == []


def run_until_saved(editor):
    """Presses Run and waits for the picture of SaveImage."""
    editor.page.evaluate("app.queuePrompt(0)")
    saved = f"type => ({SHOWN})(type)[0] > 0"
    editor.page.wait_for_function(saved, arg="SaveImage")
    editor.page.wait_for_timeout(2000)  # the picture is drawn
