"""What of a video is read, and that it is read as it is meant to be seen."""

import struct
from contextlib import closing
from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from tps_portrait.tps_core.videos import reader as module
from tps_portrait.tps_core.videos.reader import VideoReader, opens_as_video
from videos import write_video

av = pytest.importorskip("av")
GREY = np.full((64, 96, 3), 120, np.uint8)


def first(path):
    with closing(VideoReader(path)) as reader:
        return next(reader.frames())


def combed(count=6):
    """Frames that are woven of two fields between which a bar has moved."""
    frames = []
    for n in range(count):
        frame = np.full((64, 96, 3), 40, np.uint8)
        for field in (0, 1):
            left = 10 + 8 * n + 4 * field
            frame[field::2, left : left + 30] = 220
        frames.append(frame)
    return frames


def combs(picture):
    """How much rows differ from the mean of their neighbours."""
    rows = picture.float()
    return float((rows[:, 1:-1] - (rows[:, :-2] + rows[:, 2:]) / 2).abs().mean())


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
def test_interlaced_video_is_deinterlaced_and_said(tmp_path, ending):
    options = {"x264-params": "interlaced=1:tff=1", "flags": "+ildct+ilme", "crf": "4"}
    path = tmp_path / f"film.{ending}"
    write_video(path, combed(), pix_fmt="yuv420p", options=options)
    with closing(VideoReader(path)) as reader:
        frames = list(reader.frames())
        assert reader.notes == ["interlaced; it is deinterlaced"]
        times = [float((f.time - frames[0].time) * reader.time_base) for f in frames]
    woven = combs(torch.from_numpy(combed()[3]).permute(2, 0, 1))
    assert combs(frames[3].picture) < 0.2 * woven
    assert times == pytest.approx([0.04 * n for n in range(6)], abs=1e-3)


def test_what_is_not_interlaced_is_not_touched(tmp_path):
    write_video(tmp_path / "film.mp4", combed())
    with closing(VideoReader(tmp_path / "film.mp4")) as reader:
        frames = list(reader.frames())
        assert reader.notes == []
    before = torch.from_numpy(combed()[3]).permute(2, 0, 1)
    assert (frames[3].picture.float() - before).abs().mean() < 2


@pytest.mark.parametrize("ending", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize(
    ("ratio", "size"), [((5, 4), (120, 64)), ((8, 9), (96, 72)), ((1, 1), (96, 64))]
)
def test_frames_have_their_true_proportions(tmp_path, ending, ratio, size):
    path = tmp_path / f"film.{ending}"
    write_video(path, [GREY] * 2, sample_aspect_ratio=Fraction(*ratio))
    frame = first(path)
    assert (frame.picture.shape[2], frame.picture.shape[1]) == size
    assert frame.stored == (96, 64)
    assert frame.pixel_ratio == Fraction(*ratio)


def test_proportions_that_nothing_has_are_taken_for_a_mistake(tmp_path):
    write_video(tmp_path / "film.mp4", [GREY] * 2, sample_aspect_ratio=Fraction(100, 1))
    assert first(tmp_path / "film.mp4").picture.shape == (3, 64, 96)


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        ((1, 0, 0, 1), lambda x: x),
        ((0, 1, -1, 0), lambda x: np.rot90(x, -1)),
        ((-1, 0, 0, -1), lambda x: np.rot90(x, 2)),
        ((0, -1, 1, 0), lambda x: np.rot90(x)),
        ((-1, 0, 0, 1), lambda x: x[:, ::-1]),
        ((1, 0, 0, -1), lambda x: x[::-1]),
        ((0, 1, 1, 0), lambda x: x.swapaxes(0, 1)),
        ((0, -1, -1, 0), lambda x: np.rot90(x, 2).swapaxes(0, 1)),
    ],
)
def test_turned_and_mirrored_frames_are_upright(tmp_path, matrix, turned):
    lying = GREY.copy()
    lying[:16, :16], lying[-16:, :16] = (250, 0, 0), (0, 0, 250)
    write_video(tmp_path / "film.mp4", [lying] * 2, sample_aspect_ratio=Fraction(5, 4))
    data = bytearray((tmp_path / "film.mp4").read_bytes())
    a, b, c, d = (value << 16 for value in matrix)
    at = data.index(b"tkhd") + 44
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "film.mp4").write_bytes(data)
    frame = first(tmp_path / "film.mp4")
    wide = np.asarray(Image.fromarray(lying).resize((120, 64)))
    expected = torch.from_numpy(turned(wide).copy()).permute(2, 0, 1).float()
    assert frame.picture.shape == expected.shape
    assert (frame.picture.float() - expected).abs().mean() < 4
    on_its_side = matrix[0] == 0
    assert frame.stored == ((64, 96) if on_its_side else (96, 64))
    assert frame.pixel_ratio == (Fraction(4, 5) if on_its_side else Fraction(5, 4))


