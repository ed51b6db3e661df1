"""Aligning a face to the mean face, and the way back.

The crop convention "mean-face/1": a square in which the similarity that brings the 68 landmarks
nearest to `mean_face` has put the face upright, at one size, at one place. Style training and use
see faces in this crop only, tight paintings and loose photos alike.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from .geometry.coordinates import from_pixels
from .geometry.similarity import fit_similarity
from .geometry.warp import pixel_centres, sample
from .landmarks import Landmarks, mean_face
from .pictures import as_float

CROP = "mean-face/1"
MARGIN = 3  # pixels of the shrunken picture that are read around a cut
SEARCH = 32  # how many more may be, for the sake of the phase


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
        return cut_square(picture, self.linear, self.shift, size)

    def inside(self, size: int) -> Tensor:
        """Which pixels of the crop lie in the picture: (1, size, size), 0 or 1."""
        grid = _to_picture(size, self.linear, self.shift, self.landmarks.size)
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
            face = F.interpolate(face[None], (side, side), mode="bilinear", antialias=True)[0]
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


def cut_square(
    picture: Tensor, linear: Tensor, shift: Tensor, size: int, padding: str = "reflection"
) -> Tensor:
    """The square that `linear` (2, 2) and `shift` (2,) take from −1…1 to pixels of the picture.

    Picture (c, h, w), 0…1 or bytes, result (c, size, size), 0…1; `padding` as in `warp_image`.
    """
    height, width = picture.shape[-2:]
    grid = _to_picture(size, linear, shift, (width, height))
    # Shrunk first where the cut is coarser than the picture: sampling alone would alias.
    shrink = min(1.0, size / (2 * float(linear[:, 0].norm())))
    half = linear.abs().sum(1)
    (x0, x1, columns), (y0, y1, rows) = (
        _part(start, end, n, max(1, round(n * shrink)))
        for start, end, n in zip(
            (shift - half).tolist(), (shift + half).tolist(), (width, height), strict=True
        )
    )
    part = picture[None, :, y0:y1, x0:x1]
    if (rows, columns) != part.shape[-2:]:
        part = F.interpolate(part, (rows, columns), mode="bilinear", antialias=True)
    # From coordinates over the picture to those over its part.
    centre, extent = torch.tensor([x0 + x1, y0 + y1]), torch.tensor([x1 - x0, y1 - y0])
    grid = (torch.tensor([width, height]) * (grid + 1) - centre) / extent
    part = as_float(part)
    return sample(part, grid[None].to(part), padding)[0]


def _part(start: float, end: float, length: int, shrunk: int) -> tuple[int, int, int]:
    """Which of the `length` pixels along a picture's side are needed to cut from start to end.

    Returns the first, the one after the last, and how many pixels they become in a picture that
    is shrunk to `shrunk`: cut out there, they are the same.
    """
    # Mirrored at the picture's edge, what is outside reads as far inside.
    low = min(start, 2 * length - end)
    high = max(end, -start)
    ratio = length / shrunk
    first = min(max(int(low / ratio) - MARGIN, 0), shrunk - 1)
    last = max(min(int(high / ratio) + 1 + MARGIN, shrunk), first + 1)
    # Pixels of the small picture begin between those of the large one. Begun where they meet
    # best, the part is shrunk in step with the whole.
    first = min(range(first, max(first - SEARCH, -1), -1), key=lambda k: _fraction(k * ratio))
    last = min(range(last, min(last + SEARCH, shrunk + 1)), key=lambda k: _fraction(k * ratio))
    return round(first * ratio), round(last * ratio), last - first


def _fraction(x: float) -> float:
    """How far the number is from a whole one."""
    return round(abs(x - round(x)), 4)  # rounded, so that of equals the first is taken


def _to_picture(size: int, linear: Tensor, shift: Tensor, picture: tuple[int, int]) -> Tensor:
    """Where the pixels of a square lie in a picture of (width, height): (size, size, 2), −1…1."""
    places_px = pixel_centres((size, size), like=shift) @ linear.T + shift
    return from_pixels(places_px, picture)
