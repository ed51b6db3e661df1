"""Warping pictures and feature maps by a thin-plate spline.

Travel is from `source` to `target`: what lies at `source` comes to lie at `target`. Pictures are
sampled backwards, so the spline that is fitted leads from `target` to `source`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .grid import spline_grid
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
    source: Tensor, target: Tensor, size: tuple[int, int], stiffness: float = 0.0
) -> Tensor:
    """Where each pixel of the warped (h, w) picture comes from: (b, h, w, 2) in −1…1."""
    return spline_grid(fit(target, source, stiffness), size)


def sample(image: Tensor, grid: Tensor, padding: str = "border", mode: str = "bilinear") -> Tensor:
    """The image (b, c, h, w) read at grid (b, h', w', 2) in −1…1: (b, c, h', w').

    The mode "bicubic" keeps fine grain, of which "bilinear" loses a fifth each time; it may give
    values a little beyond the image's.
    """
    # float16 would round positions by up to an eighth of a pixel, so grids stay in float32.
    read = F.grid_sample(
        image.float(), grid.float(), mode=mode, padding_mode=padding, align_corners=False
    )
    return read.to(image.dtype)


def stretching(grid: Tensor) -> Tensor:
    """How far what grid (b, h, w, 2) reads is pulled wider than in most places: (b, 1, h, w).

    The area that each place of the image read comes to cover, 1 at the median. Large where few
    pixels are spread over many, as when a closed mouth is pulled open; below 0 where it folds.
    """
    along_y, along_x = torch.gradient(grid.movedim(-1, 1), dim=(2, 3))
    read = along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0]
    least = 1e-6 * read.abs().amax((1, 2), keepdim=True)
    return (read.flatten(1).median(1).values[:, None, None] / (read + least))[:, None]


def with_border_anchors(points: Tensor) -> Tensor:
    """The points (b, n, 2) with the picture's 4 corners and 4 edge middles appended: (b, n+8, 2).

    Added to both source and target they hold the picture's frame still.
    """
    frame = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if (x, y) != (0, 0)]
    anchors = torch.tensor(frame, dtype=points.dtype, device=points.device)
    return torch.cat([points, anchors.expand(len(points), -1, 2)], 1)
