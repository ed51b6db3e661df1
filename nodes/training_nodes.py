"""The node that trains styles."""

from dataclasses import replace
from functools import partial

import comfy.model_management
import comfy.utils
import torch
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.pictures import to_image
from ..tps_core.style import save_style
from ..training.banks.bank import FaceBank
from ..training.banks.contact_sheet import sample_strip
from ..training.learn.drive import drive
from ..training.learn.early_stopping import FEWEST_STEPS, PATIENCE_STEPS
from ..training.learn.eta import Eta
from ..training.learn.options import PRESETS, PRESETS_IN_WORDS, TrainingOptions
from ..training.learn.trainer import Step, train, training_device
from .node_text import show_text
from .paths import file_name, free_path, writable_path
from .sockets import LossMap, TpsFaceBank, TpsStyle, from_pictures

PREVIEW_EVERY = 10  # steps between two previews
SAMPLES = 4  # photos in the preview and in the sample strip
DEFAULTS = TrainingOptions()
CUSTOM = "custom"  # the preset that sets nothing


class TrainStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitTrainStyle",
            display_name="Train Portrait Style",
            category="TPS Portrait/training",
            description="Learns a style from a face bank of art. Cancel whenever you like: what "
            "was learned is kept as a style, and the same settings go on from there.",
            inputs=[
                TpsFaceBank.Input("art", tooltip="Pictures in the style, one or more."),
                TpsFaceBank.Input(
                    "photos",
                    optional=True,
                    tooltip="Portrait photos of any people, 20 or more. From them it learns what "
                    "faces look like before they are painted.",
                ),
                io.String.Input(
                    "name",
                    default="my style",
                    tooltip="The training is kept under this name in ComfyUI's output folder.",
                ),
                io.Int.Input(
                    "steps",
                    default=DEFAULTS.steps,
                    min=1,
                    max=1_000_000,
                    tooltip="With the preset custom: 1500 give a first idea, 6000 are good, 20000 "
                    "are best.",
                ),
                io.Int.Input(
                    "size",
                    default=DEFAULTS.size,
                    min=64,
                    max=512,
                    step=16,
                    tooltip="With the preset custom: side of the faces in training. 256 shows fine "
                    "strokes; 128 takes a quarter of the time.",
                ),
                io.Int.Input(
                    "batch",
                    default=DEFAULTS.batch,
                    min=1,
                    max=64,
                    tooltip="With the preset custom: pairs of photo and art in a step. More take "
                    "longer and learn more evenly.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**31,
                    control_after_generate=False,
                    tooltip="Another number gives a style that differs in detail.",
                ),
                io.Combo.Input(
                    "content_loss",
                    options=["lpips", "l1"],
                    default="lpips",
                    tooltip="What holds the likeness. l1 needs no further model and looks softer.",
                ),
                io.Boolean.Input(
                    "warp_features",
                    default=True,
                    tooltip="Learn from the photo bent into the art's shape. Leave it on; off is "
                    "for experiments.",
                ),
                io.Boolean.Input(
                    "warp_pixels",
                    default=True,
                    tooltip="Learn from the art bent into the photo's shape. Leave it on; off is "
                    "for experiments.",
                ),
                io.Boolean.Input(
                    "local",
                    default=DEFAULTS.local,
                    tooltip="Discriminators of eyes, nose and mouth too. It takes longer, and "
                    "mouths get redder; leave it off.",
                ),
                io.Boolean.Input(
                    "resume",
                    default=True,
                    tooltip="Go on where the training of this name stopped. Off starts over and "
                    "forgets it.",
                ),
                # What is below came later. ComfyUI saves widgets by their position: new ones go
                # to the end, and their defaults leave old workflows as they were.
                io.Combo.Input(
                    "preset",
                    options=[CUSTOM, *PRESETS],
                    default=CUSTOM,
                    optional=True,
                    tooltip=f"{PRESETS_IN_WORDS}. They take the place of steps, size and batch; "
                    "with custom, these count. How long it still takes is shown while it runs.",
                ),
                io.Boolean.Input(
                    "early_stop",
                    default=True,
                    optional=True,
                    tooltip=f"End before the last step, after {FEWEST_STEPS} or more, when the "
                    f"paintings haven't come nearer to the art for {PATIENCE_STEPS}.",
                ),
                io.Float.Input(
                    "pairs_weight",
                    default=DEFAULTS.pairs_weight,
                    min=0.0,
                    max=100.0,
                    step=0.1,
                    optional=True,
                    tooltip=f"How much is learned from {DEFAULTS.pairs} photos painted like one "
                    "picture of the art, which is done before the first step. It makes paint of "
                    "a tint; with 0 there are none.",
                ),
                io.String.Input(
                    "look",
                    default=DEFAULTS.look,
                    optional=True,
                    tooltip="File name of the picture of the art that photos are painted like. "
                    "Empty: a frontal, sharp one is chosen.",
                ),
            ],
            outputs=[
                TpsStyle.Output(display_name="style"),
                LossMap.Output(display_name="losses"),
                io.Image.Output(
                    display_name="samples",
                    tooltip="Some photos in the first row, painted ever better below.",
                ),
            ],
        )

    @classmethod
    def execute(cls, art, name, resume, photos=None, preset=CUSTOM, **settings) -> io.NodeOutput:
        if photos is None:
            raise ValueError(
                "training needs portrait photos: connect a second Build Face Bank, of a folder "
                "with 20 or more photos of any people, to photos"
            )
        state = writable_path(f"tps_portrait/{file_name(name, '.safetensors')}")
        options = TrainingOptions(**settings | PRESETS.get(preset, {}))
        device = training_device(comfy.model_management.get_torch_device())
        # ComfyUI runs nodes in inference mode, and what was made in it can't be trained with.
        with torch.inference_mode(False), torch.enable_grad():
            samples = photos.pictures(SAMPLES, options.size)
            banks = _copy(art), _copy(photos)
            steps = train(*banks, options, device, state, resume, _tell_of_pair)
            last, strip = drive(
                steps, samples, _Watcher(samples), keep=partial(_keep_unfinished, name)
            )
            style, losses = last.style(), [sum(step.values()) for step in last.history]
        return io.NodeOutput(style, {"loss": losses}, from_pictures(strip[None]))


