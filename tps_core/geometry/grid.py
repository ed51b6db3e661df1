"""A spline's values at every pixel, interpolated from those at every few.

Between its points a spline is smooth, so its exact values at the knots of a coarse grid are enough,
interpolated along x and then along y by the polynomial through the six nearest. That goes wrong
most where the spline bends most sharply, beside its own points: there it is compared with the exact
values, and where it is too far off, the grid is made finer.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .pixels import from_pixels, pixel_centres, to_pixels
from .spline import Spline

TOLERANCE_PX = 0.5  # beside the spline's points; elsewhere it is a hundredth of that
# What a grid is off by grows with the square of the way from knot to knot, and falls with the size
# of the picture: for maps of faces, 4 pixels do at 512.
FACES_STRIDE, FACES_SIDE_PX = 4, 512
WIDEST_STRIDE = 16
SMALL_PX = 64  # the side below which every pixel is evaluated: that is as quick
TAPS = 6  # knots that a place is interpolated from
KNOTS_BEFORE = 2  # of these lie before the cell that the place is in
GROUP_PX = 48  # pixels in a row that are one matrix product; a multiple of every stride


def spline_grid(
    spline: Spline, size: Sequence[int], extent: tuple[float, float] = (1.0, 1.0)
) -> Tensor:
    """The spline's values at the pixel centres of an (h, w) picture: (b, h, w, 2) in −1…1.

    The picture spans −extent…extent, x and y, in the spline's units. What is read with the grid is
    off by at most TOLERANCE_PX pixels of such a picture. Differentiable as the spline is.
    """
    span = torch.tensor(extent).to(spline.centres)
    stride = first_stride(size)
    while stride > 1:
        grid = _interpolated(spline, size, span, stride)
        if _farthest_off_px(grid.detach(), spline, span) <= TOLERANCE_PX:
            return grid
        stride //= 2
    places = pixel_centres(size, like=spline.centres) * span
    return spline(places.reshape(1, -1, 2)).unflatten(1, size) / span


def first_stride(size: Sequence[int]) -> int:
    """How many pixels from knot to knot are tried first for an (h, w) picture: a power of two."""
    if min(size) < SMALL_PX:
        return 1
    wanted = FACES_STRIDE * math.sqrt(max(size) / FACES_SIDE_PX)
    return min(2 ** max(1, int(math.log2(wanted))), WIDEST_STRIDE)


def _interpolated(spline: Spline, size: Sequence[int], span: Tensor, stride: int) -> Tensor:
    """The grid (b, h, w, 2), from the values at knots `stride` pixels apart."""
    h, w = size
    knots = [-(-n // stride) + TAPS - 1 for n in size]
    y, x = (
        (2 * stride * (torch.arange(count).to(span) - KNOTS_BEFORE) + 1) / n - 1
        for count, n in zip(knots, size, strict=True)
    )
    places = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1) * span
    values = (spline(places.reshape(1, -1, 2)) / span).unflatten(1, places.shape[:2])
    along_x = _upsampled(values.transpose(1, 2).flatten(2), w, stride)  # (b, w, 2 · y knots)
    rows = along_x.unflatten(2, (-1, 2)).transpose(1, 2).flatten(2)  # (b, y knots, 2 w)
    return _upsampled(rows, h, stride).unflatten(2, (w, 2))


def _upsampled(values: Tensor, pixels: int, stride: int) -> Tensor:
    """Rows (b, knots, c) interpolated to (b, pixels, c)."""
    weights = _lagrange(stride).to(values)
    groups, step = -(-pixels // GROUP_PX), GROUP_PX // stride
    missing = groups * step + TAPS - 1 - values.shape[1]  # only cut off pixels are made of these
    windows = F.pad(values, (0, 0, 0, missing)).unfold(1, weights.shape[1], step).mT
    made = torch.bmm(weights.expand(len(values) * groups, -1, -1), windows.flatten(0, 1))
    return made.reshape(len(values), groups * GROUP_PX, -1)[:, :pixels]


@lru_cache
def _lagrange(stride: int) -> Tensor:
    """What each knot counts for each pixel of a group: (GROUP_PX, GROUP_PX / stride + TAPS - 1).

    The knots begin KNOTS_BEFORE cells before the first pixel, which is itself a knot.
    """
    with torch.inference_mode(False):  # kept for later calls, which may want gradients
        pixel = torch.arange(GROUP_PX)
        cell = pixel.div(stride, rounding_mode="floor")
        within = (pixel.double() / stride - cell)[:, None]  # 0…1
        nodes = torch.arange(TAPS) - KNOTS_BEFORE
        weights = torch.zeros(GROUP_PX, GROUP_PX // stride + TAPS - 1, dtype=torch.float64)
        for tap in range(TAPS):
            others = nodes[nodes != nodes[tap]]
            weights[pixel, cell + tap] = ((within - others) / (nodes[tap] - others)).prod(1)
        return weights


@torch.no_grad()
def _farthest_off_px(grid: Tensor, spline: Spline, span: Tensor) -> float:
    """How far the grid (b, h, w, 2) is off at the 9 pixels around each of the spline's points."""
    b, h, w, _ = grid.shape
    size = torch.tensor([w, h], device=grid.device)
    points = (spline.centres * spline.spread + spline.origin) / span
    around = torch.tensor([(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1)], device=grid.device)
    pixels = to_pixels(points, size).floor()[:, :, None] + around
    pixels = pixels.flatten(1, 2).clamp(torch.zeros_like(size), size - 1)  # (b, 9 n, 2)
    exact = spline(from_pixels(pixels + 0.5, size) * span) / span
    column, row = pixels.long().unbind(-1)
    made = grid[torch.arange(b, device=grid.device)[:, None], row, column]
    return float(((made - exact) * size / 2).norm(dim=-1).max()) if len(grid) else 0.0
