"""Follows a face from frame to frame, which is much quicker than finding it in each.

As MediaPipe does it: where the face was, the landmark network looks again. The face is searched
for when there is none, when the network doesn't see it any more, and after a cut.
"""

from dataclasses import dataclass, field

import torch.nn.functional as F
from torch import Tensor

from ..detect import detect
from ..detectors.art_landmarker import confirms
from ..detectors.embedded_detector import detect_embedded
from ..detectors.table import BY_NAME
from ..landmarks import Landmarks, check_plausible
from ..light import skin_light
from ..pictures import as_float

CONFIRM_EVERY = 12  # frames after which it is asked whether what is followed is a face at all
QUICK_SEARCH_EVERY = 4  # frames without a face
# The same for a search that sees drawings too: it may take half a second.
THOROUGH_SEARCH_EVERY = 48
# Between two frames a cut changes the light by this much, and so many times more than the motion
# in the frames before does. A cut that is missed costs little: the face is not there any more.
CUT_CHANGE, CUT_AGAINST_MOTION = 0.08, 4.0
THUMBNAIL = (36, 64)


@dataclass(frozen=True)
class FrameObservation:
    """What is known of one frame by itself."""

    face: Landmarks | None
    light: float | None  # how light that face is, 0…1
    cut: bool  # whether the frame begins a new shot


@dataclass
class Follower:
    """Called with the frames of a video in order, it says where the face is in each.

    The face is the one that `detect` puts first; it stays the same one until it is lost.
    """

    detector: str = "auto"
    min_confidence: float = 0.5
    _face: Landmarks | None = None
    _frames: int = -1  # since the face was found, or since it was lost
    _thumbnail: Tensor | None = None
    _changes: list[float] = field(default_factory=list)  # of light, from frame to frame

    def __call__(self, frame: Tensor) -> FrameObservation:
        """The face in the next frame (3, h, w), 0…1 or bytes, on the CPU."""
        cut = self._is_cut(frame)
        before, self._frames = self._face, self._frames + 1
        if cut:
            self._face, self._frames = None, 0
        if self._face:
            self._face = self._follow(frame)
            if self._face is None:
                self._frames = 0
        if self._face is None:
            self._face = self._search(frame)
            if self._face:
                self._frames = 0
        if self._face is None:
            return FrameObservation(None, None, cut)
        if before and not cut and self._face.scheme != before.scheme:
            self._face = self._face.convert(before.scheme)  # of one track all frames have one
        points = self._face.shape68
        return FrameObservation(self._face, skin_light(frame, points), cut)

    def _is_cut(self, frame: Tensor) -> bool:
        """Whether the frame is another picture than the one before. Of the first it is False."""
        small = frame[None, :, :: max(1, frame.shape[1] // 360), :: max(1, frame.shape[2] // 640)]
        small = F.interpolate(small, THUMBNAIL, mode="bilinear", antialias=True)
        last, self._thumbnail = self._thumbnail, as_float(small).mean(1)
        if last is None:
            return False
        change = float((self._thumbnail - last).abs().mean())
        motion = sum(self._changes) / max(1, len(self._changes))
        cut = change > max(CUT_CHANGE, CUT_AGAINST_MOTION * motion)
        self._changes = [] if cut else [*self._changes[-5:], change]
        return cut

    def _follow(self, frame: Tensor) -> Landmarks | None:
        """The face of the frame before in this one; None if it isn't there any more."""
        follower = "art" if self._face.scheme == "ibug-68" else "embedded"
        if self.detector not in ("auto", follower):
            return None  # such a detector searches in each frame
        face = BY_NAME[follower].follow(frame, self._face)
        if face.score < self.min_confidence:
            return None
        try:
            check_plausible(face)
        except ValueError:
            return None
        due = self.detector == "auto" and self._frames % CONFIRM_EVERY == 0
        return None if due and not confirms(frame, face) else face

    def _search(self, frame: Tensor) -> Landmarks | None:
        """The face in the frame, if it is time to look for one."""
        if self.detector != "auto" or self._frames % THOROUGH_SEARCH_EVERY == 0:
            found = detect(as_float(frame), self.detector, 1, self.min_confidence)
        elif self._frames % QUICK_SEARCH_EVERY == 0:
            picture = as_float(frame)
            found = detect_embedded(picture, 1, self.min_confidence, small=False)
            found = [face for face in found if confirms(picture, face)]
        else:
            return None
        if found and self.detector == "auto" and found[0].scheme == "mediapipe-478":
            return found[0].convert("mediapipe-468")  # as the mesh that follows has them
        return found[0] if found else None
