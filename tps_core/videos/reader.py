"""Reading videos, by PyAV: frames as pictures of bytes, what goes with them as it is."""

import logging
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from ..file_kinds import MARK, PICTURE
from ..json_reading import one_line
from .deinterlacer import Deinterlacer
from .frame import BT709, MOST_PIXELS, Colors, Frame, scaler_colors
from .pyav import load_av, open_file
from .tone_mapping import ToneMapping, is_wide
from .transparency import on_white

ENDINGS = {
    ".mp4", ".m4v", ".mov", ".qt", ".f4v", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".divx",
    ".mpg", ".mpeg", ".mpv", ".m1v", ".m2v", ".vob", ".mod", ".tod", ".ts", ".mts", ".m2t", ".m2ts",
    ".wmv", ".asf", ".flv", ".ogv", ".ogm", ".mxf", ".dv", ".rm", ".rmvb", ".wtv", ".nut", ".y4m",
    ".h264", ".264", ".h265", ".265", ".hevc", ".ivf", ".obu",
}  # fmt: skip
MICROSECONDS = 1_000_000  # in a second, as FFmpeg counts a file's time
MOST_FRAMES_PER_SECOND = 1000  # frames per second: a file that says more is damaged
MOST_DAMAGED_FRAMES = 10_000
FRAMES_LOOKED_AT = 25  # frames; looking at what is beside a frame's pixels takes a while
ATTACHED_PICTURE = 1 << 10  # FFmpeg's mark of a cover
MOST_PIXEL_RATIO = 8  # of a pixel's sides: a file that says more is damaged
SQUARE_TOLERANCE = 0.005  # pixels whose sides differ by a smaller share are taken for square
# FFmpeg's names of pixels, by whether they have alpha, and their bits.
RGB = {(False, 8): "rgb24", (True, 8): "rgba", (False, 16): "rgb48le", (True, 16): "rgba64le"}
# Their own decoders know nothing of the transparency that such videos have beside the picture.
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

log = logging.getLogger("tps_portrait")


@lru_cache(maxsize=1000)
def opens_as_video(path: Path) -> bool:
    """Whether PyAV, where it is installed, finds a video in the file, and it is no picture."""
    try:
        if PICTURE.fits(path):  # phones' pictures are films of one frame
            return False
        with closing(VideoReader(path)) as reader:
            return reader.stream.width > 0
    except (ValueError, OSError):
        return False


