"""What is done with a painting before it is handed over: how strong it is, whose colours it has,
and what becomes of the ground behind the person. The same for all ways of painting.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .detectors.person_mask import person_mask
from .geometry.resize import resized

GROUNDS = ("paint", "keep", "blur", "transparent")
MOST_STRENGTH = 2.0
# Lengths as shares of the face crop's side.
USUAL_FACE_SHARE = 0.6  # that side in shorter sides of a picture, where the face isn't known
MASSES_SIGMA = (
    0.025  # standard deviation at which the photo's masses are left, and its detail is not
)
COLOR_SPREAD_SIGMA = 0.015  # how far colours of the photo spread, as paint does beyond a line
GROUND_BLUR_SIGMA = 0.07  # the ground out of focus
EXAGGERATION_GAIN = 2.0  # of exaggeration at strength 2
COLOR_EXAGGERATION = (
    0.3  # how much of a change of colour is exaggerated; more turns warm skin green
)
GREY_RANGE = 0.1  # difference between channels below which paint is a grey, and stays one
LARGE_BLUR_PX = (
    4.0  # standard deviation of a blur that is made in a smaller picture if it is larger
)
STRIP_PX = 1_000_000  # pixels that are changed at a time


def finish(
    photo: Tensor,
    painting: Tensor,
    strength: float = 1.0,
    keep_colors: float = 0.0,
    ground: str = "paint",
    mask: Tensor | None = None,
    covered: Tensor | None = None,
    face_px: float = 0.0,
    name: str = "the photo",
) -> Tensor:
    """The painting (3, h, w) of the photo (3, h, w), finished: (3, h, w), all in 0…1.

    `strength` 0…1 mixes photo and painting; up to 2 exaggerates what the painting changed.
    `keep_colors` 0…1 takes the painting's colours, not its lightness, to the photo's.
    `ground`, what is not the person: "paint" as painted, "keep" the photo's, "blur" the photo's out
    of focus, "transparent": the result is (4, h, w), with the person as its alpha.
    `mask` (1, h, w) is 1 on the person, without it `person_mask`; `covered` (1, h, w) is 1 where
    the painting isn't the photo, without it everywhere; `face_px` is the side of the face crop.
    Raises ValueError, with the `name`, for a ground that is not known, and where another than
    "paint" needs a person and none is seen.
    """
    check_ground(ground)
    scale = face_px or USUAL_FACE_SHARE * min(photo.shape[-2:])
    everywhere = torch.ones_like(photo[:1]) if covered is None else covered
    picture = painting
    if keep_colors > 0:
        colored = with_colors_of(photo, picture, COLOR_SPREAD_SIGMA * scale)
        picture = _mixed(picture, colored, keep_colors * everywhere)
    if strength > 1:
        stronger = exaggerated(photo, picture, strength - 1, MASSES_SIGMA * scale)
        picture = _mixed(picture, stronger, everywhere)
    elif strength < 1:
        picture = _in_strips(lambda before, after: before.lerp(after, strength), photo, picture)
    if ground == "paint":
        return picture
    if mask is None:
        mask = find_person(photo, name)
    if ground == "transparent":
        return torch.cat([picture, mask])
    behind = (
        photo if ground == "keep" else ground_out_of_focus(photo, mask, GROUND_BLUR_SIGMA * scale)
    )
    return _mixed(behind, picture, mask)


def find_person(photo: Tensor, name: str = "the photo") -> Tensor:
    """Where the person is in the photo (3, h, w): (1, h, w), 1 is the person.

    Raises ValueError, with the `name`, when nobody is seen.
    """
    mask = person_mask(photo)
    if not mask.any():
        raise ValueError(
            f"{name}: no person is seen in it, so there is no telling the ground from one; "
            "have the ground painted too (ground: paint)"
        )
    return mask


def check_ground(ground: str) -> None:
    """Raises ValueError for a ground that is not known."""
    if ground not in GROUNDS:
        raise ValueError(f"ground {ground!r} is not known; choose one of {', '.join(GROUNDS)}")


def with_colors_of(photo: Tensor, painting: Tensor, spread_px: float) -> Tensor:
    """The painting (3, h, w) with its own lightness and the photo's colours.

    They spread a little, by a standard deviation in pixels: bound to every pore, they would make
    a photo of it again.
    """
    from kornia.color import lab_to_rgb, rgb_to_lab

    def colored(painted: Tensor, colors: Tensor) -> Tensor:
        lab = torch.cat([rgb_to_lab(painted[None])[:, :1], rgb_to_lab(colors[None])[:, 1:]], 1)
        return lab_to_rgb(lab)[0]

    return _in_strips(colored, painting.float(), _blurred(photo.float(), spread_px)).to(painting)


def exaggerated(photo: Tensor, painting: Tensor, amount: float, masses_px: float) -> Tensor:
    """The painting (3, h, w) with more, by an amount 0…1, of what makes it differ from the photo.

    Compared with the photo's masses, not its detail, which would come back as its negative. What
    gets lighter or darker takes a share of the way that is left to white or black: nothing clips.
    """
    power = EXAGGERATION_GAIN * amount

    def stronger(painted: Tensor, masses: Tensor) -> Tensor:
        painted = painted.clamp(0, 1)
        change = painted - masses
        # Ink doesn't turn blue where the skin that it is drawn on was red.
        colorful = ((painted.amax(0) - painted.amin(0)) / GREY_RANGE).clamp(max=1)
        change = change.mean(0).lerp(change, COLOR_EXAGGERATION * colorful).clamp(-1, 1)
        lighter = 1 - (1 - painted) * (1 - change) ** power
        return torch.where(change > 0, lighter, painted * (1 + change) ** power)

    return _in_strips(stronger, painting, _blurred(photo, masses_px))


def ground_out_of_focus(photo: Tensor, mask: Tensor, blur_px: float) -> Tensor:
    """The photo's (3, h, w) ground out of focus, also behind the person of the mask (1, h, w)."""
    # The person's own colours must not make a halo, so only the ground is counted.
    weight = (1 - mask).clamp_min(1e-3)
    around, ground = _blurred(weight, blur_px).clamp_min_(1e-6), torch.empty_like(photo)
    for channel, into in zip(photo.split(1), ground.split(1), strict=True):
        torch.div(_blurred(channel * weight, blur_px), around, out=into).clamp_(0, 1)
    return ground


