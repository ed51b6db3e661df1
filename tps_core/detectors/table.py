"""The detectors by name: all that nodes, commands, videos and `doctor` know of them stands here.

To add one, write its module beside this one, and a line into BY_NAME.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from ..landmarks import Landmarks
from .art_landmarker import detect_art, follow_art
from .embedded_detector import detect_embedded, follow_mesh
from .mediapipe_detector import detect_mediapipe, what_is_missing

Find = Callable[[Tensor, int, float], list[Landmarks]]


@dataclass(frozen=True)
class Detector:
    """One way to find faces."""

    find: Find  # a picture (3, h, w), 0…1, the most faces, the least confidence, to its faces
    missing: Callable[[], str] = lambda: ""  # what it needs and where to get it; "" if it can run
    # A video's frame (3, h, w), 0…1 or bytes, and the face in the one before, to where it is now,
    # its score saying whether it is there at all. None: it is searched for in each frame.
    follow: Callable[[Tensor, Landmarks], Landmarks] | None = None


def _without_host(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    raise ValueError(f"the comfyui detector can't run: {BY_NAME['comfyui'].missing()}")


BY_NAME = {
    "embedded": Detector(detect_embedded, follow=follow_mesh),
    "mediapipe": Detector(detect_mediapipe, what_is_missing),
    "art": Detector(detect_art, follow=follow_art),
    "comfyui": Detector(_without_host, lambda: "it is ComfyUI's own; use it there"),
}
# Whose points for photos are nearer to people's than those of the embedded one, the first best.
NEARER_TO_PEOPLE = ("comfyui", "mediapipe")


def add_host_detector(find: Find, missing: Callable[[], str]) -> None:
    """Makes the detector of the program that the pack runs in the one called "comfyui"."""
    BY_NAME["comfyui"] = Detector(find, missing)
