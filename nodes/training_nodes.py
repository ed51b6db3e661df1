"""Nodes that build face banks and train styles."""

import logging
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import comfy.model_management
import comfy.utils
import folder_paths
import torch
from comfy_api.latest import io

from ..tps_core.detect import DETECTORS
from ..tps_core.pictures import to_image
from ..tps_core.style import save_style
from ..training.bank import FaceBank, build_bank
from ..training.options import TrainingOptions
from ..training.sheet import contact_sheet, sample_strip
from ..training.trainer import Step, sample_steps, train
from .sockets import LossMap, TpsFaceBank, TpsStyle, from_pictures
from .style_nodes import free_path

PREVIEW_EVERY = 10  # steps between two previews
SAMPLES = 6  # photos in the preview and in the sample strip
DEFAULTS = TrainingOptions()

log = logging.getLogger("tps_portrait")


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
                    tooltip="Full path of the folder, or its name in ComfyUI's input folder. "
                    "Folders in it are searched too.",
                ),
                io.Int.Input(
                    "size",
                    default=256,
                    min=64,
                    max=512,
                    step=16,
                    tooltip="Side of the faces in pixels; at least the size you train at.",
                ),
                io.Combo.Input("detector", options=list(DETECTORS), default="auto"),
                io.Float.Input(
                    "min_confidence",
                    default=0.5,
                    min=0.05,
                    max=0.95,
                    step=0.05,
                    tooltip="How sure the detector must be. Lower it for drawings, and look at "
                    "the contact sheet.",
                ),
            ],
            outputs=[
                TpsFaceBank.Output(display_name="face_bank"),
                io.Image.Output(display_name="contact_sheet"),
                io.String.Output(display_name="report"),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, folder, size, detector, min_confidence):
        files = (p for p in _folder(folder).rglob("*") if p.is_file())
        return str(sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in files))

    @classmethod
    def execute(cls, folder, size, detector, min_confidence) -> io.NodeOutput:
        progress = None

        def on_entry(done, total, entry):
            nonlocal progress
            progress = progress or comfy.utils.ProgressBar(total)
            progress.update_absolute(done, total)

        bank = build_bank(_folder(folder), size, detector, min_confidence, on_entry)
        return io.NodeOutput(bank, from_pictures(contact_sheet(bank)[None]), bank.report)


class TrainStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitTrainStyle",
            display_name="Train Portrait Style",
            category="TPS Portrait/training",
            description="Learns a style from a face bank of art. Cancel when you like: what was "
            "trained is kept, and the same settings go on from there.",
            inputs=[
                TpsFaceBank.Input("art"),
                TpsFaceBank.Input(
                    "photos",
                    optional=True,
                    tooltip="Portrait photos of any people, 20 or more. They teach what a face "
                    "may look like.",
                ),
                io.String.Input(
                    "name",
                    default="my style",
                    tooltip="The training is kept under this name, in ComfyUI's output folder.",
                ),
                io.Int.Input("steps", default=DEFAULTS.steps, min=1, max=1_000_000),
                io.Int.Input(
                    "size",
                    default=DEFAULTS.size,
                    min=64,
                    max=512,
                    step=16,
                    tooltip="Side of the faces in training. 128 is quick, 256 shows finer strokes.",
                ),
                io.Int.Input("batch", default=DEFAULTS.batch, min=1, max=64),
                io.Int.Input("seed", default=0, min=0, max=2**31, control_after_generate=False),
                io.Combo.Input(
                    "content_loss",
                    options=["lpips", "l1"],
                    default="lpips",
                    tooltip="What holds the likeness. l1 needs no extra model and looks softer.",
                ),
                io.Boolean.Input(
                    "warp_features", default=True, tooltip="The warping branch of the method."
                ),
                io.Boolean.Input(
                    "warp_pixels", default=True, tooltip="Warp the art onto the photo's face."
                ),
                io.Boolean.Input(
                    "local", default=True, tooltip="Judge eyes, nose and mouth by themselves."
                ),
                io.Boolean.Input(
                    "resume",
                    default=True,
                    tooltip="Go on where a training of this name was stopped.",
                ),
            ],
            outputs=[
                TpsStyle.Output(display_name="style"),
                LossMap.Output(display_name="losses"),
                io.Image.Output(display_name="samples"),
            ],
        )

    @classmethod
    def execute(cls, art, name, resume, photos=None, **settings) -> io.NodeOutput:
        if photos is None:
            raise ValueError(
                "training needs portrait photos: connect a second Build Face Bank, of a folder "
                "with 20 or more photos of any people, to photos"
            )
        state = Path(folder_paths.get_output_directory()) / "tps_portrait" / free_path(name).stem
        options = TrainingOptions(**settings)
        device = comfy.model_management.get_torch_device()
        progress = comfy.utils.ProgressBar(options.steps)
        # ComfyUI runs nodes without gradients, and what it made so can't be trained with.
        with torch.inference_mode(False), torch.enable_grad():
            samples = photos.pictures(SAMPLES, options.size)
            strip, losses, step = [samples], [], None
            steps = train(_copy(art), _copy(photos), options, device, state, resume)
            try:
                with closing(steps):
                    for step in steps:
                        losses.append(sum(step.losses.values()))
                        last = step.number == options.steps
                        if step.number in sample_steps(options.steps) or last:
                            strip.append(step.paint(samples))
                        preview = None
                        if step.number % PREVIEW_EVERY == 0 or last:
                            sheet = sample_strip([samples, step.paint(samples)])
                            preview = ("JPEG", to_image(sheet), 512)
                        # Raises when the user cancels.
                        progress.update_absolute(step.number, options.steps, preview)
            except BaseException:
                if step is not None:
                    _keep(step, name)
                raise
        return io.NodeOutput(
            step.style(), {"loss": losses}, from_pictures(sample_strip(strip)[None])
        )


def _keep(step: Step, name: str) -> None:
    """Saves the style of a training that was cancelled or failed, to be used as it is."""
    path = free_path(f"{name} at step {step.number}")
    save_style(step.style(), path)
    log.info("training stopped at step %d; its style is kept as %s", step.number, path.stem)


def _copy(bank: FaceBank) -> FaceBank:
    return replace(
        bank, faces=bank.faces.clone(), inside=bank.inside.clone(), points=bank.points.clone()
    )


def _folder(name: str) -> Path:
    """The folder of that path, or of that name in ComfyUI's input folder."""
    if not name.strip():
        raise ValueError("name the folder of pictures to build the face bank from")
    path = Path(name.strip().strip('"'))  # Windows copies paths with their quotes
    return path if path.is_absolute() else Path(folder_paths.get_input_directory()) / path
