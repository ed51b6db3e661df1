"""Follows faces from frame to frame, which is much quicker than finding them in each.

As MediaPipe does it: where a face was, the landmark network looks again. Faces are searched for
when there is none, when the network doesn't see one any more, after a cut, and, where several are
wanted, now and then.
"""

import math
from dataclasses import dataclass, field
from itertools import count

import torch
import torch.nn.functional as F
from torch import Tensor

from ..choose import choose
from ..detect import detect
from ..detectors.art_landmarker import confirms
from ..detectors.embedded_detector import detect_embedded
from ..detectors.table import BY_NAME
from ..geometry.boxes import SAME_FACE_OVERLAP
from ..geometry.pixels import as_float
from ..landmarks import Landmarks, check_plausible
from ..light import skin_light
from ..one_thread import one_thread
from .tracks import LEEWAY_PER_FRAME

CONFIRM_EVERY = 12  # frames after which it is asked whether what is followed is a face at all
QUICK_SEARCH_EVERY = 4  # frames without a face
# The same for a search that sees drawings too: it may take half a second.
THOROUGH_SEARCH_EVERY = 48
MORE_EVERY = 12  # frames after which others are searched for, beside those that are followed
LONGEST_MISSED = 24  # frames without a face, after which it counts as another one
MOST_SHIFT = 1.0  # widths of a face that it may be from where it was last seen
MOST_SCALED = 1.5  # how much larger or smaller it may be
SAME_TRACK_OVERLAP = 0.6  # of two faces, from which on one is followed under two numbers
# Between two frames a cut changes the light by this much, and so many times more than the motion
# in the frames before does. A cut that is missed costs little: the face is not there any more.
CUT_CHANGE, CUT_AGAINST_MOTION = 0.08, 4.0
THUMBNAIL_PX = (36, 64)


@dataclass(frozen=True)
class FaceObservation:
    """A face in one frame."""

    face: Landmarks
    light: float  # how light it is, 0…1


@dataclass(frozen=True)
class FrameObservation:
    """What is known of one frame by itself."""

    faces: dict[int, FaceObservation]  # by a number, from 0 on, that a face keeps in a shot
    cut: bool  # whether the frame begins a new shot


