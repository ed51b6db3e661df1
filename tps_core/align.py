"""Aligning a face to the mean face, and the way back.

The crop convention "mean-face/1": a square in which the similarity that brings the 68 landmarks
nearest to `mean_face` has put the face upright, at one size, at one place. Style training and use
see faces in this crop only, tight paintings and loose photos alike.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .landmarks import Landmarks, fit_similarity, mean_face
from .warp import pixel_centres, sample

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
        points_px = self.landmarks.convert("ibug-68").to_pixels()
        return (points_px - self.shift) @ torch.linalg.inv(self.linear).T

    def crop(self, picture: Tensor, size: int) -> Tensor:
        """The face's crop (c, size, size) out of its picture (c, h, w).

        What lies outside the picture mirrors its inside; `inside` says where.
        """
        return cut_square(picture, self.linear, self.shift, size)

    def inside(self, size: int) -> Tensor:
        """Which pixels of the crop lie in the picture: (1, size, size), 0 or 1."""
        grid = _to_picture(size, self.linear, self.shift, self.landmarks.size)
        return (grid.abs() <= 1).all(-1).float()[None]

    def paste(self, face: Tensor) -> Tensor:
        """The crop (c, s, s) put back where it came from in a picture: (c, h, w), else zeros."""
        width, height = self.landmarks.size
        if face.shape[-1] > self.extent_px:
            side = max(1, round(self.extent_px))
            face = F.interpolate(face[None], (side, side), mode="bilinear", antialias=True)[0]
        grid = self._to_crop(pixel_centres((height, width), like=face))
        return sample(face[None], grid[None], padding="zeros")[0]

    def _to_crop(self, points: Tensor) -> Tensor:
        """Picture coordinates (…, 2) as crop coordinates, both in −1…1."""
        points_px = (points + 1) / 2 * torch.tensor(self.landmarks.size).to(points)
        return (points_px - self.shift.to(points)) @ torch.linalg.inv(self.linear).T.to(points)


def align(landmarks: Landmarks) -> Alignment:
    """Where the face crop of the face lies in its picture."""
    points_px = landmarks.convert("ibug-68").to_pixels()
    return Alignment(landmarks, *fit_similarity(mean_face("ibug-68"), points_px))


def rotation(angle: float) -> Tensor:
    """The turn (2, 2) by an angle in radians."""
    turn = torch.tensor(angle)
    return torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()]).view(2, 2)


def cut_square(
    picture: Tensor, linear: Tensor, shift: Tensor, size: int, padding: str = "reflection"
) -> Tensor:
    """The square that `linear` (2, 2) and `shift` (2,) take from −1…1 to pixels of the picture.

    Picture (c, h, w), result (c, size, size); `padding` as in `warp_image`.
    """
    height, width = picture.shape[-2:]
    # Shrunk first where the cut is coarser than the picture: sampling alone would alias.
    shrink = size / (2 * float(linear[:, 0].norm()))
    if shrink < 1:
        size_px = [max(1, round(n * shrink)) for n in (height, width)]
        picture = F.interpolate(picture[None], size_px, mode="bilinear", antialias=True)[0]
    grid = _to_picture(size, linear, shift, (width, height)).to(picture)
    return sample(picture[None], grid[None], padding)[0]


def _to_picture(size: int, linear: Tensor, shift: Tensor, picture: tuple[int, int]) -> Tensor:
    """Where the pixels of a square lie in a picture of (width, height): (size, size, 2), −1…1."""
    places_px = pixel_centres((size, size), like=shift) @ linear.T + shift
    return 2 * places_px / torch.tensor(picture) - 1
