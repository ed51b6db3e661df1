"""What every template and blueprint has; that they open and run is tested elsewhere."""

import itertools
import json
from pathlib import Path

import pytest
from PIL import Image

from tps_portrait.tps_core.example_pictures import EXAMPLES
from tps_portrait.tps_core.style import list_styles

PACK = Path(__file__).parents[1]
FILES = sorted((PACK / "workflows").glob("*.json"))
TITLE, SLOT, CLEARANCE = 30, 20, 4  # heights in the classic canvas; the least way around a node
STEPS = 60  # along a link


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def workflow(path):
    return json.loads(path.read_text("utf-8"))


def test_they_are_numbered_from_the_first_on():
    assert [path.name[:3] for path in FILES] == [f"{n:02} " for n in range(1, len(FILES) + 1)]


def test_each_has_a_thumbnail(path):
    with Image.open(path.with_suffix(".jpg")) as picture:
        assert picture.size == (512, 512)


def test_each_explains_itself_and_says_what_is_to_be_chosen(workflow):
    kinds = [node["type"] for node in workflow["nodes"]]
    assert kinds.count("MarkdownNote") == 1
    assert any(node.get("color") == "#232" for node in workflow["nodes"])
    assert len({group["color"] for group in workflow["groups"]}) == 3
    for node in workflow["nodes"]:
        assert any(within(node, group["bounding"]) for group in workflow["groups"]) != (
            node["type"] == "MarkdownNote"
        )


def test_what_it_opens_with_comes_with_the_pack(workflow):
    for node in workflow["nodes"]:
        if node["type"] in ("LoadImage", "LoadVideo", "TPSPortraitLoadLandmarks"):
            assert node["widgets_values"][0] in EXAMPLES
        if node["type"] == "TPSPortraitLoadStyle":
            assert (PACK / "styles" / f"{node['widgets_values'][0]}.safetensors").is_file()
            assert node["widgets_values"][0] in list_styles()


def test_an_app_shows_widgets_that_are_there_and_results_that_are_kept(workflow):
    nodes = {node["id"]: node for node in workflow["nodes"]}
    app = workflow["extra"].get("linearData", {"inputs": [], "outputs": []})
    assert not workflow["extra"].get("linearMode")  # unfinished in ComfyUI 0.3.75
    for number, name in app["inputs"]:
        (socket,) = (s for s in nodes[number]["inputs"] if s["name"] == name)
        assert socket["widget"] == {"name": name}
        assert socket["link"] is None
    assert {nodes[number]["type"] for number in app["outputs"]} <= {
        "SaveImage",
        "SaveVideo",
        "PreviewImage",
    }


def test_no_node_lies_on_another(workflow):
    boxes = [box(node) for node in workflow["nodes"]]
    for index, (x0, y0, x1, y1) in enumerate(boxes):
        for other in boxes[:index]:
            assert x1 <= other[0] or other[2] <= x0 or y1 <= other[1] or other[3] <= y0


def test_no_link_runs_behind_a_node(workflow):
    nodes = {node["id"]: node for node in workflow["nodes"]}
    reroutes = {reroute["id"]: reroute for reroute in workflow["extra"].get("reroutes", [])}
    last = {e["id"]: e["parentId"] for e in workflow["extra"].get("linkExtensions", [])}
    for link, source, out, target, slot, _ in workflow["links"]:
        places, number = [], last.get(link)
        while number:
            places.insert(0, reroutes[number]["pos"])
            number = reroutes[number].get("parentId")
        start, end = nodes[source], nodes[target]
        right = start["pos"][0] + start["size"][0]
        places = [
            (right, start["pos"][1] + SLOT * (out + 0.7)),
            *places,
            (end["pos"][0], end["pos"][1] + SLOT * (slot + 0.7)),
        ]
        for node in nodes.values():
            x0, y0, x1, y1 = box(node)
            for x, y in curve(places):
                behind = x0 < x < x1 and y0 - CLEARANCE < y < y1 + CLEARANCE
                assert not behind, f"{start['type']} -> {end['type']} runs behind {node['type']}"


def curve(places):
    """Points of the curves that the editor draws from place to place."""
    for (x0, y0), (x1, y1) in itertools.pairwise(places):
        pull = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / 4
        for step in range(1, STEPS):
            t = step / STEPS
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            yield a * x0 + b * (x0 + pull) + c * (x1 - pull) + d * x1, (a + b) * y0 + (c + d) * y1


def box(node):
    (x, y), (width, height) = node["pos"], node["size"]
    return x, y - TITLE, x + width, y + height


def within(node, bounding):
    x0, y0, x1, y1 = box(node)
    x, y, width, height = bounding
    return x <= x0 and y <= y0 and x1 <= x + width and y1 <= y + height
