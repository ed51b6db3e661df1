"""Putting a painted face crop back into its picture without a seam."""

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from .align import Alignment
from .landmarks import Landmarks

# The face's outline in MediaPipe's mesh, from the top of the forehead round by the left side.
OUTLINE = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
]  # fmt: skip
FEATHER_SIGMA = 0.05  # standard deviation of the mask's edge, as a share of the crop's side


def face_mask(alignment: Alignment, size: int, feather: float = FEATHER_SIGMA) -> Tensor:
    """The face in its crop, 1 within its outline, falling softly to 0: (1, size, size).

    Zero at the crop's own frame, however the face lies.
    """
    outline = (_outline_px(alignment.landmarks) - alignment.shift) @ torch.linalg.inv(
        alignment.linear
    ).T
    image = Image.new("L", (size, size))
    ImageDraw.Draw(image).polygon(((outline + 1) / 2 * size).flatten().tolist(), fill=255)
    border = max(1, round(2 * feather * size))
    frame = Image.new("L", (size, size))
    frame.paste(255, (border, border, size - border, size - border))
    return _feathered(image, feather * size) * _feathered(frame, feather * size)


def outline_mask(face: Landmarks, feather: float = FEATHER_SIGMA) -> Tensor:
    """The face in its picture, 1 within its outline, falling softly to 0: (1, h, w)."""
    points_px = _outline_px(face)
    image = Image.new("L", face.size)
    ImageDraw.Draw(image).polygon(points_px.flatten().tolist(), fill=255)
    return _feathered(image, feather * float(np.ptp(points_px.numpy(), axis=0).max()))


def blend(
    picture: Tensor,
    face: Tensor,
    alignment: Alignment,
    mask: Tensor | None = None,
    color_match: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """The picture (3, h, w) with the painted face crop (3, s, s) in its place, and where it lies.

    `mask` (1, s, s), in the crop, says where the face covers; without one it is `face_mask`.
    `color_match` 0…1 takes its mean colour and contrast towards those of what it covers.
    Result: picture (3, h, w) and mask (1, h, w), both in 0…1.
    """
    size = face.shape[-1]
    mask = face_mask(alignment, size) if mask is None else mask
    if color_match > 0:
        original = alignment.crop(picture, size)
        face = face.lerp(match_color(face, original, mask), color_match)
    x0, y0, x1, y1 = alignment.box_px
    blended, covered = picture.clamp(0, 1), face.new_zeros(1, *picture.shape[-2:])
    part = picture[:, y0:y1, x0:x1]
    blended[:, y0:y1, x0:x1], covered[:, y0:y1, x0:x1] = blend_part(part, face, alignment, mask)
    return blended, covered


def blend_part(
    part: Tensor, face: Tensor, alignment: Alignment, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """As `blend`, for that part of the picture alone that lies in the alignment's `box_px`."""
    # Face and mask go the same way: together they cost little more than one of them.
    pasted = alignment.paste_in_box(torch.cat([face, mask.to(face)]))
    return part.lerp(pasted[:3].to(part), pasted[3:].to(part)).clamp(0, 1), pasted[3:]


def _outline_px(face: Landmarks) -> Tensor:
    """The face's outline (36, 2) in pixels."""
    # Not made into 478 points where they are not needed: of 468 that takes a large spline.
    known = face if face.scheme.startswith("mediapipe") else face.convert("mediapipe-468")
    return known.points_px[OUTLINE]


def match_color(face: Tensor, original: Tensor, mask: Tensor) -> Tensor:
    """The face (3, s, s) with the mean and spread, channel by channel in Lab, of the original.

    Both measured where the mask (1, s, s) covers.
    Source: Reinhard et al., "Color Transfer between Images", 2001.
    """
    from kornia.color import lab_to_rgb, rgb_to_lab

    lab = [rgb_to_lab(x[None].float()) for x in (face, original)]
    weight = mask / mask.sum().clamp_min(1e-6)
    mean = [(x * weight).sum((2, 3), keepdim=True) for x in lab]
    spread = [
        ((x - m).square() * weight).sum((2, 3), keepdim=True).sqrt()
        for x, m in zip(lab, mean, strict=True)
    ]
    # A flat drawing is not blown up to a photo's contrast, nor is it lost.
    scale = (spread[1] / spread[0].clamp_min(1e-3)).clamp(0.5, 2)
    return lab_to_rgb((lab[0] - mean[0]) * scale + mean[1])[0].to(face)


def _feathered(mask: Image.Image, radius_px: float) -> Tensor:
    blurred = mask.filter(ImageFilter.GaussianBlur(radius_px))
    return torch.from_numpy(np.array(blurred))[None].float() / 255