HLG_WHITE, HLG_GREY = 191, 97  # of 255: three quarters; what 18 % of it have


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        ({"color_primaries": 9, "color_trc": 18}, "HDR (HLG)"),
        ({"color_primaries": 9, "color_trc": 16}, "HDR (PQ)"),
        ({"color_primaries": 9, "color_trc": 14}, "wide-gamut"),
    ],
)
def test_hdr_and_wide_gamut_become_ordinary_video_and_it_is_said(tmp_path, marks, name):
    frame = GREY.copy()
    frame[:, 48:] = HLG_WHITE
    write_video(tmp_path / "film.mp4", [frame] * 2, colors=9, pix_fmt="yuv420p10le", **marks)
    with closing(VideoReader(tmp_path / "film.mp4")) as reader:
        picture = next(reader.frames()).picture.float()
        assert (reader.colors.matrix, reader.colors.primaries, reader.colors.transfer) == (1, 1, 1)
        assert reader.notes == [f"{name} video; it becomes ordinary video (BT.709, 8 bits)"]
    white = {"HDR (HLG)": 241, "HDR (PQ)": 255, "wide-gamut": HLG_WHITE}[name]
    assert float(picture[:, :, 60:].mean()) == pytest.approx(white, abs=3)


def test_more_bits_than_are_painted_are_said(tmp_path):
    write_video(tmp_path / "film.mp4", [GREY] * 2, pix_fmt="yuv420p10le")
    with closing(VideoReader(tmp_path / "film.mp4")) as reader:
        assert reader.notes == ["its 10 bits a colour become 8"]
        assert float(next(reader.frames()).picture.float().mean()) == pytest.approx(120, abs=3)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p"])
def test_full_and_limited_range_are_told_apart(tmp_path, pix_fmt):
    full = pix_fmt == "yuvj420p"
    frame = np.full((64, 96, 3), 235, np.uint8)
    write_video(tmp_path / "film.mp4", [frame] * 2, pix_fmt=pix_fmt, color_range=2 if full else 1)
    with av.open(str(tmp_path / "film.mp4")) as file:
        stored = next(file.decode(video=0)).to_ndarray()[0, 0]
    assert (stored == 235) == full
    picture = first(tmp_path / "film.mp4").picture.float()
    assert float(picture.mean()) == pytest.approx(235, abs=2)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("a.webm", "libvpx-vp9", "yuva420p"),
        ("a.mkv", "libvpx-vp9", "yuva420p"),
        ("a.mov", "prores_ks", "yuva444p10le"),
        ("b.mov", "qtrle", "argb"),
        ("c.mov", "png", "rgba"),
    ],
)
def test_transparent_video_keeps_its_alpha_and_not_what_was_removed(tmp_path, name, codec, pix_fmt):
    frame = np.zeros((64, 96, 4), np.uint8)
    frame[:, :48] = 200, 0, 0, 255
    frame[:, 48:, 1] = 250  # what was removed
    options = {"profile": "4444"} if codec == "prores_ks" else {}
    write_video(tmp_path / name, [frame] * 3, codec=codec, pix_fmt=pix_fmt, options=options)
    with closing(VideoReader(tmp_path / name)) as reader:
        assert reader.alpha
        pictures = [frame.picture for frame in reader.frames()]
    assert len(pictures) == 3
    for picture in pictures:
        assert picture.shape == (4, 64, 96)
        assert picture[:, 32, 20].tolist() == pytest.approx([200, 0, 0, 255], abs=5)
        assert picture[:, 32, 80].tolist() == [255, 255, 255, 0]


