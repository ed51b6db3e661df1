import pytest
import torch

from clips import SIZE, face_at
from tps_portrait.tps_core.landmark_files.pts_file import read_pts, write_pts
from tps_portrait.tps_core.landmarks import Landmarks

FACE = face_at(300, 200)


def pts(points, head="version: 1\nn_points:  68\n"):
    return head + "{\n" + "\n".join(f"{x} {y}" for x, y in points) + "\n}\n"


def test_the_middle_of_the_first_pixel_is_1_1_there_and_a_half_here():
    face = read_pts(pts([(1, 1)] * 67 + [(640, 480)]), SIZE)
    assert face.points_px[0].tolist() == pytest.approx([0.5, 0.5], abs=1e-4)
    # the middle of the last one
    assert face.points_px[-1].tolist() == pytest.approx([639.5, 479.5], abs=1e-4)
    corner = Landmarks.from_pixels(torch.full((68, 2), 0.5), SIZE, "ibug-68")
    assert write_pts(corner).splitlines()[3] == "1.000 1.000"


def test_a_file_comes_back_as_it_was():
    text = write_pts(FACE)
    assert text.splitlines()[:3] == ["version: 1", "n_points: 68", "{"]
    assert text.endswith("}\n")
    face = read_pts(text, SIZE)
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=1e-3, rtol=0)
    assert (face.scheme, face.size, face.detector) == ("ibug-68", SIZE, "pts file")


def test_of_more_points_the_68_are_written():
    mesh = FACE.convert("mediapipe-478")
    face = read_pts(write_pts(mesh), SIZE)
    torch.testing.assert_close(face.points_px, FACE.points_px, atol=0.1, rtol=0)


@pytest.mark.parametrize("head", ["version: 1\r\nn_points: 68\r\n", "  version: 1.0 n_points: 68"])
def test_the_layout_of_blanks_does_not_matter(head):
    face = read_pts(pts([(1e1, -2.5)] * 68, head), SIZE)
    assert face.points_px[0].tolist() == pytest.approx([9.5, -3.0], abs=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a .pts file"),
        ('{"size": [9, 9], "faces": []}', "not a .pts file"),
        (pts([(1, 1)] * 68)[:-3], "not a .pts file"),
        (pts([(1, 1)] * 67), "says n_points: 68 and holds 134 numbers"),
        (pts([(1, 1)] * 5, "version: 1\nn_points: 5\n"), "says n_points: 5 and holds 10 numbers"),
        (pts([("nan", 1)] * 68), "points that are not finite numbers"),
        (pts([("one", 1)] * 68), "points that are no numbers"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        read_pts(text, SIZE)