def _mixed(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """The one (3, h, w) where the share (1, h, w) is 0, the other where it is 1."""
    return _in_strips(torch.lerp, one, other, share)


def _in_strips(change: Callable[..., Tensor], picture: Tensor, *others: Tensor) -> Tensor:
    """What a change of each pixel by itself makes of the picture and others: (3, h, w) as it is.

    Some rows at a time: what it needs meanwhile is many times as large as they are, and Cancel
    waits for no more.
    """
    result = torch.empty_like(picture)
    rows = max(1, STRIP_PX // picture.shape[-1])
    for top in range(0, picture.shape[-2], rows):
        strip = slice(top, top + rows)
        result[:, strip] = change(picture[:, strip], *(other[:, strip] for other in others))
    return result


def _blurred(picture: Tensor, deviation_px: float) -> Tensor:
    """The picture (c, h, w) blurred by a Gaussian of a standard deviation in pixels."""
    from kornia.filters import gaussian_blur2d

    size = picture.shape[-2:]
    shrink = min(1.0, LARGE_BLUR_PX / deviation_px)
    shape = [max(1, round(n * shrink)) for n in size]
    small = resized(picture, shape, "area", False)[None] if shrink < 1 else picture[None]
    sigma = max(deviation_px * shrink, 0.1)
    side = 2 * round(3 * sigma) + 1
    blurred = gaussian_blur2d(small, (side, side), (sigma, sigma), "replicate")
    return resized(blurred[0], size, antialias=False) if shrink < 1 else blurred[0]
