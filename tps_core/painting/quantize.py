"""Which whole numbers stand for the values between a generator's layers: 8 bits, calibrated."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from .generator import Generator

# Of the values that a layer sees, this share at either end may be cut off: a few outliers would
# make the steps coarse for all others.
CUT_OFF = 1e-4
SAMPLES = 20_000  # values looked at per layer and picture
# The first and the last layers stay as they are: what they round is seen at once, and they hold
# few weights.
KEPT = ("down_half.0", "decode_half.0", "head", "colors")


@dataclass(frozen=True)
class Quantized:
    """Values in 8 bits: value = scale * (number − zero), number in 0…255."""

    scale: float
    zero: int


def calibrate(generator: Generator, pictures: Iterable[Tensor]) -> dict[str, Quantized]:
    """For the input of each convolution but the KEPT, by its name, the scale that fits.

    Pictures are (b, 3, h, w) in 0…1, sides multiples of STRIDE.
    """
    ends: dict[str, list[tuple[float, float]]] = {}
    handles = []
    for name, module in generator.named_modules():
        if isinstance(module, nn.Conv2d) and name not in KEPT:
            seen = ends.setdefault(name, [])
            handles.append(module.register_forward_pre_hook(_note(seen)))
    try:
        with torch.no_grad():
            for picture in pictures:
                generator(picture)
    finally:
        for handle in handles:
            handle.remove()
    return {name: _quantized(seen) for name, seen in ends.items() if seen}


def _note(seen: list[tuple[float, float]]):
    def note(_module: nn.Module, inputs: tuple[Tensor]) -> None:
        values = inputs[0].flatten()
        values = values[:: max(1, len(values) // SAMPLES)].float().sort().values
        cut = int(CUT_OFF * len(values))
        seen.append((values[cut].item(), values[-1 - cut].item()))

    return note


def _quantized(seen: list[tuple[float, float]]) -> Quantized:
    low = min(0.0, *(low for low, _ in seen))  # zero itself must have a number: borders are zero
    high = max(0.0, *(high for _, high in seen))
    scale = max(high - low, 1e-6) / 255
    return Quantized(scale, round(-low / scale))
