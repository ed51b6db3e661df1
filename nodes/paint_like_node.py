"""The node that paints portraits like one picture of art, without any training."""

from collections.abc import Callable
from dataclasses import replace

import comfy.utils
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.choose import faces_to_paint
from ..tps_core.paint_like.artwork import Artwork
from ..tps_core.paint_like.find_art import find_artwork
from ..tps_core.paint_like.painter import paint_like
from ..tps_core.pictures import to_image
from ..tps_core.stylize import Stylized, unpainted
from .cancelling import cancellable
from .managed_style import device_with_room
from .schema import schema
from .sockets import FaceLandmarks, known_frames, to_cut_outs, to_pictures
from .style_nodes import strength_input
from .stylize_node import (
    LOWER,
    face_landmarks_input,
    faces_inputs,
    ground_input,
    no_face_input,
    output,
    whole_image_input,
)
from .warp_nodes import color_match_input

PREVIEW_PX = 512
PAINTING_BYTES = 3_000_000_000  # on the device, at most: it paints 1.5 megapixels
PROGRESS_PARTS = 100  # of an image's painting, as the progress bar counts


class PaintLike(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitPaintLike",
            display_name="Paint Like a Picture",
            category="TPS Portrait",
            search="style transfer, cartoon, anime, oil painting, sketch, avatar, reference",
            advanced=("color_match", "no_face"),
            essential=True,
            description="Paints portraits like one picture of art: with its colours, its strokes, "
            "its light. Nothing is trained or downloaded. For videos a style that Train Portrait "
            "Style made from the same picture is steadier.",
            inputs=[
                io.Image.Input(
                    "image",
                    tooltip="The photo, or several. Frames of a video would flicker: train a style "
                    "from the art and use Stylize Portrait.",
                ),
                io.Image.Input(
                    "art",
                    tooltip="A painted or drawn portrait, best of a similar pose; the larger its "
                    "face, the finer the strokes. Of several, one for each image if there are as "
                    "many, else the first for all.",
                ),
                face_landmarks_input(),
                FaceLandmarks.Input(
                    "art_landmarks",
                    optional=True,
                    tooltip="The face in the art, where none is found in it, or not exactly: Edit "
                    "Face Landmarks places it by hand.",
                ),
                whole_image_input(),
                strength_input(),
                io.Float.Input(
                    "art_colors",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the art's colours; 0 keeps the photo's, and only light "
                    "and dark are painted.",
                ),
                color_match_input(),
                ground_input(),
                no_face_input(),
                *faces_inputs(),
            ],
            outputs=[io.Image.Output(), io.Mask.Output()],
        )

    @classmethod
    @cancellable
    def execute(
        cls,
        image,
        art,
        whole_image,
        strength,
        art_colors,
        color_match,
        face_landmarks=None,
        art_landmarks=None,
        ground="paint",
        no_face="error",
        faces="auto",
        face=1,
    ) -> io.NodeOutput:
        pictures, alphas = to_cut_outs(image)
        artworks = _artworks(to_pictures(art), art_landmarks, len(pictures))
        frames = known_frames(face_landmarks, pictures)
        device = device_with_room(PAINTING_BYTES)
        progress = comfy.utils.ProgressBar(PROGRESS_PARTS * len(pictures))

        def paint(index: int) -> Stylized:
            picture, name = pictures[index], f"image {index + 1} of {len(pictures)}"
            show = _shown_on(progress, index)
            chosen = faces_to_paint(picture, name, frames[index], faces, face, no_face, LOWER)
            if chosen is None:
                show(1.0, picture)
                return unpainted(picture, ground)
            artwork = artworks[index % len(artworks)]
            result = paint_like(
                picture.to(device),
                replace(artwork, picture=artwork.picture.to(device)),
                chosen,
                whole_image,
                strength,
                color_match,
                name,
                1 - art_colors,
                ground,
                show,
            )
            show(1.0, result.picture[:3])
            return result

        return output(map(paint, range(len(pictures))), alphas)


def _artworks(pictures: Tensor, face_landmarks: dict | None, wanted: int) -> list[Artwork]:
    """The pictures of art (b, 3, h, w), each looked at once: as many as wanted, or the first."""
    frames = known_frames(face_landmarks, pictures)
    used = wanted if len(pictures) == wanted else 1
    return [
        find_artwork(picture, f"art {index + 1} of {len(pictures)}", faces)
        for index, (picture, faces) in enumerate(zip(pictures[:used], frames, strict=False))
    ]


def _shown_on(progress: comfy.utils.ProgressBar, index: int) -> Callable[[float, Tensor], None]:
    """Shows how far the painting of that image is, and the painting itself; raises on Cancel."""

    def show(share: float, seen: Tensor) -> None:
        preview = ("JPEG", to_image(seen.cpu()), PREVIEW_PX)
        progress.update_absolute(int(PROGRESS_PARTS * (index + share)), preview=preview)

    return show
