"""Reading videos, by PyAV: frames as pictures of bytes, the sound as it is."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..json_reading import one_line

ENDINGS = {
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv",
    ".flv", ".3gp", ".ogv",
}  # fmt: skip
# What colours a video's numbers mean, as FFmpeg and its scaler count them.
BT709, BT601, BT2020 = 1, 5, 9
SCALER_COLORS = {1: BT709, 5: BT601, 6: BT601, 9: BT2020, 10: BT2020}
HD_HEIGHT = 720  # videos that don't say so have the newer colours from here on

MOST_PIXELS = 36_000_000  # of a frame: 8K video has 33 million
FASTEST = 1000  # frames per second: a file that says more is damaged
MOST_DAMAGED = 10_000
# A list of other files, or an address, is no video of the user's.
ONLY_THIS_FILE = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,matroska,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg,gif,m4v",
}

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Frame:
    """One frame, as it is meant to be seen."""

    picture: Tensor  # (3, h, w) bytes
    time: int | None  # in units of the video's time base


def load_av():
    """PyAV. Raises ValueError when it isn't installed."""
    try:
        import av
    except ImportError:
        raise ValueError(
            'videos need PyAV, which is not installed; pip install av (or "tps-portrait[video]")'
        ) from None
    return av


class VideoReader:
    """A video file. Raises ValueError when it can't be read."""

    def __init__(self, path: Path | str):
        self._av = load_av()
        self.path = Path(path)
        try:
            self._file = self._av.open(str(path), metadata_errors="replace", options=ONLY_THIS_FILE)
        except FileNotFoundError:
            raise ValueError(f"{path}: no such file") from None
        except (OSError, ValueError, self._av.error.FFmpegError) as error:
            reason = one_line(getattr(error, "strerror", None) or error)
            raise ValueError(f"{path}: can't be read ({reason})") from None
        if not self._file.streams.video:
            self.close()
            raise ValueError(f"{path}: has no pictures; name a video")
        self.stream = self._file.streams.video[0]
        if self.stream.codec_context is None:
            self.close()
            raise ValueError(f"{path}: can't be read (nothing here decodes its pictures)")
        self._check_size(self.stream.width, self.stream.height)
        self.stream.thread_type = "AUTO"
        self.sounds = list(self._file.streams.audio)
        self.metadata = dict(self._file.metadata)

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        rate = self.stream.average_rate or self.stream.guessed_rate or 0
        return Fraction(rate if 0 < rate <= FASTEST else 25)

    @property
    def count(self) -> int:
        """About how many frames there are; 0 if the file doesn't say."""
        if self.stream.frames > 0:
            return self.stream.frames
        duration = self._file.duration
        return round(duration / 1e6 * self.rate) if duration and duration > 0 else 0

    def frames(self) -> Iterator[Frame]:
        """The frames in order."""
        return (part for part in self.parts(False) if isinstance(part, Frame))

    def parts(self, sound: bool = True) -> Iterator:
        """The frames, and between them the packets of the sound, if it is wanted."""
        size, damaged = None, 0
        packets = self._file.demux(self.stream, *(self.sounds if sound else ()))
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                if packet.stream.type != "video":
                    if packet.dts is not None:  # the last, empty one has none
                        yield packet
                    continue
                decoded = packet.decode()
            except (self._av.error.FFmpegError, ValueError) as error:
                damaged += 1
                if damaged > MOST_DAMAGED:
                    raise ValueError(
                        f"{self.path}: damaged in too many places ({one_line(error)})"
                    ) from None
                continue
            for frame in decoded:
                self._check_size(frame.width, frame.height)
                size = size or (frame.width, frame.height)
                yield Frame(_to_picture(frame, size), frame.pts)
        if damaged:
            log.warning("%s: damaged in %d places, which are left out", self.path, damaged)
        if size is None:
            raise ValueError(f"{self.path}: no frame of it can be read")

    def close(self) -> None:
        self._file.close()

    def _check_size(self, width: int, height: int) -> None:
        if width * height > MOST_PIXELS:
            raise ValueError(
                f"{self.path}: its pictures have {width} x {height} pixels; "
                f"{MOST_PIXELS // 10**6} megapixels are the most"
            )


def scaler_colors(colors: int, height: int) -> int:
    """The colours of a video as the scaler counts them, from what its frames say."""
    return SCALER_COLORS.get(colors, BT709 if height >= HD_HEIGHT else BT601)


def _to_picture(frame, size: tuple[int, int]) -> Tensor:
    """The frame upright, as a picture (3, h, w) of bytes; of the size, should it have changed."""
    rgb = frame.reformat(
        *size, format="rgb24", src_colorspace=scaler_colors(frame.colorspace, frame.height)
    )
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # anticlockwise, as is np.rot90
    picture = rgb.to_ndarray()
    picture = np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture
    return torch.from_numpy(picture).permute(2, 0, 1)
