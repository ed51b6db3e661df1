import pytest
import torch

from clips import face_at, reshaped
from tps_portrait.tps_core.geometry.similarity import fit_similarity
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.morph import morph

FACE = face_at(200, 200, size=100)
# Another shape, elsewhere, larger, in a picture of another size, and tilted.
TURN = torch.tensor([[0.9, 0.3], [-0.3, 0.9]])
OTHER = reshaped(face_at(0, 0, size=150, picture=(300, 900)), 5.0)
OTHER = Landmarks.from_pixels(OTHER.points_px @ TURN + 200, OTHER.size, OTHER.scheme)


def shape_distance(face, other):
    linear, shift = fit_similarity(other.points_px, face.points_px)
    return float((other.points_px @ linear.T + shift - face.points_px).norm())


def test_0_is_the_face_itself():
    torch.testing.assert_close(morph(FACE, OTHER, 0.0).points, FACE.points)


def test_1_is_the_shape_of_the_other_in_the_place_of_the_face():
    morphed = morph(FACE, OTHER, 1.0)
    assert shape_distance(morphed, OTHER) < 1e-2 * shape_distance(FACE, OTHER)
    assert morphed.size == FACE.size
    linear, shift = fit_similarity(FACE.points_px, morphed.points_px)
    moved = torch.tensor([[200.0, 200.0]]) @ linear.T + shift
    torch.testing.assert_close(moved, torch.tensor([[200.0, 200.0]]), atol=0.5, rtol=0)


@pytest.mark.parametrize("amount", [-1.0, 0.3, 2.0])
def test_in_between_and_beyond_points_go_on_straight_lines(amount):
    start, end = FACE.points_px, morph(FACE, OTHER, 1.0).points_px
    expected = start + amount * (end - start)
    torch.testing.assert_close(morph(FACE, OTHER, amount).points_px, expected, atol=1e-3, rtol=0)


def test_a_face_that_is_only_elsewhere_has_nothing_to_morph_to():
    elsewhere = Landmarks.from_pixels(FACE.points_px @ TURN * 2 + 30, FACE.size, FACE.scheme)
    torch.testing.assert_close(
        morph(FACE, elsewhere, 2.0).points_px, FACE.points_px, atol=1e-2, rtol=0
    )


def test_without_aligning_the_place_counts_as_a_share_of_the_picture():
    torch.testing.assert_close(morph(FACE, OTHER, 1.0, align=False).points, OTHER.points)


def test_the_other_may_be_of_another_scheme():
    mesh = OTHER.convert("mediapipe-478")
    morphed = morph(FACE, mesh, 1.0)
    assert morphed.scheme == FACE.scheme
    torch.testing.assert_close(morphed.points, morph(FACE, OTHER, 1.0).points, atol=1e-3, rtol=0)
