"""Nodes that load and save landmarks."""

from pathlib import Path

from comfy_api.latest import io, ui

from ..tps_core.landmark_files.formats import FORMATS, WHEN_THERE, read_landmarks, write_landmarks
from ..tps_core.landmark_files.json_file import sidecar_path
from ..tps_core.picture_formats import ENDINGS
from .node_text import tell
from .paths import fault, fingerprint, is_readable, readable_file, writable_path
from .schema import schema
from .sockets import FaceLandmarks, from_frames, own_frames, size_of

MOST_BYTES = 32_000_000  # that are read: an hour of video has fewer


class LoadLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitLoadLandmarks",
            display_name="Load Face Landmarks",
            category="TPS Portrait/landmarks",
            search="pts file, dlib, ibug, facial keypoints, import landmarks",
            description="Loads landmarks from a .landmarks.json, .json or .pts file.",
            inputs=[
                io.String.Input(
                    "file",
                    default="",
                    tooltip="A landmark file, or an image that has one beside it: in ComfyUI's "
                    "input or output folder by its name, or anywhere by its full path; a server "
                    "that others reach has its owner say where.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The image that the points are of, for files that don't say how "
                    "large it is, such as .pts.",
                ),
            ],
            outputs=[FaceLandmarks.Output(display_name="face_landmarks")],
        )

    @classmethod
    def fingerprint_inputs(cls, file, image=None):
        # None comes from another node, which says itself when it changes.
        return fingerprint(lambda: [_find(file)])

    @classmethod
    def validate_inputs(cls, file):
        return file is None or fault(_find, file)

    @classmethod
    def execute(cls, file, image=None) -> io.NodeOutput:
        size = None if image is None else size_of(image)
        frames, size = read_landmarks(_find(file), size, is_readable)
        return io.NodeOutput(from_frames(frames, size))


class SaveLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitSaveLandmarks",
            display_name="Save Face Landmarks",
            category="TPS Portrait/landmarks",
            search="pts file, dlib, ibug, facial keypoints, export landmarks",
            advanced=("existing",),
            description="Saves landmarks as a .landmarks.json or .pts file.",
            is_output_node=True,
            inputs=[
                FaceLandmarks.Input("face_landmarks"),
                io.String.Input(
                    "file",
                    default="landmarks",
                    tooltip="A name, for ComfyUI's output folder, or a full path in its input or "
                    "output folder. The name of an image makes the landmark file that belongs to "
                    "it.",
                ),
                io.Combo.Input(
                    "format",
                    options=list(FORMATS),
                    default=FORMATS[0],
                    tooltip="json keeps all points of all faces. pts is the 68 points of one face, "
                    "as iBUG, 300-W and dlib have them.",
                ),
                io.Combo.Input(
                    "existing",
                    options=list(WHEN_THERE),
                    default=WHEN_THERE[0],
                    tooltip="A file of this name: keep it and put a number behind the new one's "
                    "name, replace it if it holds landmarks, or stop with an error.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="path", tooltip="Where the file lies."),
            ],
        )

    @classmethod
    def execute(cls, face_landmarks, file, format, existing) -> io.NodeOutput:
        frames, size = own_frames(face_landmarks)
        path = write_landmarks(writable_path(file), frames, size, format, existing)
        told = tell(f"saved as {path.name}")
        return io.NodeOutput(str(path), ui=ui.PreviewText(str(path)).as_dict() | told)


def _find(name: str) -> Path:
    """The landmark file that is meant; a picture means the one beside it."""
    if isinstance(name, str) and name.strip().lower().endswith(tuple(ENDINGS)):
        name = str(sidecar_path(Path(name.strip())))
    return readable_file(name, (".json", ".pts"), MOST_BYTES)
