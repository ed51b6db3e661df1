"""Writing videos, by PyAV, with the time, colours and sound of the one they were made of."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from ..output_files import make_folder, name_beside, names_file, put_in_place
from .reader import BT601, BT709, BT2020, Frame, VideoReader, load_av, scaler_colors

# For each ending the codecs, the best first, with what says how good the picture is; the others
# are given BITS_A_PIXEL.
MOVIE = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libopenh264": {},
    "h264_mf": {},
    "h264_videotoolbox": {},
    "mpeg4": {},
}
WEB = {
    "libvpx-vp9": {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"},
    "libvpx": {},
}
CODECS: dict[str, dict[str, dict[str, str]]] = {
    ".mp4": MOVIE,
    ".m4v": MOVIE,
    ".mov": MOVIE,
    ".mkv": MOVIE,
    ".webm": WEB,
    ".gif": {"gif": {}},
}
BITS_A_PIXEL = 0.2
# A codec of 1999 counts time in 16 bits; a GIF's time is in hundredths of a second.
TIME_BASES = {"mpeg4": Fraction(1, 60000), "gif": Fraction(1, 100)}

FFMPEG_COLORS = {BT709: 1, BT601: 6, BT2020: 9}  # as a video's own record counts them
LIMITED = 1  # 16…235 stand for black to white


class VideoWriter:
    """Writes a video with the time base, rate, colours and sound of its source.

    Under a temporary name, which `finish` makes its own and `discard` deletes. Without `replace` a
    file that has the name is kept, and `finish` fails.
    Raises ValueError for an ending that is no video's, or that can't be written here, and
    NotWritten.
    """

    def __init__(self, path: Path | str, source: VideoReader, replace: bool = True):
        self._av = load_av()
        self.path, self._source, self._replace = Path(path), source, replace
        self._codec, self._options = find_codec(self.path)
        self._partial = name_beside(self.path)
        movie = self.path.suffix.lower() in (".mp4", ".m4v", ".mov")
        options = {"movflags": "+faststart"} if movie else {}
        with names_file(self.path):
            make_folder(self.path.parent)
            self._file = self._av.open(str(self._partial), "w", options=options)
        self._file.metadata.update(source.metadata)
        self._stream: Any = None
        self._palette: Any = None  # known with the first frame
        self._sounds: dict[int, Sound] = {}  # by their number in the source
        self._waiting: list = []  # packets of sound that came before the first frame
        self._last: int | None = None  # time of the last frame

    def add(self, frame: Frame) -> None:
        """Writes the next frame; frames without a time follow each other at the video's rate."""
        if self._stream is None:
            self._begin(*frame.picture.shape[-2:])
        base = self._source.stream.time_base
        time, step = frame.time, max(1, round(1 / (self._source.rate * base)))
        if self._last is not None:
            time = self._last + step if time is None else max(time, self._last + 1)
        self._last = time or 0
        image = self._av.VideoFrame.from_ndarray(self._even(frame.picture), format="rgb24")
        image.pts, image.time_base = self._last, base
        self._encode(image)

    def add_sound(self, packet) -> None:
        """Writes a packet of the source's sound."""
        if self._stream is None:
            self._waiting.append(packet)
        elif packet.stream.index in self._sounds:
            self._file.mux(self._sounds[packet.stream.index].packets(packet))

    def finish(self) -> None:
        """Writes what is left and gives the file its name. Raises NotWritten."""
        self._encode(None)
        for sound in self._sounds.values():
            self._file.mux(sound.packets(None))
        self._file.close()
        with names_file(self.path):
            put_in_place(self._partial, self.path, self._replace)

    def discard(self) -> None:
        """Leaves no file."""
        try:
            self._file.close()
        finally:
            self._partial.unlink(missing_ok=True)

    def _begin(self, height: int, width: int) -> None:
        source = self._source.stream
        self._stream = stream = self._file.add_stream(self._codec, rate=self._source.rate)
        # Most players want even sizes.
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt, stream.options = "yuv420p", self._options
        stream.time_base = TIME_BASES.get(self._codec, source.time_base)
        stream.codec_context.time_base = stream.time_base
        if self._codec == "gif":
            stream.width, stream.height, stream.pix_fmt = width, height, "pal8"
            self._palette = palette_graph(self._av, width, height, source.time_base)
            return
        if not self._options:
            stream.bit_rate = int(BITS_A_PIXEL * width * height * self._source.rate)
        self._colors = scaler_colors(source.codec_context.colorspace, height)
        for name in ("color_primaries", "color_trc"):
            setattr(stream.codec_context, name, getattr(source.codec_context, name))
        stream.codec_context.colorspace = FFMPEG_COLORS[self._colors]
        stream.codec_context.color_range = LIMITED
        self._sounds = {
            sound.index: Sound(self._av, self._file, sound) for sound in self._source.sounds
        }
        for packet in self._waiting:
            self.add_sound(packet)

    def _even(self, picture: Tensor) -> np.ndarray:
        """The picture (3, h, w) of bytes as (h, w, 3), its edge repeated to the stream's size."""
        pixels = picture.permute(1, 2, 0).contiguous().numpy()
        below, right = self._stream.height - len(pixels), self._stream.width - pixels.shape[1]
        if below or right:
            pixels = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge")
        return pixels

    def _encode(self, image) -> None:
        """Writes the image; None is the end."""
        if self._palette is None:
            if image is not None:
                image = image.reformat(format="yuv420p", dst_colorspace=self._colors)
            self._file.mux(self._stream.encode(image))
            return
        self._palette.push(image)
        for ready in drained(self._av, self._palette):
            self._file.mux(self._stream.encode(ready))
        if image is None:
            self._file.mux(self._stream.encode(None))


