import math

import pytest
import torch

from clips import face_at, pixels, scaled, trembling
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.tracking.smoothing import smooth

SPEED = 2.0  # pixels a frame
STILL = [face_at(300, 200)] * 60
PAN = [face_at(200 + SPEED * t, 200) for t in range(60)]
LIDS = [37, 38, 43, 44]  # the middles of the upper ones
EYES = 31.0  # pixels between the outer eye corners of face_at(…, 100), about


def jitter(points_px, motion=(0.0, 0.0)):
    return (points_px.diff(dim=0) - torch.tensor(motion)).norm(dim=-1).mean()


def alone(faces):
    return [[face] for face in faces]


@pytest.mark.parametrize(("clip", "motion"), [(STILL, (0.0, 0.0)), (PAN, (SPEED, 0.0))])
def test_jitter_goes_down_by_more_than_60_percent(clip, motion):
    noisy = alone(trembling(clip, 0.4))
    smoothed = smooth(noisy)
    assert jitter(pixels(smoothed), motion) < 0.4 * jitter(pixels(noisy), motion)


def test_a_pan_is_followed_without_lag():
    smoothed = pixels(smooth(alone(trembling(PAN, 0.4))))
    behind = (pixels(alone(PAN)) - smoothed)[..., 0].mean(1) / SPEED  # in frames
    assert behind[10:-10].mean().abs() < 0.1
    assert behind.abs().max() < 0.5  # at the ends too


def test_a_sudden_start_is_neither_late_nor_early_by_two_frames():
    clip = [face_at(200 + 4 * max(0, t - 30), 200) for t in range(60)]
    smoothed = pixels(smooth(alone(clip)))
    assert (smoothed - pixels(alone(clip)))[..., 0].abs().max() < 2 * 4


def test_a_shaking_head_keeps_its_swing():
    swing = [40 * math.sin(2 * math.pi * t / 12) for t in range(60)]
    smoothed = pixels(smooth(alone([face_at(300 + x, 200) for x in swing])))
    across = smoothed[..., 0].mean(1)
    assert across[12:-12].max() - across[12:-12].min() > 0.9 * 80


def test_a_blink_stays_a_blink():
    closed = torch.zeros(60)
    closed[30:35] = torch.tensor([0.5, 1, 1, 0.7, 0.3])
    depth = 0.09 * EYES
    faces = []
    for face, share in zip(STILL, closed.tolist(), strict=True):
        points_px = face.points_px
        points_px[LIDS, 1] += depth * share
        faces.append(Landmarks.from_pixels(points_px, face.size, face.scheme))
    lids = pixels(smooth(alone(faces)))[:, LIDS, 1].mean(1)
    assert lids[30:35].max() - lids[:20].mean() > 0.8 * depth


@pytest.mark.parametrize("factor", [0.25, 7.5])
def test_the_result_does_not_depend_on_the_size_of_the_picture(factor):
    noisy = trembling(PAN, 0.4)
    usual = smooth(alone(noisy))
    other = smooth(alone([scaled(face, factor) for face in noisy]))
    torch.testing.assert_close(pixels(other), factor * pixels(usual), rtol=1e-4, atol=1e-2)


def test_two_faces_are_filtered_apart_and_keep_their_places():
    one, two = trembling(STILL, 0.4), trembling([face_at(500, 200)] * 60, 0.4, seed=99)
    # The second one comes later, and the order changes once.
    frames = [[a] if t < 20 else [b, a] if t == 40 else [a, b] for t, (a, b) in enumerate(
        zip(one, two, strict=True))]  # fmt: skip
    smoothed = smooth(frames)
    assert [len(faces) for faces in smoothed] == [len(faces) for faces in frames]
    alone_smoothed = smooth(alone(two[20:]))
    torch.testing.assert_close(smoothed[40][0].points, alone_smoothed[20][0].points)
    torch.testing.assert_close(smoothed[41][1].points, alone_smoothed[21][0].points)


def test_nothing_is_smeared_over_a_scene_cut():
    before, after = face_at(300, 200), face_at(320, 210, size=150)
    smoothed = smooth(alone([before] * 20 + [after] * 20))
    torch.testing.assert_close(pixels(smoothed)[19], before.points_px, atol=1e-2, rtol=0)
    torch.testing.assert_close(pixels(smoothed)[20], after.points_px, atol=1e-2, rtol=0)


def test_a_face_that_is_missing_for_some_frames_is_still_one_face():
    frames = [[] if t in (20, 21, 22) else [face] for t, face in enumerate(trembling(PAN, 0.4))]
    smoothed = smooth(frames)
    assert [t for t, faces in enumerate(smoothed) if not faces] == [20, 21, 22]
    known = [t for t, faces in enumerate(frames) if faces]
    there = pixels([smoothed[t] for t in known])
    # As steady at the edges of the gap as elsewhere.
    error = (there - pixels(alone(PAN))[known]).norm(dim=-1).mean(1)
    assert error[17:23].max() < 0.4


def test_smoothing_0_changes_nothing_and_more_of_it_holds_stiller():
    noisy = alone(trembling(STILL, 0.4))
    assert smooth(noisy, smoothing=0) == noisy
    motions = [jitter(pixels(smooth(noisy, smoothing))) for smoothing in (0.2, 0.5, 0.8)]
    assert motions == sorted(motions, reverse=True)


@pytest.mark.parametrize("setting", [{"smoothing": 1.5}, {"responsiveness": -1.0}])
def test_settings_out_of_range_are_refused(setting):
    with pytest.raises(ValueError, match="steadiness must be between 0 and 1"):
        smooth(alone(STILL), **setting)


@pytest.mark.parametrize("frames", [[], [[]], [[], []], [[face_at(300, 200)]]])
def test_clips_without_anything_to_smooth_come_through(frames):
    smoothed = smooth(frames)
    assert [len(faces) for faces in smoothed] == [len(faces) for faces in frames]
