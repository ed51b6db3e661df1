"""Videos: what is read and written, and that the painted one is the same film."""

import struct
import sys
import threading
from contextlib import closing

import numpy as np
import pytest
import torch

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.face_not_found import FaceNotFound
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.output_files import NotWritten
from tps_portrait.tps_core.style import Style
from tps_portrait.tps_core.stylize import stylize
from tps_portrait.tps_core.videos.paint_frame import VideoOptions, paint_frame, stylize_frame
from tps_portrait.tps_core.videos.plan import FacePlan, FramePlan
from tps_portrait.tps_core.videos.reader import VideoReader
from tps_portrait.tps_core.videos.stylize_video import stylize_video
from tps_portrait.tps_core.videos.transparency import on_white
from tps_portrait.tps_core.videos.writer import VideoWriter, find_codec
from videos import RATE, read_video, write_video

av = pytest.importorskip("av")
FACE = VideoOptions(whole_image=False)


def plan_of(*faces, opacity=1.0, extent_px=0.0):
    """The plan of a frame in which these faces are painted."""
    return FramePlan(tuple(FacePlan(face, opacity, 1.0) for face in faces), extent_px, 1.0)


class Negative(Style):
    """A style that paints dark what is light."""

    def __init__(self):
        super().__init__(torch.nn.Identity(), {"size": 256, "tones": True})

    def __call__(self, pictures):
        return 1 - pictures


@pytest.fixture(scope="module")
def pixels(photo):
    """The portrait, small, as (h, w, 3) bytes: 180 x 160."""
    small = torch.nn.functional.interpolate(photo[None], (160, 180), mode="area")[0]
    return (small * 255).byte().permute(1, 2, 0).numpy()


@pytest.fixture
def film(pixels, tmp_path):
    """Eight frames of the portrait with a sound."""
    write_video(tmp_path / "film.mp4", [pixels] * 8, sound="aac")
    return tmp_path / "film.mp4"


def test_the_painted_video_is_the_same_film(film, tmp_path):
    told = []
    out = tmp_path / "new" / "painted.mp4"
    report = stylize_video(film, out, Negative(), FACE, 2, lambda *at: told.append(at))
    before, times, sound = read_video(film)
    after, new_times, new_sound = read_video(out)
    assert (report.frames, report.frames_with_face) == (8, 8)
    assert after.shape == before.shape
    assert new_times == pytest.approx(times, abs=1e-3)
    assert new_sound == sound != []
    assert told == [(n, 8) for n in range(1, 9)]
    assert [path.name for path in out.parent.iterdir()] == ["painted.mp4"]
    change = np.abs(after.astype(int) - before).mean((0, 3))
    assert change.max() > 60  # the face
    assert change[:, :20].mean() < 4  # the background


@pytest.mark.parametrize("ending", [".mkv", ".webm", ".gif"])
def test_other_containers_hold_it_too(film, tmp_path, ending):
    out = tmp_path / f"painted{ending}"
    stylize_video(film, out, Negative(), VideoOptions(whole_image=True))
    before, _, _ = read_video(film)
    after, times, sound = read_video(out)
    assert len(after) == 8
    assert times[7] - times[0] == pytest.approx(7 / RATE, abs=0.02)
    assert np.abs(255 - after.astype(int) - before).mean() < 14
    assert bool(sound) == (ending != ".gif")


def test_frames_keep_their_times_however_uneven(pixels, tmp_path):
    write_video(tmp_path / "film.mp4", [pixels] * 5, times=[0, 1, 5, 6, 20])
    stylize_video(tmp_path / "film.mp4", tmp_path / "out.mkv", Negative())
    _, times, _ = read_video(tmp_path / "out.mkv")
    assert times == pytest.approx([0, 0.04, 0.2, 0.24, 0.8], abs=2e-3)


def test_odd_sizes_grow_by_the_pixel_that_players_want(pixels, tmp_path):
    write_video(tmp_path / "film.mp4", [pixels[:159, :179]] * 2)
    stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), VideoOptions(True))
    after, _, _ = read_video(tmp_path / "out.mp4")
    assert after.shape == (2, 160, 180, 3)


def test_what_was_filmed_upright_is_painted_upright(tmp_path):
    lying = np.full((48, 80, 3), 128, np.uint8)
    lying[:16, :16] = 255, 0, 0  # on the upper left; turned clockwise, on the upper right
    write_video(tmp_path / "film.mp4", [lying] * 2)
    data = bytearray((tmp_path / "film.mp4").read_bytes())
    matrix = data.index(b"tkhd") + 44
    turned = (0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    data[matrix : matrix + 36] = struct.pack(">9i", *turned)
    (tmp_path / "film.mp4").write_bytes(data)
    stylize_video(
        tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), VideoOptions(True, strength=0.0)
    )
    frame = read_video(tmp_path / "out.mp4")[0][0]
    assert frame.shape == (80, 48, 3)
    assert frame[4, 44, 0] > 200 > frame[4, 4, 0]


