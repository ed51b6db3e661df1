"""Figures of paint: what fools a network doesn't fool them."""

import math

import numpy as np
import pytest
import torch

from tps_portrait.training.measure.paint_measures import (
    FACE_PX,
    color_curve,
    detail_correlation,
    weave,
)


def noise(seed=0, soft=1.0, size=FACE_PX):
    """A picture (3, size, size) of soft noise of all its colours."""
    from scipy.ndimage import gaussian_filter

    levels = np.random.default_rng(seed).normal(size=(3, size, size))
    levels = np.stack([gaussian_filter(level, soft, mode="wrap") for level in levels])
    levels = (levels - levels.min()) / (levels.max() - levels.min())
    return torch.from_numpy(levels).float()


def grating(degrees, cycles=0.16):
    """A grating (FACE_PX, FACE_PX) of that direction, ±1, in cycles per pixel."""
    y, x = torch.meshgrid(torch.arange(FACE_PX), torch.arange(FACE_PX), indexing="ij")
    angle = math.radians(degrees)
    return torch.sin(2 * math.pi * cycles * (x * math.cos(angle) + y * math.sin(angle)))


def mixed(photo):
    """The photo in other colours, which depend on all of its own."""
    r, g, b = photo
    return 0.1 + 0.5 * torch.stack([0.6 * g + 0.4 * r * b, b * b, 0.3 * r + 0.2 * g * g])


TINTS = {
    "the photo": lambda x: x,
    "darker": lambda x: 0.6 * x,
    "a negative": lambda x: 1 - x,
    "sepia": lambda x: x.mean(0, keepdim=True) * torch.tensor([1.0, 0.8, 0.6])[:, None, None],
    "curved": lambda x: 0.2 + 0.3 * x + 0.4 * x**2,
    "mixed": mixed,
}


@pytest.mark.parametrize("tint", TINTS.values(), ids=TINTS)
def test_a_tinted_photo_is_all_curve(tint):
    photo = noise()
    assert color_curve(photo, tint(photo)) == pytest.approx(1, abs=1e-6)
    assert weave(photo, tint(photo)) == 1


def test_a_third_power_is_more_than_the_curve():
    photo = noise()
    assert 0.3 < color_curve(photo, (2 * photo - 1) ** 3 / 2 + 0.5) < 0.9


def test_another_picture_is_hardly_curve():
    assert color_curve(noise(0), noise(1)) < 0.01


def test_the_curve_is_the_share_that_numpys_least_squares_explains():
    photo, paint = noise(0), noise(1)
    result = 0.7 * photo.flip(0) + 0.3 * paint
    r, g, b = photo.double().numpy().reshape(3, -1)
    terms = np.stack([r**i * g**j * b**k for i, j, k in np.ndindex(3, 3, 3) if i + j + k < 3], 1)
    assert terms.shape[1] == 10
    colors = result.double().numpy().reshape(3, -1).T
    left = colors - terms @ np.linalg.lstsq(terms, colors, rcond=None)[0]
    expected = 1 - left.var() / (colors - colors.mean(0)).var()
    assert 0.3 < expected < 0.95
    assert color_curve(photo, result) == pytest.approx(expected, abs=1e-9)


def test_all_pixels_and_channels_count_alike():
    """A channel of large differences outweighs the two that are the photo's."""
    photo, paint = noise(0), noise(1)
    result = torch.stack([photo[0], 0.1 * photo[1], paint[2]])
    spread = result.flatten(1).var(1)
    assert color_curve(photo, result) == pytest.approx(
        float(spread[:2].sum() / spread.sum()), abs=1e-3
    )


def test_a_grey_photo_has_a_curve_too():
    photo = noise()[:1].expand(3, -1, -1)
    sepia = photo * torch.tensor([1.0, 0.8, 0.6])[:, None, None]
    assert color_curve(photo, sepia**2) == pytest.approx(1, abs=1e-9)
    assert color_curve(photo, noise(1)) < 0.01


def test_strokes_are_the_correlation_of_scipys_bands():
    from scipy.ndimage import gaussian_filter

    photo, result = noise(0), 0.5 * noise(0) + 0.5 * noise(1)
    bands = []
    for picture in (photo, result):
        luma = np.tensordot([0.299, 0.587, 0.114], picture.double().numpy(), 1)
        fine, coarse = (gaussian_filter(luma, s, mode="mirror", truncate=4) for s in (2, 4))
        bands.append((fine - coarse).ravel())
    expected = np.corrcoef(*bands)[0, 1]
    assert 0.5 < expected < 0.9
    assert detail_correlation(photo, result) == pytest.approx(expected, abs=1e-9)


def test_stronger_detail_of_the_photo_is_no_stroke_and_a_negative_is_its_contrary():
    photo = noise(soft=3)
    assert detail_correlation(photo, 0.2 + 0.3 * photo) == pytest.approx(1)
    assert detail_correlation(photo, 1 - photo) == pytest.approx(-1)


