"""Cutting turned squares out of a picture, for networks and face crops to see.

A square is a map from −1…1, outer edges at ±1, to pixels of its picture: `linear` (2, 2), rotation
times scale, and `shift` (2,).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .pixels import as_float, from_pixels, pixel_centres, sample

MARGIN_PX = 3  # of the shrunk picture that are read around a cut
PHASE_SEARCH_PX = 32  # how many more may be, for the sake of the phase


def cut_square(
    picture: Tensor, linear: Tensor, shift: Tensor, size: int, padding: str = "border"
) -> Tensor:
    """One square of the picture (c, h, w), as `cut_squares` gives many: (c, size, size), 0…1."""
    return cut_squares(picture, linear[None], shift[None], size, padding)[0]


def cut_squares(
    picture: Tensor,
    linear: Tensor,
    shift: Tensor,
    size: int,
    padding: str = "border",
    whole_steps: bool = False,
) -> Tensor:
    """Squares of the picture, linear (n, 2, 2) and shift (n, 2), antialiased.

    Picture (c, h, w), 0…1 or bytes, result (n, c, size, size), 0…1; `padding` as in `warp_image`.
    With `whole_steps` the picture is shrunk by whole numbers alone: quicker for many squares, and
    as the landmark networks learnt to see.
    """
    # Shrunk first where a cut is coarser than the picture: sampling alone would alias.
    times = 2 * linear[:, :, 0].norm(dim=1) / size
    shrinks = 1 / (times.floor() if whole_steps else times).clamp(min=1)
    kind = torch.float32 if picture.dtype == torch.uint8 else picture.dtype
    cuts = picture.new_empty(len(linear), len(picture), size, size, dtype=kind)
    for shrink in shrinks.unique().tolist():  # squares of one scale share one shrunk picture
        same = shrinks == shrink
        cuts[same.to(cuts.device)] = _cut(picture, linear[same], shift[same], size, shrink, padding)
    return cuts


def tiles(size: tuple[int, int], side: float, counts: list[int]) -> tuple[Tensor, Tensor]:
    """Upright squares spread evenly over a picture of `size`: linear (n, 2, 2), shift (n, 2).

    `side` is theirs in pixels, `counts` how many lie along x and y; a single one lies midway.
    """
    x, y = (
        length / 2 + (length - side) * (torch.arange(n) - (n - 1) / 2) / max(1, n - 1)
        for length, n in zip(size, counts, strict=True)
    )
    shift = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).flatten(0, 1)
    return (side / 2 * torch.eye(2)).expand(len(shift), 2, 2), shift


def square_places(size: int, linear: Tensor, shift: Tensor) -> Tensor:
    """Where the pixels of squares (…) lie in their picture: (…, size, size, 2), in its pixels."""
    places = pixel_centres((size, size), like=shift).flatten(0, 1)
    return (places @ linear.mT + shift[..., None, :]).unflatten(-2, (size, size))


def _cut(picture, linear: Tensor, shift: Tensor, size: int, shrink: float, padding: str) -> Tensor:
    """The squares, all of them cut out of the picture shrunk by one factor."""
    height, width = picture.shape[-2:]
    half = linear.abs().sum(2)
    low, high = (shift - half).amin(0).tolist(), (shift + half).amax(0).tolist()
    (x0, x1, columns), (y0, y1, rows) = (
        _part(start, end, n, max(1, round(n * shrink)))
        for start, end, n in zip(low, high, (width, height), strict=True)
    )
    places_px = square_places(size, linear, shift) - torch.tensor([x0, y0])
    part = picture[None, :, y0:y1, x0:x1]
    if (rows, columns) != part.shape[-2:]:
        part = F.interpolate(part, (rows, columns), mode="bilinear", antialias=True)
    part = as_float(part).expand(len(linear), -1, -1, -1)
    return sample(part, from_pixels(places_px, (x1 - x0, y1 - y0)).to(part), padding)


def _part(start: float, end: float, length: int, shrunk: int) -> tuple[int, int, int]:
    """Which of the `length` pixels along a picture's side are needed to cut from start to end.

    Returns the first, the one after the last, and how many pixels they become in a picture that
    is shrunk to `shrunk`: cut out there, they are the same.
    """
    # Mirrored at the picture's edge, what is outside reads as far inside.
    low = min(start, 2 * length - end)
    high = max(end, -start)
    ratio = length / shrunk
    first = min(max(int(low / ratio) - MARGIN_PX, 0), shrunk - 1)
    last = max(min(int(high / ratio) + 1 + MARGIN_PX, shrunk), first + 1)
    # Pixels of the small picture begin between those of the large one. Begun where they meet
    # best, the part is shrunk in step with the whole.
    searched = max(first - PHASE_SEARCH_PX, -1), min(last + PHASE_SEARCH_PX, shrunk + 1)
    first = min(range(first, searched[0], -1), key=lambda k: _fraction(k * ratio))
    last = min(range(last, searched[1]), key=lambda k: _fraction(k * ratio))
    return round(first * ratio), round(last * ratio), last - first


def _fraction(x: float) -> float:
    """How far the number is from a whole one."""
    return round(abs(x - round(x)), 4)  # rounded, so that of equals the first is taken
