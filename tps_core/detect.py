"""Finds the face landmarks in a picture: a detector for photos, and what helps it with art."""

import logging
from collections.abc import Callable
from dataclasses import replace

from torch import Tensor

from .detectors.agreement import Sighting, agree
from .detectors.art_landmarker import confirms, detect_art
from .detectors.box_detectors import detect_boxes
from .detectors.embedded_detector import detect_embedded
from .detectors.mediapipe_detector import detect_mediapipe, what_is_missing
from .detectors.second_looks import look_again
from .landmarks import Landmarks, check_plausible, same_face

log = logging.getLogger("tps_portrait")

Detector = Callable[[Tensor, int, float], list[Landmarks]]

DETECTORS = ("auto", "embedded", "mediapipe", "art", "comfyui")
SURE = 0.99  # score of a detector for photos that needs no second look; of photos nearly all
LEAST = 0.5  # the same that counts as a sighting at all
ART_WEIGHT = 3.0  # sightings of a photo detector that one of the landmarker for art stands for

_host: tuple[Detector, Callable[[], str]] | None = None  # the host's, and what it lacks


def add_host_detector(detect: Detector, what_is_missing: Callable[[], str]) -> None:
    """Makes the detector of the program that the pack runs in the one called "comfyui"."""
    global _host
    _host = detect, what_is_missing


class FaceNotFound(ValueError):
    """There is no face in the picture; the message says what to do."""


def detect(
    picture: Tensor, detector: str = "auto", max_faces: int = 10, min_confidence: float = 0.5
) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, the largest first; [] if there is none.

    detector: "embedded", "mediapipe" or "comfyui" (ComfyUI's own), for photos; "art", for drawings
    and paintings; or "auto": the embedded one, with the points of a newer one where there is one;
    and where it isn't sure of a face, what second looks and the one for art agree upon.
    Raises ValueError for a picture or a detector that is none, and for one that can't run.
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
    return sorted(filter(_is_plausible, faces), key=lambda face: face.area_px, reverse=True)


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
    return {
        "embedded": "",
        "mediapipe": what_is_missing(),
        "comfyui": _host_lacks(),
        "art": "",
    }


def _run(picture: Tensor, detector: str, max_faces: int, min_confidence: float) -> list[Landmarks]:
    if detector == "art":
        return detect_art(picture, max_faces, min_confidence)
    if detector == "embedded":
        return detect_embedded(picture, max_faces, min_confidence)
    if detector == "mediapipe":
        return detect_mediapipe(picture, max_faces, min_confidence)
    if detector == "comfyui":
        return _detect_with_host(picture, max_faces, min_confidence)
    faces = detect_embedded(picture, max_faces, min_confidence)
    # On drawings a detector for photos is sometimes sure of an ear or a fist.
    if any(face.score >= SURE and confirms(picture, face) for face in faces):
        return _refined(picture, faces, max_faces)
    seen = faces + look_again(picture, lambda copy: detect_embedded(copy, max_faces, LEAST, False))
    sightings = [Sighting(face, 1.0) for face in seen]
    sightings += [Sighting(face, ART_WEIGHT) for face in detect_art(picture, max_faces, 0.1)]
    agreed = agree([sighting for sighting in sightings if _is_plausible(sighting.face)])
    agreed = agreed or detect_boxes(picture)  # better a guess, marked as one, than nothing
    return [face for face in agreed if face.score >= min_confidence][:max_faces]


def _refined(picture: Tensor, faces: list[Landmarks], max_faces: int) -> list[Landmarks]:
    """The faces with the points that a newer mesh than the embedded one places on them.

    Its eyes and mouths are a third nearer to people's, but it needs MediaPipe or a new ComfyUI;
    where neither is, or it doesn't see a face there, the points stay.
    """
    other = next((name for name, lack in _newer_lacks().items() if not lack), None)
    newer = _run(picture, other, max_faces, LEAST) if other else []
    refined = []
    for face in faces:
        same = [n for n in newer if same_face(face.shape68_px, n.shape68_px)]
        refined.append(replace(same[0], score=face.score) if same else face)
    return refined


def _detect_with_host(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    if _host is None:
        raise ValueError(f"the comfyui detector can't run: {_host_lacks()}")
    return _host[0](picture, max_faces, min_confidence)


def _newer_lacks() -> dict[str, str]:
    """What each detector for photos but the embedded one lacks, "" for nothing, the first best."""
    return {"comfyui": _host_lacks(), "mediapipe": what_is_missing()}


def _host_lacks() -> str:
    return _host[1]() if _host else "it is ComfyUI's own; use it there"


def _is_plausible(face: Landmarks) -> bool:
    try:
        check_plausible(face)
    except ValueError as error:
        log.info("a set of landmarks from %s is dropped: %s", face.detector, error)
        return False
    return True
