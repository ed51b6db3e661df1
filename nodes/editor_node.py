"""The node with the landmark editor on it; the editor itself is web/landmark_editor.js."""

import logging
from pathlib import Path

import comfy.utils
import folder_paths
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.detect import detect
from ..tps_core.landmark_files.edits import digest, read_edits
from ..tps_core.landmark_files.json_file import faces_to_json
from ..tps_core.landmarks import Landmarks
from ..tps_core.output_files import written_beside
from ..tps_core.pictures import to_image
from .schema import schema
from .sockets import FaceLandmarks, frames_of, from_frames, to_pictures

log = logging.getLogger("tps_portrait")

SUBFOLDER = "tps_portrait_editor"  # of ComfyUI's temp folder: the pictures that the editor shows
REMEMBERED_PICTURES = 500  # pictures
# What was detected, by digest: every moved point runs the node again on pictures that it knows.
_detected: dict[str, list[Landmarks]] = {}


class EditLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitEditLandmarks",
            display_name="Edit Face Landmarks",
            category="TPS Portrait/landmarks",
            search="face editor, face mesh, facial keypoints, place points, by hand, drawing",
            description="Places the points of a face by hand: five clicks, then drag what is off. "
            "For drawings and paintings in which no detector sees a face. Run it once, and the "
            "image appears on the node.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input(
                    "face_landmarks",
                    optional=True,
                    tooltip="Landmarks to start from. Without them the faces are detected.",
                ),
                io.String.Input(
                    "edits",
                    default="",
                    optional=True,
                    socketless=True,
                    tooltip="The points that you placed, as text; the editor writes it. If you see "
                    "this field instead of the editor, ComfyUI did not load the pack's script: "
                    "that happens when the pack's folder has a space in its name. Rename the "
                    "folder, restart, and reload the page.",
                ),
            ],
            outputs=[FaceLandmarks.Output(display_name="face_landmarks")],
            is_output_node=True,  # so that it can be run with nothing behind it
        )

    @classmethod
    def execute(cls, image, face_landmarks=None, edits="") -> io.NodeOutput:
        pictures = to_pictures(image)
        names = [digest(picture) for picture in pictures]
        placed = read_edits(edits)
        given = frames_of(face_landmarks, pictures) if face_landmarks else None
        progress = comfy.utils.ProgressBar(len(pictures))
        found, used, shown = [], [], []
        for index, (name, picture) in enumerate(zip(names, pictures, strict=True)):
            found.append(given[index] if given else _detect(name, picture))
            used.append(placed.get(name, found[-1]))
            shown.append(_for_editor(name, picture, found[-1], used[-1]))
            progress.update(1)
        if empty := [str(index + 1) for index, faces in enumerate(used) if not faces]:
            log.info("Edit Face Landmarks: no face in image %s", ", ".join(empty))
        height, width = pictures.shape[-2:]
        return io.NodeOutput(from_frames(used, (width, height)), ui={"landmark_editor": shown})


def _detect(name: str, picture: Tensor) -> list[Landmarks]:
    if name not in _detected:
        faces = detect(picture)
        while len(_detected) >= REMEMBERED_PICTURES:
            del _detected[next(iter(_detected))]  # the oldest
        _detected[name] = faces
    return _detected[name]


def _for_editor(name: str, picture: Tensor, found: list[Landmarks], used: list[Landmarks]) -> dict:
    """What the editor needs of one picture: where it can be had, its faces before and now."""
    folder = Path(folder_paths.get_temp_directory()) / SUBFOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    if not path.is_file():
        with written_beside(path) as temporary:
            to_image(picture).save(temporary, compress_level=1)
    size = (picture.shape[-1], picture.shape[-2])
    return {
        "digest": name,
        "picture": {"filename": path.name, "subfolder": SUBFOLDER, "type": "temp"},
        "size": list(size),
        "found": _faces(found, size),
        "used": _faces(used, size),
    }


def _faces(faces: list[Landmarks], size: tuple[int, int]) -> list[dict]:
    return faces_to_json([face.convert("ibug-68") for face in faces], size)["faces"]
