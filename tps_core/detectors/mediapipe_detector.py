"""The optional landmark detector: MediaPipe's own FaceLandmarker, 478 points with the irises.

Needs the package mediapipe (1 or later) and the model file face_landmarker.task.
"""

import atexit
import importlib.util
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
from torch import Tensor

from ..folders import find_model, model_folder
from ..geometry.pixels import as_bytes
from ..json_reading import one_line
from ..landmarks import Landmarks

TASK = "face_landmarker.task"
INSTALL = 'pip install "mediapipe>=1"'
STDERR = 2  # as the system counts the streams of a program

_quiet = threading.Lock()  # one thread's silence must not end in another's


def what_is_missing() -> str:
    """What this detector needs and where to get it, in one line; "" if it can run."""
    if importlib.util.find_spec("mediapipe") is None:
        return f"the package mediapipe is not installed; run: {INSTALL}"
    if find_model(TASK) is None:
        return (
            f"the model {TASK} is missing; put it into {model_folder()} (it is the Face Landmarker "
            "float16 model of Google's MediaPipe solutions page)"
        )
    return ""


def detect_mediapipe(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, in MediaPipe's order.

    Raises ValueError when the package or the model is not there.
    """
    if missing := what_is_missing():
        raise ValueError(f"the mediapipe detector can't run: {missing}")
    import mediapipe

    height, width = picture.shape[-2:]
    levels = as_bytes(picture.detach().cpu()).permute(1, 2, 0).numpy()
    image = mediapipe.Image(
        image_format=mediapipe.ImageFormat.SRGB,
        data=np.ascontiguousarray(levels),
    )
    landmarker = _load(find_model(TASK), max_faces, min_confidence)
    found = landmarker.detect(image).face_landmarks
    return [
        Landmarks.from_pixels(
            [(point.x * width, point.y * height) for point in points],
            (width, height),
            "mediapipe-478",
            detector="mediapipe",
        )
        for points in found
    ]


@lru_cache(maxsize=2)
def _load(model: Path, max_faces: int, min_confidence: float):
    """MediaPipe's landmarker; to make one takes as long as to find a face with it."""
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceLandmarkerOptions(
        base_options=BaseOptions(model_asset_buffer=model.read_bytes()),
        num_faces=max_faces,
        min_face_detection_confidence=min_confidence,
        min_face_presence_confidence=min_confidence,
    )
    try:
        with quiet():
            landmarker = vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{model}: damaged ({one_line(error)}); copy it again") from None
    # Not closed, it prints a TypeError when Python ends; at `atexit` its threads are gone already.
    getattr(threading, "_register_atexit", atexit.register)(landmarker.close)
    return landmarker


@contextmanager
def quiet() -> Iterator[None]:
    """Within it nothing is written to stderr: MediaPipe's C++ tells there, whatever is set, how it
    works. Where an error ends it, what was said is written after all.
    """
    with _quiet, tempfile.TemporaryFile() as said:
        try:
            before = os.dup(STDERR)
        except OSError:  # a program without a terminal has no such stream
            yield
            return
        os.dup2(said.fileno(), STDERR)
        failed = True
        try:
            yield
            failed = False
        finally:
            os.dup2(before, STDERR)
            os.close(before)
            if failed:
                said.seek(0)
                os.write(STDERR, said.read())
