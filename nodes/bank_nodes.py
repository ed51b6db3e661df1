"""Nodes that make, save and load face banks."""

from pathlib import Path

import comfy.utils
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy_api.latest import io, ui

from ..training.banks.bank import FaceBank, build_bank, list_banks, load_bank, save_bank
from ..training.banks.contact_sheet import contact_sheet
from ..training.banks.entry import Entry
from ..training.learn.eta import Pace
from .landmark_nodes import detector_input, min_confidence_input
from .node_text import show_text, tell
from .paths import (
    fault,
    file_name,
    files_below,
    fingerprint,
    folders_to_choose,
    free_path,
    is_readable,
    listed,
    readable_folder,
)
from .schema import schema
from .sockets import TpsFaceBank, from_pictures

TYPED = "(the folder named above)"  # the choice that leaves it to what was typed


class BuildFaceBank(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitBuildFaceBank",
            display_name="Build Face Bank",
            category="TPS Portrait/training",
            search="dataset, training images, face crop, extract faces, folder",
            advanced=("detector",),
            description="Cuts the faces out of a folder of images, for training.",
            inputs=[
                io.String.Input(
                    "folder",
                    default="",
                    tooltip="A folder in ComfyUI's input folder, by its name, or any folder by "
                    "its full path; a server that others reach has its owner say which. The "
                    "folders in it are searched too.",
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
                io.Combo.Input(
                    "choose",
                    options=[TYPED, *folders_to_choose()],
                    default=TYPED,
                    optional=True,  # prompts that were saved before it was there go on
                    tooltip="A folder in ComfyUI's input or datasets folder, in place of the one "
                    "named above. A new one is in the list after pressing R.",
                ),
            ],
            outputs=_outputs(),
        )

    @classmethod
    def fingerprint_inputs(cls, folder, size, detector, min_confidence, choose=TYPED):
        # None comes from another node, which says itself when it changes.
        return fingerprint(lambda: files_below(_chosen(folder, choose)))

    @classmethod
    def validate_inputs(cls, folder, choose=TYPED):
        return folder is None or choose is None or fault(_chosen, folder, choose)

    @classmethod
    def execute(cls, folder, size, detector, min_confidence, choose=TYPED) -> io.NodeOutput:
        path = _chosen(folder, choose)
        files_below(path)  # are they too many?
        how = (size, detector, min_confidence, _Watcher(), is_readable)
        return _shown(build_bank(path, *how, throw_exception_if_processing_interrupted))


class SaveFaceBank(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitSaveFaceBank",
            display_name="Save Face Bank",
            category="TPS Portrait/training",
            search="dataset, training images, save faces, face set",
            description="Saves a face bank in models/tps_portrait/banks. Load Face Bank then has "
            "it under its name, without the images that it was made of.",
            is_output_node=True,
            inputs=[
                TpsFaceBank.Input("face_bank"),
                io.String.Input(
                    "name",
                    default="my faces",
                    tooltip="A face bank that already has this name stays; the new one gets a "
                    "number.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def validate_inputs(cls, name):
        return name is None or fault(file_name, name, ".safetensors")

    @classmethod
    def execute(cls, face_bank, name) -> io.NodeOutput:
        path = free_path(name, "banks")
        save_bank(face_bank, path)
        told = tell(f"saved as {path.stem}", new_file=True)
        return io.NodeOutput(ui=ui.PreviewText(str(path)).as_dict() | told)


class LoadFaceBank(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitLoadFaceBank",
            display_name="Load Face Bank",
            category="TPS Portrait/training",
            search="dataset, training images, load faces, face set",
            description="Loads a saved face bank by its name.",
            inputs=[
                io.Combo.Input(
                    "bank_name",
                    options=list(list_banks()),
                    tooltip="The face banks in models/tps_portrait/banks, and one of portrait "
                    "photos that comes with the pack. One that you copied there is in the list "
                    "after pressing R.",
                ),
            ],
            outputs=_outputs(),
        )

    @classmethod
    def fingerprint_inputs(cls, bank_name):
        return fingerprint(lambda: [listed(bank_name, list_banks(), "face bank")])

    @classmethod
    def execute(cls, bank_name) -> io.NodeOutput:
        return _shown(load_bank(listed(bank_name, list_banks(), "face bank")))


def _chosen(folder: str, choose: str) -> Path:
    return readable_folder(folder if choose == TYPED else choose)


class _Watcher:
    """Shows how many images were looked at, and the faces found in them."""

    def __init__(self) -> None:
        self._progress = comfy.utils.ProgressBar(1)
        self._pace, self._faces = Pace(), 0

    def __call__(self, done: int, total: int, entry: Entry) -> None:
        self._faces += entry.used
        text = [f"{done} of {total} images, {self._faces} faces", self._pace.left(done, total)]
        show_text(", ".join(filter(None, text)))
        self._progress.update_absolute(done, total)  # raises on Cancel


def _outputs() -> list[io.Output]:
    """What a node that has a face bank gives: it, its contact sheet, its report."""
    return [
        TpsFaceBank.Output(display_name="face_bank"),
        io.Image.Output(
            display_name="contact_sheet",
            tooltip="The faces with their landmarks, the least sure first. Frames: green good, "
            "orange low confidence, violet several faces, blue extreme pose, teal near duplicate.",
        ),
        io.String.Output(
            display_name="report",
            tooltip="What was used and what was left out of the folder, and why.",
        ),
    ]


def _shown(bank: FaceBank) -> io.NodeOutput:
    """The bank with its contact sheet and report."""
    return io.NodeOutput(bank, from_pictures(contact_sheet(bank)[None]), bank.report)
