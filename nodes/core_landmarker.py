"""ComfyUI's own face landmarker as one of our detectors, in versions that have it.

Its node is in comfy_extras, its model in models/detection, among others.
"""

import importlib.util
from functools import cache
from pathlib import Path

import comfy.utils
import folder_paths
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..tps_core.geometry.pixels import as_bytes
from ..tps_core.landmarks import Landmarks
from .sockets import to_frames

MODULE = "comfy_extras.nodes_mediapipe"
FOLDER = "detection"  # of ComfyUI's model folders, which has models of other kinds too
FILE = "mediapipe_face_fp32.safetensors"
PARTS = ("detector_short.", "mesh.", "topology.")  # by which its weights are known


def what_is_missing() -> str:
    """What this detector needs, in one line; "" if it can run."""
    if importlib.util.find_spec(MODULE) is None:
        return "this ComfyUI has no face landmarker of its own; update ComfyUI"
    if not _model():
        return f"ComfyUI's face landmarker model is missing; put {FILE} into models/{FOLDER}"
    return ""


def detect_with_core(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, with 478 points.

    Raises ValueError when this ComfyUI doesn't have the code or the model.
    """
    if missing := what_is_missing():
        raise ValueError(f"the comfyui detector can't run: {missing}")
    image = as_bytes(picture.detach().cpu()).movedim(0, -1).contiguous().numpy()
    (faces,) = _load(_model()).detect_batch(
        [image], num_faces=max_faces, score_thresh=min_confidence, variant="short"
    )
    named = [face | {"detector": "comfyui"} for face in faces]
    (found,) = to_frames({"frames": [named], "image_size": image.shape[:2]}, 1)
    return found


def _model() -> str:
    """The path of the landmarker's model; "" if there is none."""
    try:
        names = folder_paths.get_filename_list(FOLDER)
    except KeyError:  # older versions don't know the folder
        return ""
    paths = [folder_paths.get_full_path(FOLDER, name) for name in names]
    return next((path for path in paths if path and _holds_landmarker(path, _changed(path))), "")


def _changed(path: str) -> int:
    return Path(path).stat().st_mtime_ns


@cache
def _holds_landmarker(path: str, changed: int) -> bool:
    """Whether the file, as it was changed at that time, holds the landmarker's weights."""
    try:
        with safe_open(path, "pt") as file:
            names = list(file.keys())
    except (OSError, SafetensorError):
        return False
    return all(any(name.startswith(part) for name in names) for part in PARTS)


@cache
def _load(path: str):
    module = importlib.import_module(MODULE)
    return module.FaceLandmarkerModel(comfy.utils.load_torch_file(path, safe_load=True))
