"""A generator as an ONNX graph: what OpenVINO runs, and what an export holds.

Written from the weights, not traced: the graph is the same whatever torch's version, holds no
needless node, and takes pictures of any size.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from .fast_generator import SHUFFLE, FastGenerator
from .generator import COLOR_STRIDE, GRAIN_SIDE, Block, Generator, Grain, Soften
from .old_generator import OldGenerator
from .onnx_file import OnnxGraph

INPUT, OUTPUT = "picture", "painted"
PRODUCER = "tps-portrait"


def to_onnx(
    generator: Generator,
    shape: tuple[int | str, int | str, int | str],
    metadata: Mapping[str, str] | None = None,
    half: bool = False,
) -> bytes:
    """The ONNX file of a generator: "picture" (b, 3, h, w) in 0…1 to "painted", the same shape.

    `shape` is (b, h, w), a word where a side is left open; sides must be multiples of STRIDE.
    `half` stores weights in half precision.
    """
    writer = _Writer(OnnxGraph(half))
    if isinstance(generator, OldGenerator):
        writer.write_old(generator)
    else:
        writer.write_fast(FastGenerator(generator))
    b, h, w = shape
    sides = (b, 3, h, w)
    return writer.graph.to_bytes({INPUT: sides}, {OUTPUT: sides}, dict(metadata or {}), PRODUCER)


class _Writer:
    """Adds layers to a graph. Values are passed around by their names in it."""

    def __init__(self, graph: OnnxGraph):
        self.graph = graph

    def write_fast(self, fast: FastGenerator) -> None:
        """The steps of FastGenerator.forward."""
        add, network = self.graph.add, fast.network
        half = self.layers(network.down_half, self.signed(INPUT))
        fine = self.layers(network.down_fine, half)
        middle = self.layers(network.down_middle, fine)
        coarse = self.layers(network.trunk, self.layers(network.down_coarse, middle))
        strokes = self.layers(network.head, self.decode(network, half, fine, middle, coarse))
        for axis, order in ((2, fast.mirrored_rows), (3, fast.mirrored_columns)):
            strokes = self.frame(strokes, axis, order)
        strokes = self.layers(fast.smooth, strokes)
        colors = self.pad(self.layers(fast.colors, INPUT))
        under = self.shuffle(self.layers(fast.enlarge, colors), COLOR_STRIDE // SHUFFLE)
        painted = add("Sigmoid", add("Add", strokes, under))
        self.shuffle(painted, SHUFFLE, OUTPUT)

    def write_old(self, old: OldGenerator) -> None:
        """The steps of OldGenerator."""
        add = self.graph.add
        signed = self.signed(INPUT)
        sides = [COLOR_STRIDE] * 2
        colors = add("AveragePool", signed, kernel_shape=sides, strides=sides)
        colors = self.layers(old.colors, colors)
        half = self.layers(old.down_half, signed)
        fine = self.layers(old.encode_fine, self.layers(old.down_fine, half))
        middle = self.layers(old.encode_middle, self.layers(old.down_middle, fine))
        coarse = self.layers(old.trunk, self.layers(old.down_coarse, middle))
        half = self.decode(old, half, fine, middle, coarse)
        strokes = self.layers(old.head, self.enlarge(half, 2))
        painted = add("Tanh", add("Add", strokes, self.enlarge(colors, COLOR_STRIDE)))
        one_half = self.number(0.5)
        add("Add", add("Mul", painted, one_half), one_half, output=OUTPUT)

    def decode(self, network: Generator, half: str, fine: str, middle: str, coarse: str) -> str:
        """The last map at half the resolution, from the encoder's maps."""
        add = self.graph.add
        middle = add("Add", self.layers(network.up_middle, coarse), middle)
        middle = self.layers(network.decode_middle, middle)
        fine = add("Add", self.layers(network.up_fine, middle), fine)
        fine = self.layers(network.decode_fine, fine)
        half = add("Add", self.layers(network.up_half, fine), half)
        return self.layers(network.decode_half, half)

    def layers(self, module: nn.Module, x: str) -> str:
        """The value after the module's layers."""
        if isinstance(module, nn.Sequential):
            for layer in module:
                x = self.layers(layer, x)
            return x
        if isinstance(module, Block):
            return self.graph.add("Add", self.layers(module.layers, x), x)
        if isinstance(module, Soften):
            x = self.pad(x)
            for _ in range(2):
                x = self.graph.add("AveragePool", x, kernel_shape=[2, 2], strides=[1, 1])
            return x
        if isinstance(module, Grain):
            return self.grain(module, x)
        if isinstance(module, nn.LeakyReLU):
            return self.graph.add("LeakyRelu", x, alpha=float(module.negative_slope))
        if isinstance(module, nn.Upsample):
            return self.enlarge(x, int(cast(float, module.scale_factor)))
        if isinstance(module, nn.InstanceNorm2d):
            weight, bias = self.tensor(module.weight), self.tensor(module.bias)
            return self.graph.add("InstanceNormalization", x, weight, bias, epsilon=module.eps)
        # Any other layer would be our own bug.
        assert isinstance(module, nn.Conv2d), module  # noqa: S101  # nosec B101
        return self.convolution(module, x)

    def grain(self, layer: Grain, x: str) -> str:
        """As many tiles of the noise as the map x needs, in the strength of each channel."""
        add = self.graph.add
        sides = add("Slice", add("Shape", x), self.integers(2), self.integers(4))
        tiles = add(
            "Div", add("Add", sides, self.integers(GRAIN_SIDE - 1)), self.integers(GRAIN_SIDE)
        )
        noise = add(
            "Tile", self.tensor(layer.noise), add("Concat", self.integers(1, 1), tiles, axis=0)
        )
        noise = add("Slice", noise, self.integers(0, 0), sides, self.integers(2, 3))
        return add("Add", x, add("Mul", noise, self.tensor(layer.strength)))

    def convolution(self, layer: nn.Conv2d, x: str) -> str:
        around = list(layer.padding) * 2
        if layer.padding_mode == "replicate" and any(around):
            x, around = self.pad(x), [0] * 4
        inputs = [x, self.tensor(layer.weight)]
        inputs += [] if layer.bias is None else [self.tensor(layer.bias)]
        sides: dict[str, Any] = {
            "pads": around,
            "strides": list(layer.stride),
            "group": layer.groups,
        }
        return self.graph.add("Conv", *inputs, **sides)

    def signed(self, picture: str) -> str:
        """The picture in −1…1."""
        doubled = self.graph.add("Mul", picture, self.number(2.0))
        return self.graph.add("Sub", doubled, self.number(1.0))

    def enlarge(self, x: str, times: int) -> str:
        scales = self.graph.constant(np.array([1, 1, times, times], np.float32))
        mode = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self.graph.add("Resize", x, "", scales, **mode)

    def pad(self, x: str) -> str:
        """A border of 1 that repeats the outermost values."""
        sides = self.graph.constant(np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
        return self.graph.add("Pad", x, sides, mode="edge")

    def frame(self, x: str, axis: int, order: torch.Tensor) -> str:
        """Half of FastGenerator.frame."""
        place = self.integers(axis)
        # As a convolution: not all that runs on phones can look channels up by a list.
        mirror = self.tensor(torch.eye(len(order))[order.cpu()][:, :, None, None])
        ends = [
            self.graph.add("Slice", x, self.integers(first), self.integers(last), place)
            for first, last in ((0, 1), (-1, np.iinfo(np.int64).max))
        ]
        first, last = (self.graph.add("Conv", end, mirror) for end in ends)
        return self.graph.add("Concat", first, x, last, axis=axis)

    def shuffle(self, x: str, times: int, output: str = "") -> str:
        return self.graph.add("DepthToSpace", x, blocksize=times, mode="CRD", output=output)

    def number(self, number: float) -> str:
        return self.graph.constant(np.array(number, np.float32))

    def integers(self, *numbers: int) -> str:
        return self.graph.constant(np.array(numbers, np.int64))

    def tensor(self, tensor: torch.Tensor) -> str:
        return self.graph.constant(tensor.detach().cpu().float().numpy())
