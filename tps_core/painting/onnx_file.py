"""A generator as an ONNX file: what OpenVINO runs, and what an export holds.

Recorded while it paints a small picture: whatever a generator does, its file does. The file is the
same whatever torch's version, holds no needless node, and takes pictures of any size. The package
onnx, an optional one, writes it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from .fast_generator import FastGenerator
from .generator import GRAIN_SIDE, STRIDE, Generator
from .old_generator import OldGenerator

INPUT, OUTPUT = "picture", "painted"
PRODUCER = "tps-portrait"
OPSET = 17
IR_VERSION = 8  # the file format's version that goes with it
MOST_UNHALVED_VALUES = 64  # values; with no more it is never stored in half precision
# What is the same in torch and in ONNX.
SAME_OPERATIONS = {name.lower(): name for name in ("Add", "Sub", "Mul", "Div", "Tanh", "Sigmoid")}


def to_onnx(
    generator: Generator,
    shape: tuple[int | str, int | str, int | str],
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
) -> bytes:
    """The ONNX file of a generator: "picture" (b, 3, h, w) in 0…1 to "painted", the same shape.

    `shape` is (b, h, w), a word where a side is left open; sides must be multiples of STRIDE.
    `half` stores weights in half precision; arithmetic stays in single.
    """
    from onnx import TensorProto, helper

    network = generator if isinstance(generator, OldGenerator) else FastGenerator(generator)
    picture = torch.zeros(1, 3, 2 * STRIDE, 2 * STRIDE, device=next(network.parameters()).device)
    recorder = _Recorder(picture, half)
    with torch.no_grad(), recorder:
        network(picture)
    recorder.nodes[-1].output[0] = OUTPUT
    b, h, w = shape
    ins, outs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, (b, 3, h, w))]
        for name in (INPUT, OUTPUT)
    )
    graph = helper.make_graph(recorder.nodes, PRODUCER, ins, outs, recorder.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(
        graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=PRODUCER
    )
    helper.set_model_props(model, dict(metadata or {}))
    return model.SerializeToString()


class _Recorder(TorchFunctionMode):
    """Within it what this thread does to a picture is written down, in nodes of ONNX."""

    def __init__(self, picture: Tensor, half: bool):
        super().__init__()
        self.nodes: list = []
        self.constants: list = []
        self._half = half
        self._names = {picture: INPUT}  # of tensors, which are told apart by their identity

    def __torch_function__(self, function, types, inputs=(), options=None):
        result = function(*inputs, **(options or {}))
        if isinstance(result, Tensor):
            self._names[result] = self._write(function.__name__.strip("_"), inputs, options or {})
        return result

    def _write(self, function: str, inputs: tuple, options: dict[str, Any]) -> str:
        """Writes what the call of a function of torch's is in ONNX; the name of its result."""
        x, rest = inputs[0], inputs[1:]
        if function == "to":
            return self._names[x]  # in another layout
        if function in SAME_OPERATIONS:
            return self._node(SAME_OPERATIONS[function], *inputs)
        if function == "conv2d":
            weight, bias, strides, pads, _, groups = rest
            weights = [weight] if bias is None else [weight, bias]
            how = {"strides": list(strides), "pads": list(pads) * 2, "group": groups}
            return self._node("Conv", x, *weights, **how)
        if function == "leaky_relu":
            return self._node("LeakyRelu", x, alpha=float(options["negative_slope"]))
        if function == "instance_norm":
            weight, bias, epsilon = options["weight"], options["bias"], options["eps"]
            return self._node("InstanceNormalization", x, weight, bias, epsilon=epsilon)
        if function == "pad":  # a border that repeats the outermost values
            left, right, top, bottom = rest[0]
            return self._node("Pad", x, _whole(0, 0, top, left, 0, 0, bottom, right), mode="edge")
        if function == "avg_pool2d":
            side, stride = rest[0], rest[-1]
            return self._node("AveragePool", x, kernel_shape=[side] * 2, strides=[stride] * 2)
        if function == "interpolate":
            scales = np.array([1, 1, *[options["scale_factor"]] * 2], np.float32)
            mode = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
            return self._node("Resize", x, "", scales, **mode)
        if function == "pixel_shuffle":
            return self._node("DepthToSpace", x, blocksize=rest[0], mode="CRD")
        if function == "add_grain":  # as many tiles of the noise as the map needs
            shape = self._node("Slice", self._node("Shape", x), _whole(2), _whole(4))
            tiles = self._node("Add", shape, _whole(GRAIN_SIDE - 1))
            tiles = self._node("Div", tiles, _whole(GRAIN_SIDE))
            tiles = self._node("Concat", _whole(1, 1), tiles, axis=0)
            noise = self._node("Tile", rest[0], tiles)
            noise = self._node("Slice", noise, _whole(0, 0), shape, _whole(2, 3))
            return self._node("Add", x, self._node("Mul", noise, rest[1]))
        if function == "index_select":
            # As a convolution: not all that runs on phones can look channels up by a list.
            order = rest[1].cpu()
            return self._node("Conv", x, torch.eye(len(order))[order][:, :, None, None])
        if function == "getitem":  # only the last of the places isn't all of its axis
            *before, place = rest[0]
            ends = place.start or 0, place.stop or np.iinfo(np.int64).max, len(before)
            return self._node("Slice", x, *map(_whole, ends))
        if function == "cat":
            return self._node("Concat", *x, axis=rest[0])
        raise RuntimeError(f"what {function} does in torch can't be written to an ONNX file")

    def _node(self, operation: str, *inputs: Tensor | np.ndarray | float | str, **sides) -> str:
        """Adds a node; the name of its output. An input "" is left out."""
        from onnx.helper import make_node

        names = [self._name(x) for x in inputs]
        output = f"{operation.lower()}_{len(self.nodes)}"
        self.nodes.append(make_node(operation, names, [output], output, **sides))
        return output

    def _name(self, x: Tensor | np.ndarray | float | str) -> str:
        """The name of a value; one that isn't known yet is made a constant."""
        from onnx import TensorProto
        from onnx.numpy_helper import from_array

        if isinstance(x, str):
            return x
        if isinstance(x, Tensor):
            if x not in self._names:
                self._names[x] = self._name(x.detach().cpu().float().numpy())
            return self._names[x]
        array = x if isinstance(x, np.ndarray) else np.array(x, np.float32)
        halved = self._half and array.dtype == np.float32 and array.size > MOST_UNHALVED_VALUES
        name = f"constant_{len(self.constants)}"
        self.constants.append(from_array(array.astype(np.float16) if halved else array, name))
        return self._node("Cast", name, to=TensorProto.FLOAT) if halved else name


def _whole(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)
