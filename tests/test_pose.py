import math

import pytest
import torch

from tps_portrait.tps_core.landmarks import IBUG_MIRROR, mean_face
from tps_portrait.training.banks.pose import MOUTH_DEPTH, NOSE_DEPTH, estimate_pose


def turned(yaw=0.0, pitch=0.0, roll=0.0):
    """The mean face as a mask with a nose, turned in space and seen from afar: (68, 2)."""
    points = mean_face("ibug-68")
    unit = float(points[45, 0] - points[36, 0])
    depth = torch.zeros(68)
    depth[30] = NOSE_DEPTH * unit
    depth[48:68] = MOUTH_DEPTH * unit
    x, y, z = points[:, 0], points[:, 1], depth
    a, b, c = (math.radians(angle) for angle in (yaw, pitch, roll))
    x, z = x * math.cos(a) + z * math.sin(a), z * math.cos(a) - x * math.sin(a)
    y, z = y * math.cos(b) - z * math.sin(b), z * math.cos(b) + y * math.sin(b)
    return torch.stack([x * math.cos(c) - y * math.sin(c), x * math.sin(c) + y * math.cos(c)], -1)


def test_the_mean_face_looks_straight_ahead():
    torch.testing.assert_close(
        estimate_pose(mean_face("ibug-68")), torch.zeros(2), atol=0.01, rtol=0
    )


@pytest.mark.parametrize("yaw", [-40, -15, 15, 40])
def test_yaw_is_found_and_positive_to_the_right_of_the_picture(yaw):
    found = estimate_pose(turned(yaw=yaw))
    assert float(found[0]) == pytest.approx(yaw, abs=5)
    assert abs(float(found[1])) < 4


@pytest.mark.parametrize("pitch", [-25, -10, 10, 25])
def test_pitch_is_found_and_positive_upwards(pitch):
    found = estimate_pose(turned(pitch=pitch))
    assert float(found[1]) == pytest.approx(pitch, abs=4)
    assert abs(float(found[0])) < 4


def test_a_turned_picture_of_it_and_another_size_change_nothing():
    upright = estimate_pose(turned(yaw=20, pitch=10))
    other = estimate_pose(turned(yaw=20, pitch=10, roll=35) * 240 + 300)
    torch.testing.assert_close(upright, other, atol=0.01, rtol=0)


def test_the_mirrored_face_looks_the_other_way():
    points = turned(yaw=25, pitch=5)
    mirrored = points[IBUG_MIRROR] * torch.tensor([-1.0, 1.0])
    expected = estimate_pose(points) * torch.tensor([-1.0, 1.0])
    torch.testing.assert_close(estimate_pose(mirrored), expected, atol=0.01, rtol=0)


def test_many_faces_at_once():
    many = torch.stack([turned(yaw=angle) for angle in (-20, 0, 20)])
    torch.testing.assert_close(estimate_pose(many)[1], estimate_pose(many[1]))