class VideoReader:
    """A video file. Raises ValueError when it can't be read."""

    loop = 0  # how often an animation is shown; 0: for ever

    def __init__(self, path: Path | str):
        self._av = load_av()
        self.path = Path(path)
        self._file = open_file(path)
        streams = self._file.streams
        moving = [stream for stream in streams.video if not _is_cover(stream)]
        if not moving:
            self.close()
            raise ValueError(f"{path}: has no moving pictures; name a video")
        self.stream = moving[0]
        context = self.stream.codec_context
        if context is None:
            self.close()
            raise ValueError(f"{path}: can't be read (nothing here decodes its pictures)")
        self._check_size(self.stream.width, self.stream.height)
        self.time_base = self.stream.time_base
        self.metadata = dict(self._file.metadata)
        # Recordings of broadcasts begin at any time of day; what is painted begins at 0.
        self._start = Fraction(max(self._file.start_time or 0, 0), MICROSECONDS)
        self.chapters = self._chapters()
        self.sounds, self.subtitles = list(streams.audio), list(streams.subtitles)
        self.notes: list[str] = []  # what is done to the pictures, in sentences
        self._note_what_is_left_out(moving, streams)

        self._decoder, self.alpha = context, False
        self._choose_decoder()
        self._pixel_ratio = _pixel_ratio(self.stream)
        self._tone_mapping: ToneMapping | None = None
        self._matrix: list[int] | None = None  # how frames are turned
        self._seen, self._captions = 0, False
        self.colors = Colors(
            scaler_colors(context.colorspace, self.stream.height),
            context.color_primaries,
            context.color_trc,
        )
        self._note_depth_and_colors()

    @property
    def rate(self) -> Fraction:
        """Frames per second, on average."""
        rate = self.stream.average_rate or self.stream.guessed_rate or 0
        return Fraction(rate if 0 < rate <= MOST_FRAMES_PER_SECOND else 25)

    @property
    def count(self) -> int:
        """About how many frames there are; 0 if the file doesn't say."""
        if self.stream.frames > 0:
            return self.stream.frames
        duration = self._file.duration
        return round(duration / MICROSECONDS * self.rate) if duration and duration > 0 else 0

    @property
    def is_ours(self) -> bool:
        """Whether it was written here."""
        labels = {key.lower(): value for key, value in self.stream.metadata.items()}
        return labels.get("handler_name") == MARK.decode()

    @property
    def last_duration(self) -> Fraction | None:
        """For how many seconds the last frame is shown, if the file says so.

        All of the file is read for that.
        """
        with open_file(self.path) as file:
            shown = [(p.pts, p.duration) for p in file.demux(file.streams[self.stream.index])]
        last = max((pair for pair in shown if None not in pair), default=None)
        return last[1] * self.time_base if last and last[1] > 0 else None

    def frames(self) -> Iterator[Frame]:
        """The frames in order."""
        return (part for part in self.parts(False) if isinstance(part, Frame))

    def parts(self, beside: bool = True) -> Iterator:
        """The frames, and between them the packets of sound and subtitles, if they are wanted."""
        size, damaged = None, 0
        wanted = [*self.sounds, *self.subtitles] if beside else []
        packets = self._file.demux(self.stream, *wanted)
        deinterlacer = self._deinterlacer = Deinterlacer(self._av, self.time_base)
        ended = False
        while not ended:
            try:
                packet = next(packets, None)
                if packet is None:
                    break
                if packet.stream.index != self.stream.index:
                    if packet.dts is not None:  # the last, empty one has none
                        yield self._from_start(packet)
                    continue
                ended = packet.dts is None and packet.size == 0
                decoded = self._decoder.decode(None if ended else packet)
                frames = list(deinterlacer.whole(decoded, ended))
            except (self._av.error.FFmpegError, ValueError) as error:
                damaged += 1
                if damaged > MOST_DAMAGED_FRAMES:
                    raise ValueError(
                        f"{self.path}: damaged in too many places ({one_line(error)})"
                    ) from None
                continue
            for frame in frames:
                self._check_size(frame.width, frame.height)
                size = size or (frame.width, frame.height)
                yield self._to_frame(frame, size)
        if self._captions:
            self.notes.append("the closed captions in its pictures are left out")
        if deinterlacer.used:
            self.notes.append("interlaced; it is deinterlaced")
        if damaged:
            log.warning("%s: damaged in %d places, which are left out", self.path, damaged)
        if size is None:
            raise ValueError(f"{self.path}: no frame of it can be read")

    def close(self) -> None:
        self._file.close()

    def _chapters(self) -> list:
        if not hasattr(self._file, "chapters"):
            return []
        chapters = self._file.chapters()
        for chapter in chapters:
            late = round(self._start / chapter["time_base"])
            chapter["start"], chapter["end"] = chapter["start"] - late, chapter["end"] - late
        return chapters

    def _from_start(self, packet):
        """The packet, its times counted from the file's beginning."""
        late = round(self._start / packet.time_base)
        packet.dts -= late
        if packet.pts is not None:
            packet.pts -= late
        return packet

    def _choose_decoder(self) -> None:
        """Takes a decoder that reads the pictures' transparency, where they have one."""
        context = self.stream.codec_context
        context.thread_type = "AUTO"
        mode = {key.lower(): value for key, value in self.stream.metadata.items()}.get("alpha_mode")
        if mode != "1":
            self.alpha = bool(context.format) and any(c.is_alpha for c in context.format.components)
            return
        name = ALPHA_DECODERS.get(context.name)
        if name not in self._av.codecs_available:
            self.notes.append("its transparency can't be read here and is lost")
            return
        self._decoder = self._av.CodecContext.create(name, "r")
        if context.extradata:
            self._decoder.extradata = context.extradata
        self.alpha = True

    def _note_what_is_left_out(self, moving: list, streams) -> None:
        if len(moving) > 1:
            self.notes.append(f"has {len(moving)} tracks of pictures; the first one is painted")
        if len(moving) < len(streams.video):
            self.notes.append("its cover picture is left out")
        # A chapter's name is in the chapters already.
        kinds = [s.type for s in streams if getattr(s, "name", None) != "bin_data"]
        for kind, name in (("data", "data"), ("attachment", "attached files")):
            if count := kinds.count(kind):
                tracks = "1 track" if count == 1 else f"{count} tracks"
                self.notes.append(f"{tracks} of {name} left out")

    def _note_depth_and_colors(self) -> None:
        """Chooses how the colours become those that are painted, and says so."""
        context = self.stream.codec_context
        kind = context.color_trc, context.color_primaries
        if is_wide(*kind, context.colorspace):
            self._tone_mapping = mapping = ToneMapping(*kind)
            self.colors = Colors(BT709, BT709, BT709)
            self.notes.append(f"{mapping.name} video; it becomes ordinary video (BT.709, 8 bits)")
        elif context.format and (bits := max(c.bits for c in context.format.components)) > 8:
            self.notes.append(f"its {bits} bits a colour become 8")

    def _check_size(self, width: int, height: int) -> None:
        if width * height > MOST_PIXELS:
            raise ValueError(
                f"{self.path}: its pictures have {width} x {height} pixels; "
                f"{MOST_PIXELS // 10**6} megapixels are the most"
            )

    def _look(self, frame) -> None:
        """Finds out how frames are turned, by the first, and whether words are hidden in them."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if self._seen == 0 and matrix is not None:
            self._matrix = np.frombuffer(matrix, np.int32).tolist()
        self._captions = self._captions or frame.side_data.get("A53_CC") is not None
        self._seen += 1

    def _to_frame(self, frame, size: tuple[int, int]) -> Frame:
        """The frame upright and in its true proportions; of that size, should it have changed."""
        width, height = size
        ratio = self._pixel_ratio
        if abs(ratio - 1) > SQUARE_TOLERANCE:  # never smaller: nothing of the picture is lost
            width, height = (
                round(width * max(ratio, Fraction(1))),
                round(height / min(ratio, Fraction(1))),
            )
            self._check_size(width, height)
        depth = 16 if self._tone_mapping else 8
        rgb = frame.reformat(
            width,
            height,
            format=RGB[self.alpha, depth],
            src_colorspace=scaler_colors(frame.colorspace, frame.height),
            interpolation="BICUBIC" if (width, height) != size else None,
        )
        pixels = rgb.to_ndarray()
        if self._tone_mapping:
            alpha = (pixels[..., 3:] >> 8).astype(np.uint8)
            pixels = np.concatenate([self._tone_mapping(pixels[..., :3]), alpha], -1)
        if self._seen < FRAMES_LOOKED_AT:
            self._look(frame)
        pixels, lying = _upright(pixels, self._matrix)
        picture = torch.from_numpy(pixels).permute(2, 0, 1)
        if self.alpha:
            picture = on_white(picture)
        if lying:
            size, ratio = size[::-1], 1 / ratio
        # PyAV before 17 doesn't say; what the filter says is a field's.
        duration = None if self._deinterlacer.used else getattr(frame, "duration", None)
        time = None if frame.pts is None else frame.pts - round(self._start / self.time_base)
        return Frame(picture, time, duration or None, size, ratio)


def _is_cover(stream) -> bool:
    """Whether the stream is a single picture, such as a film's cover."""
    return bool(stream.disposition.value & ATTACHED_PICTURE)


def _pixel_ratio(stream) -> Fraction:
    """How wide the stream's pixels are for their height."""
    ratio = stream.sample_aspect_ratio or Fraction(1)
    return ratio if Fraction(1, MOST_PIXEL_RATIO) <= ratio <= MOST_PIXEL_RATIO else Fraction(1)


def _upright(pixels: np.ndarray, matrix: list[int] | None) -> tuple[np.ndarray, bool]:
    """The pixels (h, w, c) turned and mirrored as the matrix says; whether they were lying."""
    if matrix is None:
        return pixels, False
    # The place (x, y) of a pixel is shown at (a x + c y, b x + d y).
    a, b, _, c, d = matrix[:5]
    lying = abs(b) + abs(c) > abs(a) + abs(d)
    if lying:
        pixels, a, d = pixels.swapaxes(0, 1), c, b
    return np.ascontiguousarray(pixels[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]), lying
