"""What is written of a video: its proportions, colours, times and transparency."""

from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from tps_portrait.tps_core.videos.reader import VideoReader
from videos import copied, read_video, seconds, write_video

av = pytest.importorskip("av")
GREY = np.full((64, 96, 3), 120, np.uint8)


def stream_of(path):
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        context = stream.codec_context
        return {
            "size": (stream.width, stream.height),
            "ratio": stream.sample_aspect_ratio or 1,
            "colors": (context.colorspace, context.color_primaries, context.color_trc),
            "range": context.color_range,
        }


@pytest.mark.parametrize("ratio", [Fraction(5, 4), Fraction(8, 9), Fraction(1)])
@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "m4v"])
def test_pixels_keep_their_number_and_proportions(tmp_path, ratio, ending):
    write_video(tmp_path / "film.mp4", [GREY] * 3, sample_aspect_ratio=ratio)
    assert copied(tmp_path / "film.mp4", tmp_path / f"out.{ending}") == []
    written = stream_of(tmp_path / f"out.{ending}")
    assert (written["size"], written["ratio"]) == ((96, 64), ratio)


@pytest.mark.parametrize("ending", ["webm", "gif"])
def test_where_pixels_are_square_the_picture_has_its_proportions(tmp_path, ending):
    write_video(tmp_path / "film.mp4", [GREY] * 3, sample_aspect_ratio=Fraction(5, 4))
    copied(tmp_path / "film.mp4", tmp_path / f"out.{ending}")
    assert stream_of(tmp_path / f"out.{ending}")["size"] == (120, 64)


def test_what_was_hdr_is_marked_as_what_it_has_become(tmp_path):
    marks = {"colors": 9, "color_primaries": 9, "color_trc": 18}
    write_video(tmp_path / "film.mp4", [GREY] * 3, pix_fmt="yuv420p10le", **marks)
    copied(tmp_path / "film.mp4", tmp_path / "out.mp4")
    assert stream_of(tmp_path / "out.mp4") == {
        "size": (96, 64), "ratio": 1, "colors": (1, 1, 1), "range": 1,
    }  # fmt: skip


def test_full_range_becomes_limited_range_and_is_marked_so(tmp_path):
    light = np.full((64, 96, 3), 240, np.uint8)
    write_video(tmp_path / "film.mp4", [light] * 3, pix_fmt="yuvj420p", color_range=2)
    copied(tmp_path / "film.mp4", tmp_path / "out.mp4")
    assert stream_of(tmp_path / "out.mp4")["range"] == 1
    assert read_video(tmp_path / "out.mp4")[0].mean() == pytest.approx(240, abs=3)


def clear_right_half():
    frame = np.zeros((64, 96, 4), np.uint8)
    frame[:, :48] = 200, 0, 0, 255
    frame[:, 48:, 1] = 250  # what was removed
    return frame


def pictures(path):
    """The frames (n, h, w, 4) of bytes; of VP9 as the decoder gives them that sees their alpha."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        decoder = stream.codec_context
        if decoder.name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")
        frames = [f for p in file.demux(stream) for f in decoder.decode(p if p.size else None)]
        return np.stack([frame.to_ndarray(format="rgba") for frame in frames])


@pytest.mark.parametrize("ending", ["webm", "mkv", "mov", "gif"])
def test_transparency_is_kept_without_what_was_removed(tmp_path, ending):
    write_video(
        tmp_path / "film.webm", [clear_right_half()] * 3, codec="libvpx-vp9", pix_fmt="yuva420p"
    )
    assert copied(tmp_path / "film.webm", tmp_path / f"out.{ending}") == []
    frames = pictures(tmp_path / f"out.{ending}").astype(int)
    assert len(frames) == 3
    assert frames[:, :, :44, 3].min() > 250
    assert frames[:, :, 52:, 3].max() < 5
    removed = np.abs(frames[..., :3] - [0, 250, 0]).sum(-1)
    assert removed.min() > 100


@pytest.mark.parametrize("ending", ["mp4", "m4v"])
def test_what_can_not_be_transparent_is_white_and_it_is_said(tmp_path, ending):
    write_video(
        tmp_path / "film.webm", [clear_right_half()] * 3, codec="libvpx-vp9", pix_fmt="yuva420p"
    )
    assert copied(tmp_path / "film.webm", tmp_path / f"out.{ending}") == [
        f".{ending} can't be transparent, so it is laid on white; a name that ends in .webm or "
        ".mov keeps its transparency"
    ]
    frames, _, _ = read_video(tmp_path / f"out.{ending}")
    assert frames[:, :, 52:].min() > 245


def test_edges_have_no_white_seam_on_other_grounds(tmp_path):
    half = np.zeros((64, 96, 4), np.uint8)
    half[..., :] = 200, 0, 0, 128
    write_video(tmp_path / "film.mov", [half] * 2, codec="png", pix_fmt="rgba", options={})
    copied(tmp_path / "film.mov", tmp_path / "out.mov")
    frame = pictures(tmp_path / "out.mov")[0]
    assert frame[32, 48].tolist() == pytest.approx([200, 0, 0, 128], abs=4)


def test_an_animated_gif_keeps_its_times_its_last_one_too(tmp_path):
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "lime", "blue")]
    shown = [100, 70, 2000]
    frames[0].save(
        tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=shown, loop=2
    )
    copied(tmp_path / "a.gif", tmp_path / "out.gif")
    with Image.open(tmp_path / "out.gif") as image:
        durations = []
        for n in range(image.n_frames):
            image.seek(n)
            durations.append(image.info["duration"])
        assert (durations, image.info["loop"]) == (shown, 2)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm", "gif"])
@pytest.mark.parametrize("source", ["webp", "mov"])
def test_a_last_frame_that_is_shown_long_stays_so(tmp_path, ending, source):
    frames = [Image.new("RGB", (40, 30), color) for color in ("red", "lime", "blue")]
    options = {"append_images": frames[1:], "duration": [100, 70, 2000]}
    frames[0].save(tmp_path / "film.webp", save_all=True, **options)
    if source != "webp":
        copied(tmp_path / "film.webp", tmp_path / f"film.{source}")
    copied(tmp_path / f"film.{source}", tmp_path / f"out.{ending}")
    _, times, _ = read_video(tmp_path / f"out.{ending}")
    assert np.diff(times) == pytest.approx([0.1, 0.07], abs=2e-3)
    assert seconds(tmp_path / f"out.{ending}") == pytest.approx(2.17, abs=0.01)


def test_frames_that_a_gif_can_not_show_are_left_out_and_it_is_said(tmp_path):
    write_video(tmp_path / "film.mp4", [GREY] * 20, rate=100)
    notes = copied(tmp_path / "film.mp4", tmp_path / "out.gif")
    assert notes == ["10 frames are left out: a GIF can't show more than 50 a second"]
    _, times, _ = read_video(tmp_path / "out.gif")
    assert times == pytest.approx([n / 50 for n in range(10)], abs=1e-3)


@pytest.mark.parametrize("ending", ["mp4", "mov", "m4v", "mkv", "webm"])
def test_what_we_wrote_is_known_by_its_mark(tmp_path, ending):
    write_video(tmp_path / "film.mp4", [GREY] * 3)
    copied(tmp_path / "film.mp4", tmp_path / f"out.{ending}")
    for name, ours in (("film.mp4", False), (f"out.{ending}", True)):
        reader = VideoReader(tmp_path / name)
        assert reader.is_ours == ours
        reader.close()
