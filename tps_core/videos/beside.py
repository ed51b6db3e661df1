"""What goes into a painted video beside its pictures: sound, subtitles, chapters, metadata."""

import errno
import io
from contextlib import suppress

from .subtitles import NewSubtitles, can_be_text

# What a file says of itself that isn't true of another one, in small letters.
OF_THAT_FILE = {
    "major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate",
    "alpha_mode", "handler_name", "vendor_id", "bps", "number_of_frames", "number_of_bytes",
}  # fmt: skip
WITH_CHAPTERS = {"mp4", "mov", "ipod", "matroska", "webm"}  # formats
WITHOUT_SOUND = {"gif"}
FULL_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # a disk, a user's share of it, a file
USUAL_RATE = 48000  # samples a second


class Beside:
    """The tracks of a source that its painted video has too.

    What the file can't hold, or nothing here reads, is left out; `notes` say so, in sentences.
    """

    def __init__(self, av, file, source, ending: str, notes: list[str]):
        self._av, self._file, self._ending, self._notes = av, file, ending, notes
        # By their number in the source.
        self._tracks: dict[int, Copy | NewSound | NewSubtitles] = {}
        for number, stream in enumerate(source.sounds, 1):
            self._add_sound(stream, f"sound track {number} of {len(source.sounds)}")
        for number, stream in enumerate(source.subtitles, 1):
            self._add_subtitles(stream, f"subtitle track {number} of {len(source.subtitles)}")
        if source.chapters:
            if file.format.name in WITH_CHAPTERS and hasattr(file, "set_chapters"):
                file.set_chapters(source.chapters)
            else:
                self._notes.append(f"its chapters are left out: {ending} can't hold them")

    def add(self, packet) -> None:
        """Writes a packet of the source."""
        stream = packet.stream
        track = self._tracks.get(stream.index)
        if track is None:
            return
        try:
            self._file.mux(track.packets(packet))
        except self._av.error.FFmpegError as error:
            if error.errno in FULL_DISK_ERRORS:
                raise
            del self._tracks[stream.index]
            self._notes.append(
                f"a track of its {stream.type} ends early: {self._ending} can't hold all of it "
                f"({error.strerror})"
            )

    def finish(self) -> None:
        """Writes what is left."""
        for track in self._tracks.values():
            self._file.mux(track.packets(None))

    def _add_sound(self, stream, name: str) -> None:
        if self._file.format.name in WITHOUT_SOUND:
            self._notes.append(f"{name} is left out: {self._ending} has no sound")
        elif stream.codec_context is None:
            self._notes.append(f"{name} is left out: nothing here reads its format")
        elif self._holds(stream):
            self._copy(stream)
        else:
            sound = NewSound(self._av, self._file, stream)
            self._tracks[stream.index] = sound
            self._label(stream, sound.stream)

    def _add_subtitles(self, stream, name: str) -> None:
        if stream.codec_context is None:
            self._notes.append(f"{name} is left out: nothing here reads its format")
        elif self._holds(stream):
            self._copy(stream)
        elif can_be_text(self._av, self._file, stream):
            words = NewSubtitles(self._av, self._file, stream)
            self._tracks[stream.index] = words
            self._label(stream, words.stream)
        else:
            kind = stream.codec_context.codec.canonical_name
            hint = "" if self._ending == ".mkv" else "; a name that ends in .mkv keeps it"
            self._notes.append(f"{name} ({kind}) is left out: {self._ending} can't hold it{hint}")

    def _copy(self, stream) -> None:
        copy = Copy(self._file.add_stream_from_template(stream))
        self._tracks[stream.index] = copy
        self._label(stream, copy.stream)

    def _label(self, source, stream) -> None:
        stream.metadata.update(kept_metadata(source.metadata))
        stream.disposition = source.disposition.value

    def _holds(self, stream) -> bool:
        """Whether a file of this format takes the stream as it is: tried with one in memory."""
        trial = self._av.open(io.BytesIO(), "w", format=self._file.format.name)
        with suppress(ValueError, self._av.error.FFmpegError), trial:
            trial.add_stream_from_template(stream)
            trial.start_encoding()
            return True
        return False


class Copy:
    """A stream of the source that is copied packet by packet."""

    def __init__(self, stream):
        self.stream = stream
        self._last: int | None = None
        self._step = int(stream.type != "subtitle")  # two lines may begin at the same time

    def packets(self, packet) -> list:
        """What is to be written for a packet of the source; None is the end."""
        if packet is None or (self._last is not None and packet.dts < self._last + self._step):
            return []  # in a damaged place time may go back; files only count upwards
        self._last = packet.dts
        packet.stream = self.stream
        return [packet]


class NewSound:
    """A stream of sound that is encoded again, since the file can't hold it as it is."""

    def __init__(self, av, file, source):
        self._av, self._source = av, source.codec_context
        name = "opus" if file.format.name == "webm" else "aac"
        rates = av.Codec(name, "w").audio_rates
        rate = self._source.sample_rate
        self.stream = file.add_stream(name, rate=rate if rate in rates else USUAL_RATE)
        self._encoder = self.stream.codec_context
        channels = self._source.layout.nb_channels
        self._encoder.layout = {1: "mono", 6: "5.1", 8: "5.1"}.get(channels, "stereo")
        self._resampler = self._new_resampler()

    def packets(self, packet) -> list:
        """What is to be written for a packet of the source; None is the end."""
        frames = []
        with suppress(self._av.error.FFmpegError):  # a damaged place
            for frame in self._source.decode(packet):
                frames += self._resampled(frame)
        if packet is None:
            frames += self._resampler.resample(None)
        packets = [new for frame in frames for new in self.stream.encode(frame)]
        return packets + (self.stream.encode(None) if packet is None else [])

    def _resampled(self, frame) -> list:
        try:
            return self._resampler.resample(frame)
        except ValueError:  # from here on there are other channels, as in broadcasts
            before = self._resampler.resample(None)
            self._resampler = self._new_resampler()
            return before + self._resampler.resample(frame)

    def _new_resampler(self):
        return self._av.AudioResampler(
            self._encoder.format, self._encoder.layout, self._encoder.rate
        )


def kept_metadata(metadata: dict[str, str]) -> dict[str, str]:
    """What of a file's metadata, or of a stream's, is true of the painted one too."""
    return {
        key: value
        for key, value in metadata.items()
        if key.lower() not in OF_THAT_FILE and not key.startswith("_STATISTICS")
    }
