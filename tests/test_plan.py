"""What is painted in each frame: held, faded, steady in place, scale and light."""

import itertools

import pytest
import torch

from clips import face_at, trembling
from tps_portrait.tps_core.tracking.follower import FrameObservation
from tps_portrait.tps_core.videos.plan import (
    AHEAD,
    CHUNK,
    FADE,
    LONGEST_HELD,
    SAME_SCALE,
    plan_frames,
)


def observations(faces, light=0.4, cuts=()):
    """Sights of faces, None where there is none."""
    return [
        FrameObservation(face, light if face else None, index in cuts)
        for index, face in enumerate(faces)
    ]


def opacities(faces, cuts=()):
    return [round(plan.opacity, 2) for plan in plan_frames(observations(faces, cuts=cuts))]


FACE = face_at(300, 200)
FADING = [round(1 - (step + 1) / (FADE + 1), 2) for step in range(FADE)]


def test_a_face_that_is_always_there_is_painted_in_every_frame():
    plans = list(plan_frames(observations([FACE] * 70)))
    assert [plan.opacity for plan in plans] == [1.0] * 70


def test_a_face_that_is_out_of_sight_for_a_moment_is_held():
    plans = list(plan_frames(observations([FACE] * 10 + [None] * LONGEST_HELD + [FACE] * 10)))
    assert {plan.opacity for plan in plans} == {1.0}
    assert all(plan.face for plan in plans)


def test_one_that_goes_fades_and_one_that_comes_back_fades_in():
    gone = 20
    told = opacities([FACE] * 10 + [None] * gone + [FACE] * 10)
    assert told[:10] == [1.0] * 10
    assert told[10 : 10 + gone] == FADING + [0.0] * (gone - FADE)
    assert told[10 + gone :] == FADING[::-1] + [1.0] * (10 - FADE)


def test_nothing_fades_at_a_cut():
    told = opacities([FACE] * 10 + [None] * 10 + [FACE] * 10, cuts=(10, 20))
    assert told == [1.0] * 10 + [0.0] * 10 + [1.0] * 10


def test_a_face_seen_for_a_moment_is_taken_for_a_mistake():
    assert opacities([None] * 15 + [FACE] * 2 + [None] * 15) == [0.0] * 32


@pytest.mark.parametrize("frames", [12, CHUNK + AHEAD, 150])
def test_the_face_trembles_less_and_stays_where_it_is(frames):
    trembled = trembling([face_at(300, 200, 200)] * frames, 1.0)
    plans = list(plan_frames(observations(trembled)))
    assert len(plans) == frames
    points = torch.stack([plan.face.points_px for plan in plans])
    before = torch.stack([face.points_px for face in trembled])
    assert points.diff(dim=0).abs().mean() < 0.5 * before.diff(dim=0).abs().mean()
    assert (points - before).mean((0, 1)).abs().max() < 0.1


def test_planning_in_pieces_leaves_no_jump_between_them():
    moving = trembling([face_at(100 + 2 * i, 200, 200) for i in range(150)], 0.5)
    plans = list(plan_frames(observations(moving)))
    middles = torch.stack([plan.face.points_px.mean(0) for plan in plans])
    steps = middles.diff(dim=0)[5:-5]
    assert (steps[:, 0] - 2).abs().max() < 0.15
    assert steps[:, 1].abs().max() < 0.15


def test_the_scale_holds_until_the_face_has_clearly_another_size():
    growing = [face_at(300, 200, 100 + i) for i in range(100)]
    extents = [plan.extent_px for plan in plan_frames(observations(growing))]
    distinct = list(dict.fromkeys(extents))
    assert 3 <= len(distinct) <= 5  # to twice the size, in steps of a quarter
    assert all(b / a >= SAME_SCALE for a, b in itertools.pairwise(distinct))


def test_frames_without_a_face_keep_the_scale_of_the_nearest():
    plans = list(plan_frames(observations([None] * 12 + [FACE] * 12 + [None] * 12, cuts=(24,))))
    assert len({plan.extent_px for plan in plans}) == 1
    assert [plan.extent_px for plan in plan_frames(observations([None] * 5))] == [0.0] * 5


def test_light_that_flickers_is_taken_as_steady():
    lights = [0.3 + 0.05 * (-1) ** index for index in range(60)]
    plans = plan_frames(FrameObservation(FACE, light, False) for light in lights)
    exponents = torch.tensor([plan.exponent for plan in plans])
    assert exponents.diff().abs().max() < 0.01
    assert 0 < float(exponents.mean()) < 1


def test_it_waits_for_no_more_frames_than_it_says():
    taken = []

    def frames():
        for index in range(200):
            taken.append(index)
            yield FrameObservation(FACE, 0.5, False)

    next(plan_frames(frames()))
    assert len(taken) == CHUNK + AHEAD
