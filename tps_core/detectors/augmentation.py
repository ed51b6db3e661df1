"""Test-time augmentation: a photo detector on altered copies of a picture.

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

COPY_PX = 384  # side of each copy
BLUR_PX = 2.0  # standard deviation of the blur

Detector = Callable[[Tensor], list[Landmarks]]  # of a picture (3, h, w), 0…1


@dataclass(frozen=True)
class Augmentation:
    """One altered copy."""

    extent: float  # side of the copy, in longer sides of the picture
    turn: float = 0.0  # radians
    mirror: bool = False
    light: Literal["", "even", "soft"] = ""


AUGMENTATIONS = (
    Augmentation(1.3),
    Augmentation(1.3, mirror=True),
    Augmentation(1.8),
    Augmentation(1.3, turn=0.35),
    Augmentation(1.3, turn=-0.35),
    Augmentation(1.3, light="even"),
    Augmentation(1.3, light="soft"),
    Augmentation(0.8),
)


def detect_augmented(picture: Tensor, detect: Detector) -> list[Landmarks]:
    """All faces that `detect` sees in copies of the picture (3, h, w), 0…1; the same face often."""
    height, width = picture.shape[-2:]
    found = []
    for one in AUGMENTATIONS:
        linear, shift = _square(one, (width, height))
        copy = cut_square(picture, linear, shift, COPY_PX)
        for face in detect(_relit(copy, one.light)):
            # In a mirrored copy the right eye is the left one.
            points = face.points[mirror_order(face.scheme)] if one.mirror else face.points
            found.append(face.with_pixels(points @ linear.T + shift, size=(width, height)))
    return found


def _square(one: Augmentation, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The copy's square in the picture: linear (2, 2) and shift (2,), in pixels."""
    linear = rotation(one.turn) * one.extent * max(size) / 2
    if one.mirror:
        linear = linear @ torch.diag(torch.tensor([-1.0, 1.0]))
    return linear, torch.tensor(size) / 2


def _relit(picture: Tensor, light: str) -> Tensor:
    if light == "even":
        from kornia.enhance import equalize_clahe

        return equalize_clahe(picture.clamp(0, 1), clip_limit=3.0, grid_size=(4, 4))
    if light == "soft":
        from kornia.filters import gaussian_blur2d

        return gaussian_blur2d(picture[None], (9, 9), (BLUR_PX, BLUR_PX))[0]
    return picture
