"""Reading animations (GIF, WebP, APNG, AVIF) as videos, by Pillow: it knows their frames' times."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..json_reading import one_line
from ..picture_formats import DECODING_ERRORS
from .frame import BT601, MOST_PIXELS, Colors, Frame
from .transparency import on_white

ENDINGS = {".gif", ".webp", ".png", ".apng", ".avif"}  # of pictures that may move
FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
UNMARKED_COLORS = 2  # FFmpeg's number for colours that aren't marked
SHORTEST_MS = 20  # browsers, too, take what is shorter for a mistake, and show it for
USUAL_MS = 100
OPENING_ERRORS = (*DECODING_ERRORS, Image.DecompressionBombError)


def moves(path: Path | str) -> bool:
    """Whether the file is an animation of more than one frame."""
    try:
        with _opened(path) as image:
            return _count(image) > 1
    except OPENING_ERRORS:
        return False


class AnimationReader:
    """An animation, read as a `VideoReader` reads a video. Raises ValueError when it can't be."""

    def __init__(self, path: Path | str):
        self.path = Path(path)
        self.time_base = Fraction(1, 1000)
        self.colors = Colors(BT601, UNMARKED_COLORS, UNMARKED_COLORS)
        self.metadata: dict[str, str] = {}
        self.chapters: list = []
        self.sounds: list = []
        self.subtitles: list = []
        self.notes: list[str] = []
        self._durations: list[int] = []  # in ms
        self.alpha = False
        try:
            with _opened(path) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise ValueError(
                        f"its pictures have {image.width} x {image.height} pixels; "
                        f"{MOST_PIXELS // 10**6} megapixels are the most"
                    )
                # A GIF that isn't told to begin again is shown once.
                self.loop = image.info.get("loop", -1 if image.format == "GIF" else 0)
                for frame in _frames(image):
                    self._durations.append(_duration_ms(frame))
                    self.alpha = self.alpha or _transparent(frame)
        except FileNotFoundError:
            raise ValueError(f"{path}: no such file") from None
        except OPENING_ERRORS as error:
            raise ValueError(f"{path}: can't be read ({one_line(error)})") from None

    @property
    def count(self) -> int:
        return len(self._durations)

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        return Fraction(1000 * self.count, sum(self._durations))

    @property
    def last_duration(self) -> Fraction:
        """For how many seconds the last frame is shown."""
        return self._durations[-1] * self.time_base

    def frames(self) -> Iterator[Frame]:
        """The frames in order. Raises ValueError where the file is damaged."""
        time = 0
        try:
            with _opened(self.path) as image:
                for frame, duration in zip(_frames(image), self._durations, strict=True):
                    pixels = np.array(frame.convert("RGBA" if self.alpha else "RGB"))
                    picture = torch.from_numpy(pixels).permute(2, 0, 1)
                    yield Frame(on_white(picture) if self.alpha else picture, time, duration)
                    time += duration
        except OPENING_ERRORS as error:
            raise ValueError(f"{self.path}: can't be read ({one_line(error)})") from None

    def parts(self) -> Iterator[Frame]:
        """The frames: nothing is beside them."""
        return self.frames()

    def close(self) -> None:
        """Nothing stays open."""


@contextmanager
def _opened(path: Path | str) -> Iterator[Image.Image]:
    Image.init()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures: their size is looked at
        image = Image.open(path, formats=[name for name in FORMATS if name in Image.OPEN])
    with image:
        yield image


def _first(image: Image.Image) -> int:
    """The number of the first frame: an APNG may begin with a picture that isn't one of them."""
    return int(bool(getattr(image, "default_image", False)))


def _count(image: Image.Image) -> int:
    return getattr(image, "n_frames", 1) - _first(image)


def _frames(image: Image.Image) -> Iterator[Image.Image]:
    """The image at each of its frames, decoded."""
    begin = _first(image)
    for index in range(begin, begin + _count(image)):
        image.seek(index)
        image.load()
        yield image


def _duration_ms(frame: Image.Image) -> int:
    duration = round(float(frame.info.get("duration", 0)))
    return duration if duration >= SHORTEST_MS else USUAL_MS


def _transparent(frame: Image.Image) -> bool:
    """Whether anything of the frame can be seen through."""
    if "A" not in frame.mode and "a" not in frame.mode and "transparency" not in frame.info:
        return False
    return bool((np.asarray(frame.convert("RGBA"))[..., 3] < 255).any())
