"""Nodes that load and save landmarks."""

from pathlib import Path

import folder_paths
from comfy_api.latest import io, ui

from ..tps_core.landmark_files.formats import FORMATS, WHEN_THERE, read_landmarks, write_landmarks
from .node_text import show_text
from .sockets import FaceLandmarks, from_frames, own_frames, size_of


class LoadLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitLoadLandmarks",
            display_name="Load Face Landmarks",
            category="TPS Portrait/landmarks",
            description="Loads landmarks from a .landmarks.json, .json or .pts file.",
            inputs=[
                io.String.Input(
                    "file",
                    default="",
                    tooltip="A landmark file, or a picture that has one beside it: in ComfyUI's "
                    "input or output folder by its name, or anywhere by its full path.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The picture that the points are of, for files that don't say how "
                    "large it is, such as .pts.",
                ),
            ],
            outputs=[FaceLandmarks.Output(display_name="face_landmarks")],
        )

    @classmethod
    def fingerprint_inputs(cls, file, image=None):
        if file is None:  # it comes from another node, which says itself when it changes
            return ""
        path = _find(file)
        return f"{path}:{path.stat().st_mtime_ns}" if path.is_file() else ""

    @classmethod
    def execute(cls, file, image=None) -> io.NodeOutput:
        frames, size = read_landmarks(_find(file), None if image is None else size_of(image))
        return io.NodeOutput(from_frames(frames, size))


class SaveLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitSaveLandmarks",
            display_name="Save Face Landmarks",
            category="TPS Portrait/landmarks",
            description="Saves landmarks as a .landmarks.json or .pts file.",
            is_output_node=True,
            inputs=[
                FaceLandmarks.Input("face_landmarks"),
                io.String.Input(
                    "file",
                    default="landmarks",
                    tooltip="A name, for ComfyUI's output folder, or a full path. The name of a "
                    "picture makes the landmark file that belongs to it.",
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
                    "name, replace it, or stop with an error.",
                ),
            ],
            outputs=[
                io.String.Output(display_name="path", tooltip="Where the file lies."),
            ],
        )

    @classmethod
    def execute(cls, face_landmarks, file, format, existing) -> io.NodeOutput:
        frames, size = own_frames(face_landmarks)
        path = write_landmarks(_place(file), frames, size, format, existing)
        show_text(f"saved as {path.name}")
        return io.NodeOutput(str(path), ui=ui.PreviewText(str(path)))


def _find(name: str) -> Path:
    """The file of that path, or of that name in ComfyUI's input or else its output folder."""
    path = _typed(name, "name the landmark file to load")
    if path.is_absolute():
        return path
    places = [folder_paths.get_input_directory(), folder_paths.get_output_directory()]
    files = [Path(place) / path for place in places]
    return next((file for file in files if file.is_file()), files[0])


def _place(name: str) -> Path:
    """The file of that path, or of that name in ComfyUI's output folder, which it can't leave."""
    path = _typed(name, "name the file to save the landmarks in")
    if path.is_absolute():
        if not path.parent.is_dir():
            raise ValueError(f"{path.parent}: no such folder")
        return path
    output = Path(folder_paths.get_output_directory()).resolve()
    path = (output / path).resolve()
    if output not in path.parents:
        raise ValueError(f"{name}: leads out of ComfyUI's output folder; give a full path instead")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _typed(name: str, wanted: str) -> Path:
    """What was typed as a path. Raises ValueError with what is wanted if it is blank."""
    name = name.strip().strip('"')  # Windows copies paths with their quotes
    if not Path(name).name:
        raise ValueError(wanted)
    return Path(name).expanduser()
