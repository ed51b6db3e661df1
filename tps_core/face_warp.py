"""Bending the face in a picture into another face's shape."""

import torch
from torch import Tensor

from .blend import outline_mask
from .geometry.grid import spline_grid
from .geometry.pixels import from_pixels, sample
from .geometry.similarity import fit_similarity
from .geometry.spline import fit, with_border_anchors
from .landmarks import Landmarks

PLACEMENTS = ("in place", "exact")


def warp_face(
    picture: Tensor,
    source: Landmarks,
    target: Landmarks,
    strength: float = 1.0,
    stiffness: float = 0.0,
    placement: str = "in place",
) -> tuple[Tensor, Tensor]:
    """The picture (c, h, w) with its `source` face in the shape of `target`, and a mask of it.

    "in place" takes only the shape: the face keeps its position, size and rotation, so `target`
    may come from any other picture. "exact" puts every landmark where `target` has it, as a share
    of the picture's width and height. The picture's frame stays where it is. `strength` 0 leaves
    the face as it is, 1 gives it the target's shape, more exaggerates, less than 0 does the
    opposite. `stiffness` as in `tps.fit`, in units of half the picture's longer side.
    The mask (1, h, w) is 1 on the warped face and soft at its edge.
    """
    width, height = source.size
    here = source.shape68_px
    there = target.shape68_px
    if placement == "exact":
        there = there * torch.tensor([width / target.size[0], height / target.size[1]])
    else:
        linear, shift = fit_similarity(there, here)
        there = there @ linear.T + shift
    there = torch.lerp(here, there, strength)

    # The spline works in pixels over half the longer side: in −1…1 over both axes a wide
    # picture's plane would bend more easily one way than the other.
    axes = torch.tensor([width, height]) / max(width, height)
    here, there = (from_pixels(points_px, source.size) for points_px in (here, there))
    spline = fit(
        with_border_anchors(there[None]) * axes, with_border_anchors(here[None]) * axes, stiffness
    )
    grid = spline_grid(spline, (height, width), extent=tuple(axes.tolist()))
    mask = outline_mask(Landmarks(there, "ibug-68", source.size))
    return sample(picture[None], grid.to(picture))[0], mask
