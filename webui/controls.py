"""The controls of Extras and of txt2img and img2img, and what they say."""

import gradio as gr
import numpy as np
from PIL import Image

from ..tps_core.json_reading import shown, truth
from ..tps_core.pictures import decode_picture, to_image
from ..tps_core.style import list_styles
from .host import on_click
from .picture import from_base64
from .settings import (
    AREAS,
    DEFAULTS,
    FACES,
    GROUNDS,
    MOST_STRENGTH,
    WAYS,
    Settings,
    from_infotext,
    read_settings,
)

# In the order in which the WebUI hands their values over; it never changes, nor does the number.
NAMES = ("enabled", "way", "style", "art", "area", "faces", "strength", "keep_colors",
         "color_match", "ground")  # fmt: skip


def make_controls(place: str) -> dict[str, gr.components.Component]:
    """The controls by NAMES; `place` begins their ids in the page."""
    styles = list(list_styles())
    with gr.Accordion("TPS Portrait", open=False, elem_id=f"{place}_tps"):
        with gr.Row():
            enabled = gr.Checkbox(False, label="Enable", elem_id=f"{place}_tps_enabled")
            enabled.do_not_save_to_config = True  # nobody finds it on who didn't switch it on
            way = gr.Radio(
                list(WAYS), value=WAYS[0], label="Paint in a style, or like a picture",
                elem_id=f"{place}_tps_way",
            )  # fmt: skip
        with gr.Row(elem_id=f"{place}_tps_styles") as style_row:
            style = gr.Dropdown(
                styles, value=next(iter(styles), ""), label="Portrait style", scale=8,
                elem_id=f"{place}_tps_style",
            )  # fmt: skip
            renew = gr.Button("↻", elem_id=f"{place}_tps_renew", min_width=40, scale=0)
        art = gr.Image(
            type="pil", image_mode="RGB", label="Picture to paint like", height=240,
            elem_id=f"{place}_tps_art", visible=False,
        )  # fmt: skip
        with gr.Row():
            area = gr.Radio(
                list(AREAS), value=AREAS[0], label="Painted area", elem_id=f"{place}_tps_area"
            )
            faces = gr.Dropdown(
                list(FACES), value=DEFAULTS.faces, label="Faces", elem_id=f"{place}_tps_faces"
            )
            ground = gr.Dropdown(
                list(GROUNDS), value=DEFAULTS.ground, label="Behind the person",
                elem_id=f"{place}_tps_ground",
            )  # fmt: skip
        with gr.Row():
            strength = _slider("Painting strength", MOST_STRENGTH, 1.0, f"{place}_tps_strength")
            keep_colors = _slider("Keep the photo's colours", 1.0, 0.0, f"{place}_tps_keep_colors")
            color_match = _slider(
                "Face towards the photo's colours", 1.0, 0.0, f"{place}_tps_color_match"
            )
    on_click(renew, lambda: gr.update(choices=list(list_styles())), [], [style])
    way.change(_show_way, [way], [style_row, art], show_progress=False)
    made = locals()
    return {name: made[name] for name in NAMES}


def _show_way(way: str) -> list:
    return [gr.update(visible=way == WAYS[0]), gr.update(visible=way == WAYS[1])]


def _slider(label: str, most: float, value: float, id: str) -> gr.Slider:
    # A default that is no float would make the WebUI read the infotext's number as another kind.
    return gr.Slider(0.0, most, value=value, step=0.05, label=label, elem_id=id)


def read_controls(values: dict) -> tuple[Settings, Image.Image | None] | None:
    """What the controls say, by NAMES, and the picture of art; None if they say nothing is painted.

    None, which the WebUI's own routes give, is the default of each; without `enabled` nothing is.
    Raises ValueError for what no control can say.
    """
    if not truth(values.get("enabled") or False, "enabled"):
        return None
    way, area = values.get("way") or WAYS[0], values.get("area") or AREAS[0]
    for value, known in ((way, WAYS), (area, AREAS)):
        if value not in known:
            raise ValueError(f"{shown(value)} is none of {', '.join(known)}")
    settings = read_settings(
        values | {"style": "" if way == WAYS[1] else values.get("style") or _first_style(),
                  "whole_image": area == AREAS[0]}
    )  # fmt: skip
    return settings, _image(values.get("art")) if way == WAYS[1] else None


def paste_fields(controls: dict) -> list[tuple]:
    """Each control but the art's with what an infotext, as the WebUI has read it, says for it."""

    def reader(name: str):
        def read(written: dict):
            found = from_infotext(written)
            if name == "enabled":
                return found is not None
            if found is None:
                return None  # stays as it is
            return AREAS[not found["whole_image"]] if name == "area" else found[name]

        return read

    return [(control, reader(name)) for name, control in controls.items() if name != "art"]


def _first_style() -> str:
    styles = list_styles()
    if not styles:
        raise ValueError("there is no style yet; train one first, or paint like a picture")
    return next(iter(styles))


def _image(value: object) -> Image.Image | None:
    """The picture of art: the page's image, or base64 of a request."""
    if value is None or isinstance(value, Image.Image):
        return value
    if isinstance(value, np.ndarray):
        return Image.fromarray(value)
    content = from_base64(value, "the picture of art")
    return to_image(decode_picture(content, "the picture of art")[0])
