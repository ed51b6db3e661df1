import pytest
import torch

from clips import face_at
from tps_portrait.tps_core.landmark_files.picture_size import at_one_size

FACE = face_at(300, 200, picture=(640, 480))


def test_faces_of_scaled_pictures_come_to_the_first_ones_size():
    large = face_at(600, 400, size=200, picture=(1280, 960))
    frames, size = at_one_size([[FACE], [], [large]], [(640, 480), (320, 241), (1280, 960)])
    assert size == (640, 480)
    assert frames[1] == []
    torch.testing.assert_close(frames[2][0].points_px, FACE.points_px, atol=1e-3, rtol=0)


def test_pictures_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="picture 1 has 640 x 480 pixels and picture 2 480 x 640"):
        at_one_size([[], []], [(640, 480), (480, 640)])
