import pytest
import torch

from tps_portrait.tps_core.detectors.consensus import Detection, agree
from tps_portrait.tps_core.landmarks import Landmarks, mean_face

SIZE = (200, 100)


def face(x=50.0, noise=0.0, score=0.9, detector="embedded", seed=0):
    """A face 40 pixels wide around (x, 50)."""
    random = torch.Generator().manual_seed(seed)
    points = 30 * mean_face("ibug-68") + torch.tensor([x, 50.0])
    points = points + noise * torch.randn(68, 2, generator=random)
    return Landmarks.from_pixels(points, SIZE, "ibug-68", score, detector)


def detections(*faces, weight=1.0):
    return [Detection(one, weight) for one in faces]


def test_the_more_agree_the_surer():
    scores = [agree(detections(*[face()] * count))[0].score for count in (1, 3, 9)]
    assert scores == sorted(scores)
    assert scores[0] < 0.5 < scores[2]


def test_disagreement_lowers_the_confidence():
    exact, rough = (
        agree(detections(*(face(noise=noise, seed=seed) for seed in range(6))))[0].score
        for noise in (0.1, 3.0)
    )
    assert rough < 0.8 * exact


def test_the_points_are_the_mean_of_those_that_agree():
    merged = agree(detections(face(x=50), face(x=51)))[0]
    expected = (30 * mean_face("ibug-68") + torch.tensor([50.5, 50.0])).tolist()
    assert merged.points_px.tolist() == [pytest.approx(point, abs=1e-3) for point in expected]


def test_faces_apart_stay_apart_the_surest_first():
    faces = agree(detections(face(x=40), face(x=140), face(x=141)))
    assert [round(float(one.points_px[:, 0].mean())) for one in faces] == [140, 40]


def test_many_outvote_a_loud_one():
    loud = face(x=75, score=1.0)
    quiet = [face(x=50 + shift, score=0.6) for shift in (-1, 0, 1)]
    assert float(agree(detections(loud, *quiet))[0].points_px[:, 0].mean()) < 52


def test_they_are_named_together():
    one, other = face(detector="embedded"), face(detector="art")
    assert agree(detections(one, other))[0].detector == "art+embedded"


def test_nothing_seen_is_nothing_found():
    assert agree([]) == []


def test_one_detector_that_is_sure_is_not_made_less_so_by_another_that_is_astray():
    sure = detections(face(detector="art"), weight=4.5)
    astray = detections(*(face(noise=3.0, seed=seed) for seed in range(4)))
    (alone,), (together,) = agree(sure), agree([*sure, *astray])
    assert together.score >= alone.score
