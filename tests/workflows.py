"""Turns workflow files, as the editor saves them, into the prompts that ComfyUI's API takes."""

import json
from pathlib import Path
from typing import Any

WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO"}
ONLY_IN_THE_EDITOR = {"Note", "MarkdownNote", "PrimitiveNode", "Reroute"}
MUTED, BYPASSED = 2, 4
SEEDS = {"seed", "noise_seed"}  # the editor adds a "control after generate" to these by name


def api_prompt(workflow: Path | dict, object_info: dict[str, Any]) -> dict[str, Any]:
    """Returns the API prompt of a workflow (a file, or its content) in UI format 0.4.

    Raises ValueError for nodes that `object_info` doesn't have, and for subgraphs.
    """
    if isinstance(workflow, Path):
        workflow = json.loads(workflow.read_text(encoding="utf-8"))
    if workflow.get("definitions", {}).get("subgraphs"):
        raise ValueError("the workflow has subgraphs; only flat workflows can be converted")
    nodes = {node["id"]: node for node in workflow["nodes"]}
    # link id -> (node it comes from, output slot)
    links = {link[0]: (nodes[link[1]], link[2]) for link in workflow["links"]}
    prompt = {}
    for node in nodes.values():
        kind = node["type"]
        if kind in ONLY_IN_THE_EDITOR or node.get("mode", 0) in (MUTED, BYPASSED):
            continue
        if kind not in object_info:
            raise ValueError(f"node {node['id']}: ComfyUI knows no node type {kind!r}")
        inputs = widget_values(node, object_info[kind])
        for socket in node.get("inputs", []):
            if socket.get("link") is not None:
                value = follow(socket["link"], links)
                if value is not None:
                    inputs[socket["name"]] = value
        prompt[str(node["id"])] = {"class_type": kind, "inputs": inputs}
    return prompt


def widget_values(node: dict, info: dict) -> dict[str, Any]:
    """Returns the values of the node's widgets by input name, in the order of its schema."""
    saved = node.get("widgets_values") or []
    if isinstance(saved, dict):
        return dict(saved)
    has_widget = {socket["name"] for socket in node.get("inputs", []) if "widget" in socket}
    values, rest = {}, list(saved)
    for group in ("required", "optional"):
        for name, (kind, *options) in info["input"].get(group, {}).items():
            options = options[0] if options else {}
            plain = isinstance(kind, list) or kind in WIDGET_TYPES
            if name not in has_widget and (not plain or options.get("forceInput")):
                continue
            if rest:
                values[name] = rest.pop(0)
            if rest and options.get("control_after_generate", name in SEEDS and kind == "INT"):
                rest.pop(0)
    return values


def follow(link: int, links: dict[int, tuple[dict, int]]) -> Any:
    """Returns what lies at the far end of a link: [node id, slot], a value, or None if muted."""
    node, slot = links[link]
    if node["type"] == "PrimitiveNode":
        return node["widgets_values"][0]
    if node["type"] == "Reroute":
        onward = node["inputs"]
    elif node.get("mode") == BYPASSED:
        kind = node["outputs"][slot]["type"]
        onward = [socket for socket in node["inputs"] if socket["type"] == kind]
    elif node.get("mode") == MUTED:
        return None
    else:
        return [str(node["id"]), slot]
    upstream = onward[0].get("link") if onward else None
    return None if upstream is None else follow(upstream, links)
