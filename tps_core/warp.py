"""The public name of warping; it lives in geometry/warp.py."""

from .geometry.warp import (
    backward_grid,
    pixel_centres,
    sample,
    spline_grid,
    stretching,
    warp_image,
    with_border_anchors,
)

__all__ = [
    "backward_grid",
    "pixel_centres",
    "sample",
    "spline_grid",
    "stretching",
    "warp_image",
    "with_border_anchors",
]
