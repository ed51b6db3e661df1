"""How light a face is, lighting it for line art, and what line art is.

Black lines on white paper say nothing of how dark a skin is. A painter of line art that is shown
a dark face takes it for hair, and paints it black; shown the same face in more light, it draws it.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .geometry.pixels import as_float

SKIN_LIGHT = 0.6  # how light a face is made for line art, 0…1
LEAST_LIGHT = 0.02  # below it there is nothing to be made lighter
# iBUG's points from the eyes to the mouth: cheeks and nose lie between them.
EYES_TO_MOUTH = [*range(31, 48), 48, 54]
LEAST_TONES = 0.15  # share of a picture's pixels that have tones
LEAST_COLOR = 0.2  # difference of the channels from which on a pixel has a colour
BLACK_LIGHT, WHITE_LIGHT = 0.2, 0.8
LINE_PX = 5  # side of the squares in which lines have edges, and tones have none
LINE_CONTRAST = 0.25


def tones(pictures: Tensor) -> Tensor:
    """Which pixels of pictures (…, 3, h, w) have colours, or greys that are no line's edge."""
    darkest, lightest = pictures.amin(-3, keepdim=True), pictures.amax(-3, keepdim=True)
    contrast = _most_around(lightest) + _most_around(-darkest)
    grey = (lightest > BLACK_LIGHT) & (darkest < WHITE_LIGHT) & (contrast < LINE_CONTRAST)
    return ((lightest - darkest > LEAST_COLOR) | grey).squeeze(-3)


def _most_around(x: Tensor) -> Tensor:
    """The largest value (…, 1, h, w) within the square around each place."""
    return F.max_pool2d(x, LINE_PX, 1, LINE_PX // 2)


def sharpened(lines: Tensor, enlarged: float) -> Tensor:
    """Line art (3, h, w) that was enlarged so many times, with edges as hard as before."""
    return (lines - 0.5).mul_(max(enlarged, 1.0)).add_(0.5).clamp_(0, 1)


def is_line_art(pictures: Tensor, inside: Tensor | None = None) -> bool:
    """Whether the pictures (…, 3, h, w), 0…1, are black on white, without colours and greys.

    With `inside` (1, h, w), 0…1, only what lies in it counts.
    """
    has_tone = tones(pictures)
    weights = torch.ones_like(has_tone, dtype=torch.float32) if inside is None else inside
    share = (has_tone * weights).sum() / weights.sum().clamp_min(1)
    return bool(share <= LEAST_TONES)


def skin_light(picture: Tensor, points: Tensor) -> float:
    """How light the face with points (68, 2) in −1…1 is in the picture (3, h, w): 0…1.

    The picture is of floats 0…1 or of bytes.
    """
    height, width = picture.shape[-2:]
    size = torch.tensor([width, height])
    low, high = points[EYES_TO_MOUTH].amin(0), points[EYES_TO_MOUTH].amax(0)
    low_px = ((low + 1) / 2 * size).long().clamp(torch.zeros(2).long(), size - 1)
    high_px = ((high + 1) / 2 * size).long().clamp(low_px + 1, size)
    (x0, y0), (x1, y1) = low_px.tolist(), high_px.tolist()
    return float(as_float(picture[:, y0:y1, x0:x1]).mean(0).median())


def light_for_lines(picture: Tensor, points: Tensor) -> Tensor:
    """The picture (3, h, w), 0…1, so much brighter that its face with points is light enough."""
    return brighten(picture, exponent_for_lines(skin_light(picture, points)))


def exponent_for_lines(light: float) -> float:
    """The power to which a picture is raised whose face is as light as that; 1 if it is enough."""
    exponent = math.log(SKIN_LIGHT) / math.log(min(max(light, LEAST_LIGHT), 0.999))
    return exponent if 0 < exponent < 1 else 1.0


def brighten(picture: Tensor, exponent: float) -> Tensor:
    """The picture (3, h, w), 0…1, raised to that power."""
    if exponent == 1:
        return picture
    return picture.clamp(1e-4, 1).log_().mul_(exponent).exp_()  # in half the time of **
