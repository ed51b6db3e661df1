import math

import pytest
import torch

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.geometry.pixels import pixel_centres, sample
from tps_portrait.tps_core.landmarks import Landmarks, mean_face


def placed(angle=0.3, scale=40.0, centre=(90.0, 60.0), size=(200, 120)):
    """The mean face somewhere in a picture."""
    linear = scale * torch.tensor(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    points_px = mean_face("ibug-68") @ linear.T + torch.tensor(centre)
    return Landmarks.from_pixels(points_px, size, "ibug-68")


def smooth_picture(width=200, height=120):
    x = torch.linspace(0, 1, width).expand(height, width)
    y = torch.linspace(0, 1, height)[:, None].expand(height, width)
    return torch.stack([x, y, (x + y) / 2])


def test_the_face_comes_to_lie_on_the_mean_face():
    alignment = align(placed())
    torch.testing.assert_close(alignment.points, mean_face("ibug-68"), atol=1e-4, rtol=0)
    assert alignment.extent_px == pytest.approx(80, abs=0.01)


def test_crop_and_paste_undo_each_other_inside_the_crop():
    picture, alignment = smooth_picture(), align(placed())
    face = alignment.crop(picture, 96)
    pasted = alignment.paste(face)
    covered = alignment.paste(torch.ones(1, 96, 96)) > 0.99
    difference = ((pasted - picture).abs() * covered).max()
    assert difference < 0.01
    assert covered.float().mean() > 0.2


def test_the_landmarks_of_a_crop_lie_on_what_they_mark():
    landmarks = placed()
    alignment = align(landmarks)
    picture = torch.zeros(1, 120, 200)
    x, y = landmarks.points_px[30].round().int().tolist()
    picture[0, y - 1 : y + 2, x - 1 : x + 2] = 1
    crop = alignment.crop(picture, 100)[0]
    brightest = divmod(int(crop.argmax()), 100)
    expected = ((alignment.points[30] + 1) * 50).flip(0)
    assert (torch.tensor(brightest) - expected).abs().max() < 3


def test_inside_says_what_of_the_crop_is_picture():
    assert align(placed()).inside(32).all()
    cut = align(placed(centre=(5.0, 60.0))).inside(32)
    assert 0.2 < cut.mean() < 0.8
    assert cut[0, :, -1].all()
    assert not cut[0, :, 0].any()


def test_paste_leaves_zeros_elsewhere():
    pasted = align(placed()).paste(torch.ones(3, 64, 64))
    assert pasted.shape == (3, 120, 200)
    assert pasted[:, :, 180:].abs().max() == 0


# In the middle, over an edge, over a corner, wholly beside, and larger than the picture.
CENTRES = [(90, 60), (5, 60), (190, 118), (260, 60), (-400, 50)]


def test_bytes_are_cut_as_floats_are():
    picture, alignment = smooth_picture(), align(placed())
    of_bytes = alignment.crop((picture * 255).round().byte(), 24)
    assert (of_bytes - alignment.crop(picture, 24)).abs().max() < 1.5 / 255


@pytest.mark.parametrize("centre", CENTRES)
def test_pasting_in_a_box_leaves_nothing_out(centre):
    alignment = align(placed(0.5, 30.0, tuple(map(float, centre))))
    face = torch.rand(3, 40, 40, generator=torch.Generator().manual_seed(0))
    grid = pixel_centres((120, 200), like=face)
    places_px = (grid + 1) / 2 * torch.tensor([200, 120])
    grid = (places_px - alignment.shift) @ torch.linalg.inv(alignment.linear).T
    expected = sample(face[None], grid[None], "zeros")[0]
    torch.testing.assert_close(alignment.paste(face), expected, atol=1e-4, rtol=0)
