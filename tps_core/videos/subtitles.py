"""Subtitles that are text, from one file's form into another's: words and times, no looks."""

import re
from fractions import Fraction

# Each format's own kind of text, as FFmpeg calls it.
KINDS = {
    "mp4": "mov_text",
    "mov": "mov_text",
    "ipod": "mov_text",
    "matroska": "subrip",
    "webm": "webvtt",
}
TEXTS = {"mov_text", "subrip", "text", "webvtt", "ass", "ssa"}
MARKUP = re.compile(rb"<[^<>]*>|{\\[^{}]*}")
FIELDS_BEFORE_TEXT = 8  # of a line of ASS, as Matroska has it
MILLISECONDS = Fraction(1, 1000)
# PyAV's encoders don't open without; what it says of looks is used for nothing.
HEADER = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


class NewSubtitles:
    """A track of text that is written in the file's own form."""

    def __init__(self, av, file, source):
        self._av, self._form = av, source.codec_context.codec.canonical_name
        self._kind = KINDS[file.format.name]
        self.stream = file.add_stream(self._kind)
        self.stream.codec_context.subtitle_header = HEADER
        self.stream.time_base = self.stream.codec_context.time_base = MILLISECONDS

    def packets(self, packet) -> list:
        """What is to be written for a packet of the source; None is the end."""
        text = b"" if packet is None else plain_text(bytes(packet), self._form)
        if not text:
            return []
        if self._kind == "mov_text":
            text = len(text).to_bytes(2, "big") + text
        written = self._av.Packet(text)
        written.pts = written.dts = packet.pts
        written.duration = packet.duration or 0
        written.time_base, written.stream = packet.time_base, self.stream
        return [written]


def can_be_text(av, file, source) -> bool:
    """Whether the track is text, and there is a form of text for that file here."""
    codec = source.codec_context.codec
    return (
        codec.canonical_name in TEXTS
        and KINDS.get(file.format.name) in av.codecs_available
        and hasattr(source.codec_context, "subtitle_header")  # PyAV 16
    )


def plain_text(content: bytes, form: str) -> bytes:
    """The words of a packet of subtitles of that form, lines apart; at most what 16 bits count."""
    if form == "mov_text":
        content = content[2 : 2 + int.from_bytes(content[:2], "big")]
    elif form in ("ass", "ssa"):
        content = content.split(b",", FIELDS_BEFORE_TEXT)[-1]
        content = content.replace(rb"\N", b"\n").replace(rb"\n", b"\n").replace(rb"\h", b" ")
    return MARKUP.sub(b"", content).strip()[:65535]
