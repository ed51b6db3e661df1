"""A spline's values at every pixel, from its exact values at the knots of a lattice."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .lagrange import BEFORE, TAPS, lagrange
from .lattice import Lattice
from .near_field import take_back_errors
from .spline import Spline

GROUP = 48  # pixels in a row that are one matrix product; a multiple of each stride


def interpolated(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float], lattice: Lattice
) -> Tensor:
    """Where the spline sends the pixel centres of an (h, w) picture: (b, h, w, 2) in −1…1.

    The picture spans −extent…extent, x and y, in the spline's units. Differentiable as the spline
    is, unless the lattice takes errors back.
    """
    (h, w), stride, like = size, lattice.stride, spline.centres
    y, x = (
        (2 * stride * (torch.arange(lattice.knots(n)).to(like) - BEFORE) + 1) / n - 1 for n in size
    )
    span = torch.tensor(extent).to(like)
    knots = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1) * span
    values = (spline(knots.reshape(1, -1, 2)) / span).unflatten(1, knots.shape[:2])
    along_x = _upsampled(values.transpose(1, 2).flatten(2), w, stride)  # (b, w, 2 · y knots)
    rows = along_x.unflatten(2, (-1, 2)).transpose(1, 2).flatten(2)  # (b, y knots, 2 w)
    grid = _upsampled(rows, h, stride).unflatten(2, (w, 2))
    if lattice.reach:
        grid = grid.contiguous()
        take_back_errors(grid, spline, extent, lattice.stride, lattice.reach)
    return grid


def _upsampled(values: Tensor, pixels: int, stride: int) -> Tensor:
    """Rows (b, knots, c) interpolated to (b, pixels, c)."""
    weights = lagrange(stride, GROUP).to(values)
    groups, step = -(-pixels // GROUP), GROUP // stride
    missing = groups * step + TAPS - 1 - values.shape[1]  # only cut off pixels are made of these
    windows = F.pad(values, (0, 0, 0, missing)).unfold(1, weights.shape[1], step).mT
    made = torch.bmm(weights.expand(len(values) * groups, -1, -1), windows.flatten(0, 1))
    return made.reshape(len(values), groups * GROUP, -1)[:, :pixels]