def test_a_shuffled_texture_has_little_detail_in_common():
    photo = noise(soft=3)
    tiles = photo.unfold(1, 32, 32).unfold(2, 32, 32).reshape(3, 64, 32, 32)
    tiles = tiles[:, torch.randperm(64, generator=torch.Generator().manual_seed(0))]
    shuffled = tiles.view(3, 8, 8, 32, 32).transpose(2, 3).reshape(3, FACE_PX, FACE_PX)
    assert abs(detail_correlation(photo, shuffled)) < 0.15


@pytest.mark.parametrize(("soft", "same"), [(0.5, False), (3, True), (12, False)])
def test_only_what_is_as_fine_as_strokes_decides(soft, same):
    """Other grain and other masses leave the strokes alone."""
    photo, other = noise(0, 3) - 0.5, noise(1, soft) - 0.5
    result = 0.5 + 0.5 * photo + 0.5 * other
    found = detail_correlation(photo + 0.5, result)
    assert (found < 0.8) == same


@pytest.mark.parametrize("degrees", [45, 135, 55, 35])
def test_a_diagonal_grating_is_a_weave(degrees):
    photo = noise()
    plain = 0.5 + 0.1 * (noise(1) - 0.5)
    assert weave(photo, plain) == pytest.approx(1, abs=0.25)
    assert weave(photo, plain + 0.05 * grating(degrees)) > 5


@pytest.mark.parametrize("degrees", [0, 90, 10, 80])
def test_a_grating_along_an_axis_is_the_contrary(degrees):
    photo = noise()
    assert weave(photo, 0.5 + 0.1 * (noise(1) - 0.5) + 0.05 * grating(degrees)) < 0.2


@pytest.mark.parametrize(
    ("degrees", "cycles"), [(45, 0.09), (45, 0.23), (22.5, 0.16), (67.5, 0.16)]
)
def test_gratings_of_other_kinds_are_no_weave(degrees, cycles):
    photo = noise()
    plain = 0.5 + 0.1 * (noise(1) - 0.5)
    woven = plain + 0.02 * grating(degrees, cycles)
    assert weave(photo, woven) == pytest.approx(weave(photo, plain), rel=0.05)


def test_a_weave_that_the_photo_has_is_not_the_results():
    photo = noise() * 0.8 + 0.1 * grating(45)
    assert weave(photo, noise(1)) < 0.2


def test_a_weave_is_looked_for_in_what_the_curve_leaves():
    """Under the photo's own strong detail too."""
    photo = noise(0, 2)
    woven = 0.8 * photo + 0.02 * grating(45) + 0.02 * (noise(1, 0.5) - 0.5)
    assert weave(photo, woven) > 20


def test_the_weave_is_that_of_numpys_transform():
    photo, result = noise(0), noise(1) + 0.02 * grating(45)
    terms = photo.double().numpy().reshape(3, -1)
    terms = np.concatenate([np.ones((1, FACE_PX**2)), terms, terms**2, terms * terms[[1, 2, 0]]]).T
    colors = result.double().numpy().reshape(3, -1).T
    left = colors - terms @ np.linalg.lstsq(terms, colors, rcond=None)[0]
    ratios = []
    window = np.sin(np.pi * np.arange(FACE_PX) / FACE_PX) ** 2
    fy, fx = np.meshgrid(*[np.fft.fftfreq(FACE_PX)] * 2, indexing="ij")
    turn = np.degrees(np.arctan2(fy, fx)) % 90
    band = (np.hypot(fx, fy) >= 0.12) & (np.hypot(fx, fy) <= 0.2)
    for pixels in (left, photo.double().numpy().reshape(3, -1).T):
        luma = (pixels @ [0.299, 0.587, 0.114]).reshape(FACE_PX, FACE_PX)
        power = np.abs(np.fft.fft2((luma - luma.mean()) * np.outer(window, window))) ** 2
        diagonal, axis = band & (np.abs(turn - 45) < 15), band & (np.abs(turn - 45) > 30)
        ratios.append(power[diagonal].sum() / power[axis].sum())
    assert weave(photo, result) == pytest.approx(ratios[0] / ratios[1], rel=0.02)


def test_of_one_colour_nothing_is_known():
    flat, photo = torch.full((3, FACE_PX, FACE_PX), 0.4), noise()
    assert math.isnan(color_curve(photo, flat))
    assert math.isnan(detail_correlation(photo, flat))
    assert math.isnan(detail_correlation(flat, photo))
    assert math.isnan(weave(flat, photo))


def test_rounding_to_levels_is_no_paint():
    photo = (255 * noise()).round() / 255
    darker = (255 * 0.5 * photo**2).round() / 255
    assert weave(photo, darker) == 1
    assert color_curve(photo, darker) > 0.995
