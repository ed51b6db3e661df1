"""Nodes that bend faces, and that bring them to the mean face and back."""

import torch
from comfy_api.latest import io

from ..tps_core.align import align
from ..tps_core.blend import blend, face_mask
from ..tps_core.face_warp import PLACEMENTS, warp_face
from .sockets import (
    FaceLandmarks,
    TpsAlignment,
    from_masks,
    from_pictures,
    to_frames,
    to_masks,
    to_pictures,
)


class Warp(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitWarp",
            display_name="Warp Face",
            category="TPS Portrait/warp",
            description="Bends the face in the image into the shape of another face.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input("source", tooltip="Landmarks of this image."),
                FaceLandmarks.Input("target", tooltip="Landmarks of the face to resemble."),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=-1.0,
                    max=2.0,
                    step=0.05,
                    tooltip="0 leaves the face, 1 gives it the target's shape, 2 a caricature.",
                ),
                io.Float.Input(
                    "stiffness",
                    default=0.001,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    round=False,
                    tooltip="0 hits every point exactly; more bends more gently.",
                ),
                io.Combo.Input(
                    "placement",
                    options=list(PLACEMENTS),
                    default=PLACEMENTS[0],
                    tooltip="in place: take the shape, keep position, size and tilt. "
                    "exact: put every point where the target has it.",
                ),
            ],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    def execute(cls, image, source, target, strength, stiffness, placement) -> io.NodeOutput:
        pictures = to_pictures(image)
        sources, targets = (to_frames(faces, len(pictures)) for faces in (source, target))
        results = []
        for index, picture in enumerate(pictures):
            if not sources[index] or not targets[index]:
                which = "source" if not sources[index] else "target"
                raise ValueError(f"image {index + 1} has no {which} face to warp by")
            faces = sources[index][0], targets[index][0]
            results.append(warp_face(picture, *faces, strength, stiffness, placement))
        warped, masks = (torch.stack(parts) for parts in zip(*results, strict=True))
        return io.NodeOutput(from_pictures(warped), from_masks(masks))


class AlignFace(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitAlignFace",
            display_name="Align Face",
            category="TPS Portrait/warp",
            description="Cuts each face out, upright and at one size, as styles are trained on.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input("face_landmarks"),
                io.Int.Input(
                    "size",
                    default=256,
                    min=64,
                    max=2048,
                    step=16,
                    tooltip="Side of the cut-out in pixels. Best is the style's training size, "
                    "up to twice that.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="faces"),
                TpsAlignment.Output(display_name="alignment"),
                io.Mask.Output(),
            ],
        )

    @classmethod
    def execute(cls, image, face_landmarks, size) -> io.NodeOutput:
        pictures = to_pictures(image)
        frames = to_frames(face_landmarks, len(pictures))
        alignments = [(i, align(face)) for i, faces in enumerate(frames) for face in faces]
        if not alignments:
            raise ValueError("no face to align; detect one first, or lower min_confidence")
        crops = torch.stack([alignment.crop(pictures[i], size) for i, alignment in alignments])
        masks = torch.stack([face_mask(alignment, size) for _, alignment in alignments])
        return io.NodeOutput(from_pictures(crops), alignments, from_masks(masks))


class BlendFace(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return io.Schema(
            node_id="TPSPortraitBlendFace",
            display_name="Blend Face",
            category="TPS Portrait/warp",
            description="Puts aligned faces back where they were cut from, without a seam.",
            inputs=[
                io.Image.Input("image", tooltip="The image that the faces were cut from."),
                io.Image.Input("faces"),
                TpsAlignment.Input("alignment"),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the faces cover, in the cut-out; without one, the face with a "
                    "soft edge.",
                ),
                io.Float.Input(
                    "color_match",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Takes the face's colours towards those it covers.",
                ),
            ],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    def execute(cls, image, faces, alignment, color_match, mask=None) -> io.NodeOutput:
        pictures, faces = to_pictures(image).clone(), to_pictures(faces)
        if len(faces) != len(alignment):
            raise ValueError(f"{len(faces)} faces for {len(alignment)} alignments; use those of "
                             f"the same Align Face node")  # fmt: skip
        masks = to_masks(mask).expand(len(faces), -1, -1, -1) if mask is not None else None
        covered = torch.zeros_like(pictures[:, :1])
        for index, (frame, way) in enumerate(alignment):
            own_mask = None if masks is None else masks[index]
            pictures[frame], where = blend(
                pictures[frame], faces[index], way, own_mask, color_match=color_match
            )
            covered[frame] = torch.maximum(covered[frame], where)
        return io.NodeOutput(from_pictures(pictures), from_masks(covered))
