"""What goes with a video into the painted one: sound, subtitles, chapters, metadata."""

from fractions import Fraction

import numpy as np
import pytest

from tps_portrait.tps_core.videos import beside
from videos import copied, read_video, write_video

av = pytest.importorskip("av")
GREY = np.full((64, 96, 3), 120, np.uint8)
SCRIPT = b"[Script Info]\n[V4+ Styles]\nFormat: Name\nStyle: Default\n[Events]\nFormat: Text\n"


def tracks(path, kind):
    """The tracks of a kind: codec, language, and whether it is the default."""
    with av.open(str(path)) as file:
        return [
            (
                stream.codec_context.codec.canonical_name,
                stream.metadata.get("language", "und"),
                bool(int(stream.disposition) & 1),
            )
            for stream in file.streams
            if stream.type == kind
        ]


def make(path, sounds, count=10, **options):
    """A film with tracks of sound, the second of them German."""

    def label(file):
        for stream, language in zip(file.streams.audio, ("eng", "deu"), strict=False):
            stream.metadata["language"] = language

    write_video(path, [GREY] * count, sound=sounds, before=label, **options)
    return path


def unreadable(path):
    """Makes the last track of sound one that nothing here reads, as a phone's spatial sound is."""
    content = path.read_bytes()
    for old, new in ((b"mp4a", b"apac"), (b"esds", b"dapa")):
        head, tail = content.rsplit(old, 1)
        content = head + new + tail
    path.write_bytes(content)


def test_all_tracks_of_sound_are_kept_with_their_languages(tmp_path):
    film = make(tmp_path / "film.mp4", ["aac", "aac"])
    assert copied(film, tmp_path / "out.mp4") == []
    assert tracks(tmp_path / "out.mp4", "audio") == tracks(film, "audio")
    assert [language for _, language, _ in tracks(film, "audio")] == ["eng", "deu"]
    assert read_video(tmp_path / "out.mp4")[2] == read_video(film)[2]


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
def test_a_track_that_nothing_reads_is_left_out_and_said(tmp_path, ending):
    unreadable(make(tmp_path / "film.mp4", ["aac", "aac"]))
    notes = copied(tmp_path / "film.mp4", tmp_path / f"out.{ending}")
    assert notes == ["sound track 2 of 2 is left out: nothing here reads its format"]
    assert len(tracks(tmp_path / f"out.{ending}", "audio")) == 1


def test_a_film_whose_only_sound_nothing_reads_is_silent(tmp_path):
    unreadable(make(tmp_path / "film.mp4", ["aac"]))
    assert len(copied(tmp_path / "film.mp4", tmp_path / "out.mp4")) == 1
    assert tracks(tmp_path / "out.mp4", "audio") == []


@pytest.mark.parametrize(
    ("sound", "ending", "expected"),
    [
        ("libmp3lame", "mp4", "mp3"),
        ("libopus", "webm", "opus"),
        ("libmp3lame", "webm", "opus"),
        ("aac", "webm", "opus"),
        ("flac", "mkv", "flac"),
        ("pcm_mulaw", "mp4", "aac"),
        ("pcm_s16le", "mov", "pcm_s16le"),
    ],
)
def test_sound_is_copied_where_the_file_holds_it_and_else_encoded_again(
    tmp_path, sound, ending, expected
):
    film = make(tmp_path / "film.nut", [sound], count=25)
    assert copied(film, tmp_path / f"out.{ending}") == []
    ((name, _, _),) = tracks(tmp_path / f"out.{ending}", "audio")
    assert name == expected
    with av.open(str(tmp_path / f"out.{ending}")) as file:
        samples = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert samples == pytest.approx(1, abs=0.1)


def test_sound_of_an_unusual_rate_is_encoded_too(tmp_path):
    write_video(tmp_path / "film.mp4", [GREY] * 5)
    with (
        av.open(str(tmp_path / "film.mp4")) as source,
        av.open(str(tmp_path / "odd.nut"), "w") as file,
    ):
        picture = file.add_stream_from_template(source.streams.video[0], opaque=True)
        sound = file.add_stream("pcm_s16le", rate=37800, layout="mono")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                file.mux(packet)
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 3780), np.int16), "s16", "mono")
        wave.sample_rate, wave.pts, wave.time_base = 37800, 0, Fraction(1, 37800)
        file.mux(sound.encode(wave))
    assert copied(tmp_path / "odd.nut", tmp_path / "out.webm") == []
    assert tracks(tmp_path / "out.webm", "audio")[0][0] == "opus"


