"""Landmarks that a person placed in the editor, kept as text in a workflow.

The form is that of `tps-portrait detect`: {"images": {name: {"size": [w, h], "faces": […]}}}, a
picture's name being the digest of what it shows. So points follow their picture when others are
added, sorted or left out, and never fall on another picture that has taken its place. A picture
that was changed, if only in colour, is another one; its points wait until it is back.
"""

import hashlib

from torch import Tensor

from ..json_reading import named, one_line, parse_json
from ..landmarks import Landmarks
from ..pictures import to_image
from .json_file import faces_from_json


def digest(picture: Tensor) -> str:
    """The name of the picture (3, h, w), 0…1: 16 hexadecimal digits.

    Taken of its 256 levels, so that noise in the last decimals doesn't make another picture of it.
    """
    image = to_image(picture)
    content = f"{image.width}x{image.height}:".encode() + image.tobytes()
    return hashlib.blake2b(content, digest_size=8).hexdigest()


def read_edits(text: str) -> dict[str, list[Landmarks]]:
    """The faces of each picture that a person worked on, by digest; {} for an empty text.

    Raises ValueError for a text that the editor hasn't written.
    """
    if not text.strip():
        return {}
    try:
        pictures = named(named(parse_json(text), "it", "images")["images"], "its images")
        return {name: faces_from_json(content) for name, content in pictures.items()}
    except ValueError as error:
        raise ValueError(
            f"edits: not what the landmark editor writes ({one_line(error)}); empty the field, or "
            "copy the text again"
        ) from None
