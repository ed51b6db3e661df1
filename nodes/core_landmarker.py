"""ComfyUI's own face landmarker as one of our detectors, in versions that have it.

Its node is in comfy_extras, its model in models/mediapipe.
"""

import importlib.util
from functools import cache

import comfy.utils
import folder_paths
from torch import Tensor

from ..tps_core.landmarks import Landmarks
from ..tps_core.pictures import as_bytes
from .sockets import to_frames

MODULE = "comfy_extras.nodes_mediapipe"
FOLDER = "mediapipe"  # of ComfyUI's model folders


def what_is_missing() -> str:
    """What this detector needs, in one line; "" if it can run."""
    if importlib.util.find_spec(MODULE) is None:
        return "this ComfyUI has no face landmarker of its own; update ComfyUI"
    if not _models():
        return f"ComfyUI's face landmarker model is missing; put it into models/{FOLDER}"
    return ""


def detect_with_core(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, with 478 points.

    Raises ValueError when this ComfyUI doesn't have the code or the model.
    """
    if missing := what_is_missing():
        raise ValueError(f"the comfyui detector can't run: {missing}")
    image = as_bytes(picture.detach().cpu()).movedim(0, -1).contiguous().numpy()
    (faces,) = _load(_models()[0]).detect_batch(
        [image], num_faces=max_faces, score_thresh=min_confidence, variant="short"
    )
    named = [face | {"detector": "comfyui"} for face in faces]
    (found,) = to_frames({"frames": [named], "image_size": image.shape[:2]}, 1)
    return found


def _models() -> list[str]:
    try:
        return folder_paths.get_filename_list(FOLDER)
    except KeyError:  # older versions don't know the folder
        return []


@cache
def _load(name: str):
    module = importlib.import_module(MODULE)
    path = folder_paths.get_full_path_or_raise(FOLDER, name)
    return module.FaceLandmarkerModel(comfy.utils.load_torch_file(path, safe_load=True))