def test_a_gif_says_that_it_has_no_sound(tmp_path):
    film = make(tmp_path / "film.mp4", ["aac"])
    assert copied(film, tmp_path / "out.gif") == [
        "sound track 1 of 1 is left out: .gif has no sound"
    ]


def with_subtitles(path, kind, lines=((b"Hello", 0), (b"you", 200))):
    """A film with a track of Spanish subtitles."""

    def add(file):
        stream = file.add_stream(kind)
        stream.codec_context.subtitle_header = SCRIPT
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        stream.metadata["language"] = "spa"
        for text, time in lines:
            size = len(text).to_bytes(2, "big") if kind == "mov_text" else b""
            packet = av.Packet(size + text)
            packet.pts = packet.dts = time
            packet.duration, packet.time_base, packet.stream = 150, Fraction(1, 1000), stream
            waiting.append(packet)

    waiting = []
    write_video(path, [GREY] * 10, before=add)
    # Packets may be written only once the file has begun; so it is written a second time.
    begun = path.rename(path.with_name(f"begun{path.suffix}"))
    with av.open(str(begun)) as source, av.open(str(path), "w") as file:
        picture = file.add_stream_from_template(source.streams.video[0], opaque=True)
        add(file)
        words = file.streams.subtitles[0]
        for packet in waiting[-len(lines) :]:
            packet.stream = words
            file.mux(packet)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                file.mux(packet)
    return path


def words(path):
    with av.open(str(path)) as file:
        (stream,) = file.streams.subtitles
        return [
            (bytes(p).lstrip(b"\0\1\2\3\4\5"), float(p.pts * p.time_base))
            for p in file.demux(stream)
            if p.size > 2
        ]


@pytest.mark.parametrize(
    ("source", "kind", "ending", "expected"),
    [
        ("mp4", "mov_text", "mp4", "mov_text"),
        ("mp4", "mov_text", "mkv", "subrip"),
        ("mkv", "subrip", "mkv", "subrip"),
        ("mkv", "subrip", "mp4", "mov_text"),
        ("mkv", "subrip", "mov", "mov_text"),
        ("mkv", "subrip", "webm", "webvtt"),
    ],
)
def test_subtitles_are_kept_in_the_files_own_form(tmp_path, source, kind, ending, expected):
    film = with_subtitles(tmp_path / f"film.{source}", kind)
    out = tmp_path / f"out.{ending}"
    assert copied(film, out) == []
    ((name, language, _),) = tracks(out, "subtitle")
    assert (name, language) == (expected, "spa")
    assert [text for text, _ in words(out)] == [b"Hello", b"you"]
    assert [time for _, time in words(out)] == pytest.approx([0, 0.2], abs=2e-3)


def test_two_lines_that_begin_at_the_same_time_are_both_kept(tmp_path):
    film = with_subtitles(tmp_path / "film.mkv", "subrip", ((b"Hello", 100), (b"you", 100)))
    copied(film, tmp_path / "out.mkv")
    assert [text for text, _ in words(tmp_path / "out.mkv")] == [b"Hello", b"you"]


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_what_begins_late_begins_at_once_with_all_its_tracks(tmp_path, ending):
    write_video(tmp_path / "film.ts", [GREY] * 8, range(50, 58), sound="aac")
    out = tmp_path / f"out.{ending}"
    assert copied(tmp_path / "film.ts", out) == []
    with av.open(str(out)) as file:
        first = {}
        for packet in file.demux():
            if packet.pts is not None:
                first.setdefault(packet.stream.type, float(packet.pts * packet.time_base))
    assert first == pytest.approx({"audio": 0, "video": 2}, abs=0.05)  # MPEG-TS begins at 1.4 s


