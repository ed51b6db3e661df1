"""A picture's pixels: where they are in −1…1, what is read between them, floats or bytes.

Outer edges are at ±1; in pixels (0, 0) is the picture's upper left corner. `size` is (width,
height), as points are (x, y).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def to_pixels(points: Tensor, size: tuple[float, float] | Tensor) -> Tensor:
    """The points (…, 2) in −1…1 over a picture of `size`, in its pixels."""
    return (points + 1) / 2 * torch.as_tensor(size).to(points)


def from_pixels(points_px: Tensor, size: tuple[float, float] | Tensor) -> Tensor:
    """The points (…, 2) in pixels of a picture of `size`, in −1…1 over it."""
    return 2 * points_px / torch.as_tensor(size).to(points_px) - 1


def pixel_centres(size: Sequence[int], like: Tensor) -> Tensor:
    """(x, y) of the pixel centres of an (h, w) picture in −1…1, outer edges at ±1: (h, w, 2)."""
    y, x = ((2 * torch.arange(n).to(like) + 1) / n - 1 for n in size)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


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


def as_float(picture: Tensor) -> Tensor:
    """The picture or part of one, of bytes 0…255 or of floats 0…1, as floats 0…1."""
    return picture if picture.is_floating_point() else picture.float() / 255


def as_bytes(picture: Tensor) -> Tensor:
    """The picture or part of one, of floats 0…1, in whole levels, 0…255."""
    return (picture.clamp(0, 1) * 255 + 0.5).to(torch.uint8)