def test_without_a_decoder_for_it_the_loss_of_transparency_is_said(tmp_path, monkeypatch):
    frame = np.zeros((64, 96, 4), np.uint8)
    write_video(tmp_path / "a.webm", [frame] * 2, codec="libvpx-vp9", pix_fmt="yuva420p")
    monkeypatch.setattr(av, "codecs_available", {"vp9"})
    with closing(VideoReader(tmp_path / "a.webm")) as reader:
        assert not reader.alpha
        assert reader.notes == ["its transparency can't be read here and is lost"]


@pytest.mark.parametrize("ending", ["m2ts", "mts", "vob", "mxf", "flv", "nut", "odd", ""])
def test_whatever_is_a_video_inside_is_a_video(tmp_path, ending):
    codec = {"mxf": "mpeg2video", "vob": "mpeg2video", "flv": "flv"}.get(ending, "libx264")
    container = {"m2ts": "ts", "mts": "ts", "odd": "mkv", "": "mp4"}.get(ending, ending)
    noise = np.random.default_rng(0).integers(0, 255, (4, 64, 96, 3)).astype(np.uint8)
    write_video(tmp_path / f"made.{container}", list(noise), codec=codec, pix_fmt="yuv420p")
    path = (tmp_path / f"made.{container}").rename(tmp_path / f"clip.{ending}".rstrip("."))
    assert opens_as_video(path)
    assert first(path).picture.shape == (3, 64, 96)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"no video\n" * 100),
        ("list.txt", b"ffconcat version 1.0\nfile secret.mp4\n"),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n"),
        ("IMG_2.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"x" * 500),
        ("empty", b""),
    ],
)
def test_what_is_none_is_none(tmp_path, name, content):
    write_video(tmp_path / "secret.mp4", [GREY] * 2)
    (tmp_path / name).write_bytes(content)
    assert not opens_as_video(tmp_path / name)


def test_tracks_get_no_options_of_their_own(tmp_path, monkeypatch):
    write_video(tmp_path / "a.vob", [GREY] * 2, codec="mpeg2video", pix_fmt="yuv420p")
    asked = []
    real = av.open
    monkeypatch.setattr(av, "open", lambda *a, **given: asked.append(given) or real(*a, **given))
    with closing(VideoReader(tmp_path / "a.vob")) as reader:
        assert reader.last_duration
    assert len(asked) == 2
    for given in asked:  # PyAV 14.2 crashes of those where tracks are found late
        assert not {"options", "stream_options"} & given.keys()
        assert given["container_options"]["protocol_whitelist"] == "file"


def test_pictures_are_no_videos(tmp_path):
    for ending in ("jpg", "png", "webp", "tif"):
        Image.fromarray(GREY).save(tmp_path / f"a.{ending}")
        assert not opens_as_video(tmp_path / f"a.{ending}")


def test_a_film_whose_size_nobody_has_is_refused(tmp_path, monkeypatch):
    write_video(tmp_path / "film.mp4", [GREY] * 2, sample_aspect_ratio=Fraction(4, 1))
    monkeypatch.setattr(module, "MOST_PIXELS", 2 * 64 * 96)
    with pytest.raises(ValueError, match="its pictures have 384 x 64 pixels"):
        first(tmp_path / "film.mp4")
