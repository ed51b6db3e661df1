"""The words by which people look for nodes, as they stand in the sources: no ComfyUI is needed."""

import ast
from pathlib import Path

import pytest

NODES = sorted((Path(__file__).parents[1] / "nodes").glob("*.py"))
FEWEST = 4


def schemas():
    """The arguments of each node's schema, by the node's id."""
    for path in NODES:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "schema":
                said = {word.arg: word.value for word in call.keywords}
                yield pytest.param(said, id=ast.literal_eval(said["node_id"]))


@pytest.mark.parametrize("said", list(schemas()))
def test_a_node_is_found_by_four_words_or_more_that_its_name_does_not_say(said):
    name = ast.literal_eval(said["display_name"]).lower()
    words = {word for word in ast.literal_eval(said["search"]).split(", ") if word not in name}
    assert len(words) >= FEWEST


def test_every_node_says_by_which_words_it_is_looked_for():
    listed = ast.parse((NODES[0].parent / "__init__.py").read_text("utf-8"))
    (nodes,) = (
        step.value.elts
        for step in listed.body
        if isinstance(step, ast.Assign) and step.targets[0].id == "NODES"
    )
    assert len(nodes) == len(list(schemas()))
