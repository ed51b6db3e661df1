"""Interpolation by the polynomial of degree 5 through the six nearest of equally spaced knots."""

from functools import lru_cache

import torch
from torch import Tensor

TAPS = 6  # knots that a place is interpolated from
BEFORE = 2  # of these lie before the cell that the place is in


@lru_cache
def lagrange(stride: int, places: int) -> Tensor:
    """What each knot counts for each of so many places, of which `stride` lie in a cell.

    (places, places / stride + TAPS - 1), `places` being a multiple of the stride. The knots begin
    BEFORE cells before the first place, which is itself a knot. In float64.
    """
    with torch.inference_mode(False):  # kept for later calls, which may want gradients
        place = torch.arange(places)
        cell = place.div(stride, rounding_mode="floor")
        within = (place.double() / stride - cell)[:, None]  # 0…1
        nodes = torch.arange(TAPS) - BEFORE
        weights = torch.zeros(places, places // stride + TAPS - 1, dtype=torch.float64)
        for tap in range(TAPS):
            others = nodes[nodes != nodes[tap]]
            weights[place, cell + tap] = ((within - others) / (nodes[tap] - others)).prod(1)
        return weights
