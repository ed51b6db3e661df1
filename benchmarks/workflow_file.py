"""Writes workflows as ComfyUI's editor saves them, of nodes that are named and connected here."""

import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WIDGETS = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "WEBCAM"}
UPLOADS = ("image_upload", "video_upload")  # which add a button, and its value, behind the widget
SLOT, WIDGET, EDGE = 20, 28, 44  # heights of rows and below them, in Nodes 2.0
ENTRY, EXIT = -10, -20  # ids of where a subgraph's links come in and go out
NOTE, CHOOSE = ("#432", "#653"), ("#232", "#353")  # colours: to read, to be set
GROUPS = {"choose": "#8A8", "work": "#3f789e", "look": "#b58b2a"}
MARGIN, TITLE = 20, 80  # of a group around its nodes, and above them
SPACE = uuid.UUID("6f1f4d1e-0c6e-4b8e-9d7e-54505350f0a1")


@dataclass(frozen=True)
class Out:
    """An output of a node; `via` are points that a link from it passes."""

    node: dict
    slot: int
    via: tuple[tuple[int, int], ...] = ()


@dataclass
class Workflow:
    """A workflow to which nodes are added from left to right.

    `schemas` is what a ComfyUI with the pack answers under /object_info.
    """

    name: str
    schemas: dict[str, Any]
    nodes: list[dict] = field(default_factory=list)
    links: list[list] = field(default_factory=list)
    groups: list[dict] = field(default_factory=list)
    reroutes: list[dict] = field(default_factory=list)
    extensions: list[dict] = field(default_factory=list)
    app: dict | None = None
    scale: float = 0.6  # at which it opens

    def note(
        self, text: str, at: tuple[int, int] = (0, 60), size: tuple[int, int] = (340, 620)
    ) -> dict:
        """A node with text to read."""
        text = re.sub(r"\n +", "\n", text.strip())
        text = re.sub(r"(?<!\n)\n(?!\n|- |\d\. )", " ", text)  # one line a paragraph
        node = self._add("MarkdownNote", at, size, "How it works", NOTE)
        node["widgets_values"] = [text]
        return node

    def node(
        self,
        kind: str,
        at: tuple[int, int],
        width: int = 320,
        height: int | None = None,
        title: str | None = None,
        choose: bool = False,
        labels: dict[str, str] | None = None,
        **inputs: Any,
    ) -> tuple[Out, ...]:
        """Adds a node and returns its outputs; those with none return themselves as the only one.

        `inputs` are outputs of other nodes, or values of widgets; other widgets have their
        defaults. `choose` colours what the user is to set, `labels` names widgets otherwise.
        """
        schema = self.schemas[kind]
        node = self._add(kind, at, (width, 0), title, CHOOSE if choose else None)
        sockets, widgets, values, rows = [], [], [], 0
        bare = sum(not _is_widget(type_) for _, (type_, *_) in _inputs(schema))
        for name, (type_, *options) in _inputs(schema):
            options = options[0] if options else {}
            is_widget = _is_widget(type_)
            slot = bare + len(widgets) if is_widget else len(sockets)
            socket = {"name": name, "type": "COMBO" if isinstance(type_, list) else type_}
            given = inputs.pop(name, None)
            linked = isinstance(given, Out)
            socket["link"] = self._link(given, node, socket, slot) if linked else None
            if name in (labels or {}):
                socket["label"] = labels[name]
            if not is_widget:
                sockets.append(socket)
                continue
            widgets.append(socket | {"widget": {"name": name}})
            values.append(_default(type_, options) if given is None or linked else given)
            rows += 1
            if any(options.get(upload) for upload in UPLOADS):
                upload = {"name": "upload", "type": "IMAGEUPLOAD", "link": None}
                widgets.append(upload | {"widget": {"name": "upload"}})
                values.append("image")
        if inputs:
            raise ValueError(f"{kind} has no input {', '.join(inputs)}")
        node["inputs"] = sockets + widgets
        node["outputs"] = [
            {"name": name, "type": type_, "links": []}
            for name, type_ in zip(schema["output_name"], schema["output"], strict=True)
        ]
        node["widgets_values"] = values
        lowest = SLOT * max(len(sockets), len(node["outputs"])) + WIDGET * rows + EDGE
        node["size"][1] = height or lowest
        outs = tuple(Out(node, slot) for slot in range(len(node["outputs"])))
        return outs or (Out(node, 0),)

    def group(self, title: str, kind: str, *members: Out | dict) -> None:
        """Frames nodes: what to choose, what works, or what to look at."""
        nodes = [member.node if isinstance(member, Out) else member for member in members]
        x0 = min(n["pos"][0] for n in nodes) - MARGIN
        y0 = min(n["pos"][1] for n in nodes) - TITLE
        x1 = max(n["pos"][0] + n["size"][0] for n in nodes) + MARGIN
        y1 = max(n["pos"][1] + n["size"][1] for n in nodes) + MARGIN
        self.groups.append({
            "id": len(self.groups) + 1, "title": title, "bounding": [x0, y0, x1 - x0, y1 - y0],
            "color": GROUPS[kind], "font_size": 24, "flags": {},
        })  # fmt: skip

    def as_app(self, inputs: list[tuple[Out, str]], outputs: list[Out]) -> None:
        """Makes an app of it, with these widgets and the results of these nodes.

        It opens as a graph all the same: the app mode of 0.3.75 is unfinished.
        """
        self.app = {
            "inputs": [[out.node["id"], name] for out, name in inputs],
            "outputs": [out.node["id"] for out in outputs],
        }

    def content(self) -> dict:
        """The file."""
        extra: dict[str, Any] = {"ds": {"scale": self.scale, "offset": [120, 140]}}
        if self.reroutes:
            extra |= {"reroutes": self.reroutes, "linkExtensions": self.extensions}
        if self.app:
            extra |= {"linearMode": False, "linearData": self.app}
        return {
            "id": self._identity(),
            "revision": 0,
            "last_node_id": len(self.nodes),
            "last_link_id": len(self.links),
            "nodes": self.nodes,
            "links": self.links,
            "groups": self.groups,
            "config": {},
            "extra": extra,
            "version": 0.4,
        }

    def save(self, folder: Path) -> None:
        """Writes the file into the folder, under the workflow's name."""
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.content(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(path)

    def _identity(self, name: str = "") -> str:
        """The same one for the workflow, or a part of it, every time."""
        return str(uuid.uuid5(SPACE, f"{self.name} {name}".strip()))

    def _add(self, kind, at, size, title, colors) -> dict:
        node = {
            "id": len(self.nodes) + 1, "type": kind, "pos": list(at), "size": list(size),
            "flags": {}, "order": len(self.nodes), "mode": 0, "inputs": [], "outputs": [],
            "properties": {"Node name for S&R": kind},
        }  # fmt: skip
        if kind.startswith("TPSPortrait"):
            node["properties"]["cnr_id"] = "tps-portrait"
        if title:
            node["title"] = title
        if colors:
            node["color"], node["bgcolor"] = colors
        self.nodes.append(node)
        return node

    def _link(self, out: Out, node: dict, socket: dict, slot: int) -> int:
        source, link = out.node["outputs"][out.slot], len(self.links) + 1
        type_ = source["type"] if socket["type"] == "*" else socket["type"]
        self.links.append([link, out.node["id"], out.slot, node["id"], slot, type_])
        source["links"].append(link)
        parent = None
        for point in out.via:
            number = len(self.reroutes) + 1
            reroute = {"id": number, "pos": list(point), "linkIds": [link]}
            self.reroutes.append(reroute | ({"parentId": parent} if parent else {}))
            parent = number
        if parent:
            self.extensions.append({"id": link, "parentId": parent})
        return link


class Blueprint(Workflow):
    """A subgraph that ComfyUI offers as a node of its own: one such node, and what is in it."""

    def __init__(self, name: str, schemas: dict[str, Any], description: str, **inputs: str):
        """`inputs` are the types of the subgraph's inputs by their names."""
        super().__init__(name, schemas)
        self.description = description
        slots = [{"name": n, "type": type_, "links": []} for n, type_ in inputs.items()]
        self._entry = {"id": ENTRY, "outputs": slots}
        self._exit: dict = {"id": EXIT, "inputs": []}
        self.inputs = tuple(Out(self._entry, slot) for slot in range(len(slots)))

    def give(self, **outputs: Out) -> None:
        """What the subgraph gives, by the names that it has there."""
        for slot, (name, out) in enumerate(outputs.items()):
            socket = {"name": name, "type": out.node["outputs"][out.slot]["type"]}
            socket["links"] = [self._link(out, self._exit, socket, slot)]
            self._exit["inputs"].append(socket)

    def content(self) -> dict:
        """The file."""
        widgets = {
            link[0]
            for link in self.links
            for node in self.nodes
            if node["id"] == link[3] and "widget" in node["inputs"][link[4]]
        }
        entry, given = self._entry["outputs"], self._exit["inputs"]
        node = {
            "id": 1,
            "type": self._identity("subgraph"),
            "pos": [0, 0],
            "size": [320, WIDGET * len(entry) + SLOT * len(given) + EDGE],
            "flags": {},
            "order": 0,
            "mode": 0,
            "inputs": [
                {"name": slot["name"], "type": slot["type"], "link": None}
                | ({"widget": {"name": slot["name"]}} if widgets & {*slot["links"]} else {})
                for slot in entry
            ],
            "outputs": [{"name": s["name"], "type": s["type"], "links": []} for s in given],
            "title": self.name,
            "properties": {"cnr_id": "tps-portrait"},
            "widgets_values": [],
        }
        left = min(n["pos"][0] for n in self.nodes) - 240
        right = max(n["pos"][0] + n["size"][0] for n in self.nodes) + 100
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        subgraph = {
            "id": node["type"],
            "version": 1,
            "state": {
                "lastGroupId": 0,
                "lastNodeId": len(self.nodes),
                "lastLinkId": len(self.links),
                "lastRerouteId": 0,
            },
            "revision": 0,
            "config": {},
            "name": self.name,
            "description": self.description,
            "category": "TPS Portrait",
            "inputNode": {"id": ENTRY, "bounding": [left, 60, 140, SLOT * len(entry) + 48]},
            "outputNode": {"id": EXIT, "bounding": [right, 60, 120, SLOT * len(given) + 48]},
            "inputs": [self._slot("input", slot) for slot in entry],
            "outputs": [self._slot("output", slot) for slot in given],
            "widgets": [],
            "nodes": self.nodes,
            "groups": [],
            "links": [dict(zip(names, link, strict=True)) for link in self.links],
            "extra": {},
        }
        return {
            "id": self._identity(),
            "revision": 0,
            "last_node_id": 1,
            "last_link_id": 0,
            "nodes": [node],
            "links": [],
            "groups": [],
            "definitions": {"subgraphs": [subgraph]},
            "config": {},
            "extra": {"BlueprintDescription": self.description},
            "version": 0.4,
        }

    def _slot(self, kind: str, slot: dict) -> dict:
        name, links = slot["name"], slot["links"]
        return {
            "id": self._identity(f"{kind} {name}"), "name": name, "type": slot["type"],
            "linkIds": links,
        }  # fmt: skip


def _inputs(schema: dict) -> list[tuple[str, list]]:
    parts = (schema["input"].get(part, {}) for part in ("required", "optional"))
    return [item for part in parts for item in part.items()]


def _is_widget(type_: str | list) -> bool:
    return isinstance(type_, list) or type_ in WIDGETS


def _default(type_: str | list, options: dict) -> Any:
    if "default" in options:
        return options["default"]
    choices = type_ if isinstance(type_, list) else options.get("options")
    return choices[0] if choices else {"BOOLEAN": False, "INT": 0, "FLOAT": 0.0}.get(type_, "")
