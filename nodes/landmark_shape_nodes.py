"""Nodes that show landmarks, and that move them."""

import comfy.utils
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.draw import draw_landmarks
from ..tps_core.morph import morph
from ..tps_core.tracking.gaps import POLICIES, fill_gaps
from ..tps_core.tracking.smoothing import smooth
from .schema import schema
from .sockets import (
    FaceLandmarks,
    frames_of,
    from_frames,
    gathered,
    own_frames,
    to_frames,
    to_pictures,
)


class DrawLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitDrawLandmarks",
            display_name="Draw Face Landmarks",
            category="TPS Portrait/landmarks",
            search="face mesh, facial keypoints, visualize landmarks, preview face, mediapipe",
            description="Draws the landmarks on the image, to see whether they are right.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input("face_landmarks"),
                io.Float.Input(
                    "thickness",
                    default=1.0,
                    min=0.2,
                    max=8.0,
                    step=0.1,
                    tooltip="Of lines and dots. 1 suits the image's size.",
                ),
            ],
            outputs=[io.Image.Output()],
        )

    @classmethod
    def execute(cls, image, face_landmarks, thickness) -> io.NodeOutput:
        pictures = to_pictures(image)
        frames = frames_of(face_landmarks, pictures)
        progress = comfy.utils.ProgressBar(len(pictures))

        def draw(index: int) -> tuple[Tensor]:
            progress.update(1)
            return (draw_landmarks(pictures[index], frames[index], thickness),)

        return io.NodeOutput(*gathered(map(draw, range(len(pictures))), len(pictures)))


class SmoothLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitSmoothLandmarks",
            display_name="Smooth Face Landmarks",
            category="TPS Portrait/landmarks",
            search="stabilize face, jitter, one euro filter, face tracking, video",
            advanced=("no_face",),
            description="Removes jitter from the landmarks of a video, each face by itself.",
            inputs=[
                FaceLandmarks.Input(
                    "face_landmarks", tooltip="Of the frames of a video, in their order."
                ),
                io.Float.Input(
                    "steadiness",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How still a face is held that rests. 0 leaves the landmarks as they "
                    "are.",
                ),
                io.Float.Input(
                    "agility",
                    default=1.0,
                    min=0.0,
                    max=4.0,
                    step=0.1,
                    tooltip="How readily motion is followed. Raise it where quick speech or blinks "
                    "are rounded off, lower it where a moving face jitters.",
                ),
                io.Combo.Input(
                    "no_face",
                    options=list(POLICIES),
                    default="interpolate",
                    tooltip="A frame without a face: stop and say so, leave it empty, repeat the "
                    "face from before, or move it evenly from where it was to where it is next.",
                ),
            ],
            outputs=[FaceLandmarks.Output(display_name="face_landmarks")],
        )

    @classmethod
    def execute(cls, face_landmarks, steadiness, agility, no_face) -> io.NodeOutput:
        frames, size = own_frames(face_landmarks)
        frames = fill_gaps(smooth(frames, steadiness, agility), no_face)
        return io.NodeOutput(from_frames(frames, size))


class MorphLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitMorphLandmarks",
            display_name="Morph Face Landmarks",
            category="TPS Portrait/landmarks",
            search="caricature, face morph, exaggerate, average face, facial keypoints",
            description="A face between two faces, or a caricature. Warp Face bends the image to "
            "it.",
            inputs=[
                FaceLandmarks.Input("face_landmarks", tooltip="The face to change."),
                FaceLandmarks.Input("other", tooltip="The face to go to, or away from."),
                io.Float.Input(
                    "amount",
                    default=0.5,
                    min=-1.0,
                    max=2.0,
                    step=0.05,
                    tooltip="0 is the face itself, 1 the other one, 2 goes as far again. Below 0 "
                    "it moves away from the other.",
                ),
                io.Boolean.Input(
                    "align",
                    default=True,
                    tooltip="Lay the other face onto this one first, so that only the shape "
                    "changes. Off: position, size and rotation change too.",
                ),
            ],
            outputs=[FaceLandmarks.Output(display_name="face_landmarks")],
        )

    @classmethod
    def execute(cls, face_landmarks, other, amount, align) -> io.NodeOutput:
        frames, size = own_frames(face_landmarks)
        others = to_frames(other, len(frames))
        morphed = []
        for index, (faces, targets) in enumerate(zip(frames, others, strict=True)):
            if len(targets) == 1:
                targets = targets * len(faces)
            if len(targets) != len(faces):
                raise ValueError(
                    f"image {index + 1} has {len(faces)} faces to morph and {len(targets)} others; "
                    "there must be one other, or one for each: choose with Convert Face Landmarks"
                )
            pairs = zip(faces, targets, strict=True)
            morphed.append([morph(face, target, amount, align) for face, target in pairs])
        return io.NodeOutput(from_frames(morphed, size))
