"""The node that trains styles."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import comfy.model_management
import comfy.utils
import torch
from comfy_api.latest import io

from ..tps_core.pictures import to_image
from ..tps_core.style import save_style
from ..training.banks.bank import FaceBank, load_portraits
from ..training.learn.drive import drive
from ..training.learn.early_stopping import FEWEST_STEPS, PATIENCE_STEPS
from ..training.learn.eta import Eta, Pace
from ..training.learn.loss_curve import loss_curve
from ..training.learn.options import PRESETS, PRESETS_IN_WORDS, TrainingOptions
from ..training.learn.samples import Samples
from ..training.learn.trainer import Step, train, training_device
from .cancelling import CancelledAnywhere
from .managed_style import managed
from .node_text import show_text, tell
from .paths import file_name, free_path, writable_path
from .schema import schema
from .sockets import LossMap, TpsFaceBank, TpsStyle, from_pictures

PREVIEW_EVERY = 10  # steps between two previews
PREVIEW_PX = 768  # its longer side
SAMPLE_PHOTOS = 4  # photos in the preview and in the sample strip
DEFAULTS = TrainingOptions()
CUSTOM = "custom"  # the preset that sets nothing
# What most leave as it is. Shown are art, photos, name, resume, preset and look.
ADVANCED = (
    "steps",
    "size",
    "batch",
    "seed",
    "content_loss",
    "warp_features",
    "warp_pixels",
    "local",
    "early_stop",
    "pairs_weight",
)


class TrainStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitTrainStyle",
            display_name="Train Portrait Style",
            category="TPS Portrait/training",
            search="train, gan, fine-tune, learn style, style model, cartoon, anime, cyclegan",
            advanced=ADVANCED,
            description="Learns a style from a face bank of art. Cancel whenever you like: what "
            "was learned is kept as a style, and the same settings go on from there.",
            inputs=[
                TpsFaceBank.Input("art", tooltip="Images in the style, one or more."),
                TpsFaceBank.Input(
                    "photos",
                    optional=True,
                    tooltip="Portrait photos of any people, 20 or more. From them it learns what "
                    "faces look like before they are painted. Not connected, it takes those that "
                    "come with the pack.",
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
                    "with custom, these count: they are among the advanced inputs. How long it "
                    "still takes is shown while it runs.",
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
        place = f"tps_portrait/{file_name(name, '.safetensors')}"
        state = writable_path(place)
        options = TrainingOptions(**settings | PRESETS.get(preset, {}))
        device = training_device(comfy.model_management.get_torch_device())
        show_text("looking at the art")
        # ComfyUI runs nodes in inference mode, and what was made in it can't be trained with.
        with torch.inference_mode(False), torch.enable_grad():
            banks = _copy(art), _copy(load_portraits() if photos is None else photos)
            samples = Samples(banks[1].pictures(SAMPLE_PHOTOS, options.size), state)
            with CancelledAnywhere():
                steps = train(*banks, options, device, state, resume, _tell_of_pairs())
            watcher, keep = _Watcher(samples), partial(_keep_unfinished, name, place)
            # On a graphics card a step is done in a moment, and then Cancel is looked for.
            with CancelledAnywhere() if device.type == "cpu" else nullcontext():
                last, strip = drive(steps, samples, watcher, keep=keep)
            style, losses = last.style(), loss_curve(last.history)
        told = tell(watcher.outcome(last))
        pictures = from_pictures(strip[None])
        return io.NodeOutput(managed(style), {"loss": losses}, pictures, ui=told)


def _tell_of_pairs() -> Callable[[int, int], None]:
    pace = Pace()

    def tell_of_pair(done: int, total: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        text = f"{done} of {total} photos painted, to learn from"
        show_text(", ".join(filter(None, [text, pace.left(done, total)])))

    return tell_of_pair


class _Watcher:
    """Shows the progress of a training, and what it makes of the samples; Cancel ends it."""

    def __init__(self, samples: Samples):
        self._samples = samples
        self._progress = comfy.utils.ProgressBar(1)
        self._first = 0  # the step that it began with

    def __call__(self, step: Step, eta: Eta) -> None:
        if not self._first:
            self._first = step.number
            if step.number > 1:
                show_text(f"going on from step {step.number} of {step.total}")
        if step.setback:
            show_text(step.setback)
        preview = None
        if step.number % PREVIEW_EVERY == 0 or step.is_last:
            preview = ("JPEG", to_image(self._samples.strip(step)), PREVIEW_PX)
            text = [f"step {step.number} of {step.total}", str(eta)]
            show_text(", ".join(filter(None, text)))
        self._progress.update_absolute(step.number, step.total, preview)  # raises on Cancel

    def outcome(self, last: Step) -> str:
        """What came of the training that ended with this step, in a sentence."""
        if last.stop:
            return f"{last.stop}; switch early_stop off to go on"
        if last.number > 1 and last.number == self._first:
            return f"all {last.number} steps were done before; set more to go on"
        return f"trained for {last.number} steps"


def _keep_unfinished(name: str, place: str, step: Step) -> None:
    """Saves the style as it is after the last step of a training that was stopped."""
    style = step.style()
    path = free_path(name, "styles", f" at step {style.record['steps']}")
    save_style(style, path)
    tell(
        f"stopped; the style so far is saved as {path.stem}. Run goes on from there: the training "
        f"lies in output/{place}",
        new_file=True,
    )


def _copy(bank: FaceBank) -> FaceBank:
    return replace(
        bank, faces=bank.faces.clone(), inside=bank.inside.clone(), points=bank.points.clone()
    )
