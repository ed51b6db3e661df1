"""Painting one frame of a video as it was planned: of bytes, or of floats as a picture is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..align import Alignment, align
from ..blend import blend, blend_part
from ..detect import MOST_FACES
from ..detectors.person_mask import person_mask
from ..geometry.pixels import as_bytes, as_float
from ..light import brighten, sharpened
from ..style import Style
from ..stylize import (
    Stylized,
    finished,
    paint_crop,
    paint_whole,
    painting_shape,
)
from ..tracking.follower import Follower
from .plan import FacePlan, FramePlan
from .steadied import steadied
from .transparency import on_white


@dataclass(frozen=True)
class VideoOptions:
    """How a video is painted; as in `stylize`, `detect` and `pick`."""

    whole_image: bool = True
    strength: float = 1.0
    color_match: float = 0.0
    detector: str = "auto"
    min_confidence: float = 0.5
    keep_colors: float = 0.0
    ground: str = "paint"
    faces: str = "auto"  # which are followed: one of WHICH; "auto" is the largest
    numbers: tuple[int, ...] = (1,)
    no_face: str | None = None  # one of NO_FACE; None: an error where only faces are painted

    @property
    def plain(self) -> bool:
        """Whether the painting is only mixed with the frame."""
        return self.strength <= 1 and not self.keep_colors and self.ground == "paint"

    @property
    def by_number(self) -> bool:
        """Whether faces of certain numbers are painted."""
        return self.faces not in ("auto", "largest", "all")

    def follower(self) -> Follower:
        """What follows the faces that are painted, numbered in the order of their styles.

        Faces count from the left, or from the surest, as they stand where they come into a shot;
        who comes later has the lowest number that is free then.
        """
        most = 1 if self.faces in ("auto", "largest") else MOST_FACES
        if not self.by_number:
            return Follower(self.detector, self.min_confidence, most)
        wanted = tuple(number - 1 for number in self.numbers)
        return Follower(self.detector, self.min_confidence, most, self.faces, wanted)


PLAIN = VideoOptions()


def stylize_frame(
    frame: Tensor,
    style: Style | Sequence[Style],
    plan: FramePlan,
    options: VideoOptions = PLAIN,
    near: Sequence[Tensor] = (),
) -> Stylized:
    """The frame (3, h, w), 0…1, painted as planned; as `stylize` does with pictures.

    The frames `near` it, before and after, steady it.
    """
    first, dealt = _dealt(style, plan, options)
    picture, covered = frame, torch.zeros_like(frame[:1])
    if options.whole_image:
        seen = _lit(steadied(frame, near), first, plan)
        picture = paint_whole(seen, first, plan.extent_px)
        covered = torch.ones_like(frame[:1])
    for plan_of_face, own in dealt:
        alignment = _alignment(frame, plan_of_face)
        face, mask = _paint_face(frame, own, alignment, plan_of_face, options, near)
        picture, where = blend(picture, face, alignment, mask)
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
    frame: Tensor,
    style: Style | Sequence[Style],
    plan: FramePlan,
    options: VideoOptions = PLAIN,
    near: Sequence[Tensor] = (),
) -> Tensor:
    """The frame (3, h, w) of bytes, painted as planned: the same shape, bytes too.

    Of several styles each face gets one, by its number, and the first paints the rest. A frame
    with alpha (4, h, w) is laid on white, as is what comes back; so is a transparent ground.
    The frames `near` it, before and after, steady it.
    """
    if len(frame) == 4:
        painted = paint_frame(frame[:3], style, plan, options, [other[:3] for other in near])
        alpha = torch.minimum(painted[3:], frame[3:]) if len(painted) == 4 else frame[3:]
        return torch.cat([painted[:3], alpha])
    if not options.plain:
        beside = [as_float(other) for other in near]
        painted = as_bytes(stylize_frame(as_float(frame), style, plan, options, beside).picture)
        return on_white(painted) if len(painted) == 4 else painted
    if options.strength == 0 or not (options.whole_image or plan.faces):
        return frame
    first, dealt = _dealt(style, plan, options)
    painted = _paint_whole(frame, first, plan, near) if options.whole_image else frame.clone()
    for plan_of_face, own in dealt:
        alignment = _alignment(frame, plan_of_face)
        face, mask = _paint_face(frame, own, alignment, plan_of_face, options, near)
        x0, y0, x1, y1 = alignment.box_px
        part = as_float(painted[:, y0:y1, x0:x1])
        strength = 1.0 if options.whole_image else options.strength
        blended, _ = blend_part(part, face, alignment, mask * strength)
        painted[:, y0:y1, x0:x1] = as_bytes(blended)
    if options.whole_image and options.strength < 1:
        painted = as_bytes(as_float(frame).lerp(as_float(painted), options.strength))
    return painted


def _dealt(
    style: Style | Sequence[Style], plan: FramePlan, options: VideoOptions
) -> tuple[Style, list[tuple[FacePlan, Style]]]:
    """The style of the whole, and the faces that are painted by themselves, each with its own."""
    styles = list(style) if isinstance(style, Sequence) else [style]
    dealt = [(face, styles[face.number % len(styles)]) for face in plan.faces]
    if options.whole_image:
        # With the whole, where its style is theirs: apart they come out a little different.
        dealt = [(face, own) for face, own in dealt if own is not styles[0]]
    return styles[0], dealt


def _paint_face(
    frame: Tensor,
    style: Style,
    alignment: Alignment,
    plan: FacePlan,
    options: VideoOptions,
    near: Sequence[Tensor],
) -> tuple[Tensor, Tensor]:
    """As `paint_face`, its crop steadied by those of the frames near, its mask as planned."""
    color_match = 0.0 if options.whole_image else options.color_match
    crop, *beside = (alignment.crop(each, style.painting_px) for each in (frame, *near))
    face, mask = paint_crop(steadied(crop, beside), style, alignment, color_match, plan.exponent)
    return face, mask * plan.opacity


def _alignment(frame: Tensor, plan: FacePlan) -> Alignment:
    return align(replace(plan.face, size=(frame.shape[-1], frame.shape[-2])))


def _paint_whole(frame: Tensor, style: Style, plan: FramePlan, near: Sequence[Tensor]) -> Tensor:
    size = frame.shape[-2:]
    shape = painting_shape(size, style, plan.extent_px)
    # Bytes of three channels side by side are scaled in a tenth of the time that floats take.
    small, *beside = (
        as_float(F.interpolate(each[None], shape, mode="bilinear", antialias=True)[0])
        for each in (frame, *near)
    )
    painted = as_bytes(style.paint_within(_lit(steadied(small, beside), style, plan)[None]))
    painted = painted.contiguous(memory_format=torch.channels_last)
    painted = F.interpolate(painted, size, mode="bicubic", antialias=True)[0]
    if style.is_line_art:
        painted = as_bytes(sharpened(as_float(painted), size[0] / shape[0]))
    return painted


def _lit(picture: Tensor, style: Style, plan: FramePlan) -> Tensor:
    return brighten(picture, plan.exponent) if style.is_line_art else picture
