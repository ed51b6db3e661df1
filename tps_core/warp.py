"""The public name of warping; it lives in geometry/."""

from .geometry.grid import spline_grid
from .geometry.pixels import pixel_centres, sample
from .geometry.spline import with_border_anchors
from .geometry.warp import backward_grid, stretching, warp_image

__all__ = [
    "backward_grid",
    "pixel_centres",
    "sample",
    "spline_grid",
    "stretching",
    "warp_image",
    "with_border_anchors",
]