@pytest.mark.parametrize("colors", [1, 5])
@pytest.mark.parametrize("color", [(200, 40, 40), (40, 200, 40), (30, 60, 210)])
def test_colors_are_read_and_written_as_the_video_means_them(tmp_path, colors, color):
    flat = np.full((64, 64, 3), color, np.uint8)
    write_video(tmp_path / "film.mp4", [flat] * 2, colors=colors)
    with closing(VideoReader(tmp_path / "film.mp4")) as reader:
        seen = next(reader.frames()).picture.float().mean((1, 2))
    assert seen.tolist() == pytest.approx(color, abs=3)
    strength = VideoOptions(whole_image=True, strength=0.0)
    stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), strength)
    with closing(VideoReader(tmp_path / "out.mp4")) as reader:
        again = next(reader.frames()).picture.float().mean((1, 2))
        assert reader.stream.codec_context.colorspace == {1: 1, 5: 6}[colors]
    assert again.tolist() == pytest.approx(color, abs=4)


def test_where_there_is_no_x264_another_codec_writes_it(film, tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", {"mpeg4"})
    assert find_codec(tmp_path / "out.mp4")[0] == "mpeg4"
    stylize_video(film, tmp_path / "out.mp4", Negative(), VideoOptions(whole_image=True))
    before, after = read_video(film)[0], read_video(tmp_path / "out.mp4")[0]
    assert np.abs(255 - after.astype(int) - before).mean() < 8


class Edge(Style):
    """A style of line art, small, that is black on the left and white on the right."""

    def __init__(self):
        super().__init__(torch.nn.Identity(), {"size": 64, "tones": False})

    def __call__(self, pictures):
        drawn = torch.ones_like(pictures)
        drawn[..., : pictures.shape[-1] // 2] = 0
        return drawn


@pytest.mark.parametrize("style", [Negative(), Edge()])
def test_a_frame_is_painted_as_a_picture_is(photo, face, style):
    frame = (photo * 255).round().byte().permute(1, 2, 0).contiguous().permute(2, 0, 1)
    extent = align(face).extent_px
    for whole in (False, True):
        options = VideoOptions(whole_image=whole, strength=0.8)
        painted = paint_frame(frame, style, plan_of(face, extent_px=extent), options)
        still = stylize(frame.float() / 255, style, face, whole, 0.8).picture
        difference = (painted.float() / 255 - still).abs() * 255
        assert difference.mean() < 0.6
        assert difference.max() < 4
        exact = stylize_frame(frame.float() / 255, style, plan_of(face, extent_px=extent), options)
        assert (exact.picture - still).abs().max() < 1e-4


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "finish", [{"strength": 1.7}, {"keep_colors": 1.0}, {"ground": "keep"}, {"ground": "blur"}]
)
def test_a_frame_is_finished_as_a_picture_is(whole, finish, photo, face):
    frame = (photo * 255).round().byte()
    plan = plan_of(face, extent_px=align(face).extent_px)
    painted = paint_frame(frame, Negative(), plan, VideoOptions(whole_image=whole, **finish))
    still = stylize(frame.float() / 255, Negative(), face, whole, **finish).picture
    assert painted.dtype == torch.uint8
    assert (painted.float() / 255 - still).abs().max() < 1.1 / 255


def test_a_frame_without_a_person_is_left_as_it_is_where_the_ground_is_kept():
    frame = torch.full((3, 64, 64), 90, dtype=torch.uint8)
    options = VideoOptions(ground="keep")
    assert torch.equal(paint_frame(frame, Negative(), plan_of(), options), frame)


def test_a_face_that_fades_is_painted_less(photo, face):
    frame = (photo * 255).byte()
    plans = (plan_of(face, opacity=opacity) for opacity in (0.3, 1.0))
    faded, full = (paint_frame(frame, Negative(), plan, FACE) for plan in plans)
    change = [(painted.float() - frame.float()).abs().sum() for painted in (faded, full)]
    assert float(change[0] / change[1]) == pytest.approx(0.3, abs=0.02)
    assert paint_frame(frame, Negative(), plan_of(), FACE) is frame
    floats = frame.float() / 255
    exact = stylize_frame(floats, Negative(), plan_of(face, opacity=0.3), FACE).picture
    assert (exact - faded.float() / 255).abs().max() < 1.5 / 255


def test_a_video_without_a_face_is_an_error_and_no_file(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    write_video(tmp_path / "film.mp4", [noise] * 3)
    with pytest.raises(FaceNotFound, match="film.mp4, in all frames: no face found .* whole image"):
        stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), FACE)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_stopping_leaves_no_file_and_no_thread(film, tmp_path):
    threads = threading.active_count()

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylize_video(film, tmp_path / "out.mp4", Negative(), progress=stop, workers=2)
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
    assert threading.active_count() == threads


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "film.mp4: no such file"), (b"no video", "film.mp4: can't be read .*Invalid data")],
)
def test_what_is_no_video_is_said_in_a_sentence(tmp_path, content, message):
    if content:
        (tmp_path / "film.mp4").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative())