def find_codec(path: Path) -> tuple[str, dict[str, str]]:
    """The codec for a video of that name, and its settings.

    Raises ValueError for an ending that is no video's, and where there is no codec for it.
    """
    known = CODECS.get(path.suffix.lower())
    if known is None:
        raise ValueError(f"{path}: a video's name must end in {', '.join(CODECS)}")
    usable = [name for name in known if name in load_av().codecs_available]
    if not usable:
        raise ValueError(f"{path}: PyAV has no codec for it here; let the name end in .mp4")
    return usable[0], known[usable[0]]


class Sound:
    """One stream of sound, copied as it is, or encoded again where the file can't hold it."""

    def __init__(self, av, file, source):
        self._encoder = self._resampler = None
        self._source = source
        if source.codec_context.name in file.supported_codecs:
            self._stream = file.add_stream_from_template(source)
            return
        rate = source.codec_context.sample_rate
        name = file.default_audio_codec
        self._stream = file.add_stream(name, rate=48000 if name == "opus" else rate)
        self._encoder = self._stream.codec_context
        self._resampler = av.AudioResampler(
            self._encoder.format, self._encoder.layout, self._encoder.rate
        )

    def packets(self, packet) -> list:
        """What is to be written for a packet of the source; None is the end."""
        if self._encoder is None:
            if packet is None:
                return []
            packet.stream = self._stream
            return [packet]
        decoded = self._source.codec_context.decode(packet)
        frames = [new for frame in decoded for new in self._resampler.resample(frame)]
        if packet is None:
            frames += self._resampler.resample(None)
        packets = [new for frame in frames for new in self._stream.encode(frame)]
        return packets + (self._stream.encode(None) if packet is None else [])


def palette_graph(av, width: int, height: int, time_base: Fraction):
    """A filter that gives each frame of a GIF the 256 colours that suit it best."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format="rgb24", time_base=time_base)
    split, colors = graph.add("split"), graph.add("palettegen", "stats_mode=single")
    use, sink = graph.add("paletteuse", "new=1:dither=bayer"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(colors, 1, 0)
    colors.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph


def drained(av, graph) -> list:
    """The frames that are ready in the filter."""
    frames = []
    while True:
        try:
            frames.append(graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return frames
