import pytest

from workflows import api_prompt

OBJECT_INFO = {
    "LoadImage": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}},
    "Paint": {
        "input": {
            "required": {
                "image": ["IMAGE", {}],
                "style": ["COMBO", {"options": ["oil", "ink"]}],
                "seed": ["INT", {"default": 0}],
                "whole": ["BOOLEAN", {}],
            },
            "optional": {"points": ["FACE_LANDMARKS", {}], "strength": ["FLOAT", {}]},
        }
    },
    "PreviewImage": {"input": {"required": {"images": ["IMAGE", {}]}}},
}


def node(number, kind, inputs=(), values=(), mode=0):
    """Returns a node as the editor saves it; inputs are (name, type, link)."""
    return {
        "id": number,
        "type": kind,
        "mode": mode,
        "inputs": [{"name": name, "type": t, "link": link} for name, t, link in inputs],
        "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
        "widgets_values": list(values),
    }


def workflow(*between, last_link):
    """Returns LoadImage, then the nodes given, then PreviewImage at the link given."""
    nodes = [
        node(1, "LoadImage", values=["a.png", "image"]),
        *between,
        node(9, "PreviewImage", [("images", "IMAGE", last_link)]),
    ]
    links = [[1, 1, 0, 2, 0, "IMAGE"], [2, 2, 0, 9, 0, "IMAGE"]]
    if len(between) == 2:
        links.append([3, 3, 0, 2, 1, "FLOAT"])
    return {"version": 0.4, "nodes": nodes, "links": links}


def paint(image_link, mode=0):
    return node(2, "Paint", [("image", "IMAGE", image_link)], ["ink", 7, "fixed", True, 0.5], mode)


def test_widget_values_follow_the_schema_and_skip_the_seeds_control():
    prompt = api_prompt(workflow(paint(1), last_link=2), OBJECT_INFO)
    assert prompt["2"]["inputs"] == {
        "image": ["1", 0],
        "style": "ink",
        "seed": 7,
        "whole": True,
        "strength": 0.5,
    }
    assert prompt["1"]["inputs"] == {"image": "a.png"}


def test_a_linked_widget_takes_the_link():
    painter = paint(1)
    painter["inputs"].append({"name": "strength", "type": "FLOAT", "link": 3, "widget": {}})
    number = node(3, "PrimitiveNode", values=[0.25, "fixed"])
    prompt = api_prompt(workflow(painter, number, last_link=2), OBJECT_INFO)
    assert prompt["2"]["inputs"]["strength"] == 0.25


def test_a_bypassed_node_passes_its_picture_on():
    prompt = api_prompt(workflow(paint(1, mode=4), last_link=2), OBJECT_INFO)
    assert prompt["9"]["inputs"]["images"] == ["1", 0]


def test_a_reroute_leaves_no_trace():
    dot = node(2, "Reroute", [("", "*", 1)])
    prompt = api_prompt(workflow(dot, last_link=2), OBJECT_INFO)
    assert prompt.keys() == {"1", "9"}
    assert prompt["9"]["inputs"]["images"] == ["1", 0]


def test_a_muted_node_and_its_links_are_left_out():
    prompt = api_prompt(workflow(paint(1, mode=2), last_link=2), OBJECT_INFO)
    assert prompt["9"]["inputs"] == {}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (workflow(node(2, "Missing"), last_link=2), "no node type 'Missing'"),
        ({"definitions": {"subgraphs": [{}]}, "nodes": [], "links": []}, "subgraphs"),
    ],
    ids=["unknown type", "subgraph"],
)
def test_what_cannot_be_converted_is_refused(broken, message):
    with pytest.raises(ValueError, match=message):
        api_prompt(broken, OBJECT_INFO)
