"""Warping pictures and feature maps by a thin-plate spline.

Travel is from `source` to `target`: what lies at `source` comes to lie at `target`. Pictures are
sampled backwards, so the spline that is fitted leads from `target` to `source`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from .grid import spline_grid
from .pixels import sample
from .spline import fit


def warp_image(
    image: Tensor, source: Tensor, target: Tensor, stiffness: float = 0.0, padding: str = "border"
) -> Tensor:
    """The image or feature map (b, c, h, w) with `source` (b, n, 2) moved to `target`.

    Points are in −1…1 with the outer edges at ±1. `padding` says what fills places that come from
    outside: "border" repeats the edge, "reflection" mirrors, "zeros" leaves black.
    Raises ValueError as `tps.fit` does.
    """
    return sample(image, backward_grid(source, target, image.shape[-2:], stiffness), padding)


def backward_grid(
    source: Tensor, target: Tensor, size: Sequence[int], stiffness: float = 0.0
) -> Tensor:
    """Where each pixel of the warped (h, w) picture comes from: (b, h, w, 2) in −1…1."""
    return spline_grid(fit(target, source, stiffness), size)


def stretching(grid: Tensor) -> Tensor:
    """How far what grid (b, h, w, 2) reads is pulled wider than in most places: (b, 1, h, w).

    The area that each place of the image read comes to cover, 1 at the median. Large where few
    pixels are spread over many, as when a closed mouth is pulled open; below 0 where it folds.
    """
    along_y, along_x = torch.gradient(grid.movedim(-1, 1), dim=(2, 3))
    read = along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0]
    least = 1e-6 * read.abs().amax((1, 2), keepdim=True)
    return (read.flatten(1).median(1).values[:, None, None] / (read + least))[:, None]
