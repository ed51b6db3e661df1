"""HDR and wide-gamut signals as ordinary ones."""

import numpy as np
import pytest

from tps_portrait.tps_core.hdr import (
    BT2020,
    HLG,
    P3,
    PEAK_LIGHT,
    PQ,
    WHITE_NITS,
    hlg_light,
    pq_light,
    tone_curve,
)
from tps_portrait.tps_core.videos.tone_mapping import ToneMapping, is_wide

BT709, UNKNOWN = 1, 2


def grey(signal, transfer, primaries=BT2020):
    """What becomes of a grey of that signal, 0…1: a level 0…1."""
    picture = np.full((2, 2, 3), round(signal * 65535), np.uint16)
    levels = ToneMapping(transfer, primaries)(picture)
    assert np.ptp(levels) == 0
    return levels[0, 0, 0] / 255


@pytest.mark.parametrize(
    ("signal", "light"), [(0, 0), (0.5081, 100), (0.5807, 203), (0.7518, 1000), (1, 10000)]
)
def test_pq_is_the_light_that_bt_2408_lists(signal, light):
    assert pq_light(np.array(signal)) * WHITE_NITS == pytest.approx(light, rel=2e-3, abs=1e-3)


@pytest.mark.parametrize(("signal", "light"), [(0, 0), (0.5, 1 / 12), (0.75, 0.265), (1, 1)])
def test_hlg_is_the_light_of_the_scene_that_bt_2100_lists(signal, light):
    assert hlg_light(np.array(signal)) == pytest.approx(light, abs=1e-3)


@pytest.mark.parametrize(("transfer", "white"), [(PQ, 0.5807), (HLG, 0.75)])
def test_a_white_sheet_becomes_nearly_white_and_what_is_brighter_is_still_told_apart(
    transfer, white
):
    sheet = grey(white, transfer)
    assert 0.9 < sheet < 0.97
    assert sheet < grey(white + 0.07, transfer) < grey(white + 0.15, transfer) < 1


def test_the_curve_leaves_ordinary_light_alone_and_ends_at_one():
    light = np.linspace(0, 2 * PEAK_LIGHT, 1000)
    shown = tone_curve(light)
    assert (shown[light < 0.75] == light[light < 0.75]).all()
    assert (np.diff(shown) >= 0).all()
    assert np.diff(shown).max() <= 1.001 * light[1]  # no step at the knee
    assert shown.max() == pytest.approx(1)


@pytest.mark.parametrize("primaries", [BT2020, P3])
def test_greys_of_wide_gamut_video_stay_what_they_are(primaries):
    for level in (0, 0.2, 0.5, 0.9, 1):
        assert grey(level, BT709, primaries) == pytest.approx(level, abs=1.1 / 255)


def test_colors_are_those_of_the_smaller_gamut():
    red_of_bt709_in_bt2020 = np.array([0.6274, 0.0691, 0.0164]) ** (1 / 2.4)
    signal = (red_of_bt709_in_bt2020 * 65535).round().astype(np.uint16)[None, None]
    assert ToneMapping(BT709, BT2020)(signal)[0, 0].tolist() == pytest.approx([255, 0, 0], abs=12)


def test_strips_join_without_a_seam():
    column = np.linspace(0, 65535, 300).astype(np.uint16)[:, None, None].repeat(3, -1)
    levels = ToneMapping(PQ, BT2020)(column)[:, 0, 0].astype(int)
    assert (np.diff(levels) >= 0).all()


@pytest.mark.parametrize(
    ("marks", "wide"),
    [
        ((PQ, BT2020, 9), True),
        ((HLG, UNKNOWN, UNKNOWN), True),
        ((1, P3, 1), True),
        ((UNKNOWN, UNKNOWN, 9), True),
        ((1, 1, 1), False),
        ((UNKNOWN, UNKNOWN, UNKNOWN), False),
        ((6, 6, 6), False),
    ],
)
def test_what_is_mapped_is_told_by_its_marks(marks, wide):
    assert is_wide(*marks) == wide
