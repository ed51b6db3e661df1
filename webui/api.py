"""What requests ask for and what they are answered, as JSON; knows nothing of the WebUI."""

import base64
from dataclasses import fields
from pathlib import Path

import torch
from torch import Tensor

from ..tps_core.json_reading import named, parse_json
from ..tps_core.picture_writer import encode
from ..tps_core.pictures import decode_picture, to_image
from ..tps_core.style import list_styles, load_style
from .picture import from_base64, paint
from .settings import Settings, read_settings

MOST_BYTES = 150_000_000  # of a request
KNOWN = {field.name for field in fields(Settings)}


def stylize(body: bytes, device: torch.device) -> dict:
    """Answers a request to paint in a style. Raises ValueError."""
    request = _read(body, "style", "image", "style")
    if not request["style"]:
        raise ValueError("the style is empty; name one of those that /styles lists")
    return _painted(request, None, device)


def paint_like(body: bytes, device: torch.device) -> dict:
    """Answers a request to paint like a picture of art. Raises ValueError."""
    request = _read(body, "art", "image", "art")
    art = _picture(request.pop("art"), "art")[0]
    return _painted(request, art, device)


def styles() -> dict:
    """Answers which styles there are, with what their files say of themselves."""
    known = []
    for name, path in list_styles().items():
        try:
            record = load_style(path).record
        except ValueError:  # damaged: nobody can paint in it
            continue
        about = ("size", "steps", "author", "licence")
        known.append({"name": name} | {key: record.get(key, "") for key in about})
    return {"styles": known}


def _read(body: bytes, own: str, *needed: str) -> dict:
    """The request, which says nothing but the settings, its image and what it is painted by."""
    request = named(parse_json(body), "the request", *needed)
    if unknown := sorted(set(request) - (KNOWN - {"style"}) - {own, "image"}):
        names = ", ".join(sorted((KNOWN - {"style"}) | {own, "image"}))
        raise ValueError(f"the request says {ascii(unknown[0])[:60]}; known are {names}")
    return request


def _painted(request: dict, art: Tensor | None, device: torch.device) -> dict:
    settings = read_settings(request)
    photo, alpha = _picture(request["image"], "image")
    painted = to_image(paint(photo, alpha, settings, art, device))
    return {"image": base64.b64encode(encode(painted, Path("painted.png"))).decode()}


def _picture(value: object, name: str) -> tuple[Tensor, Tensor | None]:
    return decode_picture(from_base64(value, f"the {name}"), f"the {name}")
