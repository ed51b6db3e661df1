"""Photos made to look drawn, painted and printed, their landmarks with them.

What trains a landmarker for art: pictures whose points are known, in more styles, lights and
proportions than any collection of art has. All of it works on batches of small pictures.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from tps_portrait.tps_core.geometry.pixels import pixel_centres, sample
from tps_portrait.tps_core.geometry.spline import fit, with_border_anchors
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, IBUG_PARTS, eye_distance

TURN = 0.3  # radians, standard deviation
ZOOM = 0.25  # of the logarithm of the scale
SHIFT = 0.16  # of the cut's −1…1
COARSE = 32  # side of the grid on which the spline is evaluated


def cut_out(
    pictures: Tensor,
    points: Tensor,
    size: int,
    extent: float,
    random: torch.Generator,
    as_they_are: Tensor,
) -> tuple[Tensor, Tensor]:
    """Faces (b, 3, h, h) with points (b, 68, 2) exaggerated, turned, scaled, shifted and cut out.

    Those that are to stay `as_they_are` (b,) are not exaggerated: in profile, points of the far
    side lie on those of the near one, and no spline can part them. `extent` is the cut's side in
    sides of the picture, before it is scaled. Gives pictures (b, 3, size, size) and points
    (b, 68, 2) in the cut's −1…1.
    """
    count = len(pictures)
    wanted = torch.where(as_they_are[:, None, None], points, exaggerated(points, random))
    angle = TURN * torch.randn(count, generator=random)
    scale = extent * (ZOOM * torch.randn(count, generator=random)).exp()
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    middle = (wanted.amin(1) + wanted.amax(1)) / 2
    shift = middle + scale[:, None] * SHIFT * torch.randn(count, 2, generator=random)
    coarse = pixel_centres((COARSE, COARSE), like=points).flatten(0, 1)
    places = coarse @ linear.mT + shift[:, None]
    back = fit(with_border_anchors(wanted), with_border_anchors(points), 1e-3)
    # Where the cut shows more than the picture, beyond the anchors, nothing is bent.
    inside = (places.abs() < 1).all(-1, keepdim=True)
    bent = torch.where(inside, back(places), places).unflatten(1, (COARSE, COARSE))
    grid = F.interpolate(bent.movedim(-1, 1), (size, size), mode="bicubic").movedim(1, -1)
    cut = sample(pictures, grid, padding="border")
    return cut, (wanted - shift[:, None]) @ torch.linalg.inv(linear).mT


def exaggerated(points: Tensor, random: torch.Generator) -> Tensor:
    """The points (b, 68, 2) with larger or smaller eyes, noses, mouths, chins: (b, 68, 2)."""
    count = len(points)

    def some(spread: float, *shape: int) -> Tensor:
        return spread * torch.randn(count, *shape, generator=random)

    # Most faces keep their proportions nearly; a third don't.
    much = torch.where(torch.rand(count, generator=random) < 0.35, 1.0, 0.3)[:, None, None]
    out = points.clone()
    unit = eye_distance(points)[:, None, None]
    eyes = (much * some(0.3, 1, 1)).exp()  # both alike
    for names in (("right_eye",), ("left_eye",), ("nose",), ("mouth",)):
        index = torch.cat([torch.arange(68)[IBUG_PARTS[name]] for name in names])
        part = points[:, index]
        middle = part.mean(1, keepdim=True)
        scale = eyes if names[0].endswith("eye") else (much * some(0.25, 1, 1)).exp()
        stretch = torch.cat([scale, scale * (much * some(0.2, 1, 1)).exp()], -1)
        out[:, index] = middle + stretch * (part - middle) + unit * much * some(0.05, 1, 2)
    for brow, eye in (("right_brow", "right_eye"), ("left_brow", "left_eye")):
        grown = out[:, IBUG_PARTS[eye]].amin(1) - points[:, IBUG_PARTS[eye]].amin(1)
        lift = torch.stack([0 * grown[:, 1], grown[:, 1]], -1)[:, None]
        out[:, IBUG_PARTS[brow]] += lift + unit * much * some(0.04, 1, 2)
    jaw = points[:, :17]
    low = torch.linspace(-1, 1, 17).abs()[None, :, None]  # 0 at the chin
    top = points[:, 27:28]
    longer = 1 + much * some(0.15, 1, 1) * (1 - low)
    wider = 1 + much * some(0.12, 1, 1)
    out[:, :17] = top + (jaw - top) * torch.cat([wider * torch.ones_like(longer), longer], -1)
    return out


def flipped(pictures: Tensor, points: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
    """Those of the pictures and their points mirrored that `which` (b,) says."""
    mirrored = points[:, IBUG_MIRROR] * torch.tensor([-1.0, 1.0])
    return (
        torch.where(which[:, None, None, None], pictures.flip(-1), pictures),
        torch.where(which[:, None, None], mirrored, points),
    )


def restyled(pictures: Tensor, random: torch.Generator) -> Tensor:
    """The pictures (b, 3, h, w), 0…1, each in a random style."""
    kind = torch.rand(len(pictures), generator=random)
    out = pictures.clone()
    for low, high, style in (
        (0.0, 0.14, lambda x, r: x),
        (0.14, 0.34, inked),
        (0.34, 0.46, cartooned),
        (0.46, 0.58, painted),
        (0.58, 0.70, mapped),
        (0.70, 0.78, hatched),
        (0.78, 0.90, lambda x, r: inked(painted(x, r), r)),
        (0.90, 1.01, lambda x, r: painted(mapped(x, r), r)),
    ):
        which = (kind >= low) & (kind < high)
        for index in which.nonzero().flatten().split(4):  # a few share their settings
            if len(index):
                out[index] = style(pictures[index], random)
    return out


def disturbed(pictures: Tensor, random: torch.Generator) -> Tensor:
    """The pictures (b, 3, h, w) in other colours, some blurred, noisy or partly hidden."""
    count = len(pictures)

    def chance(share: float) -> Tensor:
        return (torch.rand(count, generator=random) < share)[:, None, None, None]

    def some(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=random)

    x = pictures.clamp(1e-4, 1)
    x = torch.where(chance(0.15), x.mean(1, keepdim=True).expand_as(x), x)
    mix = torch.eye(3) + 0.25 * torch.randn(count, 3, 3, generator=random)
    mix = mix / mix.sum(2, keepdim=True).clamp_min(0.3)
    x = torch.where(chance(0.4), torch.einsum("bij,bjhw->bihw", mix, x), x)
    x = torch.where(chance(0.03), 1 - x, x).clamp(1e-4, 1)
    x = x ** some(-0.6, 0.6, 1, 1, 1).exp()
    x = (x - 0.5) * some(0.5, 1.2, 1, 1, 1) + 0.5 + some(-0.12, 0.12, 3, 1, 1)
    soft = F.avg_pool2d(F.pad(x, [1] * 4, mode="replicate"), 3, 1)
    x = torch.where(chance(0.25), soft, x)
    x = x + some(0, 0.08, 1, 1, 1) * chance(0.4) * torch.randn(x.shape, generator=random)
    # Something in front of the face: a hand, hair, the rim of a hat.
    centres = pixel_centres(x.shape[-2:], like=x)
    middle, size = some(-1, 1, 1, 1, 2), some(0.08, 0.35, 1, 1, 2)
    hidden = (((centres - middle) / size).square().sum(-1) < 1)[:, None] & chance(0.2)
    return torch.where(hidden, some(0, 1, 3, 1, 1), x).clamp(0, 1)


def inked(x: Tensor, random: torch.Generator) -> Tensor:
    """Lines of ink, with or without black masses. Source: Winnemöller, "XDoG", 2011."""
    grey = x.mean(1, keepdim=True)
    sigma = _between(random, 0.5, 1.3)
    sharp = _between(random, 8, 30)
    difference = _blur(grey, sigma) * (1 + sharp) - sharp * _blur(grey, 1.6 * sigma)
    level = _between(random, 0.35, 0.75) if _once(random, 0.5) else -_between(random, 0, 0.4)
    # Below the level it is black, so a low one leaves lines only.
    line = difference if level > 0 else difference - _blur(grey, 6) + 0.7
    line = torch.sigmoid(_between(random, 15, 60) * (line - abs(level)))
    ink, paper = _color(random, 0, 0.25), _color(random, 0.75, 1)
    if _once(random, 0.4):
        paper = _flat(x, random)
    return paper * line + ink * (1 - line)


def cartooned(x: Tensor, random: torch.Generator) -> Tensor:
    """Flat colours with dark outlines."""
    flat = _flat(kuwahara(x, 3), random)
    grey = _blur(x.mean(1, keepdim=True), 0.8)
    edge = (grey - _blur(grey, _between(random, 1.2, 2.5))) * _between(random, 10, 30)
    return (flat + edge.clamp(-1, 0)).clamp(0, 1)


def painted(x: Tensor, random: torch.Generator) -> Tensor:
    """Strokes of one colour each."""
    return kuwahara(x, int(_between(random, 1, 4.99)))


def mapped(x: Tensor, random: torch.Generator) -> Tensor:
    """Light and dark as other colours."""
    count = int(_between(random, 2, 5.99))
    stops = torch.rand(count, 3, generator=random)
    if _once(random, 0.8):  # dark stays dark
        stops = stops[stops.sum(1).argsort()]
    grey = x.mean(1)
    if _once(random, 0.5):
        grey = (grey - grey.amin()) / (grey.amax() - grey.amin() + 1e-3)
    place = grey.clamp(0, 1) * (count - 1)
    low = place.floor().long().clamp(max=count - 2)
    share = (place - low)[..., None]
    if _once(random, 0.3):
        share = share.round()
    return (stops[low] * (1 - share) + stops[low + 1] * share).movedim(-1, 1)


def hatched(x: Tensor, random: torch.Generator) -> Tensor:
    """Lines that are the closer the darker, as in engravings and woodcuts."""
    grey = _blur(x.mean(1, keepdim=True), 0.7)
    y_x = pixel_centres(x.shape[-2:], like=x)
    ink = torch.ones_like(grey)
    for layer in range(int(_between(random, 1, 3.99))):
        angle, pitch = _between(random, 0, math.pi), _between(random, 40, 110)
        wave = (pitch * (y_x[..., 0] * math.cos(angle) + y_x[..., 1] * math.sin(angle))).sin()
        bound = 0.75 - 0.22 * layer + 0.25 * wave
        ink = ink * torch.sigmoid(30 * (grey - bound))
    return _color(random, 0, 0.3) * (1 - ink) + _color(random, 0.7, 1) * ink


def kuwahara(x: Tensor, radius: int) -> Tensor:
    """The pictures with every place in the colour of its smoothest neighbourhood.

    Source: Kuwahara et al., 1976.
    """
    side = radius + 1
    padded = F.pad(x, [radius] * 4, mode="replicate")
    mean = F.avg_pool2d(padded, side, 1)
    spread = (F.avg_pool2d(padded.square(), side, 1) - mean.square()).sum(1, keepdim=True)
    h, w = x.shape[-2:]
    corners = [(0, 0), (0, radius), (radius, 0), (radius, radius)]
    means = torch.stack([mean[..., i : i + h, j : j + w] for i, j in corners])
    spreads = torch.stack([spread[..., i : i + h, j : j + w] for i, j in corners])
    best = spreads.argmin(0, keepdim=True).expand(1, *x.shape)
    return means.gather(0, best)[0]


def _flat(x: Tensor, random: torch.Generator) -> Tensor:
    """Few colours: each channel, or the light alone, in steps."""
    steps = int(_between(random, 2, 6.99))
    if _once(random, 0.4):
        return mapped((x * steps).round() / steps, random)
    return (x * steps).round() / steps


def _blur(x: Tensor, sigma: float) -> Tensor:
    radius = max(1, round(2.5 * sigma))
    kernel = torch.exp(-(torch.arange(-radius, radius + 1) ** 2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).to(x)
    channels = x.shape[1]
    x = F.pad(x, [radius] * 4, mode="replicate")
    x = F.conv2d(x, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    return F.conv2d(x, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)


def _between(random: torch.Generator, low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand((), generator=random))


def _once(random: torch.Generator, share: float) -> bool:
    return bool(torch.rand((), generator=random) < share)


def _color(random: torch.Generator, low: float, high: float) -> Tensor:
    grey = torch.rand((), generator=random).expand(3)
    color = grey if _once(random, 0.6) else torch.rand(3, generator=random)
    return (low + (high - low) * color)[:, None, None]
