"""Painting one frame of a video as it was planned: of bytes, or of floats as a picture is."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..align import Alignment, align
from ..blend import blend, blend_part
from ..detectors.person_mask import person_mask
from ..light import brighten, sharpened
from ..pictures import as_bytes, as_float
from ..style import Style
from ..stylize import Stylized, finished, paint_face, paint_whole, painting_shape
from .plan import FacePlan, FramePlan
from .transparency import on_white


@dataclass(frozen=True)
class VideoOptions:
    """How a video is painted; as in `stylize` and `detect`."""

    whole_image: bool = True
    strength: float = 1.0
    color_match: float = 0.0
    detector: str = "auto"
    min_confidence: float = 0.5
    keep_colors: float = 0.0
    ground: str = "paint"
    most_faces: int = 1  # that are followed; the largest first

    @property
    def plain(self) -> bool:
        """Whether the painting is only mixed with the frame."""
        return self.strength <= 1 and not self.keep_colors and self.ground == "paint"


PLAIN = VideoOptions()


def stylize_frame(
    frame: Tensor, style: Style, plan: FramePlan, options: VideoOptions = PLAIN
) -> Stylized:
    """The frame (3, h, w), 0…1, painted as planned; as `stylize` does with pictures."""
    if options.whole_image:
        picture = paint_whole(_lit(frame, style, plan), style, plan.extent_px)
        covered = torch.ones_like(frame[:1])
    else:
        picture, covered = frame, torch.zeros_like(frame[:1])
        for plan_of_face in plan.faces:
            alignment = _alignment(frame, plan_of_face)
            exponent = plan_of_face.exponent
            face, mask = paint_face(frame, style, alignment, options.color_match, exponent)
            picture, where = blend(picture, face, alignment, mask * plan_of_face.opacity)
            covered = torch.maximum(covered, where)
    person = None if options.ground == "paint" else person_mask(frame)
    return finished(
        frame,
        picture,
        covered,
        options.strength,
        options.keep_colors,
        options.ground,
        person,
        plan.extent_px,
    )


def paint_frame(
    frame: Tensor, style: Style, plan: FramePlan, options: VideoOptions = PLAIN
) -> Tensor:
    """The frame (3, h, w) of bytes, painted as planned: the same shape, bytes too.

    With alpha (4, h, w) it is laid on white, as is what comes back; so is a transparent ground.
    """
    if len(frame) == 4:
        painted = paint_frame(frame[:3], style, plan, options)
        alpha = torch.minimum(painted[3:], frame[3:]) if len(painted) == 4 else frame[3:]
        return torch.cat([painted[:3], alpha])
    if not options.plain:
        painted = as_bytes(stylize_frame(as_float(frame), style, plan, options).picture)
        return on_white(painted) if len(painted) == 4 else painted
    if options.whole_image:
        return _paint_whole(frame, style, plan, options.strength)
    if not plan.faces or options.strength == 0:
        return frame
    painted = frame.clone()
    for plan_of_face in plan.faces:
        alignment = _alignment(frame, plan_of_face)
        exponent = plan_of_face.exponent
        face, mask = paint_face(frame, style, alignment, options.color_match, exponent)
        x0, y0, x1, y1 = alignment.box_px
        part = as_float(painted[:, y0:y1, x0:x1])
        strength = options.strength * plan_of_face.opacity
        blended, _ = blend_part(part, face, alignment, mask * strength)
        painted[:, y0:y1, x0:x1] = as_bytes(blended)
    return painted


def _alignment(frame: Tensor, plan: FacePlan) -> Alignment:
    return align(replace(plan.face, size=(frame.shape[-1], frame.shape[-2])))


def _paint_whole(frame: Tensor, style: Style, plan: FramePlan, strength: float) -> Tensor:
    size = frame.shape[-2:]
    shape = painting_shape(size, style, plan.extent_px)
    # Bytes of three channels side by side are scaled in a tenth of the time that floats take.
    small = F.interpolate(frame[None], shape, mode="bilinear", antialias=True)
    painted = as_bytes(style(_lit(as_float(small), style, plan)))
    painted = painted.contiguous(memory_format=torch.channels_last)
    painted = F.interpolate(painted, size, mode="bicubic", antialias=True)[0]
    if style.is_line_art:
        painted = as_bytes(sharpened(as_float(painted), size[0] / shape[0]))
    if strength < 1:
        painted = as_bytes(as_float(frame).lerp(as_float(painted), strength))
    return painted


def _lit(picture: Tensor, style: Style, plan: FramePlan) -> Tensor:
    return brighten(picture, plan.exponent) if style.is_line_art else picture
