"""The picture that portraits are painted like: found once, bent onto each of them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..align import Alignment, align
from ..landmarks import Landmarks
from ..tps import fit
from ..warp import sample, spline_grid, with_border_anchors
from .canvas import Canvas

STIFFNESS = 1e-3
LEAST_TONES = 0.2  # share of pixels that are neither black nor white; the rims of lines are a tenth
TONES_SEEN_AT = 256


@dataclass(frozen=True)
class Artwork:
    """A picture of art with one face, and the same mirrored."""

    picture: Tensor  # (3, h, w) in 0…1
    alignment: Alignment  # of its face
    mirrored: Alignment  # of the face in the mirrored picture
    is_line_art: bool  # black on white, without tones


@dataclass(frozen=True)
class Bent:
    """Art in the geometry of a portrait, on the canvas of art of that portrait."""

    picture: Tensor  # (3, h, w) in 0…1
    shown: Tensor  # (1, h, w), 1 where the art has something to show
    points: Tensor  # (68, 2), the art's own landmarks, in its face crop


def artwork(picture: Tensor, face: Landmarks) -> Artwork:
    """The picture (3, h, w), 0…1, with its face, ready to be painted like."""
    alignment = align(face)
    crop, inside = alignment.crop(picture, TONES_SEEN_AT), alignment.inside(TONES_SEEN_AT)
    return Artwork(picture, alignment, align(face.mirror()), not _has_tones(crop, inside))


def bend(art: Artwork, points: Tensor, canvas: Canvas) -> list[Bent]:
    """The art, and mirrored, with its landmarks where the portrait's are; the nearer pose first.

    `points` (68, 2) are the portrait's landmarks in its face crop, `canvas` is where art lies.
    """
    views = [
        (art.picture, art.alignment),
        (art.picture.flip(-1), art.mirrored),
    ]
    views.sort(key=lambda view: float((view[1].points - points).norm(dim=-1).mean()))
    return [_bent(picture, alignment, points, canvas) for picture, alignment in views]


def _bent(picture: Tensor, alignment: Alignment, points: Tensor, canvas: Canvas) -> Bent:
    """One view of the art bent onto the points."""
    # Shrunk first where the art is finer than the canvas: sampling alone would alias.
    shrink = min(1.0, canvas.face_px / alignment.extent_px)
    height, width = picture.shape[-2:]
    if shrink < 1:
        small = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        picture = F.interpolate(picture[None], small, mode="bilinear", antialias=True)[0]
    from_crop = with_border_anchors(points[None])
    to_crop = with_border_anchors(alignment.points[None])
    unit = canvas.face_px / 2
    spline = fit(canvas.from_crop(from_crop) / unit - canvas.middle / unit, to_crop, STIFFNESS)
    extent = (canvas.width / canvas.face_px, canvas.height / canvas.face_px)
    crop = spline_grid(spline, (canvas.height, canvas.width), extent) * torch.tensor(extent)
    places_px = crop @ alignment.linear.T + alignment.shift
    grid = (2 * places_px / torch.tensor([width, height]) - 1).to(picture)
    shown = (grid.abs() <= 1).all(-1).to(picture)
    bent = sample(picture[None], grid, "reflection", "bicubic").clamp(0, 1)[0]
    return Bent(bent, shown, alignment.points)


def _has_tones(crop: Tensor, inside: Tensor) -> bool:
    """Whether the face crop (3, s, s) has colours or greys, where it is inside (1, s, s)."""
    darkest, lightest = crop.amin(0, keepdim=True), crop.amax(0, keepdim=True)
    between = (lightest - darkest > 0.2) | ((lightest > 0.2) & (darkest < 0.8))
    return bool((between * inside).sum() / inside.sum().clamp_min(1) > LEAST_TONES)
