"""Nodes that load, use and save styles."""

from collections.abc import Iterator
from dataclasses import replace

import comfy.utils
from comfy_api.latest import io, ui
from torch import Tensor

from ..tps_core.finish import MOST_STRENGTH, finish
from ..tps_core.style import list_styles, load_style, save_style
from ..tps_core.transparency import cut_out
from .cancelling import cancellable
from .managed_style import at_once, managed, on_device
from .node_text import tell
from .paths import fault, file_name, fingerprint, free_path, listed
from .schema import schema
from .sockets import TpsStyle, gathered, to_cut_outs


class LoadStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitLoadStyle",
            display_name="Load Portrait Style",
            category="TPS Portrait/style",
            search="style transfer, gan, cartoon, anime, oil painting, style model",
            description="Loads a trained portrait style by its name.",
            inputs=[
                io.Combo.Input(
                    "style_name",
                    options=list(list_styles()),
                    tooltip="The styles of the pack, and yours; the pictures show what each makes "
                    "of the same portrait. One that you copied there is in the list after "
                    "pressing R.",
                ),
            ],
            outputs=[TpsStyle.Output(display_name="style")],
        )

    @classmethod
    def fingerprint_inputs(cls, style_name):
        return fingerprint(lambda: [listed(style_name, list_styles(), "style")])

    @classmethod
    def execute(cls, style_name) -> io.NodeOutput:
        return io.NodeOutput(managed(load_style(listed(style_name, list_styles(), "style"))))


class ApplyStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitApplyStyle",
            display_name="Apply Portrait Style",
            category="TPS Portrait/style",
            search="style transfer, gan, cartoon, anime, paint, sketch, filter",
            description="Paints the images from edge to edge: aligned faces, or whole images.",
            inputs=[
                io.Image.Input("image"),
                TpsStyle.Input("style"),
                strength_input(),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    @cancellable
    def execute(cls, image, style, strength) -> io.NodeOutput:
        pictures, alphas = to_cut_outs(image)
        pixels = pictures[0, 0].numel()
        style = on_device(style, pixels)
        parts = pictures.split(at_once(style.device, pixels))
        progress = comfy.utils.ProgressBar(len(pictures))

        def painted() -> Iterator[tuple[Tensor]]:
            alpha = iter(alphas)
            for part in parts:
                for picture, result in zip(part, style(part), strict=True):
                    yield (cut_out(finish(picture, result, strength), next(alpha)),)
                    progress.update(1)

        return io.NodeOutput(*gathered(painted(), len(pictures)))


class SaveStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitSaveStyle",
            display_name="Save Portrait Style",
            category="TPS Portrait/style",
            search="style transfer, gan, save model, style model, share style",
            description="Saves a style in models/tps_portrait/styles. Load Portrait Style then "
            "has it under its name.",
            is_output_node=True,
            inputs=[
                TpsStyle.Input("style"),
                io.String.Input(
                    "name",
                    default="my style",
                    tooltip="A style that already has this name stays; the new one gets a number.",
                ),
                io.String.Input(
                    "author",
                    default="",
                    tooltip="Whose work it is, if you like; goes into the file.",
                ),
                io.String.Input(
                    "licence",
                    default="",
                    tooltip="What others may do with it, such as CC BY 4.0; goes into the file.",
                ),
            ],
            outputs=[],
        )

    @classmethod
    def validate_inputs(cls, name):
        return name is None or fault(file_name, name, ".safetensors")

    @classmethod
    def execute(cls, style, name, author, licence) -> io.NodeOutput:
        path = free_path(name, "styles")
        record = style.record | {"author": author, "licence": licence}
        save_style(replace(style, record=record), path)
        told = tell(f"saved as {path.stem}", new_file=True)
        return io.NodeOutput(ui=ui.PreviewText(str(path)).as_dict() | told)


def strength_input():
    return io.Float.Input(
        "strength",
        default=1.0,
        min=0.0,
        max=MOST_STRENGTH,
        step=0.05,
        tooltip="0 is the photo, 1 the painting; more exaggerates what the painting changes.",
    )
