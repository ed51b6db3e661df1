"""Where art and portrait can be held against each other, once one is bent onto the other.

Masks (b, 1, h, w) in 0…1. What they leave out is kept from the discriminators, in what is
painted and in the art: nothing is learned from what the art can't show.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.warp import pixel_centres, sample, stretching
from ..banks.pose import NOSE_TIP

MOST_STRETCH_FACTOR = 1.6  # times the usual area that a piece of art may cover, to be an example
MOST_SQUEEZE_FACTOR = 1.6  # the same for a piece of the portrait, the other way, to be compared
TONE_SQUARES = 16  # tones are compared in so many squares along a crop
MOST_TONE_DIFFERENCE = 0.2  # of 0…1: hair on skin has more, shades on a skin hardly ever
FACE_TONE_RADIUS = 0.25  # around the nose's tip, where a face's own tone is taken, in −1…1
# iBUG's points; a face is an oval from the chin to as far above the nasion as this share of what it
# is below, and by so much wider than from jaw to jaw.
JAW_ENDS, CHIN, NASION = (0, 16), 8, 27
FOREHEAD_SHARE = 0.8
FACE_WIDTH_FACTOR = 1.1


def art_valid(inside: Tensor, grid: Tensor) -> Tensor:
    """What the art shows of a face it is bent onto by grid (b, h, w, 2).

    Neither what lies outside of it, nor what is but a few pixels pulled wide: a mouth that is
    closed in the art says nothing of teeth, which would be painted red like the lips.
    """
    stretched = stretching(grid)
    usable = (stretched > 0) & (stretched < MOST_STRETCH_FACTOR)
    return sample(inside, grid, padding="zeros") * usable


def photo_valid(inside: Tensor, grid: Tensor) -> Tensor:
    """Where a portrait bent by grid (b, h, w, 2) can be held against art.

    Where the art is (`inside`), and not where the portrait shows what the art has no room for:
    an open mouth squeezed into a closed one would be painted red from lip to lip.
    """
    return inside * (stretching(grid) > 1 / MOST_SQUEEZE_FACTOR)


def tones_match(portrait: Tensor, art: Tensor, points: Tensor) -> Tensor:
    """Where a portrait and art that has tones show the same kind of thing: (b, 3, h, w) each, one
    of them bent onto the other, which has the points (b, 68, 2).

    Landmarks end at the brows and the jaw: what lies above, and on, a skin they can't match. Where
    one face has hair, a hat or a beard and the other has skin, their tones are apart, each against
    its own middle, and the art would teach hair on foreheads. Outside the face all of it matches.
    """
    apart = (_tones(portrait, points) - _tones(art, points)).abs()
    apart = F.interpolate(apart, portrait.shape[-2:], mode="bilinear")
    return 1 - (apart > MOST_TONE_DIFFERENCE) * _oval(points, portrait.shape[-2:])


def _tones(faces: Tensor, points: Tensor) -> Tensor:
    """How light the faces are in broad squares, against their middle: (b, 1, n, n)."""
    broad = F.adaptive_avg_pool2d(faces.mean(1, keepdim=True), TONE_SQUARES)
    centres = pixel_centres((TONE_SQUARES, TONE_SQUARES), like=points)
    away = centres - points[:, None, None, NOSE_TIP]
    middle = (away.norm(dim=-1) < FACE_TONE_RADIUS).to(faces)[:, None]
    return broad - (broad * middle).sum((2, 3), keepdim=True) / middle.sum((2, 3), keepdim=True)


def _oval(points: Tensor, size: tuple[int, int]) -> Tensor:
    """Where the faces are, foreheads included: (b, 1, h, w)."""
    chin, nasion = points[:, CHIN], points[:, NASION]
    top = nasion + FOREHEAD_SHARE * (nasion - chin)
    half_height = (top - chin).norm(dim=1)[:, None, None] / 2
    left, right = (points[:, i] for i in JAW_ENDS)
    half_width = FACE_WIDTH_FACTOR * (right - left).norm(dim=1)[:, None, None] / 2
    up = F.normalize(top - chin, dim=1)[:, None, None]
    across = torch.stack([-up[..., 1], up[..., 0]], -1)
    away = pixel_centres(size, like=points) - ((top + chin) / 2)[:, None, None]
    along = (away * up).sum(-1) / half_height
    aside = (away * across).sum(-1) / half_width
    return (along.square() + aside.square() < 1).to(points)[:, None]
