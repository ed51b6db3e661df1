"""Nodes that bend faces, and that bring them to the mean face and back."""

import torch
import torch.nn.functional as F
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.align import Alignment, align
from ..tps_core.blend import blend, face_mask
from ..tps_core.face_warp import PLACEMENTS, warp_face
from ..tps_core.transparency import cut_out
from .schema import schema
from .sockets import (
    FaceLandmarks,
    TpsAlignment,
    frames_of,
    from_masks,
    from_pictures,
    gathered,
    to_cut_outs,
    to_frames,
    to_masks,
    to_pictures,
)


class Warp(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitWarp",
            display_name="Warp Face",
            category="TPS Portrait/warp",
            search="tps, thin plate spline, liquify, face morph, caricature, deform",
            advanced=("stiffness",),
            description="Bends the face in an image into the shape of another face.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input("source", tooltip="The landmarks of this image."),
                FaceLandmarks.Input(
                    "target", tooltip="The landmarks of the face that it should resemble."
                ),
                io.Float.Input(
                    "strength",
                    default=1.0,
                    min=-1.0,
                    max=2.0,
                    step=0.05,
                    tooltip="0 leaves the face as it is, 1 gives it the target's shape, 2 goes as "
                    "far again. Below 0 it moves away from the target.",
                ),
                io.Float.Input(
                    "stiffness",
                    default=0.001,
                    min=0.0,
                    max=1.0,
                    step=0.001,
                    round=False,
                    tooltip="0 takes every point exactly to its place; more bends more gently, "
                    "and smooths landmarks that jitter.",
                ),
                io.Combo.Input(
                    "placement",
                    options=list(PLACEMENTS),
                    default=PLACEMENTS[0],
                    tooltip="in place: the face keeps its position, size and rotation and "
                    "takes only the shape. exact: every point goes where the target has it.",
                ),
            ],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    def execute(cls, image, source, target, strength, stiffness, placement) -> io.NodeOutput:
        pictures, alphas = to_cut_outs(image)
        sources, targets = frames_of(source, pictures), to_frames(target, len(pictures))

        def bend(index: int) -> tuple[Tensor, Tensor]:
            if not sources[index] or not targets[index]:
                which = "source" if not sources[index] else "target"
                raise ValueError(f"image {index + 1} has no {which} face to warp by")
            faces = sources[index][0], targets[index][0]
            picture = cut_out(pictures[index], alphas[index])
            return warp_face(picture, *faces, strength, stiffness, placement)

        warped, masks = gathered(map(bend, range(len(pictures))), len(pictures))
        return io.NodeOutput(warped, masks[..., 0])


class AlignFace(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitAlignFace",
            display_name="Align Face",
            category="TPS Portrait/warp",
            search="face crop, crop face, cut out face, extract face, ffhq",
            description="Cuts each face out, upright and at one size: what styles are trained on.",
            inputs=[
                io.Image.Input("image"),
                FaceLandmarks.Input("face_landmarks"),
                io.Int.Input(
                    "size",
                    default=256,
                    min=64,
                    max=2048,
                    step=16,
                    tooltip="Side of the cut-out in pixels. Best is the size that the style was "
                    "trained at; larger makes the brush strokes finer.",
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
        pictures, _ = to_cut_outs(image)
        frames = frames_of(face_landmarks, pictures)
        alignments = [(i, align(face)) for i, faces in enumerate(frames) for face in faces]
        if not alignments:
            raise ValueError("no face to align: lower min_confidence in Detect Face Landmarks")
        crops = torch.stack([alignment.crop(pictures[i], size) for i, alignment in alignments])
        masks = torch.stack([face_mask(alignment, size) for _, alignment in alignments])
        return io.NodeOutput(from_pictures(crops), alignments, from_masks(masks))


class BlendFace(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitBlendFace",
            display_name="Blend Face",
            category="TPS Portrait/warp",
            search="paste back, paste face, uncrop, composite, seamless, stitch",
            description="Puts aligned faces back where they were cut from, without a seam.",
            inputs=[
                io.Image.Input("image", tooltip="The image that the faces were cut from."),
                io.Image.Input("faces", tooltip="The faces from Align Face, painted or changed."),
                TpsAlignment.Input("alignment", tooltip="From the same Align Face."),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the faces show, drawn on the cut-out. Without one it is the "
                    "face's outline with a soft edge.",
                ),
                color_match_input(),
            ],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    def execute(cls, image, faces, alignment, color_match, mask=None) -> io.NodeOutput:
        pictures, alphas = to_cut_outs(image)
        pictures, faces = pictures.clone(), to_pictures(faces)
        _check_fits(pictures, faces, alignment)
        masks = [None] * len(faces) if mask is None else _fitted(to_masks(mask), faces)
        covered = torch.zeros_like(pictures[:, :1])
        for face, own_mask, (frame, way) in zip(faces, masks, alignment, strict=True):
            pictures[frame], where = blend(pictures[frame], face, way, own_mask, color_match)
            covered[frame] = torch.maximum(covered[frame], where)
        blended = ((cut_out(*parts),) for parts in zip(pictures, alphas, strict=True))
        return io.NodeOutput(*gathered(blended, len(pictures)), from_masks(covered))


def color_match_input() -> io.Float.Input:
    """The input of the nodes that put painted faces into a photo."""
    return io.Float.Input(
        "color_match",
        default=0.0,
        min=0.0,
        max=1.0,
        step=0.05,
        tooltip="0 keeps the painting's colours, 1 takes over the photo's, so that face and neck "
        "agree.",
    )


def _check_fits(pictures: Tensor, faces: Tensor, alignments: list[tuple[int, Alignment]]) -> None:
    """Raises ValueError for faces that were not cut from these pictures by these alignments."""
    if len(faces) != len(alignments):
        raise ValueError(
            f"{len(faces)} faces for {len(alignments)} alignments; connect faces and alignment "
            f"of the same Align Face"
        )
    face_height, face_width = faces.shape[-2:]
    if face_height != face_width:
        raise ValueError(
            f"the faces are {face_width} x {face_height} pixels, and have to be square, as Align "
            "Face gives them; scale them without cropping"
        )
    height, width = pictures.shape[-2:]
    for frame, alignment in alignments:
        if frame >= len(pictures) or alignment.landmarks.size != (width, height):
            cut_width, cut_height = alignment.landmarks.size
            raise ValueError(
                f"a face was cut from image {frame + 1}, of {cut_width} x {cut_height} pixels; "
                f"here are {len(pictures)}, of {width} x {height}; connect the image that went "
                f"into Align Face"
            )


def _fitted(masks: Tensor, faces: Tensor) -> Tensor:
    """The masks (b or 1, 1, h, w) for the faces (b, 3, s, s): (b, 1, s, s)."""
    if len(masks) not in (1, len(faces)):
        raise ValueError(f"{len(masks)} masks for {len(faces)} faces; use one, or one for each")
    masks = F.interpolate(masks, faces.shape[-2:], mode="bilinear")
    return masks.expand(len(faces), -1, -1, -1)