def test_a_gif_says_that_it_has_no_subtitles(tmp_path):
    film = with_subtitles(tmp_path / "film.mkv", "subrip")
    assert copied(film, tmp_path / "out.gif") == [
        "subtitle track 1 of 1 (subrip) is left out: .gif can't hold it; a name that ends in .mkv "
        "keeps it"
    ]


CHAPTERS = [
    {"id": n, "start": 200 * n, "end": 200 * n + 200, "time_base": Fraction(1, 1000),
     "metadata": {"title": title}}
    for n, title in enumerate(("One", "Two"))
]  # fmt: skip


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "m4v"])
def test_chapters_title_and_date_are_kept(tmp_path, ending):
    def before(file):
        file.set_chapters(CHAPTERS)
        file.metadata.update({"title": "Holidays", "creation_time": "2024-05-06T07:08:09Z"})

    write_video(tmp_path / "film.mkv", [GREY] * 10, before=before)
    assert copied(tmp_path / "film.mkv", tmp_path / f"out.{ending}") == []
    with av.open(str(tmp_path / f"out.{ending}")) as file:
        assert [chapter["metadata"]["title"] for chapter in file.chapters()] == ["One", "Two"]
        assert [float(c["start"] * c["time_base"]) for c in file.chapters()] == [0, 0.2]
        assert file.metadata["title"] == "Holidays"
        assert file.metadata["creation_time"].startswith("2024-05-06T07:08:09")
    # An MP4's chapters are a track of names too, which is no loss when it is read again.
    assert copied(tmp_path / f"out.{ending}", tmp_path / f"again.{ending}") == []


def test_chapters_that_a_gif_can_not_hold_are_said(tmp_path):
    write_video(tmp_path / "film.mkv", [GREY] * 4, before=lambda f: f.set_chapters(CHAPTERS))
    assert copied(tmp_path / "film.mkv", tmp_path / "out.gif") == [
        "its chapters are left out: .gif can't hold them"
    ]


def test_what_a_phone_says_of_itself_is_kept(tmp_path):
    key, place = "com.apple.quicktime.location.ISO6709", "+48.1-011.5/"
    with av.open(
        str(tmp_path / "film.mov"), "w", options={"movflags": "use_metadata_tags"}
    ) as file:
        file.metadata[key] = place
        stream = file.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        for _ in range(2):
            file.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        file.mux(stream.encode(None))
    copied(tmp_path / "film.mov", tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as file:
        assert file.metadata[key] == place


def test_the_turn_that_is_in_the_pictures_now_is_not_said_again():
    kept = beside.kept_metadata({"rotate": "90", "TITLE": "x", "BPS": "1", "_STATISTICS_TAGS": "y"})
    assert kept == {"TITLE": "x"}


def test_a_cover_and_other_tracks_that_are_lost_are_said(tmp_path):
    write_video(tmp_path / "film.mkv", [GREY] * 4, before=lambda file: file.add_attachment(
        "font.ttf", "application/x-truetype-font", b"font"))  # fmt: skip
    assert copied(tmp_path / "film.mkv", tmp_path / "out.mp4") == [
        "1 track of attached files left out"
    ]


@pytest.mark.parametrize(("layout", "kept"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("3.0", 2)])
def test_channels_are_kept_where_sound_is_encoded_again(tmp_path, layout, kept):
    channels = {"mono": 1, "stereo": 2, "5.1": 6, "3.0": 3}[layout]
    write_video(tmp_path / "film.mp4", [GREY] * 3)
    with (
        av.open(str(tmp_path / "film.mp4")) as source,
        av.open(str(tmp_path / "sound.mkv"), "w") as file,
    ):
        picture = file.add_stream_from_template(source.streams.video[0], opaque=True)
        sound = file.add_stream("pcm_s16le", rate=48000, layout=layout)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = picture
                file.mux(packet)
        wave = av.AudioFrame.from_ndarray(np.zeros((1, 4800 * channels), np.int16), "s16", layout)
        wave.sample_rate, wave.pts, wave.time_base = 48000, 0, Fraction(1, 48000)
        file.mux(sound.encode(wave))
    assert copied(tmp_path / "sound.mkv", tmp_path / "out.webm") == []
    with av.open(str(tmp_path / "out.webm")) as file:
        assert file.streams.audio[0].layout.nb_channels == kept
