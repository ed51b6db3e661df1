"""Points over a picture, from pixels to −1…1 and back.

Outer edges are at ±1; in pixels (0, 0) is the picture's upper left corner. `size` is (width,
height), as points are (x, y).
"""

import torch
from torch import Tensor


def to_pixels(points: Tensor, size: tuple[float, float] | Tensor) -> Tensor:
    """The points (…, 2) in −1…1 over a picture of `size`, in its pixels."""
    return (points + 1) / 2 * torch.as_tensor(size).to(points)


def from_pixels(points_px: Tensor, size: tuple[float, float] | Tensor) -> Tensor:
    """The points (…, 2) in pixels of a picture of `size`, in −1…1 over it."""
    return 2 * points_px / torch.as_tensor(size).to(points_px) - 1


def pixel_centres(size: tuple[int, int], like: Tensor) -> Tensor:
    """(x, y) of the pixel centres of an (h, w) picture in −1…1, outer edges at ±1: (h, w, 2)."""
    y, x = ((2 * torch.arange(n).to(like) + 1) / n - 1 for n in size)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
