"""Makes one painting of the patches: seams go, strokes and the face's features stay."""

import torch
from torch import Tensor

from .artwork import Bent
from .fields import from_gradients, gaussian, guided, luma, with_distribution
from .guides import Guides
from .search import Matches

COLORS_REACH = 0.04  # of the filter that spreads the patches' colours, in face crops
COLORS_EDGE = 0.002  # variance of light from which on it keeps an edge
HOLD, HOLD_AT_PARTS = 0.004, 0.15
LIKENESS = 0.9  # how much the light at eyes, brows, nose and mouth is the one wanted …
LIKENESS_BLUR = 0.006  # … where it is broader than this standard deviation, in face crops
PALE = 0.0025  # share of the art whose lightest colours are those of teeth
PALE_COLOR = 0.4  # how much of their colour teeth have
TEETH = (0.1, 1.15)


def fuse(patches: Tensor, matches: Matches, bent: list[Bent], guides: Guides, face_px: int):
    """The painting (3, h, w) of the patches (3, h, w).

    Its gradients are those of the art where each pixel was taken from. Where neighbours were taken
    from different places, the art's gradient or that of the light wanted, whichever is stronger: a
    seam goes unless the photo has an edge there.
    """
    light = guides.broad + guides.fine
    reach = max(1, round(COLORS_REACH * face_px))
    colors = guided(light, patches, reach, COLORS_EDGE)
    along_x, along_y = _gradients(matches, bent, colors)
    if guides.open_mouth.max() > 0:
        teeth = _pale(bent[0]) * (light / guides.broad.max()).clamp(*TEETH)
        colors = colors.lerp(teeth, guides.open_mouth)
        mouth_x = (guides.open_mouth[..., 1:] + guides.open_mouth[..., :-1]) / 2
        mouth_y = (guides.open_mouth[:, 1:] + guides.open_mouth[:, :-1]) / 2
        along_x = along_x.lerp(colors.diff(dim=2), mouth_x)
        along_y = along_y.lerp(colors.diff(dim=1), mouth_y)
    painting = from_gradients(colors, along_x, along_y, HOLD)
    held = from_gradients(colors, along_x, along_y, HOLD_AT_PARTS)
    painting = painting.lerp(held, guides.parts)
    # By these a person is known: strokes there are the art's, what they add up to is the photo's.
    blur_px = LIKENESS_BLUR * face_px
    missing = gaussian(light, blur_px) - gaussian(luma(painting), blur_px)
    return (painting + LIKENESS * guides.parts * missing).clamp(0, 1)


def as_lines(painting: Tensor, guides: Guides) -> Tensor:
    """The painting (3, h, w) black on white again, with the art's shares of both."""
    light = luma(painting)
    own = guides.broad_of_art[0] + guides.fine_of_art[0]
    lines = with_distribution(light, guides.around, own, guides.around_of_art)
    return lines.expand(3, -1, -1).clone()


def _gradients(matches: Matches, bent: list[Bent], colors: Tensor) -> tuple[Tensor, Tensor]:
    """The painting's gradients along x (3, h, w-1) and y (3, h-1, w)."""
    art = torch.stack([view.picture for view in bent])
    here = matches.of(art)
    # Seen from both pixels; the same where they are neighbours in the art too.
    x = (matches.of(art, right=1) - here)[..., :-1] + (here - matches.of(art, right=-1))[..., 1:]
    y = (matches.of(art, down=1) - here)[:, :-1] + (here - matches.of(art, down=-1))[:, 1:]
    one_art_x = matches.art.diff(dim=1) == 0
    one_art_y = matches.art.diff(dim=0) == 0
    same_x = one_art_x & (matches.x.diff(dim=1) == 1) & (matches.y.diff(dim=1) == 0)
    same_y = one_art_y & (matches.y.diff(dim=0) == 1) & (matches.x.diff(dim=0) == 0)
    return _stronger(x / 2, colors.diff(dim=2), same_x), _stronger(
        y / 2, colors.diff(dim=1), same_y
    )


def _stronger(gradient: Tensor, wanted: Tensor, sure: Tensor) -> Tensor:
    """The gradient, or the one wanted where that is stronger and the first isn't sure."""
    own = sure | (gradient.abs().sum(0) >= wanted.abs().sum(0))
    return torch.where(own, gradient, wanted)


def _pale(art: Bent) -> Tensor:
    """The palest colour of the art (3, 1, 1): light, and of little colour."""
    light = luma(art.picture)
    colorful = art.picture.std(0, keepdim=True)
    pale = (light - colorful - 10 * (1 - art.shown)).flatten()
    lightest = pale.topk(max(8, int(PALE * len(pale)))).indices
    color = art.picture.flatten(1)[:, lightest].mean(1)[:, None, None]
    grey = luma(color)
    return grey + PALE_COLOR * (color - grey)
