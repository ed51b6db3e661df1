"""Writing videos, by PyAV, with the time, colours and sound of the one they were made of."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..file_kinds import MARK
from ..output_files import make_folder, name_beside, names_file, put_in_place
from .beside import Beside, kept_metadata
from .frame import BT601, BT709, BT2020, Frame
from .pyav import drained, load_av
from .transparency import off_white

# For each ending the codecs, the best first, with what says how good the picture is; the others
# are given BITS_A_PIXEL.
MOVIE = {
    "libx264": {"crf": "20", "preset": "veryfast"},
    "libopenh264": {},
    "h264_mf": {},
    "h264_videotoolbox": {},
    "mpeg4": {},
}
VP9 = {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6", "row-mt": "1"}
WEB = {"libvpx-vp9": VP9, "libvpx": {}}
CODECS: dict[str, dict[str, dict[str, str]]] = {
    ".mp4": MOVIE,
    ".m4v": MOVIE,
    ".mov": MOVIE,
    ".mkv": MOVIE,
    ".webm": WEB,
    ".gif": {"gif": {}},
}
# For those that can be transparent: the codec, its settings, its pixels.
ALPHA_CODECS = {
    ".webm": ("libvpx-vp9", VP9, "yuva420p"),
    ".mkv": ("libvpx-vp9", VP9, "yuva420p"),
    ".mov": ("prores_ks", {"profile": "4444"}, "yuva444p10le"),
    ".gif": ("gif", {}, "pal8"),
}
BITS_A_PIXEL = 0.2
# A codec of 1999 counts time in 16 bits; a GIF's time is in hundredths of a second.
TIME_BASES = {"mpeg4": Fraction(1, 60000), "gif": Fraction(1, 100)}
SQUARE_PIXELS = {"gif", "libvpx", "libvpx-vp9"}  # PyAV's files of these can't have others
SHORTEST_IN_GIF = 2  # of these: browsers show what is shorter for a tenth of a second

FFMPEG_COLORS = {BT709: 1, BT601: 6, BT2020: 9}  # as a video's own record counts them
LIMITED_RANGE = 1  # 16…235 stand for black to white


class VideoWriter:
    """Writes a video with the time base, rate, colours, proportions and tracks of its source.

    Under a temporary name, which `finish` makes its own and `discard` deletes. Without `replace` a
    file that has the name is kept, and `finish` fails. `notes` say what could not be kept.
    Raises ValueError for an ending that is no video's, or that can't be written here, and
    NotWritten.
    """

    def __init__(self, path: Path | str, source, replace: bool = True):
        self._av = load_av()
        self.path, self._source, self._replace = Path(path), source, replace
        self._ending = self.path.suffix.lower()
        self._codec, self._options = find_codec(self.path)
        self._partial = name_beside(self.path)
        self.notes: list[str] = []
        with names_file(self.path):
            make_folder(self.path.parent)
            options = _container_options(self._ending, source)
            self._file = self._av.open(str(self._partial), "w", container_options=options)
        self._file.metadata.update(kept_metadata(source.metadata))
        # Known with the first frame.
        self._stream: Any = None
        self._palette: Any = None
        self._beside: Any = None
        self._waiting: list = []  # packets of other tracks that came before the first frame
        self._last: int | None = None  # time of the last frame
        self._durations: dict[int, int] = {}  # of frames that the encoder still has, by their time
        self._too_quick = 0  # frames that a GIF can't show

    def add(self, frame: Frame) -> None:
        """Writes the next frame; frames without a time follow each other at the video's rate."""
        if self._stream is None:
            self._begin(frame)
        base, time = self._source.time_base, frame.time
        step = max(1, round(1 / (self._source.rate * base)))
        if self._codec == "gif":
            step, time = round(100 / self._source.rate), time and round(time * base * 100)
            step, base = max(step, SHORTEST_IN_GIF), TIME_BASES["gif"]
            if self._last is not None and time is not None and time - self._last < SHORTEST_IN_GIF:
                self._too_quick += 1
                return
        if self._last is not None:
            time = self._last + step if time is None else max(time, self._last + 1)
        self._last = time or 0
        image = self._image(frame)
        image.pts, image.time_base = self._last, base
        duration = (frame.duration or 0) * base / self._stream.codec_context.time_base
        self._encode(image, round(duration))

    def add_packet(self, packet) -> None:
        """Writes a packet of the source's sound or subtitles."""
        if self._beside is None:
            self._waiting.append(packet)
        else:
            self._beside.add(packet)

    def finish(self) -> None:
        """Writes what is left and gives the file its name. Raises NotWritten."""
        self._encode(None)
        self._beside.finish()
        self._file.close()
        if self._too_quick:
            self.notes.append(
                f"{self._too_quick} frames are left out: a GIF can't show more than 50 a second"
            )
        with names_file(self.path):
            put_in_place(self._partial, self.path, self._replace)

    def discard(self) -> None:
        """Leaves no file."""
        try:
            self._file.close()
        finally:
            self._partial.unlink(missing_ok=True)

    def _begin(self, frame: Frame) -> None:
        height, width = frame.picture.shape[-2:]
        pixels = self._choose_pixels(len(frame.picture) == 4)
        self._stream = stream = self._file.add_stream(self._codec, rate=self._source.rate)
        stream.pix_fmt, stream.options = pixels, self._options
        stream.metadata["handler_name"] = MARK.decode()
        stream.time_base = TIME_BASES.get(self._codec, self._source.time_base)
        stream.codec_context.time_base = stream.time_base
        if self._codec == "gif":
            stream.width, stream.height = width, height
            kind = "rgba" if self._alpha else "rgb24"
            self._palette = palette_graph(self._av, width, height, kind)
        else:
            self._shape(frame)
            self._mark_colors()
            if self._alpha:
                stream.metadata["alpha_mode"] = "1"
        self._beside = Beside(self._av, self._file, self._source, self._ending, self.notes)
        for packet in self._waiting:
            self.add_packet(packet)

    def _choose_pixels(self, alpha: bool) -> str:
        """The format of the pixels, with a codec for them that is transparent, if there is one."""
        kept = ALPHA_CODECS.get(self._ending)
        self._alpha = alpha and kept is not None and kept[0] in self._av.codecs_available
        if self._alpha and kept is not None:
            self._codec, self._options, pixels = kept
            return pixels
        if alpha:
            self.notes.append(
                f"{self._ending} can't be transparent, so it is laid on white; a name that ends in "
                ".webm or .mov keeps its transparency"
            )
        return "pal8" if self._codec == "gif" else "yuv420p"

    def _shape(self, frame: Frame) -> None:
        """Takes the size and the pixels' proportions of the source."""
        stream, (width, height), ratio = self._stream, frame.stored, frame.pixel_ratio
        if self._codec in SQUARE_PIXELS:
            (height, width), ratio = frame.picture.shape[-2:], Fraction(1)
        # Most players want even sizes.
        stream.width, stream.height = width + width % 2, height + height % 2
        if ratio != 1:
            stream.codec_context.sample_aspect_ratio = ratio
        if not self._options:
            stream.bit_rate = int(BITS_A_PIXEL * width * height * self._source.rate)

    def _mark_colors(self) -> None:
        context, colors = self._stream.codec_context, self._source.colors
        context.color_primaries, context.color_trc = colors.primaries, colors.transfer
        context.colorspace, context.color_range = FFMPEG_COLORS[colors.matrix], LIMITED_RANGE

    def _image(self, frame: Frame):
        """The frame as PyAV has it, its edge repeated to the stream's even size."""
        picture = frame.picture
        if len(picture) == 4:
            picture = off_white(picture) if self._alpha else picture[:3]
        pixels = picture.permute(1, 2, 0).contiguous().numpy()
        height, width = pixels.shape[:2]
        below, right = self._stream.height - height, self._stream.width - width
        if {below, right} == {0, 1} or below == right == 1:
            pixels = np.pad(pixels, ((0, below), (0, right), (0, 0)), mode="edge")
        return self._av.VideoFrame.from_ndarray(pixels, format="rgba" if self._alpha else "rgb24")

    def _encode(self, image, duration: int = 0) -> None:
        """Writes the image, shown for as long as the encoder counts; None is the end."""
        stream = self._stream
        if self._palette is None:
            if image is not None:
                image = image.reformat(
                    stream.width,
                    stream.height,
                    format=stream.pix_fmt,
                    dst_colorspace=self._source.colors.matrix,
                    interpolation="BICUBIC" if image.width != stream.width else None,
                )
            packets = stream.encode(image)
            if image is not None:
                self._durations[image.pts] = duration  # both in the encoder's time base by now
            for packet in packets:
                packet.duration = self._durations.pop(packet.pts, 0)
            self._file.mux(packets)
            return
        self._palette.push(image)
        for ready in drained(self._av, self._palette):
            self._file.mux(stream.encode(ready))
        if image is None:
            self._file.mux(stream.encode(None))


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


def _container_options(ending: str, source) -> dict[str, str]:
    """What the file's format is to be told."""
    if ending == ".gif":
        # How long a frame is shown is seen by the next one's time; of the last it has to be told.
        last = source.last_duration
        delay = {"final_delay": str(round(last * 100))} if last else {}
        return {"loop": str(source.loop), **delay}
    if ending not in (".mp4", ".m4v", ".mov"):
        return {}
    # What phones say of themselves has long names, which are else left out.
    phone = any("." in key for key in source.metadata)
    return {"movflags": "+faststart" + ("+use_metadata_tags" if phone else "")}


def palette_graph(av, width: int, height: int, kind: str):
    """A filter that gives each frame of a GIF the 256 colours that suit it best."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=width, height=height, format=kind, time_base=TIME_BASES["gif"])
    split, colors = graph.add("split"), graph.add("palettegen", "stats_mode=single")
    use, sink = graph.add("paletteuse", "new=1:dither=bayer"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(colors, 1, 0)
    colors.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph
