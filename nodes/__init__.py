"""The ComfyUI nodes: sockets to tensors and back, progress, cancelling, inference mode.

The only folder that knows ComfyUI. Each node fits on a screen; what it does is in tps_core and
training.
"""

from pathlib import Path

import folder_paths
from comfy_api.latest import ComfyExtension, io

from ..tps_core.detectors.table import add_host_detector
from ..tps_core.folders import add_model_folder
from .bank_nodes import BuildFaceBank, LoadFaceBank, SaveFaceBank
from .core_landmarker import detect_with_core, what_is_missing
from .editor_node import EditLandmarks
from .evaluate_nodes import EvaluateStyle
from .examples import lend_examples
from .export_node import ExportStyle
from .landmark_convert_nodes import ConvertLandmarks
from .landmark_file_nodes import LoadLandmarks, SaveLandmarks
from .landmark_nodes import DetectLandmarks
from .landmark_shape_nodes import DrawLandmarks, MorphLandmarks, SmoothLandmarks
from .paint_like_node import PaintLike
from .plain_errors import with_plain_errors
from .style_nodes import ApplyStyle, LoadStyle, SaveStyle
from .style_pictures import serve_style_pictures
from .stylize_node import Stylize
from .training_nodes import TrainStyle
from .warp_nodes import AlignFace, BlendFace, Warp

NODES = [
    PaintLike,
    DetectLandmarks,
    EditLandmarks,
    LoadLandmarks,
    SaveLandmarks,
    ConvertLandmarks,
    DrawLandmarks,
    SmoothLandmarks,
    MorphLandmarks,
    Warp,
    AlignFace,
    BlendFace,
    LoadStyle,
    ApplyStyle,
    Stylize,
    SaveStyle,
    BuildFaceBank,
    SaveFaceBank,
    LoadFaceBank,
    TrainStyle,
    EvaluateStyle,
    ExportStyle,
]


class TPSPortraitExtension(ComfyExtension):
    """Lists the nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        # Not in on_load, which ComfyUI 0.3.75 doesn't call.
        add_model_folder(folder_paths.models_dir)
        add_host_detector(detect_with_core, what_is_missing)
        lend_examples(Path(folder_paths.get_input_directory()))
        serve_style_pictures()
        return [with_plain_errors(node) for node in NODES]
