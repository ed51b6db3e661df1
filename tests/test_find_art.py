"""The picture that portraits are painted like, and its face."""

import pytest
import torch

from tps_portrait.tps_core.face_not_found import FaceNotFound
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.paint_like.find_art import find_artwork

SIZE = (64, 64)


def face_of(scale):
    return Landmarks(scale * mean_face("ibug-68"), "ibug-68", SIZE)


@pytest.mark.parametrize("order", [1, -1])
def test_the_largest_of_the_faces_that_are_given_counts(order):
    small, large = face_of(0.2), face_of(0.5)
    art = find_artwork(torch.rand(3, 64, 64), "art", [small, large][::order])
    assert (
        art.alignment.extent_px > 2 * find_artwork(art.picture, "art", [small]).alignment.extent_px
    )


@pytest.mark.parametrize("faces", [None, []], ids=["none is found", "none is given"])
def test_without_a_face_it_says_what_to_do(faces):
    with pytest.raises(FaceNotFound, match="gogh.png: no face found .* landmarks by hand"):
        find_artwork(torch.full((3, 64, 64), 0.5), "gogh.png", faces)
