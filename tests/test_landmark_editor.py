"""The landmark editor on ComfyUI's node, in both of its ways to draw nodes.

The editor by itself is in test_landmark_page.py. $TPS_PORTRAIT_SCREENSHOTS names a folder that
keeps the pictures.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import comfyui as comfyui_host
from editor import Editor, find_browser
from landmark_hand import FIVE_CLICKS, Hand
from templates import FILES
from tps_portrait.tps_core.landmark_files.edits import digest
from tps_portrait.tps_core.pictures import to_tensor

BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

WORKFLOW = FILES["Place landmarks by hand"]
EDIT = "TPSPortraitEditLandmarks"
SAVED = "() => JSON.stringify(app.graph.serialize())"
# Where on the page the node's lower right corner is taken hold of.
CORNER = """() => {
    const drawn = document.querySelector('[data-node-id="3"]');
    if (drawn) {
        const { right, bottom } = drawn.getBoundingClientRect();
        return [right - 4, bottom - 4];
    }
    const { pos, size } = app.graph.getNodeById(3);
    const corner = [pos[0] + size[0] - 4, pos[1] + size[1] - 4];
    const [x, y] = app.canvas.ds.convertOffsetToCanvas(corner);
    const { left, top } = app.canvas.canvas.getBoundingClientRect();
    return [left + x, top + y];
}"""
PROMPT = "async () => (await app.graphToPrompt()).output"


def small_workflow(folder: Path, images: list[str], edits: str = "") -> Path:
    """The shipped workflow without the painting; more pictures come in a batch."""
    workflow = json.loads(WORKFLOW.read_text("utf-8"))
    note, loader, edit = (node for node in workflow["nodes"] if node["id"] in {1, 2, 3})
    loader["widgets_values"][0], loader["outputs"][0]["links"] = images[0], [1]
    edit["widgets_values"], edit["outputs"][0]["links"] = [edits], []
    nodes, links = [note, loader, edit], [[1, 2, 0, 3, 0, "IMAGE"]]
    if len(images) == 2:
        other = json.loads(json.dumps(loader)) | {"id": 4, "pos": [-340, 510]}
        other["widgets_values"][0], other["outputs"][0]["links"] = images[1], [3]
        slots = [{"name": f"image{i}", "type": "IMAGE", "link": i + 1} for i in (1, 2)]
        batch = {
            "id": 5, "type": "ImageBatch", "pos": [-340, 60], "size": [210, 46], "mode": 0,
            "order": 1, "flags": {}, "inputs": slots, "properties": {}, "widgets_values": [],
            "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}],
        }  # fmt: skip
        loader["outputs"][0]["links"] = [2]
        links = [[1, 5, 0, 3, 0, "IMAGE"], [2, 2, 0, 5, 0, "IMAGE"], [3, 4, 0, 5, 1, "IMAGE"]]
        nodes += [other, batch]
    path = folder / "small.json"
    path.write_text(json.dumps(workflow | {"nodes": nodes, "links": links, "groups": []}))
    return path


def run(editor: Editor, comfyui: comfyui_host.Host, watch: str = "3") -> list[dict]:
    """Presses Run and returns what the node said of each picture."""
    before = set(comfyui.get("/history"))
    editor.page.evaluate("app.queuePrompt(0)")
    editor.page.wait_for_timeout(300)
    while not (new := set(comfyui.get("/history")) - before):
        editor.page.wait_for_timeout(200)
    (prompt_id,) = new
    history = comfyui.wait(prompt_id)
    assert history["status"]["completed"], history["status"]
    editor.page.wait_for_timeout(500)
    return history["outputs"][watch]["landmark_editor"]


def test_points_placed_by_hand_are_the_points_used(
    editor, comfyui, portrait, screenshots, tmp_path
):
    template = tmp_path / WORKFLOW.name
    shipped = WORKFLOW.read_text("utf-8")
    template.write_text(shipped.replace("tps_portrait_photo.png", "example.png"), "utf-8")
    editor.open(template)
    hand = Hand(editor.page)
    assert hand.state() == "empty"
    (first,) = run(editor, comfyui)
    hand.wait_for("ready")
    assert hand.faces() == first["found"] == first["used"]
    assert first["digest"] == digest(to_tensor(portrait))
    editor.screenshot(screenshots / f"landmarks, first run ({editor.kind}).png")

    editor.look(0.8, -300, -100)  # the node is 420 to 1020 to the right and 220 to 980 down
    hand.press("delete")
    hand.press("add")
    for point in FIVE_CLICKS:
        hand.click(point)
    (placed,) = hand.faces()
    editor.screenshot(screenshots / f"landmarks, five clicks ({editor.kind}).png")
    hand.press("fit face")
    before = np.array(placed["points"])
    hand.drag(before[8], before[8] + [2, 6])  # the chin
    hand.drag(before[37], before[37] + [0, -4], key="Shift")  # the right eye
    hand.drag(before[30], before[30] + [9, 9])
    editor.page.keyboard.press("Control+z")
    (face,) = hand.faces()
    shift = np.zeros((68, 2))
    shift[8], shift[36:42] = [2, 6], [0, -4]
    np.testing.assert_allclose(np.array(face["points"]) - before, shift, atol=0.02)
    editor.screenshot(screenshots / f"landmarks, dragged ({editor.kind}).png")

    saved = editor.page.evaluate(SAVED)
    edits = {"images": {first["digest"]: {"size": [512, 512], "faces": [face]}}}
    values = {node["id"]: node.get("widgets_values") for node in json.loads(saved)["nodes"]}
    assert json.loads(values[3][0]) == edits
    assert len(saved) < 20_000  # the points, not the picture
    assert "data:image" not in saved
    prompt = editor.page.evaluate(PROMPT)
    assert json.loads(prompt["3"]["inputs"]["edits"]) == edits

    # A second node takes what the first gives, and says what came.
    inputs = {"image": ["2", 0], "face_landmarks": ["3", 0], "edits": ""}
    prompt["after"] = {"class_type": EDIT, "inputs": inputs}
    outputs = comfyui.queue(prompt)["outputs"]
    (used,), (arrived,) = (outputs[node]["landmark_editor"] for node in ("3", "after"))
    assert used["used"] == [face]
    assert used["found"] == first["found"]
    (came,) = arrived["used"]
    np.testing.assert_allclose(came["points"], face["points"], atol=0.01)
    assert came["detector"] == "hand"

    # The run in the midst of the work changes nothing in the editor, and undo still works.
    run(editor, comfyui)
    assert hand.faces() == [face]
    hand.press("undo")
    np.testing.assert_allclose(hand.faces()[0]["points"][36:42], before[36:42], atol=0.001)


def test_a_saved_workflow_opens_with_its_points(editor, comfyui, tmp_path):
    editor.open(small_workflow(tmp_path, ["example.png"]))
    hand = Hand(editor.page)
    run(editor, comfyui)
    hand.wait_for("ready")
    hand.drag(hand.faces()[0]["points"][8], [230, 200])
    faces = hand.faces()
    path = tmp_path / "saved.json"
    path.write_text(editor.page.evaluate(SAVED))
    editor.page.reload()
    editor.page.wait_for_function("() => window.app?.graph && window.app.vueAppReady")
    editor.open(path)
    (said,) = run(editor, comfyui)
    hand.wait_for("ready")
    assert hand.faces() == said["used"] == faces
    hand.press("reset")
    assert hand.faces() == said["found"] != faces
    assert editor.page.evaluate(PROMPT)["3"]["inputs"]["edits"] == ""


def test_each_picture_of_a_batch_keeps_its_own_points(editor, comfyui, portrait, tmp_path,
                                                      screenshots):  # fmt: skip
    comfyui.upload(Image.new("RGB", portrait.size, "grey"), "grey.png")
    editor.open(small_workflow(tmp_path, ["example.png", "grey.png"]))
    hand = Hand(editor.page)
    _, grey = run(editor, comfyui)
    hand.wait_for("ready")
    assert grey["used"] == []
    assert "no face in 2" in editor.page.locator(".tps-landmarks").inner_text()
    editor.screenshot(screenshots / f"landmarks, a batch ({editor.kind}).png")
    hand.press("next")
    hand.wait_for("placing")
    editor.screenshot(screenshots / f"landmarks, no face ({editor.kind}).png")
    for point in FIVE_CLICKS:
        hand.click(point)
    placed = hand.faces()
    hand.press("previous")
    hand.wait_for("ready")
    first = hand.faces()
    assert first != placed

    # Sorted the other way round, the points follow their pictures.
    edits = editor.page.evaluate(PROMPT)["3"]["inputs"]["edits"]
    editor.open(small_workflow(tmp_path, ["grey.png", "example.png"], edits))
    grey, example = run(editor, comfyui)
    assert (grey["used"], example["used"]) == (placed, first)


def test_the_wheel_zooms_the_workflow_until_the_editor_is_clicked(editor, comfyui, tmp_path):
    editor.open(small_workflow(tmp_path, ["example.png"]))
    hand = Hand(editor.page)
    run(editor, comfyui)
    hand.wait_for("ready")
    scales = []
    for click in (False, True):
        if click:
            hand.click((400, 400))
        else:
            editor.page.mouse.move(*hand.on_page((400, 400)))
        start = editor.page.evaluate("app.canvas.ds.scale"), on_page_width(hand)
        editor.page.mouse.wheel(0, -100)
        editor.page.wait_for_timeout(500)
        end = editor.page.evaluate("app.canvas.ds.scale"), on_page_width(hand)
        scales.append([end[0] / start[0], end[1] / start[1]])
    (workflow, picture), (workflow_after, picture_after) = scales
    assert workflow > 1.05
    assert picture == pytest.approx(workflow, rel=0.01)
    assert workflow_after == 1
    assert picture_after > 1.05


def test_a_text_that_the_editor_cannot_read_is_left_to_the_run(editor, comfyui, tmp_path):
    editor.open(small_workflow(tmp_path, ["example.png"], edits="[nonsense"))
    prompt = editor.page.evaluate(PROMPT)
    assert prompt["3"]["inputs"]["edits"] == "[nonsense"
    with pytest.raises(RuntimeError, match="edits: not what the landmark editor writes"):
        comfyui.queue(prompt)


def test_comfyui_undoes_nothing_while_the_editor_does(editor, comfyui, tmp_path):
    editor.open(small_workflow(tmp_path, ["example.png"]))
    hand = Hand(editor.page)
    run(editor, comfyui)
    hand.wait_for("ready")
    editor.page.evaluate("app.graph.getNodeById(1).title = 'renamed'")
    editor.page.evaluate("app.extensionManager.workflow.activeWorkflow.changeTracker.checkState()")
    hand.drag(hand.faces()[0]["points"][8], [230, 200])
    editor.page.keyboard.press("Control+z")
    editor.page.keyboard.press("Control+z")
    editor.page.keyboard.press("Delete")
    editor.page.wait_for_timeout(500)
    assert [node["title"] for node in editor.nodes() if node["id"] == 1] == ["renamed"]
    assert {node["id"] for node in editor.nodes()} == {1, 2, 3}
    assert hand.faces() == []


def test_the_editor_has_the_size_that_its_node_is_given(editor, comfyui, tmp_path, screenshots):
    editor.open(small_workflow(tmp_path, ["example.png"]))
    hand = Hand(editor.page)
    run(editor, comfyui)
    hand.wait_for("ready")
    editor.screenshot(screenshots / f"landmarks, large ({editor.kind}).png")
    root = editor.page.locator(".tps-landmarks")
    large = root.bounding_box()
    x, y = editor.page.evaluate(CORNER)
    for name, to_x, to_y in (("small", x - 160, y - 220), ("large", x, y)):
        editor.page.mouse.move(*editor.page.evaluate(CORNER))
        editor.page.mouse.down()
        editor.page.mouse.move(to_x, to_y, steps=5)
        editor.page.mouse.up()
        editor.page.wait_for_timeout(500)
        editor.page.screenshot(path=screenshots / f"landmarks, {name} again ({editor.kind}).png")
        shrunk = (160, 220) if name == "small" else (0, 0)
        box = root.bounding_box()
        assert large["width"] - box["width"] == pytest.approx(shrunk[0], abs=12)
        assert large["height"] - box["height"] == pytest.approx(shrunk[1], abs=12)


def test_the_properties_panel_leaves_the_editor_as_wide_as_its_node(editor, tmp_path):
    editor.open(small_workflow(tmp_path, ["example.png"]))
    before = editor.page.locator(".tps-landmarks").bounding_box()
    # What the panel does with the widgets that it shows.
    editor.page.evaluate("() => { app.graph.getNodeById(3).widgets[0].width = 150; }")
    editor.page.evaluate("app.graph.setDirtyCanvas(true, true)")
    editor.page.wait_for_timeout(500)
    assert editor.page.locator(".tps-landmarks").bounding_box() == before


def test_its_scripts_raise_no_error(editor):
    place = f"/extensions/{comfyui_host.PACK_NAME}"
    assert [error for error in editor.errors if place in error] == []


def on_page_width(hand: Hand) -> float:
    """How many pixels on the page 100 of the picture are wide."""
    return hand.on_page((100, 0))[0] - hand.on_page((0, 0))[0]
