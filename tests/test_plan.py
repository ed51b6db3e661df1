"""What is painted in each frame: held, faded, steady in place, scale and light."""

import itertools

import pytest
import torch

from clips import face_at, trembling
from tps_portrait.tps_core.tracking.follower import FaceObservation, FrameObservation
from tps_portrait.tps_core.videos.plan import (
    CHUNK_FRAMES,
    FADE_FRAMES,
    FRAMES_AHEAD,
    LONGEST_HELD,
    SAME_SCALE,
    plan_frames,
)


def observation(*faces, light=0.4, cut=False):
    """What is known of a frame with these faces, None for one that isn't seen."""
    seen = {number: FaceObservation(face, light) for number, face in enumerate(faces) if face}
    return FrameObservation(seen, cut)


def observations(faces, light=0.4, cuts=()):
    """Sights of faces, None where there is none."""
    return [
        observation(*([face] if face else []), light=light, cut=n in cuts)
        for n, face in enumerate(faces)
    ]


def opacities(faces, cuts=()):
    plans = plan_frames(observations(faces, cuts=cuts))
    return [round(plan.faces[0].opacity, 2) if plan.faces else 0.0 for plan in plans]


FACE = face_at(300, 200)
FADING = [round(1 - (step + 1) / (FADE_FRAMES + 1), 2) for step in range(FADE_FRAMES)]


def test_a_face_that_is_always_there_is_painted_in_every_frame():
    assert opacities([FACE] * 70) == [1.0] * 70


def test_a_face_that_is_out_of_sight_for_a_moment_is_held():
    assert set(opacities([FACE] * 10 + [None] * LONGEST_HELD + [FACE] * 10)) == {1.0}


def test_one_that_goes_fades_and_one_that_comes_back_fades_in():
    gone = 20
    told = opacities([FACE] * 10 + [None] * gone + [FACE] * 10)
    assert told[:10] == [1.0] * 10
    assert told[10 : 10 + gone] == FADING + [0.0] * (gone - FADE_FRAMES)
    assert told[10 + gone :] == FADING[::-1] + [1.0] * (10 - FADE_FRAMES)


def test_nothing_fades_at_a_cut():
    told = opacities([FACE] * 10 + [None] * 10 + [FACE] * 10, cuts=(10, 20))
    assert told == [1.0] * 10 + [0.0] * 10 + [1.0] * 10


def test_a_face_seen_for_a_moment_is_taken_for_a_mistake():
    assert opacities([None] * 15 + [FACE] * 2 + [None] * 15) == [0.0] * 32


@pytest.mark.parametrize("frames", [12, CHUNK_FRAMES + FRAMES_AHEAD, 150])
def test_the_face_trembles_less_and_stays_where_it_is(frames):
    trembled = trembling([face_at(300, 200, 200)] * frames, 1.0)
    plans = list(plan_frames(observations(trembled)))
    assert len(plans) == frames
    points = torch.stack([plan.faces[0].face.points_px for plan in plans])
    before = torch.stack([face.points_px for face in trembled])
    assert points.diff(dim=0).abs().mean() < 0.5 * before.diff(dim=0).abs().mean()
    assert (points - before).mean((0, 1)).abs().max() < 0.1


def test_planning_in_pieces_leaves_no_jump_between_them():
    moving = trembling([face_at(100 + 2 * i, 200, 200) for i in range(150)], 0.5)
    plans = list(plan_frames(observations(moving)))
    middles = torch.stack([plan.faces[0].face.points_px.mean(0) for plan in plans])
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
    plans = plan_frames(observation(FACE, light=light) for light in lights)
    exponents = torch.tensor([plan.exponent for plan in plans])
    assert exponents.diff().abs().max() < 0.01
    assert 0 < float(exponents.mean()) < 1


def test_it_waits_for_no_more_frames_than_it_says():
    taken = []

    def frames():
        for index in range(200):
            taken.append(index)
            yield observation(FACE)

    next(plan_frames(frames()))
    assert len(taken) == CHUNK_FRAMES + FRAMES_AHEAD


def test_each_face_comes_and_goes_by_itself():
    other = face_at(500, 200)
    frames = [observation(FACE, other if 20 <= n < 40 else None) for n in range(70)]
    plans = list(plan_frames(frames))
    first, second = ([_opacity_at(plan, x) for plan in plans] for x in (300, 500))
    assert first == [1.0] * 70
    assert second[:20] == [0.0] * 20
    assert second[20:26] == FADING[::-1]
    assert second[26:40] == [1.0] * 14
    assert second[40:46] == FADING
    assert second[46:] == [0.0] * 24


def _opacity_at(plan, x):
    near = [p for p in plan.faces if abs(float(p.face.points_px[:, 0].mean()) - x) < 60]
    return round(near[0].opacity, 2) if near else 0.0


def test_the_largest_face_sets_the_scale_and_the_light_of_the_whole_picture():
    large, small = face_at(200, 200, 200), face_at(500, 200, 60)
    (alone, *_), (both, *_) = (
        list(plan_frames([observation(*f)] * 9)) for f in ((large,), (small, large))
    )
    assert both.extent_px == alone.extent_px
    lit = FrameObservation({0: FaceObservation(small, 0.1), 1: FaceObservation(large, 0.7)}, False)
    plan = next(plan_frames([lit] * 9))
    assert plan.exponent == pytest.approx(plan.faces[1].exponent)
    assert plan.exponent != pytest.approx(plan.faces[0].exponent)


def test_two_faces_that_follow_each_other_are_not_bent_into_one_another():
    other = FrameObservation({1: FaceObservation(face_at(500, 200), 0.4)}, False)
    frames = [observation(FACE)] * 20 + [other] * 20
    for n, plan in enumerate(plan_frames(frames)):
        for planned in plan.faces:
            x = float(planned.face.points_px[:, 0].mean())
            assert min(abs(x - 300), abs(x - 500)) < 20, n
