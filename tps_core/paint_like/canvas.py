"""Canvases: where a face crop lies among the pixels that are painted, or that art is bent onto."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..geometry.pixels import pixel_centres, to_pixels

# Art is bent onto this many face crops: what lies farther from the face is of no use for one.
ART_REACH = 1.5


@dataclass(frozen=True)
class Canvas:
    """A picture's size, and the map from its face crop (−1…1) to its pixels."""

    height: int
    width: int
    linear: Tensor  # (2, 2) rotation times scale
    shift: Tensor  # (2,) in pixels

    @classmethod
    def of_crop(cls, side: int) -> "Canvas":
        """The canvas that a face crop of that side fills."""
        return cls(side, side, side / 2 * torch.eye(2), torch.full((2,), side / 2))

    @property
    def face_px(self) -> float:
        """The side of the face crop in pixels."""
        return 2 * float(self.linear[:, 0].norm())

    @property
    def middle(self) -> Tensor:
        """The canvas' middle (2,) in pixels."""
        return torch.tensor([self.width / 2, self.height / 2])

    def from_crop(self, points: Tensor) -> Tensor:
        """Points (…, 2) of the face crop, in pixels."""
        return points @ self.linear.T + self.shift

    def crop_places(self) -> Tensor:
        """Where in the face crop each pixel lies: (h, w, 2)."""
        places = pixel_centres((self.height, self.width), like=self.shift)
        places_px = to_pixels(places, (self.width, self.height))
        return (places_px - self.shift) @ torch.linalg.inv(self.linear).T

    def enlarged(self, multiple: int) -> "Canvas":
        """The canvas with sides that are multiples, longer at the right and below."""
        height, width = (-(-n // multiple) * multiple for n in (self.height, self.width))
        return replace(self, height=height, width=width)

    def for_art(self, multiple: int) -> tuple["Canvas", tuple[int, int]]:
        """The canvas for art bent onto this one, and where its (x, y) = (0, 0) lies on this one.

        Art around the face is of use even where the photo ends. Sides and place are multiples.
        """
        half = ART_REACH * self.linear.abs().sum(1)
        low = ((self.shift - half) / multiple).floor() * multiple
        high = ((self.shift + half) / multiple).ceil() * multiple
        width, height = (high - low).int().tolist()
        x, y = low.int().tolist()
        return Canvas(height, width, self.linear, self.shift - low), (x, y)
