"""Finds the face landmarks in a picture: a detector for photos, and what helps it with art."""

import logging
from dataclasses import replace

from torch import Tensor

from .detectors.art_landmarker import confirms, detect_art
from .detectors.augmentation import detect_augmented
from .detectors.consensus import Detection, agree
from .detectors.embedded_detector import detect_embedded
from .detectors.table import BY_NAME, NEARER_TO_PEOPLE
from .face_not_found import BY_HAND, face_not_found
from .face_not_found import FaceNotFound as FaceNotFound  # what `detect_face` raises
from .landmarks import Landmarks, check_plausible, same_face
from .one_thread import one_thread

log = logging.getLogger("tps_portrait")

DETECTORS = ("auto", *BY_NAME)
SURE_SCORE = 0.99  # of a detector for photos that needs no second look; of photos nearly all
LEAST_SCORE = 0.5  # of the same that counts at all
ART_WEIGHT = 4.5  # detections by the one for photos that one by the one for art stands for
LEAST_ART_SCORE = 0.1  # of a detection by the one for art that counts
MOST_FACES = 100  # of a group, where all are wanted


def detect(
    picture: Tensor, detector: str = "auto", max_faces: int = 10, min_confidence: float = 0.5
) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, the largest first; [] if there is none.

    detector: "embedded", "mediapipe" or "comfyui" (ComfyUI's own), for photos; "art", for drawings
    and paintings; or "auto": the embedded one, with the points of a newer one where there is one;
    and where it isn't sure of a face, what it sees in altered copies and the one for art sees,
    as far as they agree.
    Raises ValueError for a picture or a detector that is none, and for one that can't run.
    """
    return detect_most(picture, detector, max_faces, min_confidence)[0]


@one_thread()
def detect_most(
    picture: Tensor, detector: str, max_faces: int, min_confidence: float
) -> tuple[list[Landmarks], bool]:
    """As `detect`, and whether there are more faces than the `max_faces` largest that it gives.

    That isn't known where only one is wanted: the search ends with the first.
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
    find = _detect_auto if detector == "auto" else BY_NAME[detector].find
    faces = find(picture.float(), max_faces + (max_faces > 1), min_confidence)
    faces = sorted(filter(_is_plausible, faces), key=lambda face: face.area_px, reverse=True)
    return faces[:max_faces], len(faces) > max_faces > 1


def detect_face(
    picture: Tensor,
    name: str,
    detector: str = "auto",
    min_confidence: float = 0.5,
    lower: str = "min_confidence",
) -> Landmarks:
    """The largest face in the picture (3, h, w), 0…1; `name` is the picture's in messages.

    Raises FaceNotFound if there is none, as `detect_faces` does, and whatever `detect` raises.
    """
    return detect_faces(picture, name, detector, 1, min_confidence, lower)[0]


def detect_faces(
    picture: Tensor,
    name: str,
    detector: str,
    max_faces: int,
    min_confidence: float,
    lower: str = "min_confidence",
) -> list[Landmarks]:
    """As `detect`, but there is at least one face.

    Raises FaceNotFound if there is none, with the picture's `name` and what is to be set `lower`.
    """
    faces, _ = detect_most(picture, detector, max_faces, min_confidence)
    if not faces:
        otherwise = f"{BY_HAND}, or use a picture in which the face is larger"
        raise face_not_found(name, min_confidence, otherwise, lower)
    return faces


def usable_detectors() -> dict[str, str]:
    """For each detector "" if it can run now, else what it needs and where to get it."""
    return {name: known.missing() for name, known in BY_NAME.items()}


def _detect_auto(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    faces = detect_embedded(picture, max_faces, min_confidence)
    # On drawings a detector for photos is sometimes sure of an ear or a fist.
    if any(face.score >= SURE_SCORE and confirms(picture, face) for face in faces):
        return _refined(picture, faces, max_faces)
    faces += detect_augmented(
        picture, lambda copy: detect_embedded(copy, max_faces, LEAST_SCORE, False)
    )
    drawn = detect_art(picture, max_faces, LEAST_ART_SCORE)
    found = [Detection(face, 1.0) for face in faces]
    found += [Detection(face, ART_WEIGHT) for face in drawn]
    agreed = agree([one for one in found if _is_plausible(one.face)])
    return [face for face in agreed if face.score >= min_confidence][:max_faces]


def _refined(picture: Tensor, faces: list[Landmarks], max_faces: int) -> list[Landmarks]:
    """The faces with the points that a newer mesh than the embedded one places on them.

    Its eyes and mouths are a third nearer to people's, but it needs MediaPipe or a new ComfyUI;
    where neither is, or it doesn't see a face there, the points stay.
    """
    usable = [BY_NAME[name] for name in NEARER_TO_PEOPLE if not BY_NAME[name].missing()]
    newer = usable[0].find(picture, max_faces, LEAST_SCORE) if usable else []
    refined = []
    for face in faces:
        same = [n for n in newer if same_face(face.shape68_px, n.shape68_px)]
        refined.append(replace(same[0], score=face.score) if same else face)
    return refined


def _is_plausible(face: Landmarks) -> bool:
    try:
        check_plausible(face)
    except ValueError as error:
        log.info("a set of landmarks from %s is dropped: %s", face.detector, error)
        return False
    return True