def _tell_of_pair(done: int, total: int) -> None:
    comfy.model_management.throw_exception_if_processing_interrupted()
    show_text(f"{done} of {total} photos painted, to learn from")


class _Watcher:
    """Shows the progress of a training, and what it makes of the samples; Cancel ends it."""

    def __init__(self, samples: Tensor):
        self._samples = samples
        self._progress = comfy.utils.ProgressBar(1)

    def __call__(self, step: Step, eta: Eta) -> None:
        if step.setback:
            show_text(step.setback)
        preview = None
        if step.number % PREVIEW_EVERY == 0 or step.is_last:
            sheet = sample_strip([self._samples, step.paint(self._samples)])
            preview = ("JPEG", to_image(sheet), 512)
            show_text(
                f"{step.stop}; switch early_stop off to go on"
                if step.stop
                else ", ".join(filter(None, [f"step {step.number} of {step.total}", str(eta)]))
            )
        self._progress.update_absolute(step.number, step.total, preview)  # raises on Cancel


def _keep_unfinished(name: str, step: Step) -> None:
    """Saves the style as it is after the last step of a training that was stopped."""
    style = step.style()
    path = free_path(name, "styles", f" at step {style.record['steps']}")
    save_style(style, path)
    show_text(f"stopped; the style so far is saved as {path.stem}")


def _copy(bank: FaceBank) -> FaceBank:
    return replace(
        bank, faces=bank.faces.clone(), inside=bank.inside.clone(), points=bank.points.clone()
    )
