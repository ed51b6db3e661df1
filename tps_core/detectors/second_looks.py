"""Second looks of a photo detector at a picture in which it saw nothing for sure.

Detectors for photos miss faces that fill the frame, lie askew, or are drawn; padded, turned,
mirrored, softened or with more contrast they see some of them after all. Points come back in the
pixels of the picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..geometry.similarity import rotation
from ..geometry.squares import cut_square
from ..landmarks import Landmarks, mirror_order

SIDE_PX = 384  # of each copy
SOFT_PX = 2.0  # standard deviation of the softening

Detector = Callable[[Tensor], list[Landmarks]]  # of a picture (3, h, w), 0…1


@dataclass(frozen=True)
class Look:
    """One altered copy."""

    extent: float  # side of the copy, in longer sides of the picture
    turn: float = 0.0  # radians
    mirror: bool = False
    light: Literal["", "even", "soft"] = ""


LOOKS = (
    Look(1.3),
    Look(1.3, mirror=True),
    Look(1.8),
    Look(1.3, turn=0.35),
    Look(1.3, turn=-0.35),
    Look(1.3, light="even"),
    Look(1.3, light="soft"),
    Look(0.8),
)


def look_again(picture: Tensor, detect: Detector) -> list[Landmarks]:
    """All faces that `detect` sees in copies of the picture (3, h, w), 0…1; the same face often."""
    height, width = picture.shape[-2:]
    found = []
    for look in LOOKS:
        linear, shift = _square(look, (width, height))
        copy = cut_square(picture, linear, shift, SIDE_PX)
        for face in detect(_relit(copy, look.light)):
            # In a mirrored copy the right eye is the left one.
            points = face.points[mirror_order(face.scheme)] if look.mirror else face.points
            found.append(face.with_pixels(points @ linear.T + shift, size=(width, height)))
    return found


def _square(look: Look, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The copy's square in the picture: linear (2, 2) and shift (2,), in pixels."""
    linear = rotation(look.turn) * look.extent * max(size) / 2
    if look.mirror:
        linear = linear @ torch.diag(torch.tensor([-1.0, 1.0]))
    return linear, torch.tensor(size) / 2


def _relit(picture: Tensor, light: str) -> Tensor:
    if light == "even":
        from kornia.enhance import equalize_clahe

        return equalize_clahe(picture.clamp(0, 1), clip_limit=3.0, grid_size=(4, 4))
    if light == "soft":
        from kornia.filters import gaussian_blur2d

        return gaussian_blur2d(picture[None], (9, 9), (SOFT_PX, SOFT_PX))[0]
    return picture
