"""Makes one painting of the patches: seams go, strokes and the face's features stay."""

import torch
from torch import Tensor

from .artwork import Bent
from .fields import from_gradients, gaussian, guided, luma, moments, with_distribution
from .guides import Guides
from .search import Matches

# Lengths in face crops.
COLORS_BLUR = 0.014  # standard deviation by which the patches' colours spread …
COLORS_REACH = 0.04  # … and reach of the filter that does it at the face's parts,
COLORS_EDGE = 0.002  # with the variance of light from which on it keeps an edge
# What the colours weigh beside gradients.
HOLD, HOLD_OF_LINES, HOLD_HELD = 0.004, 0.03, 0.15
STROKES_BLUR = 0.016  # standard deviation below which light is that of strokes
MOST_STRONGER = 1.3  # strokes become at most, where those of the art are
# The photo's light between such standard deviations is the painting's: in the face, and finer where
# its drawing is held. Lines are finer than brush strokes.
LIKENESS_BROAD = 0.06
LIKENESS_IN_FACE, LIKENESS_HELD = 0.0085, 0.0065
LIKENESS_IN_FACE_OF_LINES, LIKENESS_HELD_OF_LINES = 0.005, 0.002
LIKENESS_AROUND = 1.5  # it fades where what is held, so many times, is below 1
RAGGED = 0.004  # standard deviation by which lines are smoothed: patches leave ragged edges
PALE = 0.0025  # share of the art whose lightest colours are those of teeth
PALE_COLOR = 0.4  # how much of their colour teeth have
TEETH = (0.1, 1.15)


def fuse(
    patches: Tensor,
    matches: Matches,
    bent: list[Bent],
    guides: Guides,
    face_px: int,
    is_line_art: bool,
    is_shaded: bool = True,
) -> Tensor:
    """The painting (3, h, w) of the patches (3, h, w); after line art it is black on white.

    A face that is shaded has the photo's shading, not at its parts alone.

    Its gradients are those of the art where each pixel was taken from; where neighbours were taken
    from different places, the mean of both. So seams go. Only at the face's parts the photo's edges
    stand instead where they are stronger.
    """
    light = guides.broad + guides.fine
    colors = _colors(patches, light, bent[0], guides, face_px, is_line_art)
    along_x, along_y = _gradients(matches, bent, colors, guides.held)
    mouth_x = (guides.open_mouth[..., 1:] + guides.open_mouth[..., :-1]) / 2
    mouth_y = (guides.open_mouth[:, 1:] + guides.open_mouth[:, :-1]) / 2
    along_x = along_x.lerp(colors.diff(dim=2), mouth_x)
    along_y = along_y.lerp(colors.diff(dim=1), mouth_y)
    hold = HOLD_OF_LINES if is_line_art else HOLD
    painting = from_gradients(colors, along_x, along_y, hold)
    true = from_gradients(colors, along_x, along_y, HOLD_HELD)
    painting = _with_strokes_of(bent[0], painting.lerp(true, guides.held), guides, face_px)
    # By this a person is known: strokes are the art's, what they add up to is the photo's.
    in_face, fine = (
        (LIKENESS_IN_FACE_OF_LINES, LIKENESS_HELD_OF_LINES)
        if is_line_art
        else (LIKENESS_IN_FACE, LIKENESS_HELD)
    )
    if is_shaded:
        painting = _with_light(painting, light, guides.face, in_face * face_px, face_px)
    held = (LIKENESS_AROUND * guides.held).clamp(max=1)
    painting = _with_light(painting, light, held, fine * face_px, face_px).clamp(0, 1)
    return _as_lines(painting, guides, face_px) if is_line_art else painting


def _as_lines(painting: Tensor, guides: Guides, face_px: int) -> Tensor:
    """The painting (3, h, w) black on white again, with the art's shares of both."""
    light = gaussian(luma(painting), RAGGED * face_px)
    own = guides.broad_of_art[0] + guides.fine_of_art[0]
    lines = with_distribution(light, guides.around, own, guides.around_of_art)
    return lines.expand(3, -1, -1).clone()


def _colors(
    patches: Tensor, light: Tensor, art: Bent, guides: Guides, face_px: int, is_line_art: bool
) -> Tensor:
    """The colours (3, h, w) of the patches without their seams; of line art, which has no colours,
    the patches. At the face's parts they keep the edges of the light wanted (1, h, w)."""
    colors = patches if is_line_art else gaussian(patches, COLORS_BLUR * face_px)
    reach = max(1, round(COLORS_REACH * face_px))
    colors = colors.lerp(guided(light, patches, reach, COLORS_EDGE), guides.held)
    if guides.open_mouth.max() == 0:
        return colors
    teeth = _pale(art) * (light / guides.broad.max()).clamp(*TEETH)
    return colors.lerp(teeth, guides.open_mouth)


def _with_strokes_of(art: Bent, painting: Tensor, guides: Guides, face_px: int) -> Tensor:
    """The painting (3, h, w) with strokes as strong as the art's: seams have weakened them."""
    blur_px = STROKES_BLUR * face_px
    strokes = painting - gaussian(painting, blur_px)
    own = art.picture - gaussian(art.picture, blur_px)
    spread = moments(luma(strokes), guides.around)[1]
    gain = moments(luma(own), guides.around_of_art)[1] / spread.clamp_min(1e-4)
    return painting + (gain.clamp(1, MOST_STRONGER) - 1) * strokes


def _with_light(painting: Tensor, light: Tensor, where: Tensor, fine_px: float, face_px: int):
    """The painting (3, h, w) with the light (1, h, w) between two blurs, where that is 1."""
    missing = light - luma(painting)
    missing = gaussian(missing, fine_px) - gaussian(missing, LIKENESS_BROAD * face_px)
    return painting + where * missing


def _gradients(
    matches: Matches, bent: list[Bent], colors: Tensor, held: Tensor
) -> tuple[Tensor, Tensor]:
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
    wanted_x, wanted_y = held[..., 1:] * colors.diff(dim=2), held[:, 1:] * colors.diff(dim=1)
    return _stronger(x / 2, wanted_x, same_x), _stronger(y / 2, wanted_y, same_y)


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
