import pytest
import torch
import torch.nn.functional as F

from tps_portrait.tps_core.landmarks import mean_face
from tps_portrait.tps_core.light import SKIN_LIGHT, light_for_lines, skin_light, tones
from tps_portrait.tps_core.style import Style
from tps_portrait.tps_core.stylize import stylize

POINTS = mean_face("ibug-68")


def face_of(light):
    """A face of one grey on white, with black eyes."""
    picture = torch.ones(3, 64, 64)
    picture[:, 12:58, 12:52] = light
    picture[:, 24:27, 20:28] = 0
    return picture


def test_a_face_is_as_light_as_its_cheeks():
    assert skin_light(face_of(0.3), POINTS) == pytest.approx(0.3)


@pytest.mark.parametrize("light", [0.05, 0.2, 0.5])
def test_for_lines_a_dark_face_is_made_light(light):
    lit = light_for_lines(face_of(light), POINTS)
    assert skin_light(lit, POINTS) == pytest.approx(SKIN_LIGHT, abs=0.01)
    assert lit.min() < 0.25  # what is black stays the darkest by far


@pytest.mark.parametrize("light", [0.61, 0.9, 1.0])
def test_a_light_face_is_left_as_it_is(light):
    assert torch.equal(light_for_lines(face_of(light), POINTS), face_of(light))


def test_black_becomes_no_light_and_a_face_at_the_edge_is_no_error():
    assert light_for_lines(torch.zeros(3, 8, 8), POINTS).isfinite().all()
    assert light_for_lines(torch.full((3, 8, 8), 0.2), POINTS + 3).isfinite().all()


class Copy(Style):
    """A style that paints what it is shown."""

    def __init__(self, is_line_art):
        super().__init__(torch.nn.Identity(), {"size": 256, "tones": not is_line_art})

    def __call__(self, pictures):
        return pictures


@pytest.mark.parametrize("whole_image", [True, False])
def test_only_line_art_is_shown_a_lit_face(whole_image, photo, face):
    dark = photo**3
    points = face.shape68
    tones, lines = (
        skin_light(stylize(dark, Copy(t), face, whole_image).picture, points) for t in (False, True)
    )
    assert tones == pytest.approx(skin_light(dark, points), abs=0.03)
    assert lines == pytest.approx(SKIN_LIGHT, abs=0.05)


def test_the_grey_rims_of_lines_are_no_tones():
    """A drawing of fine lines, shrunken, has many greys and is line art; even grey isn't."""
    lines = torch.ones(3, 256, 256)
    lines[..., torch.arange(256) % 8 < 3] = 0
    shrunken = F.avg_pool2d(lines[None], (1, 3), (1, 3))[0]
    greys = (shrunken > 0.2) & (shrunken < 0.8)
    assert greys.float().mean() > 0.2
    assert tones(shrunken).float().mean() < 0.05
    assert tones(torch.full((3, 64, 64), 0.5)).all()
