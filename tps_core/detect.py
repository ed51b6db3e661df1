"""Finds the face landmarks in a picture, with whichever detector is there."""

import logging

from torch import Tensor

from .embedded_detector import detect_embedded
from .fetch import ModelMissing, find_landmarker
from .landmarks import Landmarks, check_plausible
from .mediapipe_detector import detect_mediapipe, what_is_missing

log = logging.getLogger("tps_portrait")

DETECTORS = ("auto", "embedded", "mediapipe")


class FaceNotFound(ValueError):
    """There is no face in the picture; the message says what to do."""


def detect(
    picture: Tensor, detector: str = "auto", max_faces: int = 10, min_confidence: float = 0.5
) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, the largest first; [] if there is none.

    detector: "embedded", "mediapipe", or "auto", which is the first of them that can be had.
    Raises ValueError for a picture or a detector that is none, and its kind ModelMissing when
    no detector can run.
    """
    if picture.ndim != 3 or picture.shape[0] != 3 or 0 in picture.shape:
        raise ValueError(f"a picture is (3, h, w), got {tuple(picture.shape)}")
    if detector not in DETECTORS:
        raise ValueError(f"unknown detector {detector!r}; known: {', '.join(DETECTORS)}")
    if max_faces < 1 or not 0 < min_confidence < 1:
        raise ValueError(
            "max_faces must be at least 1 and min_confidence between 0 and 1, "
            f"got {max_faces} and {min_confidence}"
        )
    faces = _run(picture.float(), detector, max_faces, min_confidence)
    return sorted(filter(_is_plausible, faces), key=_area_px, reverse=True)


def detect_face(
    picture: Tensor, name: str, detector: str = "auto", min_confidence: float = 0.5
) -> Landmarks:
    """The largest face in the picture (3, h, w), 0…1; `name` is the picture's in messages.

    Raises FaceNotFound if there is none, and whatever `detect` raises.
    """
    faces = detect(picture, detector, 1, min_confidence)
    if not faces:
        raise FaceNotFound(
            f"{name}: no face found at confidence {min_confidence:g}; lower min_confidence, "
            "or use a picture in which the face is larger"
        )
    return faces[0]


def usable_detectors() -> dict[str, str]:
    """For each detector "" if it can run now, else what it lacks and the one cure."""
    embedded = "" if find_landmarker() else "its models are missing; run: python install.py"
    return {"embedded": embedded, "mediapipe": what_is_missing()}


def _run(picture: Tensor, detector: str, max_faces: int, min_confidence: float):
    if detector == "mediapipe":
        return detect_mediapipe(picture, max_faces, min_confidence)
    try:
        return detect_embedded(picture, max_faces, min_confidence)
    except ModelMissing as error:
        if detector == "embedded":
            raise
        if missing := what_is_missing():
            raise ModelMissing(f"no landmark detector can run: {error}; or: {missing}") from None
        log.warning("%s; using mediapipe instead", error)
    return detect_mediapipe(picture, max_faces, min_confidence)


def _is_plausible(face: Landmarks) -> bool:
    try:
        check_plausible(face)
    except ValueError as error:
        log.info("a set of landmarks from %s is dropped: %s", face.detector, error)
        return False
    return True


def _area_px(face: Landmarks) -> float:
    x0, y0, x1, y1 = face.box_px
    return (x1 - x0) * (y1 - y0)
