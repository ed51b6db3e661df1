"""The picture that portraits are painted like: found once, bent onto each of them."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..align import Alignment, align
from ..detectors.person_mask import person_mask
from ..geometry.grid import spline_grid
from ..geometry.pixels import from_pixels, sample
from ..geometry.resize import resized
from ..geometry.spline import fit, with_border_anchors
from ..geometry.warp import stretching
from ..landmarks import Landmarks
from ..light import is_line_art, sharpened
from ..one_thread import one_thread
from .canvas import Canvas

STIFFNESS = 1e-3
LEAST_FACES = 2.0  # face crops that go into a picture's shorter side before a person is looked for
TONES_SEEN_AT = 256
MOST_PULLED = 2.5  # times wider than in most places, beyond which a place shows nothing


@dataclass(frozen=True)
class Artwork:
    """A picture of art with one face, and the same mirrored."""

    picture: Tensor  # (3, h, w) in 0…1
    alignment: Alignment  # of its face
    mirrored: Alignment  # of the face in the mirrored picture
    is_line_art: bool  # black on white, without tones
    person: Tensor  # (1, h, w), 1 where the sitter is; all 0 where none can be told
    inside: Tensor | None = None  # (1, h, w), 1 where the picture is art; None: everywhere


@dataclass(frozen=True)
class Bent:
    """Art in the geometry of a portrait, on the canvas of art of that portrait."""

    picture: Tensor  # (3, h, w) in 0…1
    person: Tensor  # (1, h, w), 1 where the sitter is
    shown: Tensor  # (1, h, w), 1 where the art has something to show
    points: Tensor  # (68, 2), the art's own landmarks, in its face crop


def artwork(picture: Tensor, face: Landmarks) -> Artwork:
    """The picture (3, h, w), 0…1, with its face, ready to be painted like."""
    alignment = align(face)
    crop, inside = alignment.crop(picture, TONES_SEEN_AT), alignment.inside(TONES_SEEN_AT)
    return Artwork(
        picture,
        alignment,
        align(face.mirror()),
        is_line_art(crop, inside),
        _sitter(picture, alignment.extent_px),
    )


def artwork_of_crop(crop: Tensor, points: Tensor, inside: Tensor) -> Artwork:
    """The same from a face crop (3, s, s), 0…1, alone, as face banks have it.

    `points` (68, 2) are its landmarks, in −1…1; `inside` (1, s, s) is 1 where it is art.
    """
    side = crop.shape[-1]
    alignment = align(Landmarks(points, "ibug-68", (side, side)))
    mirrored = align(alignment.landmarks.mirror())
    return Artwork(
        crop, alignment, mirrored, is_line_art(crop, inside), _sitter(crop, side), inside
    )


@one_thread()  # or another number of threads would paint another picture
def _sitter(picture: Tensor, extent_px: float) -> Tensor:
    """Where the sitter is in the picture (3, h, w): (1, h, w).

    A face that fills the picture isn't known as a person's: it is seen with a margin.
    """
    height, width = picture.shape[-2:]
    missing = max(0, round((LEAST_FACES * extent_px - min(height, width)) / 2))
    seen = F.pad(picture[None], [missing, missing, missing, 0], mode="replicate")[0]
    return person_mask(seen)[:, missing:, missing : missing + width]


def bend(art: Artwork, points: Tensor, canvas: Canvas) -> list[Bent]:
    """The art, and mirrored, with its landmarks where the portrait's are; the nearer pose first.

    `points` (68, 2) are the portrait's landmarks in its face crop, `canvas` is where art lies.
    """
    inside = torch.ones_like(art.picture[:1]) if art.inside is None else art.inside
    seen = torch.cat([art.picture, art.person, inside.to(art.picture)])
    views = [(seen, art.alignment), (seen.flip(-1), art.mirrored)]
    views.sort(key=lambda view: float((view[1].points - points).norm(dim=-1).mean()))
    bent = [_bent(view, alignment, points, canvas) for view, alignment in views]
    if not art.is_line_art:
        return bent
    enlarged = canvas.face_px / art.alignment.extent_px
    return [replace(view, picture=sharpened(view.picture, enlarged)) for view in bent]


def _bent(picture: Tensor, alignment: Alignment, points: Tensor, canvas: Canvas) -> Bent:
    """One view of the art (4, h, w), the last channel saying where it is art, bent."""
    # Shrunk first where the art is finer than the canvas: sampling alone would alias.
    shrink = min(1.0, canvas.face_px / alignment.extent_px)
    height, width = picture.shape[-2:]
    if shrink < 1:
        small = (max(1, round(height * shrink)), max(1, round(width * shrink)))
        picture = resized(picture, small)
    from_crop = with_border_anchors(points[None])
    to_crop = with_border_anchors(alignment.points[None])
    unit = canvas.face_px / 2
    spline = fit(canvas.from_crop(from_crop) / unit - canvas.middle / unit, to_crop, STIFFNESS)
    extent = (canvas.width / canvas.face_px, canvas.height / canvas.face_px)
    crop = spline_grid(spline, (canvas.height, canvas.width), extent) * torch.tensor(extent)
    places_px = crop @ alignment.linear.T + alignment.shift
    grid = from_pixels(places_px, (width, height)).to(picture)
    bent = sample(picture[None], grid, "reflection", "bicubic").clamp(0, 1)[0]
    # A cheek that is turned away would be smeared over a whole one: the mirrored view has better.
    pulled = stretching(grid)[0]
    shown = (grid.abs() <= 1).all(-1) & (bent[4:] > 0.99) & (pulled > 0) & (pulled < MOST_PULLED)
    return Bent(bent[:3], bent[3:4], shown.to(bent), alignment.points)
