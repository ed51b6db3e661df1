"""The whole inference path: a photo in, the same person painted out."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .align import Alignment, align
from .blend import blend, face_mask, match_color
from .detect import detect_face
from .finish import check_ground, find_person, finish
from .geometry.resize import resized
from .landmarks import Landmarks
from .light import sharpened
from .style import Style

LONGEST_PX = 2048  # a photo of small faces isn't enlarged beyond this to be painted whole


class Stylized(NamedTuple):
    """A painted picture and where it is painted."""

    picture: Tensor  # (3, h, w) in 0…1; (4, h, w) with the ground transparent
    mask: Tensor  # (1, h, w) in 0…1


def stylize(
    photo: Tensor,
    style: Style | Sequence[Style],
    landmarks: Landmarks | Sequence[Landmarks] | None = None,
    whole_image: bool = True,
    strength: float = 1.0,
    color_match: float = 0.0,
    name: str = "the photo",
    keep_colors: float = 0.0,
    ground: str = "paint",
) -> Stylized:
    """The photo (3, h, w), 0…1, painted in the style.

    `landmarks` are the faces to paint; without them, the largest face that is found. Of several
    styles each face gets one, dealt in the order of the faces, and the first paints the rest.
    `whole_image` paints all of it, at the scale of the largest face; else the faces alone are set
    into the photo, and `color_match` 0…1 takes their colours towards the photo's.
    `strength`, `keep_colors` and `ground` are those of `finish`.
    Raises FaceNotFound (a ValueError), with the `name`, when there is no face; ValueError as
    `finish` does.
    """
    check_ground(ground)
    if landmarks is None:
        landmarks = detect_face(photo, name)
    faces = [landmarks] if isinstance(landmarks, Landmarks) else landmarks
    styles = list(style) if isinstance(style, Sequence) else [style]
    alignments = [align(face) for face in faces]
    dealt = [(a, styles[index % len(styles)]) for index, a in enumerate(alignments)]
    largest = max(alignments, key=lambda a: a.extent_px, default=None)
    extent_px = largest.extent_px if largest else 0.0

    if whole_image:
        # The faces with it: painted apart they come out a little different, and leave a seam.
        lit = styles[0].lit(photo, largest.landmarks.shape68) if largest else photo
        picture = paint_whole(lit, styles[0], extent_px)
        others = [(alignment, own) for alignment, own in dealt if own is not styles[0]]
        picture, _ = _paint_faces(photo, picture, others)
        covered = torch.ones_like(photo[:1])
    else:
        picture, covered = _paint_faces(photo, photo, dealt, color_match)
    person = None if ground == "paint" else find_person(photo, name)
    return finished(photo, picture, covered, strength, keep_colors, ground, person, extent_px)


def unpainted(photo: Tensor, ground: str = "paint") -> Stylized:
    """The photo (3, h, w), 0…1, as it is, in the shape that a painting with that ground has."""
    clear = [torch.ones_like(photo[:1])] if ground == "transparent" else []
    return Stylized(torch.cat([photo, *clear]), torch.zeros_like(photo[:1]))


def finished(
    photo: Tensor,
    picture: Tensor,
    covered: Tensor,
    strength: float,
    keep_colors: float,
    ground: str,
    person: Tensor | None,
    extent_px: float,
) -> Stylized:
    """The painted picture (3, h, w) finished, and what of it is painted then.

    `covered` (1, h, w) is painted, `person` (1, h, w) is the person unless the ground is painted.
    """
    picture = finish(photo, picture, strength, keep_colors, ground, person, covered, extent_px)
    mask = covered * min(strength, 1.0)
    return Stylized(picture, mask if person is None else mask * person)


def _paint_faces(
    photo: Tensor,
    picture: Tensor,
    dealt: list[tuple[Alignment, Style]],
    color_match: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The picture with the photo's faces painted into it, and where: (3, h, w) and (1, h, w)."""
    covered = torch.zeros_like(photo[:1])
    for alignment, style in dealt:
        face, mask = paint_face(photo, style, alignment, color_match)
        picture, where = blend(picture, face, alignment, mask)
        covered = torch.maximum(covered, where)
    return picture, covered


def paint_face(
    photo: Tensor,
    style: Style,
    alignment: Alignment,
    color_match: float = 0.0,
    exponent: float | None = None,
) -> tuple[Tensor, Tensor]:
    """The face cut out of the photo (3, h, w), 0…1 or bytes, and painted, for `blend`.

    Lit for line art first, by the `exponent` or by what the face itself needs. `color_match` 0…1
    takes its mean colour and contrast towards the photo's.
    Result: the crop (3, s, s), and (1, s, s), 1 where it covers the photo.
    """
    crop = alignment.crop(photo, style.painting_px)
    return paint_crop(crop, style, alignment, color_match, exponent)


def paint_crop(
    crop: Tensor,
    style: Style,
    alignment: Alignment,
    color_match: float = 0.0,
    exponent: float | None = None,
) -> tuple[Tensor, Tensor]:
    """As `paint_face`, of the face's crop (3, s, s), 0…1."""
    face = style(style.lit(crop, alignment.points, exponent)[None])[0]
    mask = face_mask(alignment, face.shape[-1])
    if color_match > 0:
        face = face.lerp(match_color(face, crop, mask), color_match)
    return face, mask


def paint_whole(photo: Tensor, style: Style, extent_px: float) -> Tensor:
    """The whole photo (3, h, w) painted, at the scale at which a face crop extent_px wide is.

    Its own scale for an extent of 0; never enlarged to more than LONGEST_PX.
    """
    size = photo.shape[-2:]
    shape = painting_shape(size, style, extent_px)
    painted = style.paint_within(resized(photo, shape)[None])[0]
    painted = resized(painted, size, "bicubic").clamp_(0, 1)
    return sharpened(painted, size[0] / shape[0]) if style.is_line_art else painted


def painting_shape(size: Sequence[int], style: Style, extent_px: float) -> tuple[int, int]:
    """The (h, w) in which a photo of `size` (h, w) is painted whole; see `paint_whole`."""
    most = _most_scale(size)
    scale = min(style.painting_px / extent_px, most) if extent_px else 1.0
    height, width = (max(1, round(n * scale)) for n in size)
    return height, width


def most_pixels(size: Sequence[int], style: Style, whole_image: bool) -> int:
    """The most pixels that are painted at a time of a photo of `size` (h, w), whatever the face."""
    if not whole_image:
        return style.painting_px**2
    return round(math.prod(size) * _most_scale(size) ** 2)


def _most_scale(size: Sequence[int]) -> float:
    return max(1.0, LONGEST_PX / max(size))
