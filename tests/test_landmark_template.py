"""The face that five clicks place. The script runs in a Chromium, without ComfyUI."""

import re
from pathlib import Path

import numpy as np
import pytest

from editor import find_browser
from landmark_page import open_page
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, IBUG_PARTS, mean_face

SCRIPT = Path(__file__).parents[1] / "web" / "mean_face.js"
NUMBERS = re.findall(r"\[(-?[\d.]+), (-?[\d.]+), (-?[\d.]+)\]", SCRIPT.read_text("utf-8"))
SOLID = np.array(NUMBERS, dtype=float)  # (68, 3)
FACE = 200 * SOLID[:, :2] + 300  # in a picture of 600 x 600 pixels


def clicks_of(points):
    """The five places of a face (68, 2) that are clicked."""
    eyes = [points[IBUG_PARTS[name]].mean(0) for name in ("right_eye", "left_eye")]
    return np.stack([*eyes, points[30], points[48], points[54]])


def turned(degrees):
    """FACE turned in the plane about the middle of the picture."""
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (FACE - 300) @ matrix.T + 300


def test_the_editors_mean_face_is_the_packs():
    np.testing.assert_allclose(SOLID[:, :2], mean_face("ibug-68"), atol=1e-5)


def test_its_depth_is_symmetric_from_the_ears_to_the_tip_of_the_nose():
    depth = SOLID[:, 2]
    np.testing.assert_allclose(depth, depth[IBUG_MIRROR], atol=2e-3)
    assert int(depth.argmax()) == 30
    assert int(depth.argmin()) in range(17)


@pytest.fixture(scope="module")
def fit():
    """Five clicks (5, 2) to 68 points (68, 2), as the editor does it."""
    if (browser := find_browser()) is None:
        pytest.skip("no Chromium on this machine")
    with open_page(browser) as page:
        script = "async c => (await import('/landmark_template.js')).fitTemplate(c)"
        yield lambda clicks: np.array(page.evaluate(script, np.asarray(clicks).tolist()))


@pytest.mark.slow
@pytest.mark.parametrize("degrees", [0, 30, -100, 180])
def test_the_mean_face_is_found_however_it_is_turned(fit, degrees):
    face = turned(degrees)
    np.testing.assert_allclose(fit(clicks_of(face)), face, atol=0.01)


@pytest.mark.slow
def test_the_parts_lie_on_the_clicks(fit):
    noise = np.random.default_rng(0).normal(0, 15, (5, 2))
    clicks = clicks_of(FACE) + noise
    np.testing.assert_allclose(clicks_of(fit(clicks)), clicks, atol=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("side", [-70, 70])
def test_the_jaw_of_a_half_turned_face_is_where_it_is(fit, side):
    half_turned = FACE + SOLID[:, 2:] * [side, 0]  # the eyes are 220 pixels apart
    off = np.linalg.norm(fit(clicks_of(half_turned)) - half_turned, axis=1)
    jaw = IBUG_PARTS["jaw"]
    frontal = np.linalg.norm(FACE - half_turned, axis=1)
    assert off[jaw].mean() < 0.35 * frontal[jaw].mean()


@pytest.mark.slow
@pytest.mark.parametrize("order", [[1, 0, 2, 3, 4], [0, 1, 2, 4, 3], [1, 0, 2, 4, 3]])
def test_left_and_right_may_be_mixed_up(fit, order):
    clicks = clicks_of(turned(20))
    np.testing.assert_allclose(fit(clicks[order]), fit(clicks), atol=1e-6)


@pytest.mark.slow
def test_five_clicks_in_one_place_give_points(fit):
    assert np.isfinite(fit(np.full((5, 2), 7.0))).all()
