"""What interpolating a spline's grid gets wrong near its centres, taken back.

The error of each centre's kernel is largest where the kernel bends most sharply, at the centre; how
the grid is interpolated is in coarse_grid.py. Within a window of a few cells it is computed: the
kernel at the window's pixels, less what is interpolated from its values at the window's knots.
"""

import torch
from torch import Tensor

from .kernel_sum import block_values, kernel
from .lagrange import BEFORE, TAPS, lagrange
from .spline import Spline


@torch.no_grad()
def take_back_errors(
    grid: Tensor, spline: Spline, extent: tuple[float, float], stride: int, reach: int
) -> None:
    """Corrects, in place, the grid (b, h, w, 2) that was interpolated from knots `stride` apart.

    Each centre's own error is taken back in its cell and `reach` cells around it. `grid` holds
    −1…1 of a picture that spans −extent…extent, x and y, in the spline's units.
    """
    b, h, w, _ = grid.shape
    n = spline.centres.shape[1]
    span, sides = (torch.tensor(pair).to(spline.centres) for pair in (extent, (w, h)))
    # Of all centres of all pictures in one row, (b n, 2): where they lie in pixels, how long a
    # pixel is in the centres' units, and what a kernel counts.
    places = spline.centres * spline.spread + spline.origin
    places = (((places / span + 1) * sides - 1) / 2).flatten(0, 1)
    pixel = (2 * span / sides / spline.spread).expand(b, n, 2).flatten(0, 1)
    weights = (spline.weights / span).flatten(0, 1)
    picture = torch.arange(b, device=grid.device).repeat_interleave(n)

    first = (places / stride).floor().nan_to_num().long() * stride - reach * stride
    side = (2 * reach + 1) * stride
    step = max(1, block_values(grid.device) // side**2)
    along = torch.arange(side, device=grid.device)
    knots = stride * (torch.arange(2 * reach + TAPS, device=grid.device) - BEFORE)
    spread_out = lagrange(stride, side).to(grid)
    values = grid.view(-1, 2)
    for start in range(0, b * n, step):
        rows = slice(start, start + step)
        offset = first[rows] - places[rows]
        exact = _kernels(offset[:, None] + along[:, None], pixel[rows])
        coarse = _kernels(offset[:, None] + knots[:, None], pixel[rows])
        error = exact.sub_(spread_out @ coarse @ spread_out.T)  # (k, side, side)

        x, y = (first[rows, :, None] + along).unbind(1)  # (k, side)
        inside = ((y >= 0) & (y < h))[:, :, None] & ((x >= 0) & (x < w))[:, None]
        index = (picture[rows, None] * h + y.clamp(0, h - 1))[:, :, None] * w
        index = (index + x.clamp(0, w - 1)[:, None]).flatten()
        error *= inside
        for axis in (0, 1):
            of_axis = error * weights[rows, axis, None, None]
            values[:, axis].scatter_add_(0, index, of_axis.flatten())


def _kernels(offsets: Tensor, pixel: Tensor) -> Tensor:
    """r² log r at a lattice of places: (k, m, m), rows along y.

    The lattice's `offsets` (k, m, 2) from each centre are in pixels, of size `pixel` (k, 2).
    """
    x, y = (offsets * pixel[:, None]).square().unbind(-1)
    return kernel(y[:, :, None] + x[:, None])
