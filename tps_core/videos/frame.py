"""A frame, and the colours of the video that it is of."""

from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor

# What colours a video's numbers mean, as FFmpeg and its scaler count them.
BT709, BT601, BT2020 = 1, 5, 9
SCALER_COLORS = {1: BT709, 5: BT601, 6: BT601, 9: BT2020, 10: BT2020}
HD_HEIGHT = 720  # videos that don't say so have the newer colours from here on

MOST_PIXELS = 36_000_000  # of a frame: 8K video has 33 million


@dataclass(frozen=True)
class Frame:
    """One frame, as it is meant to be seen: upright, in its true proportions."""

    picture: Tensor  # (3, h, w) bytes; (4, h, w) with alpha, and then laid on white
    time: int | None  # in units of the video's time base
    duration: int | None = None  # the same
    stored_px: tuple[int, int] | None = None  # its width and height in the file, if not the same
    pixel_ratio: Fraction = Fraction(1)  # width to height of the file's pixels

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height in the file, upright too."""
        return self.stored_px or (self.picture.shape[-1], self.picture.shape[-2])


@dataclass(frozen=True)
class Colors:
    """What a video's colours are marked as, in FFmpeg's numbers."""

    matrix: int  # as the scaler counts: BT709, BT601 or BT2020
    primaries: int
    transfer: int


def scaler_colors(colors: int, height: int) -> int:
    """The colours of a video as the scaler counts them, from what its frames say."""
    return SCALER_COLORS.get(colors, BT709 if height >= HD_HEIGHT else BT601)
