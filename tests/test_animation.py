"""Pictures that move, read as videos."""

import pytest
import torch
from PIL import Image

from tps_portrait.tps_core.videos.animation import AnimationReader, moves

COLORS = ["red", "lime", "blue"]
DURATIONS = [100, 50, 2000]


def save(path, frames=None, **options):
    frames = frames or [Image.new("RGB", (40, 30), color) for color in COLORS]
    options = {"duration": DURATIONS, **options}
    frames[0].save(path, save_all=True, append_images=frames[1:], **options)
    return path


@pytest.fixture(params=["gif", "webp", "png", "avif"])
def animation(request, tmp_path):
    if f".{request.param}" not in Image.registered_extensions():
        pytest.skip("this Pillow can't write it")
    return save(tmp_path / f"moves.{request.param}")


def test_each_kind_has_its_frames_and_their_times(animation):
    assert moves(animation)
    reader = AnimationReader(animation)
    frames = list(reader.parts())
    assert [frame.time for frame in frames] == [0, 100, 150]
    assert [frame.duration for frame in frames] == DURATIONS
    assert (reader.count, float(reader.last_duration)) == (3, 2.0)
    assert float(reader.rate) == pytest.approx(3 / 2.15)
    for frame, brightest in zip(frames, (0, 1, 2), strict=True):
        assert frame.picture.shape == (3, 30, 40)
        assert int(frame.picture[:, 15, 20].argmax()) == brightest


def test_a_picture_that_stands_still_and_what_is_none_do_not_move(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "still.webp")
    (tmp_path / "text.gif").write_text("no picture")
    assert not moves(tmp_path / "still.webp")
    assert not moves(tmp_path / "text.gif")
    assert not moves(tmp_path / "missing.gif")


def test_the_picture_that_stands_before_an_apng_is_no_frame(tmp_path):
    frames = [Image.new("RGB", (40, 30), color) for color in ["black", *COLORS]]
    path = save(tmp_path / "a.png", frames, default_image=True)
    pictures = [frame.picture for frame in AnimationReader(path).frames()]
    assert len(pictures) == 3
    assert pictures[0].max() == 255


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_what_is_transparent_is_white_and_has_its_alpha(tmp_path, ending):
    frames = [Image.new("RGBA", (40, 30), (200, 0, 0, 255)) for _ in range(2)]
    for n, frame in enumerate(frames):
        frame.paste((0, 99, 0, 0), (0, 0, 10 + n, 30))
    reader = AnimationReader(save(tmp_path / f"a.{ending}", frames, duration=100, disposal=2))
    assert reader.alpha
    first = next(reader.frames()).picture
    assert first.shape == (4, 30, 40)
    assert first[:, 5, 5].tolist() == [255, 255, 255, 0]
    assert first[3, 5, 30] == 255
    assert first[:3, 5, 30].tolist() == pytest.approx([200, 0, 0], abs=3)


def test_frames_that_are_shown_for_no_time_are_shown_as_browsers_do(tmp_path):
    assert float(AnimationReader(save(tmp_path / "a.gif", duration=0)).last_duration) == 0.1


@pytest.mark.parametrize(("loop", "expected"), [({}, -1), ({"loop": 0}, 0), ({"loop": 3}, 3)])
def test_how_often_a_gif_is_shown_is_known(tmp_path, loop, expected):
    assert AnimationReader(save(tmp_path / "a.gif", **loop)).loop == expected


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_a_damaged_one_is_said_in_a_sentence(tmp_path, ending):
    path = save(tmp_path / f"a.{ending}", [
        Image.fromarray(torch.randint(0, 255, (64, 64, 3), dtype=torch.uint8).numpy())
        for _ in range(3)
    ])  # fmt: skip
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"a.{ending}: can't be read"):
        list(AnimationReader(path).frames())


def test_one_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("tps_portrait.tps_core.videos.animation.MOST_PIXELS", 100)
    with pytest.raises(ValueError, match="40 x 30 pixels"):
        AnimationReader(save(tmp_path / "a.gif"))
