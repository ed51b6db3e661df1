"""Runs the networks converted from TFLite files in plain PyTorch."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor


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
            case "double":
                return F.conv_transpose2d(x, weight, self.weights[step["output"] + ".bias"], 2)
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
                return F.prelu(x, weight)
            case "max_pool":
                return F.max_pool2d(x, step["size"], step["stride"])
            case "pad":
                return F.pad(x, (0, 0, 0, 0, 0, step["channels"]))
            case "reshape":
                return x.permute(0, 2, 3, 1).reshape(-1, *step["shape"])
            case "concatenate":
                return torch.cat(inputs, 1)
        raise AssertionError(f"a file of our own has the step {step['do']!r}")


@cache
def load_networks(path: Path, device: torch.device) -> dict[str, MeshNetwork]:
    """The networks in the converted models' file, by name, ready to run on the device."""
    from safetensors import safe_open

    # Loaded as ordinary tensors even if a host calls in inference mode: they outlive that call.
    with torch.inference_mode(False), safe_open(path, "pt", str(device)) as file:
        graphs = json.loads(file.metadata()["graphs"])
        weights = {name: _side_by_side(file.get_tensor(name).float()) for name in file.keys()}
    return {
        name: MeshNetwork(
            graph["steps"],
            {k.removeprefix(name + "."): v for k, v in weights.items() if k.startswith(name + ".")},
            graph["input"],
            graph["outputs"],
            graph["size"],
        )
        for name, graph in graphs.items()
    }


def _side_by_side(x: Tensor) -> Tensor:
    """The tensor with a pixel's channels side by side in memory.

    On a CPU convolutions this thin then take half the time.
    """
    return x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
