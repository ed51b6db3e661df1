"""What is painted how: as controls and requests say it, and as it is written beside a picture."""

import re
from dataclasses import dataclass, fields

from ..tps_core.finish import GROUNDS, MOST_STRENGTH
from ..tps_core.json_reading import number, shown, text, truth

FACES = ("largest", "all", "leftmost", "rightmost")
AREAS = ("whole image", "face")
WAYS = ("style", "picture")
LONGEST_STYLE = 300  # characters of a style's name
# Keys of an infotext: letters, digits, blanks, - and / only.
STYLE_KEY, ART_KEY = "TPS style", "TPS art"
KEYS = {
    "faces": "TPS faces",
    "whole_image": "TPS area",
    "strength": "TPS strength",
    "keep_colors": "TPS keep colors",
    "color_match": "TPS color match",
    "ground": "TPS ground",
}


@dataclass(frozen=True)
class Settings:
    """How pictures are painted; the arguments of `stylize` and `paint_like`."""

    style: str = ""  # a style's name; "": like a picture of art
    faces: str = "largest"  # which of them are painted, or give the scale of the whole image
    whole_image: bool = True
    strength: float = 1.0
    keep_colors: float = 0.0
    color_match: float = 0.0
    ground: str = "paint"

    def __post_init__(self):
        text(self.style, "the style", LONGEST_STYLE)
        truth(self.whole_image, "whole_image")
        number(self.strength, "the strength", 0, MOST_STRENGTH)
        number(self.keep_colors, "keep_colors", 0, 1)
        number(self.color_match, "color_match", 0, 1)
        for value, known in ((self.faces, FACES), (self.ground, GROUNDS)):
            if value not in known:
                raise ValueError(f"{shown(value)} is none of {', '.join(known)}")

    @property
    def finish(self) -> dict:
        """What `stylize` and `paint_like` take beside photo, style and faces."""
        names = ("whole_image", "strength", "color_match", "keep_colors", "ground")
        return {name: getattr(self, name) for name in names}


DEFAULTS = Settings()


def read_settings(values: dict) -> Settings:
    """The settings among these values, by the names of Settings; None is the default.

    Raises ValueError for values that can't be.
    """
    known = {field.name: values.get(field.name) for field in fields(Settings)}
    return Settings(**{name: value for name, value in known.items() if value is not None})


def to_infotext(settings: Settings, art: str = "") -> dict[str, str | float]:
    """What is written beside a painted picture, by its keys: what isn't the default.

    art: what the picture of art is known by, where it is painted like one.
    """
    written: dict[str, str | float]
    written = {STYLE_KEY: settings.style} if settings.style else {ART_KEY: art}
    for name, key in KEYS.items():
        value = getattr(settings, name)
        if value != getattr(DEFAULTS, name):
            written[key] = AREAS[1] if name == "whole_image" else value
    return written


def from_infotext(written: dict[str, str]) -> dict | None:
    """The controls' values that `to_infotext` wrote, "way" among them; None if nothing is there.

    The WebUI hands them over as text. What can't be read is the default.
    """
    style = _whole_text(written, STYLE_KEY)
    if style is None and ART_KEY not in written:
        return None
    values: dict[str, object] = {"way": WAYS[style is None], "style": style or ""}
    for name, key in KEYS.items():
        default, text = getattr(DEFAULTS, name), written.get(key)
        if name == "whole_image":
            values[name] = text != AREAS[1]
        elif isinstance(default, float) and text is not None:
            values[name] = float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else default
        else:
            values[name] = default if text is None else text
    return values


def _whole_text(written: dict[str, str], key: str) -> str | None:
    """The text under the key; the WebUI takes one like 256x256 for a size, and splits it."""
    first, second = written.get(f"{key}-1"), written.get(f"{key}-2")
    return written.get(key) if first is None or second is None else f"{first}x{second}"
