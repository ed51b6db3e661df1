import pytest
import torch

from tps_portrait.tps_core.face_warp import warp_face
from tps_portrait.tps_core.landmarks import IBUG_PARTS, Landmarks, mean_face

MEAN = mean_face("ibug-68")
SOURCE = Landmarks(MEAN * 0.5, "ibug-68", (200, 120))
LONG = MEAN.clone()
LONG[IBUG_PARTS["mouth"]] += torch.tensor([0.0, 0.1])
TARGET = Landmarks(LONG * torch.tensor([0.25, 0.25]) - 0.4, "ibug-68", (100, 60))


def dot_at(point):
    """A black picture (3, 120, 200) with a soft dot at (x, y) in −1…1."""
    x = (torch.arange(200) + 0.5) / 100 - 1
    y = (torch.arange(120) + 0.5) / 60 - 1
    squared = ((x - point[0]) * 100).square() + ((y[:, None] - point[1]) * 60).square()
    return (-squared / 30).exp().expand(3, -1, -1)


def brightest(picture):
    y, x = divmod(int(picture[0].argmax()), 200)
    return torch.tensor([(x + 0.5) / 100 - 1, (y + 0.5) / 60 - 1])


MOUTH = 57  # the middle of the lower lip


def test_exact_puts_a_landmark_where_the_target_has_it():
    warped, _ = warp_face(dot_at(SOURCE.points[MOUTH]), SOURCE, TARGET, placement="exact")
    assert (brightest(warped) - TARGET.points[MOUTH]).abs().max() < 0.03


def test_in_place_takes_the_shape_and_keeps_the_place():
    warped, mask = warp_face(dot_at(SOURCE.points[MOUTH]), SOURCE, TARGET)
    moved = brightest(warped) - SOURCE.points[MOUTH]
    assert moved[1] > 0.02  # the mouth is lower
    assert moved.norm() < 0.2  # but where this face is
    inside = (mask[0] > 0.5).nonzero().float().mean(0)
    assert (inside - torch.tensor([60.0, 100.0])).abs().max() < 12


@pytest.mark.parametrize("strength", [-1.0, 0.0, 2.0])
def test_strength_scales_the_movement(strength):
    mouth = SOURCE.points[MOUTH]
    once = brightest(warp_face(dot_at(mouth), SOURCE, TARGET)[0]) - mouth
    moved = brightest(warp_face(dot_at(mouth), SOURCE, TARGET, strength)[0]) - mouth
    assert (moved - strength * once).abs().max() < 0.04


def test_the_frame_stays():
    picture = torch.rand(3, 120, 200, generator=torch.Generator().manual_seed(0))
    warped, _ = warp_face(picture, SOURCE, TARGET)
    assert (warped[:, 0, 0] - picture[:, 0, 0]).abs().max() < 0.1
