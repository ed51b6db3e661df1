"""The node that writes a style as an ONNX file."""

from comfy_api.latest import io, ui

from ..tps_core.export import PRECISIONS, export_style
from ..tps_core.painting.generator import STRIDE
from .cancelling import cancellable
from .node_text import tell
from .paths import fault, file_name, free_output
from .schema import schema
from .sockets import TpsStyle, to_pictures


class ExportStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitExportStyle",
            display_name="Export Portrait Style",
            category="TPS Portrait/style",
            search="onnx, gan, mobile, browser, save model, openvino",
            advanced=("size", "precision"),
            description="Writes a style as an ONNX file into output/tps_portrait, for other "
            "programs, browsers and phones.",
            is_output_node=True,
            inputs=[
                TpsStyle.Input("style"),
                io.String.Input(
                    "name",
                    default="my style",
                    tooltip="The file's name. If there is such a file, the new one gets a number.",
                ),
                io.Int.Input(
                    "size",
                    default=0,
                    min=0,
                    max=4096,
                    step=STRIDE,
                    tooltip="Fixes the images' sides at so many pixels, a multiple of 16; "
                    "0: any size.",
                ),
                io.Combo.Input(
                    "precision",
                    options=list(PRECISIONS),
                    tooltip="float16 is half as large and paints the same.",
                ),
                io.Image.Input(
                    "photos",
                    optional=True,
                    tooltip="Portrait photos that the file is checked with. Without them it is "
                    "checked with a picture of its own.",
                ),
            ],
            outputs=[io.String.Output(display_name="report")],
        )

    @classmethod
    def validate_inputs(cls, name):
        return name is None or fault(file_name, name, ".onnx")

    @classmethod
    @cancellable
    def execute(cls, style, name, size, precision, photos=None) -> io.NodeOutput:
        path = free_output(name, ".onnx")
        pictures = [] if photos is None else list(to_pictures(photos))
        exported = export_style(style, path, size or None, precision, pictures)
        told = tell(exported.describe())
        text = ui.PreviewText(exported.describe()).as_dict()
        return io.NodeOutput(exported.describe(), ui=text | told)
