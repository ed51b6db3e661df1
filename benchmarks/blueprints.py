"""ComfyUI blueprints: subgraphs that are offered as nodes."""

from workflow_blocks import LOWER, STYLES, TOP, A, B, beside, load_style
from workflow_file import Blueprint, Out


def stylize_a_portrait(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Stylize a portrait",
        schemas,
        "Paints the faces in photos, or all of the photos, in a style.",
        image="IMAGE",
        style_name="COMBO",
        strength="FLOAT",
        keep_colors="FLOAT",
        ground="COMBO",
        whole_image="BOOLEAN",
    )
    image, name, strength, keep_colors, ground, whole_image = w.inputs
    style = _chosen_style(w, (0, 260), name)
    painting, mask = w.node(
        "TPSPortraitStylize",
        (A, TOP),
        image=image,
        style=style,
        strength=strength,
        keep_colors=keep_colors,
        ground=ground,
        whole_image=whole_image,
    )
    w.give(painting=painting, mask=mask, before_and_after=beside(w, image, painting, (B, 260)))
    return w


def paint_like(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Paint like a picture",
        schemas,
        "Paints photos like one picture of art, without any training.",
        image="IMAGE",
        art="IMAGE",
        strength="FLOAT",
        art_colors="FLOAT",
        ground="COMBO",
    )
    names = ("image", "art", "strength", "art_colors", "ground")
    given = dict(zip(names, w.inputs, strict=True))
    painting, mask = w.node("TPSPortraitPaintLike", (A, TOP), **given)
    both = beside(w, given["image"], painting, (B, 260))
    w.give(painting=painting, mask=mask, before_and_after=both)
    return w


def stylize_a_video(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Stylize a video",
        schemas,
        "Paints a video in a style; the face is followed and held steady, the sound stays.",
        video="VIDEO",
        style_name="COMBO",
        strength="FLOAT",
        keep_colors="FLOAT",
        ground="COMBO",
    )
    video, name, strength, keep_colors, ground = w.inputs
    style = _chosen_style(w, (0, 60), name)
    frames, sound, rate = w.node("GetVideoComponents", (0, LOWER), 240, video=video)
    painted, _ = w.node(
        "TPSPortraitStylize",
        (A, TOP),
        image=frames,
        style=style,
        strength=strength,
        keep_colors=keep_colors,
        ground=ground,
        video=True,
    )
    (made,) = w.node("CreateVideo", (B, LOWER), 240, images=painted, audio=sound, fps=rate)
    w.give(painted_video=made)
    return w


def _chosen_style(w: Blueprint, at: tuple[int, int], name: Out) -> Out:
    """The style whose name is the blueprint's input, at first that of the pack's first."""
    style = load_style(w, at, name)
    style.node["widgets_values"] = [STYLES[0]]
    return style
