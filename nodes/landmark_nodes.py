"""Nodes that find landmarks."""

import logging

import comfy.utils
from comfy_api.latest import io

from ..tps_core.detect import DETECTORS, detect_most
from ..tps_core.face_not_found import face_not_found
from ..tps_core.tracking.gaps import POLICIES, fill_gaps
from .cancelling import cancellable
from .schema import schema
from .sockets import BoundingBox, FaceLandmarks, boxes, from_frames, to_pictures

log = logging.getLogger("tps_portrait")


class DetectLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitDetectLandmarks",
            display_name="Detect Face Landmarks",
            category="TPS Portrait/landmarks",
            search="face detection, face mesh, mediapipe, facial keypoints, blazeface",
            advanced=("detector",),
            description="Finds faces and the points that mark their eyes, nose, mouth and outline.",
            inputs=[
                io.Image.Input("image"),
                detector_input(),
                io.Int.Input(
                    "max_faces",
                    default=1,
                    min=1,
                    max=16,
                    tooltip="How many faces to take from each image, the largest first.",
                ),
                min_confidence_input(
                    "How sure the detector must be. Lower it for paintings and drawings; "
                    "raise it where there are false positives.",
                ),
                io.Combo.Input(
                    "no_face",
                    options=list(POLICIES),
                    default="error",
                    tooltip="An image without a face: stop and say so, leave it empty, repeat the "
                    "face from the image before, or move it evenly from where it was to where it "
                    "is next, as for a video.",
                ),
            ],
            outputs=[
                FaceLandmarks.Output(display_name="face_landmarks"),
                BoundingBox.Output(display_name="bounding_boxes"),
            ],
        )

    @classmethod
    @cancellable
    def execute(cls, image, detector, max_faces, min_confidence, no_face) -> io.NodeOutput:
        pictures = to_pictures(image)
        progress = comfy.utils.ProgressBar(len(pictures))
        frames = []
        for index, picture in enumerate(pictures):
            faces, more = detect_most(picture, detector, max_faces, min_confidence)
            frames.append(faces)
            where = f"image {index + 1} of {len(pictures)}"
            if more:
                log.warning(
                    "%s: more than %d faces; the largest are kept, and max_faces raises the limit",
                    where,
                    max_faces,
                )
            if not faces and no_face == "error":
                raise face_not_found(where, min_confidence, "set no_face to empty")
            progress.update(1)
        frames = fill_gaps(frames, no_face)
        height, width = pictures.shape[-2:]
        return io.NodeOutput(from_frames(frames, (width, height)), boxes(frames))


def detector_input() -> io.Combo.Input:
    """The choice of a detector."""
    return io.Combo.Input(
        "detector",
        options=list(DETECTORS),
        default="auto",
        tooltip="auto is nearly always right, for photos and for art. embedded and mediapipe are "
        "for photos alone and quicker where there is no face; art is for drawings and paintings.",
    )


def min_confidence_input(tooltip: str) -> io.Float.Input:
    """How sure the detector must be."""
    return io.Float.Input(
        "min_confidence", default=0.5, min=0.05, max=0.95, step=0.05, tooltip=tooltip
    )
