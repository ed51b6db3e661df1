"""Nodes that make face banks."""

from pathlib import Path

import comfy.utils
import folder_paths
from comfy_api.latest import io

from ..tps_core.pictures import list_files
from ..training.bank import build_bank
from ..training.sheet import contact_sheet
from .landmark_nodes import detector_input, min_confidence_input
from .sockets import TpsFaceBank, from_pictures


class BuildFaceBank(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitBuildFaceBank",
            display_name="Build Face Bank",
            category="TPS Portrait/training",
            description="Cuts the faces out of a folder of pictures, for training.",
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="A folder in ComfyUI's input folder, by its name, or any folder by "
                    "its full path. The folders in it are searched too.",
                ),
                io.Int.Input(
                    "size",
                    default=256,
                    min=64,
                    max=512,
                    step=16,
                    tooltip="Side of the cut-out faces in pixels: at least the size to train at.",
                ),
                detector_input(),
                min_confidence_input(
                    "How sure the detector must be. Lower it for drawings, and look "
                    "whether the contact sheet shows faces only.",
                ),
            ],
            outputs=[
                TpsFaceBank.Output(display_name="face_bank"),
                io.Image.Output(
                    display_name="contact_sheet",
                    tooltip="The faces with their landmarks, the least sure first. Frames: green "
                    "good, orange low confidence, violet several faces, blue extreme pose, teal "
                    "near duplicate.",
                ),
                io.String.Output(
                    display_name="report",
                    tooltip="What was used and what was left out of the folder, and why.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, folder, size, detector, min_confidence):
        if folder is None:  # it comes from another node, which says itself when it changes
            return ""
        # Not followed: a link may lead nowhere.
        files = [(path, path.lstat()) for path in list_files(_folder(folder))]
        return str([(str(path), stat.st_mtime_ns, stat.st_size) for path, stat in files])

    @classmethod
    def execute(cls, folder, size, detector, min_confidence) -> io.NodeOutput:
        progress = comfy.utils.ProgressBar(1)
        bank = build_bank(
            _folder(folder),
            size,
            detector,
            min_confidence,
            lambda done, total, entry: progress.update_absolute(done, total),
        )
        return io.NodeOutput(bank, from_pictures(contact_sheet(bank)[None]), bank.report)


def _folder(name: str) -> Path:
    """The folder of that path, or of that name in ComfyUI's input folder."""
    if not name.strip():
        raise ValueError("name the folder of pictures to build the face bank from")
    path = Path(name.strip().strip('"')).expanduser()  # Windows copies paths with their quotes
    return path if path.is_absolute() else Path(folder_paths.get_input_directory()) / path