@dataclass
class Follower:
    """Called with the frames of a video in order, it says where the faces are in each.

    At most `most` of them: those that `detect` puts first. Each keeps its number until it is lost:
    of those that come at the same time the first in the `order` of `choose` gets the lowest that
    is free. `wanted` are the numbers to be told of, numbered themselves in that order; None: all.
    """

    detector: str = "auto"
    min_confidence: float = 0.5
    most: int = 1
    order: str = "left to right"
    wanted: tuple[int, ...] | None = None
    _faces: dict[int, Landmarks] = field(default_factory=dict)
    _missed: dict[int, tuple[Landmarks, int]] = field(default_factory=dict)  # and for how long
    _frames: int = -1  # since faces were found, or since one was lost
    _thumbnail: Tensor | None = None
    _changes: list[float] = field(default_factory=list)  # of light, from frame to frame

    @one_thread()
    def __call__(self, frame: Tensor) -> FrameObservation:
        """The faces in the next frame (3, h, w), 0…1 or bytes, on the CPU."""
        cut = self._is_cut(frame)
        self._frames += 1
        if cut:
            self._faces, self._missed, self._frames = {}, {}, 0
        self._age()
        for number, last in list(self._faces.items()):
            face = self._follow(frame, last)
            if face is None or self._is_double(number, face):
                self._missed[number] = (self._faces.pop(number), 0)
                self._frames = 0
            else:
                self._faces[number] = face
        if len(self._faces) < self.most and self._take_in(self._search(frame)):
            self._frames = 0
        told = self._faces
        if self.wanted is not None:
            told = {place: told[n] for place, n in enumerate(self.wanted) if n in told}
        return FrameObservation(
            {n: FaceObservation(face, skin_light(frame, face.shape68)) for n, face in told.items()},
            cut,
        )

    def _age(self) -> None:
        """Forgets faces that have been missed for too long."""
        self._missed = {
            number: (face, frames + 1)
            for number, (face, frames) in self._missed.items()
            if frames < LONGEST_MISSED
        }

    def _is_double(self, number: int, face: Landmarks) -> bool:
        """Whether that is where an earlier face of this frame is already."""
        earlier = [other for n, other in self._faces.items() if n < number]
        return any(face.overlap(other) > SAME_TRACK_OVERLAP for other in earlier)

    def _take_in(self, found: list[Landmarks]) -> bool:
        """Follows those of the faces that aren't followed yet, each under the number it had."""
        new = [
            face
            for face in found
            if all(face.overlap(f) < SAME_FACE_OVERLAP for f in self._faces.values())
        ][: self.most - len(self._faces)]
        for face in choose(new, self.order):
            near = {
                number: apart
                for number, (last, frames) in self._missed.items()
                if (apart := _apart(last, face)) <= MOST_SHIFT * (1 + LEEWAY_PER_FRAME * frames)
            }
            if near:
                number = min(near, key=lambda n: near[n])
                last, _ = self._missed.pop(number)
                if face.scheme != last.scheme:
                    face = face.convert(last.scheme)  # of one face all frames have one
            else:
                number = next(n for n in count() if n not in self._faces | self._missed)
            self._faces[number] = face
        return bool(new)

    def _is_cut(self, frame: Tensor) -> bool:
        """Whether the frame is another picture than the one before. Of the first it is False."""
        small = frame[None, :, :: max(1, frame.shape[1] // 360), :: max(1, frame.shape[2] // 640)]
        small = F.interpolate(small, THUMBNAIL_PX, mode="bilinear", antialias=True)
        last, self._thumbnail = self._thumbnail, as_float(small).mean(1)
        if last is None:
            return False
        change = float((self._thumbnail - last).abs().mean())
        motion = sum(self._changes) / max(1, len(self._changes))
        cut = change > max(CUT_CHANGE, CUT_AGAINST_MOTION * motion)
        self._changes = [] if cut else [*self._changes[-5:], change]
        return cut

    def _follow(self, frame: Tensor, last: Landmarks) -> Landmarks | None:
        """The face of the frame before in this one; None if it isn't there any more."""
        follower = "art" if last.scheme == "ibug-68" else "embedded"
        follow = BY_NAME[follower].follow
        if follow is None or self.detector not in ("auto", follower):
            return None  # such a detector searches in each frame
        face = follow(frame, last)
        if face.score < self.min_confidence:
            return None
        try:
            check_plausible(face)
        except ValueError:
            return None
        due = self.detector == "auto" and self._frames % CONFIRM_EVERY == 0
        return None if due and not confirms(frame, face) else face

    def _search(self, frame: Tensor) -> list[Landmarks]:
        """The faces in the frame, if it is time to look for some."""
        if self._faces and self._frames % MORE_EVERY:
            return []
        if self.detector != "auto" or self._frames % THOROUGH_SEARCH_EVERY == 0:
            found = detect(as_float(frame), self.detector, self.most, self.min_confidence)
        elif self._frames % QUICK_SEARCH_EVERY == 0:
            picture = as_float(frame)
            found = detect_embedded(picture, self.most, self.min_confidence, small=False)
            found = [face for face in found if confirms(picture, face)]
        else:
            return []
        as_followed = {"mediapipe-478": "mediapipe-468"} if self.detector == "auto" else {}
        return [face.convert(as_followed.get(face.scheme, face.scheme)) for face in found]


def _apart(last: Landmarks, face: Landmarks) -> float:
    """How far a face is from where one was last, in widths of it; infinite for another size."""
    before, after = (torch.tensor(f.box_px) for f in (last, face))
    width, now = float(before[2] - before[0]), float(after[2] - after[0])
    if not width / MOST_SCALED < now < width * MOST_SCALED:
        return math.inf
    return float(((after - before)[:2] + (after - before)[2:]).norm()) / 2 / max(width, 1e-6)
