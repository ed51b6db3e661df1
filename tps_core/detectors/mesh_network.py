"""Runs the converted face detector and face mesh in plain PyTorch."""

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..container import read_tensors
from ..json_reading import listed, named, one_line, parse_json, shown, text, whole
from . import fetch

MOST_BYTES = 50_000_000  # of the file; it has 2 million
MOST_STEPS, LARGEST = 1000, 100_000  # of a network, and of a number in it
# What each kind of step needs: its settings, and its weights.
NEEDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "conv": (("padding", "stride", "groups"), ("weight", "bias")),
    "add": ((), ()),
    "relu": ((), ()),
    "prelu": ((), ("weight",)),
    "max_pool": (("size", "stride"), ()),
    "pad": (("channels",), ()),
    "reshape": (("shape",), ()),
    "concatenate": ((), ()),
}
# How many numbers the networks give: 896 boxes of 16 and their scores; 468 points and a presence.
OUTPUTS = {"face_detector": [896 * 16, 896], "face_mesh": [468 * 3, 1]}


@dataclass(frozen=True)
class MeshNetwork:
    """One network: its steps in order, with the weights that they use."""

    steps: list[dict]  # as `tflite.read_network` describes them
    weights: dict[str, Tensor]  # float32, "<output>.weight" and "<output>.bias"
    input: str
    outputs: list[str]
    size: int  # of the square picture it takes, in pixels

    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """The outputs for pictures (b, 3, size, size): one (b, ...) each."""
        values = {self.input: _side_by_side(pictures)}
        for step in self.steps:
            values[step["output"]] = self._run(step, [values[name] for name in step["inputs"]])
        return [values[name] for name in self.outputs]

    def _run(self, step: dict, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        weight = self.weights.get(step["output"] + ".weight")
        match step["do"]:
            case "conv":
                bias = self.weights[step["output"] + ".bias"]
                x = F.pad(x, step["padding"]) if any(step["padding"]) else x
                return F.conv2d(x, weight, bias, step["stride"], groups=step["groups"])
            case "add":
                return x + inputs[1]
            case "relu":
                return F.relu(x)
            case "prelu":
                return F.prelu(x, weight)
            case "max_pool":
                return F.max_pool2d(x, step["size"], step["stride"])
            case "pad":
                return F.pad(x, (0, 0, 0, 0, 0, step["channels"]))
            case "reshape":
                return x.permute(0, 2, 3, 1).reshape(-1, *step["shape"])
            case "concatenate":
                return torch.cat(inputs, 1)
        raise AssertionError(f"a landmarker file of our own has the step {step['do']!r}")


@cache
def load_networks(path: Path, device: torch.device) -> dict[str, MeshNetwork]:
    """The networks in the converted models' file, by name, ready to run on the device.

    Raises ValueError for a file that is damaged, foreign, or holds other networks.
    """
    return read_networks(path, device)


def read_networks(path: Path, device: torch.device) -> dict[str, MeshNetwork]:
    """The same, read from the file each time."""
    tensors, metadata = read_tensors(path, fetch.FORMAT, "the face landmark models", MOST_BYTES)
    try:
        graphs = named(parse_json(metadata.get("graphs", "")), "the networks", *fetch.MEMBERS)
        networks = {name: _network(name, graphs[name], tensors) for name in fetch.MEMBERS}
        for name, network in networks.items():
            _try(name, network)
    except ValueError as error:
        raise ValueError(
            f"{path}: damaged ({one_line(error)}); delete it, and it is made again"
        ) from None
    for network in networks.values():
        network.weights.update({name: x.to(device) for name, x in network.weights.items()})
    return networks


def _network(name: str, graph: object, tensors: dict[str, Tensor]) -> MeshNetwork:
    graph = named(graph, f"the network {name}", "input", "outputs", "size", "steps")
    weights = {}
    for full, tensor in tensors.items():
        if full.startswith(name + "."):
            if not (tensor.is_floating_point() and tensor.isfinite().all()):
                raise ValueError(f"the tensor {full} holds other than finite numbers")
            weights[full.removeprefix(name + ".")] = _side_by_side(tensor.float())
    known = {text(graph["input"], "the input")}
    steps = listed(graph["steps"], "the steps")
    if len(steps) > MOST_STEPS:
        raise ValueError(f"the network {name} has {len(steps)} steps")
    for step in steps:
        _check_step(step, known, weights)
    outputs = [text(output, "an output") for output in listed(graph["outputs"], "the outputs")]
    if not outputs or not known.issuperset(outputs):
        raise ValueError(f"the network {name} has outputs that none of its steps makes")
    size = whole(graph["size"], "the size", 1, LARGEST)
    return MeshNetwork(steps, weights, graph["input"], outputs, size)


def _check_step(step: object, known: set[str], weights: dict[str, Tensor]) -> None:
    """Raises ValueError for a step that can't be run; adds its output to the known ones."""
    step = named(step, "a step", "do", "inputs", "output")
    kind, output = text(step["do"], "a step's kind"), text(step["output"], "a step's output")
    if kind not in NEEDS:
        raise ValueError(f"there is a step {shown(kind)}, which is not known here")
    inputs = [text(name, "an input") for name in listed(step["inputs"], "a step's inputs")]
    if not known.issuperset(inputs) or len(inputs) < (2 if kind == "add" else 1):
        raise ValueError(f"a step {kind} has inputs that no step before it makes")
    settings, tensors = NEEDS[kind]
    named(step, f"a step {kind}", *settings)
    for name in settings:
        values = listed(step[name], name) if name in ("padding", "shape") else [step[name]]
        for value in values:
            whole(value, name, 0 if name in ("padding", "channels") else 1, LARGEST)
    for name in tensors:
        if f"{output}.{name}" not in weights:
            raise ValueError(f"a step {kind} has no {name}")
    known.add(output)


def _try(name: str, network: MeshNetwork) -> None:
    """Raises ValueError if the network doesn't run, or gives other than is expected of it.

    Tried with shapes only, so that one that asks for more memory than there is does no harm.
    """
    on_meta = {key: tensor.to("meta") for key, tensor in network.weights.items()}
    picture = torch.empty(1, 3, network.size, network.size, device="meta")
    try:
        made = replace(network, weights=on_meta)(picture)
    except (RuntimeError, TypeError, IndexError, OverflowError) as error:  # what torch makes of it
        raise ValueError(f"the network {name} can't be run: {one_line(error)}") from None
    shapes = [tuple(x.shape[1:]) for x in made]
    if name in OUTPUTS and [math.prod(shape) for shape in shapes] != OUTPUTS[name]:
        raise ValueError(f"the network {name} gives {shapes}")


def _side_by_side(x: Tensor) -> Tensor:
    """The tensor with a pixel's channels side by side in memory.

    On a CPU convolutions this thin then take half the time.
    """
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