def test_what_the_codec_refuses_is_said_in_a_sentence_too(film, tmp_path, monkeypatch):
    def refuse(*_):
        raise av.error.ExternalError(1, "Generic error in an external library")

    monkeypatch.setattr(VideoWriter, "_encode", refuse)
    with pytest.raises(ValueError, match="can't be made into .*out.mp4 .Generic error"):
        stylize_video(film, tmp_path / "out.mp4", Negative())
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_without_pyav_it_says_how_to_get_it(film, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match="needs? PyAV, which is not installed; pip install av"):
        stylize_video(film, tmp_path / "out.mp4", Negative())


@pytest.mark.parametrize(
    ("name", "message"),
    [("film.mp4", "is the video that is read"), ("out.png", "a video's name must end in .mp4")],
)
def test_names_that_can_not_be_written_are_refused(film, name, message):
    with pytest.raises(ValueError, match=message):
        stylize_video(film, film.with_name(name), Negative())
    assert read_video(film)[0].shape[0] == 8


def test_a_damaged_place_costs_its_frames_and_no_more(pixels, tmp_path, caplog):
    write_video(tmp_path / "film.mkv", [np.roll(pixels, i, 1) for i in range(30)])
    data = bytearray((tmp_path / "film.mkv").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    (tmp_path / "film.mkv").write_bytes(data)
    report = stylize_video(tmp_path / "film.mkv", tmp_path / "out.mp4", Negative())
    assert report.frames > 10
    assert len(read_video(tmp_path / "out.mp4")[0]) == report.frames


def test_a_file_that_cannot_grow_leaves_the_earlier_video_and_no_half_one(film, tmp_path):
    resource = pytest.importorskip("resource")
    out = tmp_path / "new" / "painted.mp4"
    stylize_video(film, out, Negative())
    before = out.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(NotWritten, match=r"painted.mp4: can't be written \(File too large\)"):
            stylize_video(film, out, Negative())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["painted.mp4"]


def test_a_video_of_that_name_is_kept_unless_it_may_be_replaced(film, tmp_path):
    out = tmp_path / "new" / "painted.mkv"
    out.parent.mkdir()
    out.write_bytes(b"mine")
    with pytest.raises(NotWritten, match="there is such a file already"):
        stylize_video(film, out, Negative(), replace=False)
    assert out.read_bytes() == b"mine"
    assert [path.name for path in out.parent.iterdir()] == ["painted.mkv"]


class Flat(Style):
    """A style that paints all in one colour."""

    def __init__(self, *color):
        super().__init__(torch.nn.Identity(), {"size": 256, "color": color})

    def __call__(self, pictures):
        return torch.zeros_like(pictures) + torch.tensor(self.record["color"])[:, None, None]


@pytest.mark.parametrize("more", [{}, {"strength": 1.5}], ids=["bytes", "floats"])
@pytest.mark.parametrize("whole", [False, True])
def test_of_several_styles_each_face_has_its_own(photo, face, whole, more):
    frame = (torch.cat([photo, photo], -1) * 255).byte()
    width = photo.shape[-1]
    plans = []
    for number, dx in ((1, 0), (0, width)):
        points_px = face.points_px + torch.tensor([dx, 0])
        moved = Landmarks.from_pixels(points_px, (2 * width, photo.shape[1]), face.scheme, 1.0, "")
        plans.append(FacePlan(moved, 1.0, 1.0, number))
    options = VideoOptions(whole, **more)
    red, blue = Flat(1.0, 0.0, 0.0), Flat(0.0, 0.0, 1.0)
    painted = paint_frame(frame, [red, blue], FramePlan(tuple(plans), 0.0, 1.0), options)
    x, y = (round(float(n)) for n in face.points_px.mean(0))
    left, right = painted[:, y, x].tolist(), painted[:, y, x + width].tolist()
    assert left[2] > left[0] + 150
    assert right[0] > right[2] + 150
    corner = painted[:, 2, 2].tolist()
    assert (corner[0] - corner[2] > 150) == whole


@pytest.mark.parametrize(
    ("options", "painted"),
    [
        ({"faces": "all"}, [True, True]),
        ({"faces": "left to right", "numbers": (2,)}, [False, True]),
        ({"faces": "left to right", "numbers": (1,)}, [True, False]),
    ],
)
def test_the_faces_that_are_wanted_are_painted_in_a_video(photo, tmp_path, options, painted):
    face = torch.nn.functional.interpolate(photo[None, :, :300, 60:360], (150, 150), mode="area")
    pixels = (torch.cat([face[0], face[0].flip(2)], -1) * 255).byte().permute(1, 2, 0).numpy()
    write_video(tmp_path / "film.mp4", [pixels] * 3)
    options = VideoOptions(whole_image=False, **options)
    stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), options)
    change = np.abs(read_video(tmp_path / "out.mp4")[0][0].astype(int) - pixels).mean(-1)
    assert [half.max() > 100 for half in np.split(change, 2, axis=1)] == painted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"faces": "left to right", "numbers": (3,)}, "face 3 is to be painted"),
        ({"no_face": "error"}, "no face found"),
        ({"faces": "all"}, "no face found"),
    ],
)
def test_a_face_that_is_asked_for_and_never_seen_is_an_error(tmp_path, options, message):
    write_video(tmp_path / "film.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 2)
    with pytest.raises(FaceNotFound, match=message):
        stylize_video(
            tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), VideoOptions(**options)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_video_without_a_face_is_left_as_it_is_where_that_is_chosen(tmp_path):
    write_video(tmp_path / "film.mp4", [np.full((64, 96, 3), 90, np.uint8)] * 2)
    options = VideoOptions(whole_image=False, no_face="skip")
    stylize_video(tmp_path / "film.mp4", tmp_path / "out.mp4", Negative(), options)
    assert abs(int(read_video(tmp_path / "out.mp4")[0].mean()) - 90) <= 1


def test_of_numbers_those_that_nobody_has_are_told(film, tmp_path):
    options = VideoOptions(faces="left to right", numbers=(1, 4))
    report = stylize_video(film, tmp_path / "out.mp4", Negative(), options)
    assert (report.frames_with_face, report.notes) == (8, ("face 4 is in no frame",))


def test_all_faces_are_painted_where_all_are_wanted(photo, face):
    frame = (photo * 255).byte()
    width = frame.shape[-1]
    points_px = face.points_px * torch.tensor([-1.0, 1.0]) + torch.tensor([float(width), 0])
    other = type(face).from_pixels(points_px, face.size, face.scheme).mirror()
    both = paint_frame(frame, Negative(), plan_of(face, other), FACE).int()
    apart = [paint_frame(frame, Negative(), plan_of(one), FACE).int() for one in (face, other)]
    for painted in apart:
        assert (painted != frame).any()
        assert ((both != frame) >= (painted != frame)).float().mean() > 0.99
    floats = frame.float() / 255
    exact, mask = stylize_frame(floats, Negative(), plan_of(face, other), FACE)
    assert (exact - both / 255).abs().max() < 2.5 / 255
    assert (mask[0][(both != frame).any(0)] > 0).float().mean() > 0.99


def test_a_transparent_frame_is_painted_on_white_and_stays_transparent(photo, face):
    alpha = torch.full((1, *photo.shape[1:]), 255, dtype=torch.uint8)
    alpha[:, :, :40] = 0
    frame = on_white(torch.cat([(photo * 255).byte(), alpha]))
    for options in (FACE, VideoOptions(), VideoOptions(strength=1.5)):
        painted = paint_frame(frame, Negative(), plan_of(face), options)
        assert torch.equal(painted[3:], alpha)
        assert torch.equal(painted[:3], paint_frame(frame[:3], Negative(), plan_of(face), options))


def test_a_transparent_ground_is_kept_in_the_video(pixels, tmp_path):
    write_video(tmp_path / "film.mp4", [pixels] * 2)
    options = VideoOptions(ground="transparent")
    report = stylize_video(tmp_path / "film.mp4", tmp_path / "out.webm", Negative(), options)
    assert report.notes == ()
    with closing(VideoReader(tmp_path / "out.webm")) as reader:
        alpha = next(reader.frames()).picture[3]
    assert alpha[50:80, 70:90].min() > 250  # the face
    assert alpha[:60, :15].max() < 5


def test_what_can_not_be_kept_is_told_and_logged(film, tmp_path, caplog):
    report = stylize_video(film, tmp_path / "out.gif", Negative())
    assert report.notes == ("sound track 1 of 1 is left out: .gif has no sound",)
    assert caplog.messages == [f"{film}: {report.notes[0]}"]
