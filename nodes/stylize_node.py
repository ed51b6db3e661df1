"""The node that does the whole job: finds the face, paints it and puts it back."""

from collections.abc import Iterable, Iterator

import comfy.utils
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.choose import NO_FACE, WHICH, faces_to_paint
from ..tps_core.detect import MOST_FACES
from ..tps_core.face_not_found import face_not_found
from ..tps_core.finish import GROUNDS
from ..tps_core.style import Style
from ..tps_core.stylize import Stylized, most_pixels, stylize, unpainted
from ..tps_core.transparency import cut_out
from ..tps_core.videos.camera import Camera
from ..tps_core.videos.paint_frame import VideoOptions, stylize_frame
from ..tps_core.videos.plan import plan_frames
from .cancelling import cancellable
from .managed_style import on_device
from .schema import schema
from .sockets import (
    FaceLandmarks,
    TpsStyle,
    gathered,
    known_frames,
    to_cut_outs,
)
from .style_nodes import strength_input
from .warp_nodes import color_match_input

# What was seen in the runs before: a camera's pictures come one a run.
_camera = Camera()
# Where the user sets how sure the detector must be, for messages: these nodes have no such input.
LOWER = "min_confidence in a Detect Face Landmarks that you connect, set no_face to skip"


class Stylize(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitStylize",
            display_name="Stylize Portrait",
            category="TPS Portrait",
            search="style transfer, cartoon, anime, oil painting, sketch, caricature, avatar, gan",
            advanced=("color_match", "keep_colors", "no_face"),
            essential=True,
            description="Finds the face, paints it in the style and puts it back: all in one.",
            inputs=[
                io.Image.Input("image"),
                TpsStyle.Input("style"),
                face_landmarks_input(),
                whole_image_input(),
                strength_input(),
                color_match_input(),
                io.Boolean.Input(
                    "video",
                    default=False,
                    optional=True,  # prompts that were saved before it was there go on
                    tooltip="The images are frames that follow each other: the face is followed "
                    "and held steady. Without face_landmarks only. One image a run is a camera's: "
                    "it is followed from run to run.",
                ),
                # Optional and last, as video is: older workflows and prompts go on as they were.
                io.Float.Input(
                    "keep_colors",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    optional=True,
                    tooltip="1 keeps the photo's colours: only light and dark are painted.",
                ),
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
        style,
        whole_image,
        strength,
        color_match,
        face_landmarks=None,
        video=False,
        keep_colors=0.0,
        ground="paint",
        no_face="error",
        faces="auto",
        face=1,
    ) -> io.NodeOutput:
        pictures, alphas = to_cut_outs(image)
        style = on_device(style, most_pixels(pictures.shape[-2:], style, whole_image))
        if video and face_landmarks is None:
            options = VideoOptions(
                whole_image,
                strength,
                color_match,
                keep_colors=keep_colors,
                ground=ground,
                faces=faces,
                numbers=(face,),
            )
            if len(pictures) == 1 and whole_image and faces in ("auto", "largest"):
                # A camera gives one a run.
                painted = stylize_frame(pictures[0], style, _camera(pictures[0]), options)
                return output([painted], alphas)
            return output(_stylize_video(pictures, style, options, no_face), alphas)
        frames = known_frames(face_landmarks, pictures)
        progress = comfy.utils.ProgressBar(len(pictures))

        def paint(index: int) -> Stylized:
            picture, name = pictures[index], f"image {index + 1} of {len(pictures)}"
            chosen = faces_to_paint(picture, name, frames[index], faces, face, no_face, LOWER)
            if chosen is None:
                result = unpainted(picture, ground)
            else:
                how = (whole_image, strength, color_match, name, keep_colors, ground)
                result = stylize(picture, style, chosen, *how)
            progress.update(1)
            return result

        return output(map(paint, range(len(pictures))), alphas)


def _stylize_video(
    pictures: Tensor, style: Style, options: VideoOptions, no_face: str
) -> Iterator[Stylized]:
    """The frames (b, 3, h, w) painted, their faces followed from one to the next.

    Raises FaceNotFound if there is none in any frame, faces alone are to be painted, and no_face
    is "error".
    """
    progress = comfy.utils.ProgressBar(2 * len(pictures))
    follower, observations = options.follower(), []
    for picture in pictures:
        observations.append(follower(picture))
        progress.update(1)
    seen = any(observation.faces for observation in observations)
    if no_face == "error" and not options.whole_image and not seen:
        raise face_not_found(
            f"all {len(pictures)} images",
            options.min_confidence,
            "set whole_image",
            LOWER,
        )
    for index, plan in enumerate(plan_frames(observations)):
        near = [*pictures[max(0, index - 1) : index], *pictures[index + 1 : index + 2]]
        yield stylize_frame(pictures[index], style, plan, options, near)
        progress.update(1)


def output(results: Iterable[Stylized], alphas: list[Tensor | None]) -> io.NodeOutput:
    """The painted images, as transparent as those that came in, and their masks."""
    painted = (
        (cut_out(picture, alpha), mask)
        for (picture, mask), alpha in zip(results, alphas, strict=True)
    )
    image, mask = gathered(painted, len(alphas))
    return io.NodeOutput(image, mask[..., 0])


def face_landmarks_input():
    return FaceLandmarks.Input(
        "face_landmarks",
        optional=True,
        tooltip="The faces to paint. Without them, the largest face of each image.",
    )


def whole_image_input() -> io.Boolean.Input:
    return io.Boolean.Input(
        "whole_image",
        default=True,
        tooltip="Paint hair, clothes and background too, not the face alone.",
    )


def ground_input() -> io.Combo.Input:
    return io.Combo.Input(
        "ground",
        options=list(GROUNDS),
        default="paint",
        optional=True,
        tooltip="What is behind the person: painted too, kept from the photo, blurred, "
        "or transparent (the image then has an alpha channel; save it as PNG).",
    )


def no_face_input() -> io.Combo.Input:
    return io.Combo.Input(
        "no_face",
        options=list(NO_FACE),
        default="error",
        optional=True,
        tooltip="An image in which no face is found: stop and say which, or skip it: it comes out "
        "as it is, and the others are painted.",
    )


def faces_inputs() -> list[io.Input]:
    """Which faces of a group are painted."""
    return [
        io.Combo.Input(
            "faces",
            options=list(WHICH),
            default="auto",
            optional=True,
            tooltip="Which faces of a group: auto is all of face_landmarks, and without them the "
            "largest; all that are found; or one, by its number from the left or by how sure it "
            "is. For a style per face put one such node behind the other, whole_image off.",
        ),
        io.Int.Input(
            "face",
            default=1,
            min=1,
            max=MOST_FACES,
            optional=True,
            tooltip="The face's number, where faces is left to right or score.",
        ),
    ]
