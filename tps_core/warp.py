"""The public name of warping; it lives in geometry/."""

from .geometry.coordinates import pixel_centres
from .geometry.grid import spline_grid
from .geometry.warp import backward_grid, sample, stretching, warp_image, with_border_anchors

__all__ = [
    "backward_grid",
    "pixel_centres",
    "sample",
    "spline_grid",
    "stretching",
    "warp_image",
    "with_border_anchors",
]
