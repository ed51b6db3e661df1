"""Aligning a face to the mean face, and the way back.

The crop convention "mean-face/1": a square in which the similarity that brings the 68 landmarks
nearest to `mean_face` has put the face upright, at one size, at one place. Style training and use
see faces in this crop only, tight paintings and loose photos alike.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .geometry.pixels import from_pixels, sample
from .geometry.resize import resized
from .geometry.similarity import fit_similarity
from .geometry.squares import cut_square, square_places
from .landmarks import Landmarks, mean_face

CROP = "mean-face/1"


@dataclass(frozen=True)
class Alignment:
    """Where a face crop lies in its picture; takes pictures, masks and points both ways."""

    landmarks: Landmarks  # the face, in its picture
    linear: Tensor  # (2, 2) crop coordinates (−1…1) to picture pixels: rotation times scale
    shift: Tensor  # (2,) the same map's shift, in pixels

    @property
    def extent_px(self) -> float:
        """The side of the crop's square in the picture, in pixels."""
        return 2 * float(self.linear[:, 0].norm())

    @property
    def points(self) -> Tensor:
        """The face's 68 landmarks in the crop: (68, 2) in −1…1."""
        return (self.landmarks.shape68_px - self.shift) @ torch.linalg.inv(self.linear).T

    def crop(self, picture: Tensor, size: int) -> Tensor:
        """The face's crop (c, size, size), 0…1, out of its picture (c, h, w), 0…1 or bytes.

        What lies outside the picture mirrors its inside; `inside` says where.
        """
        return cut_square(picture, self.linear, self.shift, size, "reflection")

    def inside(self, size: int) -> Tensor:
        """Which pixels of the crop lie in the picture: (1, size, size), 0 or 1."""
        places_px = square_places(size, self.linear, self.shift)
        grid = from_pixels(places_px, self.landmarks.size)
        return (grid.abs() <= 1).all(-1).float()[None]

    @property
    def box_px(self) -> tuple[int, int, int, int]:
        """What of the picture the crop's square can touch: x0, y0, x1, y1, in whole pixels."""
        half = self.linear.abs().sum(1) + 1  # a pixel more: sampling reads the neighbours
        size = torch.tensor(self.landmarks.size)
        low = (self.shift - half).floor().clamp(torch.zeros(2), size)
        high = (self.shift + half).ceil().clamp(low, size)
        return (*low.int().tolist(), *high.int().tolist())

    def paste(self, face: Tensor) -> Tensor:
        """The crop (c, s, s) put back where it came from in a picture: (c, h, w), else zeros."""
        width, height = self.landmarks.size
        x0, y0, x1, y1 = self.box_px
        pasted = face.new_zeros(len(face), height, width)
        pasted[:, y0:y1, x0:x1] = self.paste_in_box(face)
        return pasted

    def paste_in_box(self, face: Tensor) -> Tensor:
        """What `paste` puts into `box_px`, which is all that isn't zero: (c, y1 − y0, x1 − x0)."""
        if face.shape[-1] > self.extent_px:
            side = max(1, round(self.extent_px))
            face = resized(face, (side, side))
        x0, y0, x1, y1 = self.box_px
        if x0 == x1 or y0 == y1:
            return face.new_zeros(len(face), y1 - y0, x1 - x0)
        # An affine map of pixels is made of two short rows: no product for each pixel.
        shift, to_crop = self.shift.to(face), torch.linalg.inv(self.linear).to(face)
        columns = torch.arange(x0, x1).to(face) + 0.5 - shift[0]
        rows = torch.arange(y0, y1).to(face) + 0.5 - shift[1]
        grid = columns[:, None] * to_crop[:, 0] + (rows[:, None] * to_crop[:, 1])[:, None]
        return sample(face[None], grid[None], padding="zeros")[0]


def align(landmarks: Landmarks) -> Alignment:
    """Where the face crop of the face lies in its picture."""
    return Alignment(landmarks, *fit_similarity(mean_face("ibug-68"), landmarks.shape68_px))
