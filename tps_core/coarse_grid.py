"""A spline's values at every pixel, from its exact values at every s-th pixel.

Between the knots, s pixels apart, the values are interpolated along x and then along y by the
polynomial of degree 5 through the six nearest knots: two constant matrix products. How far that
can be off is known beforehand, so the knots are as far apart as TOLERANCE_PX allows, for each
picture of a batch by itself, down to every pixel.

The bound. Interpolation is linear and gives back polynomials up to degree 5, so all of its error
comes from the kernels: at a point p it is the sum of w_i E(p − c_i) over the centres c_i with
weights w_i, E being the error of U(r) = r² log r alone. As U(h q) = h² U(q) + h² log h |q|², and
the last term is given back, knots h apart make h² times the error of knots 1 apart, at places
divided by h. That of knots 1 apart depends only on how centre, pixel and knots lie to each other,
and dies away with the fourth power of the distance d from the centre, as U's sixth derivatives do
(Peano's remainder). A search over all positions of centre and pixel, and over knots closer together
in one direction than in the other, found nothing above

    M(d) = PEAK / (1 + (d / REACH)²)²,    d in units of the wider gap between knots

(`test_coarse_grid.py` repeats the search). A pixel's nearest centre being c_j, it is at least half
as far from any c_i as c_j is, so no pixel is farther off than

    max over j of the sum over i of h² |w_i| M(|c_i − c_j| / 2h).
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from .tps import Spline

TOLERANCE_PX = 0.05
STRIDES = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # pixels from knot to knot; 1 is exact
GROUP = 48  # pixels in a row that are one matrix product; a multiple of each stride
PEAK = 0.4  # knots 1 apart make no greater error; 0.374 was found
REACH = 1.15  # from 1.12 on, no error was found above M(d)
TAPS = 6  # knots that a pixel is interpolated from, along each axis
BEFORE = 2  # of these lie before the pixel's cell


@torch.no_grad()
def strides(spline: Spline, size: tuple[int, int], extent: tuple[float, float]) -> Tensor:
    """How many pixels apart the knots of each (h, w) picture may be, 1 where all are needed: (b,).

    The picture spans −extent…extent, x and y, in the spline's units.
    """
    # Knots must be at most half as many as pixels to be worth it.
    paying = [
        s for s in STRIDES if 2 * _knots(size[0], s) * _knots(size[1], s) <= size[0] * size[1]
    ]
    options = torch.tensor([1, *paying], device=spline.centres.device)
    least = torch.zeros(len(spline.centres), dtype=torch.long, device=options.device)
    if not paying:
        return options[least]
    # The bound only grows with the stride, so the choice is bisected, for all pictures at once.
    most = torch.full_like(least, len(paying))
    kernels = _in_pixels(spline, size, extent)
    for _ in range(len(paying).bit_length()):
        middle = (least + most + 1) // 2
        fits = _bound(*kernels, options[middle]) <= TOLERANCE_PX
        least, most = torch.where(fits, middle, least), torch.where(fits, most, middle - 1)
    return options[least]


@torch.no_grad()
def error_bound_px(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float], stride: Tensor
) -> Tensor:
    """How far off any pixel of an (h, w) picture may be, in pixels, with knots `stride` apart.

    One stride and one bound for each picture: (b,).
    """
    return _bound(*_in_pixels(spline, size, extent), stride)


def _in_pixels(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """The centres' squared distances (b, n, n) and the size of their weights (b, n, 1), in pixels.

    Along the axis with fewer pixels to the unit, where the gaps between knots are wider.
    """
    half_px = torch.tensor([size[1], size[0]]) / 2
    centres, weights = spline.centres.float(), spline.weights.float()
    px = (half_px / torch.tensor(extent)).to(weights)  # pixels per unit, along x and y
    scale = (px.min() * spline.spread).square()  # the kernel of centres in pixels grows by it
    distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.square() * scale, (weights * px).norm(dim=-1, keepdim=True) / scale


def _bound(squared: Tensor, weights: Tensor, stride: Tensor) -> Tensor:
    """The bound of the module's docstring, h being `stride` (b,): (b,)."""
    h = stride[:, None, None]
    decay = (squared / (2 * REACH * h) ** 2).add_(1).square_().reciprocal_()
    return PEAK * (h**2 * (decay @ weights)).amax((1, 2))


def interpolated(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float], stride: int
) -> Tensor:
    """Where the spline sends the pixel centres, from knots `stride` pixels apart: (b, h, w, 2).

    The picture spans −extent…extent, x and y, in the spline's units; what is returned, −1…1.
    Differentiable as the spline is.
    """
    (h, w), like = size, spline.centres
    y, x = (
        (2 * stride * (torch.arange(_knots(n, stride)).to(like) - BEFORE) + 1) / n - 1 for n in size
    )
    span = torch.tensor(extent).to(like)
    knots = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1) * span
    values = (spline(knots.reshape(1, -1, 2)) / span).unflatten(1, knots.shape[:2])
    along_x = _upsampled(values.transpose(1, 2).flatten(2), w, stride)  # (b, w, 2 · y knots)
    rows = along_x.unflatten(2, (-1, 2)).transpose(1, 2).flatten(2)  # (b, y knots, 2 w)
    return _upsampled(rows, h, stride).unflatten(2, (w, 2))


def _knots(pixels: int, stride: int) -> int:
    return -(-pixels // stride) + TAPS - 1


def _upsampled(values: Tensor, pixels: int, stride: int) -> Tensor:
    """Rows (b, knots, c) interpolated to (b, pixels, c)."""
    weights = _lagrange(stride).to(values)
    groups, step = -(-pixels // GROUP), GROUP // stride
    missing = groups * step + TAPS - 1 - values.shape[1]  # only cut off pixels are made of these
    windows = F.pad(values, (0, 0, 0, missing)).unfold(1, weights.shape[1], step).mT
    made = torch.bmm(weights.expand(len(values) * groups, -1, -1), windows.flatten(0, 1))
    return made.reshape(len(values), groups * GROUP, -1)[:, :pixels]


@lru_cache
def _lagrange(stride: int) -> Tensor:
    """What each knot counts for each pixel of a group: (GROUP, GROUP / stride + TAPS - 1)."""
    with torch.inference_mode(False):  # kept for later calls, which may want gradients
        cell, pixel = torch.arange(GROUP).div(stride, rounding_mode="floor"), torch.arange(GROUP)
        place = (pixel / stride - cell).double()  # 0…1 within the pixel's cell
        nodes = torch.arange(TAPS) - BEFORE
        weights = torch.zeros(GROUP, GROUP // stride + TAPS - 1, dtype=torch.float64)
        for tap in range(TAPS):
            others = nodes[nodes != nodes[tap]]
            basis = ((place[:, None] - others) / (nodes[tap] - others)).prod(1)
            weights[pixel, cell + tap] = basis
        return weights
