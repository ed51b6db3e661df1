"""Detectors that see little more than where a face is: YuNet, and OpenCV's cascade for anime.

The mean face is fitted into what they see, so their landmarks are a rough guess, of low confidence:
good enough to check ours by, as art_landmarks.py does. They need the package OpenCV (cv2) and their
model files.
"""

import importlib.util

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tps_portrait.tps_core.folders import find_model
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.tps_core.geometry.similarity import fit_similarity
from tps_portrait.tps_core.json_reading import one_line
from tps_portrait.tps_core.landmarks import IBUG_PARTS, Landmarks, mean_face

YUNET, ANIME = "face_detection_yunet_2026may.onnx", "lbpcascade_animeface.xml"
SIDE_PX = 320  # of the picture as they see it
MARGIN = 0.25  # of the picture's longer side, on every side, for faces that fill the frame
TRUST = 0.5  # of the detector's own confidence that is left for points that are guessed
ANIME_SCORE = 0.6  # the cascade has no confidence of its own
# The anime cascade's box in the mean face's crop: its centre, and half its side.
ANIME_BOX = ((0.0, 0.12), 0.72)


def detect_boxes(picture: Tensor) -> list[Landmarks]:
    """The faces that YuNet or the anime cascade see in the picture (3, h, w), 0…1.

    [] where OpenCV or both models are missing.
    """
    if importlib.util.find_spec("cv2") is None:
        return []
    height, width = picture.shape[-2:]
    margin = round(MARGIN * max(height, width))
    padded = F.pad(picture[None].cpu(), [margin] * 4, mode="replicate")
    factor = SIDE_PX / max(padded.shape[-2:])
    shape = [max(1, round(n * factor)) for n in padded.shape[-2:]]
    small = F.interpolate(padded, shape, mode="bilinear", antialias=True)[0]
    bgr = np.ascontiguousarray(as_bytes(small).flip(0).movedim(0, -1).numpy())
    seen = [(p, s, "yunet") for p, s in _yunet(bgr)] + [(p, s, "anime") for p, s in _anime(bgr)]
    return [
        Landmarks.from_pixels(
            points / factor - margin, (width, height), "ibug-68", TRUST * score, detector
        )
        for points, score, detector in seen
    ]


def _yunet(bgr: np.ndarray) -> list[tuple[Tensor, float]]:
    """Points (68, 2) in pixels, and how sure YuNet is."""
    path = find_model(YUNET)
    if path is None:
        return []
    import cv2

    # Made again each time, in a few milliseconds: several threads can't share one.
    try:
        detector = cv2.FaceDetectorYN.create(str(path), "", bgr.shape[1::-1], 0.5)
        _, faces = detector.detect(bgr)
    except cv2.error as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); delete it") from None
    mean = mean_face("ibug-68")
    parts = [mean[IBUG_PARTS[eye]].mean(0) for eye in ("right_eye", "left_eye")]
    five = torch.stack([*parts, mean[30], mean[48], mean[54]])
    found = []
    for face in faces if faces is not None else ():
        linear, shift = fit_similarity(five, torch.from_numpy(face[4:14].reshape(5, 2)))
        found.append((mean @ linear.T + shift, float(face[14])))
    return found


def _anime(bgr: np.ndarray) -> list[tuple[Tensor, float]]:
    """Points (68, 2) in pixels, upright in the boxes of the anime cascade."""
    path = find_model(ANIME)
    if path is None:
        return []
    import cv2

    grey = cv2.equalizeHist(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY))
    try:
        boxes = cv2.CascadeClassifier(str(path)).detectMultiScale(grey, 1.1, 5, minSize=(24, 24))
    except (cv2.error, SystemError) as error:  # SystemError: a file that is no XML
        raise ValueError(f"{path}: damaged ({one_line(error)}); delete it") from None
    (x, y), half = ANIME_BOX
    mean = mean_face("ibug-68")
    return [
        (
            (mean - torch.tensor([x, y])) / half * side / 2
            + torch.tensor([left + side / 2, top + side / 2]),
            ANIME_SCORE,
        )
        for left, top, side, _ in boxes
    ]
