"""Planning the pictures of a camera: each as it comes, by itself and those before it."""

from dataclasses import replace

from torch import Tensor

from ..tracking.follower import Follower, FrameObservation
from .plan import FRAMES_BEFORE, FramePlan, plan_shot, steady_extent


class Camera:
    """Called with a camera's pictures in order, it says what to paint in each.

    As for a video the face is followed, which is quicker than to find it, and held steady; but
    nothing is known of what comes. A cut, or a picture of another size, starts over.
    """

    def __init__(self, detector: str = "auto", min_confidence: float = 0.5):
        self._settings = (detector, min_confidence)
        self._shape: tuple[int, ...] | None = None  # of the last picture
        self._follower = Follower(*self._settings)
        self._shot: list[FrameObservation] = []
        self._extent_px = 0.0

    def __call__(self, frame: Tensor) -> FramePlan:
        """The plan of the next picture (3, h, w), 0…1."""
        if frame.shape != self._shape:
            self._start(frame.shape)
        observation = self._follower(frame)
        earlier = [] if observation.cut else self._shot[1 - FRAMES_BEFORE :]
        self._shot = [*earlier, observation]
        plan = plan_shot(self._shot)[-1]
        self._extent_px = steady_extent(self._extent_px, plan.extent_px)
        return replace(plan, extent_px=self._extent_px)

    def _start(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._follower = Follower(*self._settings)
        self._shot = []
        self._extent_px = 0.0
