"""Runs the networks converted from TFLite files in plain PyTorch."""

import math
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..container import read_tensors
from ..json_reading import listed, named, one_line, parse_json, shown, text, whole

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
    "double": ((), ("weight", "bias")),
    "multiply": ((), ()),
    "mean": ((), ()),
    "resize": (("shape",), ()),
    "hard_swish": ((), ()),
    "sigmoid": ((), ()),
}
OF_TWO = ("add", "multiply")
MOST_NUMBERS = 20_000_000  # that a step may give for one picture; ours give 300,000


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of file with networks in it."""

    format: str
    what: str  # it holds, in words
    advice: str  # what to do about a damaged one
    outputs: dict[str, list[int]]  # of each network, by name: how many numbers they hold


@dataclass(frozen=True)
class MeshNetwork:
    """One network: its steps in order, with the weights that they use."""

    steps: list[dict]  # as `benchmarks/tflite.py` describes them
    weights: dict[str, Tensor]  # float32, "<output>.weight" and "<output>.bias"
    input: str
    outputs: list[str]
    size: int  # of the square picture it takes, in pixels

    def __call__(self, pictures: Tensor) -> list[Tensor]:
        """The outputs for pictures (b, 3, size, size): one (b, ...) each."""
        values = self.values(pictures)
        return [values[name] for name in self.outputs]

    def values(self, pictures: Tensor) -> dict[str, Tensor]:
        """What each step gives, by name, the pictures and the outputs among it."""
        values = {self.input: _side_by_side(pictures)}
        for step in self.steps:
            values[step["output"]] = self._run(step, [values[name] for name in step["inputs"]])
        return values

    def _run(self, step: dict, inputs: list[Tensor]) -> Tensor:
        x = inputs[0]
        match step["do"]:
            case "conv":
                weight, bias = self._weight(step), self._bias(step)
                left, right, top, bottom = step["padding"]
                even = (left, top) == (right, bottom)  # torch pads so itself, which is quicker
                x, padding = (x, (top, left)) if even else (F.pad(x, step["padding"]), 0)
                return F.conv2d(x, weight, bias, step["stride"], padding, groups=step["groups"])
            case "double":
                return F.conv_transpose2d(x, self._weight(step), self._bias(step), 2)
            case "add":
                return x + inputs[1]
            case "multiply":
                return x * inputs[1]
            case "mean":
                return x.mean((2, 3), keepdim=True)
            case "resize":
                return F.interpolate(x, tuple(step["shape"]), mode="bilinear")
            case "hard_swish":
                return F.hardswish(x)
            case "sigmoid":
                return x.sigmoid()
            case "relu":
                return F.relu(x)
            case "prelu":
                return F.prelu(x, self._weight(step))
            case "max_pool":
                return F.max_pool2d(x, step["size"], step["stride"])
            case "pad":
                return F.pad(x, (0, 0, 0, 0, 0, step["channels"]))
            case "reshape":
                return x.permute(0, 2, 3, 1).reshape(-1, *step["shape"])
            case "concatenate":
                return torch.cat(inputs, 1)
        raise AssertionError(f"a file of our own has the step {step['do']!r}")

    def _weight(self, step: dict) -> Tensor:
        return self.weights[step["output"] + ".weight"]

    def _bias(self, step: dict) -> Tensor:
        return self.weights[step["output"] + ".bias"]


@cache
def load_networks(path: Path, device: torch.device, kind: Kind) -> dict[str, MeshNetwork]:
    """The networks in the file of converted models, by name, ready to run on the device.

    Raises ValueError for a file that is damaged, foreign, or holds other networks.
    """
    return read_networks(path, device, kind)


def read_networks(path: Path, device: torch.device, kind: Kind) -> dict[str, MeshNetwork]:
    """The same, read from the file each time."""
    tensors, metadata = read_tensors(path, kind.format, kind.what, MOST_BYTES)
    try:
        graphs = named(parse_json(metadata.get("graphs", "")), "the networks", *kind.outputs)
        networks = {name: _network(name, graphs[name], tensors) for name in kind.outputs}
        for name, network in networks.items():
            _try(name, network, kind.outputs[name])
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); {kind.advice}") from None
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
    if not known.issuperset(inputs) or len(inputs) < (2 if kind in OF_TWO else 1):
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


def _try(name: str, network: MeshNetwork, outputs: list[int]) -> None:
    """Raises ValueError if the network doesn't run, or gives other than so many numbers.

    Tried with shapes only, so that one that asks for more memory than there is does no harm.
    """
    on_meta = {key: tensor.to("meta") for key, tensor in network.weights.items()}
    picture = torch.empty(1, 3, network.size, network.size, device="meta")
    try:
        made = replace(network, weights=on_meta).values(picture)
    except (RuntimeError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise ValueError(f"the network {name} can't be run: {one_line(error)}") from None
    if max(x.numel() for x in made.values()) > MOST_NUMBERS:
        raise ValueError(f"the network {name} takes more memory than any of ours")
    shapes = [tuple(made[output].shape[1:]) for output in network.outputs]
    if [math.prod(shape) for shape in shapes] != outputs:
        raise ValueError(f"the network {name} gives {shapes}")


def _side_by_side(x: Tensor) -> Tensor:
    """The tensor with a pixel's channels side by side in memory.

    On a CPU convolutions this thin then take half the time.
    """
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
