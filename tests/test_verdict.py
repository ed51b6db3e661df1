import pytest
import torch

from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.training.banks.entry import (
    DUPLICATE,
    EXTREME_POSE,
    GOOD,
    LOW_CONFIDENCE,
    SEVERAL,
)
from tps_portrait.training.banks.verdict import assess, mark_duplicate

POINTS = mean_face("ibug-68")


def face(scale=0.5, score=0.99, detector="embedded"):
    return Landmarks(POINTS * scale, "ibug-68", (400, 400), score, detector)


def turned():
    """The mean face with its nose far to the right."""
    points = POINTS.clone()
    points[30, 0] += 0.35
    return points


@pytest.mark.parametrize(
    ("faces", "points", "bucket", "remark"),
    [
        ([face()], POINTS, GOOD, ""),
        ([face(score=0.7)], POINTS, LOW_CONFIDENCE, "the detector is only 70 % sure"),
        ([face(), face(0.4)], POINTS, SEVERAL, "2 faces, the largest used"),
        ([face(), face(0.1)], POINTS, GOOD, "2 faces, the largest used"),
        ([face()], turned(), EXTREME_POSE, "to the right"),
        ([face(score=0.7), face(0.4)], turned(), LOW_CONFIDENCE, "2 faces"),
        ([face(score=0.7, detector="hand")], turned(), GOOD, "to the right"),
    ],
    ids=["good", "unsure", "several", "one behind", "turned", "all at once", "a person's"],
)
def test_a_face_falls_into_the_bucket_of_its_worst_trouble(faces, points, bucket, remark):
    entry = assess("a.png", faces, points, by_hand=False)
    assert entry.used
    assert entry.bucket == bucket
    assert remark in entry.reason
    assert entry.score == pytest.approx(faces[0].score)
    assert entry.detector == faces[0].detector


def test_the_first_face_of_a_landmark_file_counts():
    entry = assess("a.png", [face(0.3), face(0.5)], POINTS, by_hand=True)
    assert "the first of its landmark file used" in entry.reason


def test_a_duplicate_is_named_and_forgotten_again():
    entry = assess("b.png", [face()], POINTS, by_hand=False)
    marked = mark_duplicate(entry, "a.png")
    assert (marked.used, marked.bucket, marked.twin) == (True, DUPLICATE, "a.png")
    assert "looks the same as a.png" in marked.reason
    assert mark_duplicate(marked, "") == entry
    assert mark_duplicate(marked, "a.png") == marked


def test_a_duplicate_with_worse_trouble_stays_in_its_bucket():
    entry = assess("b.png", [face(score=0.6)], POINTS, by_hand=False)
    marked = mark_duplicate(entry, "a; b.png")
    assert marked.bucket == LOW_CONFIDENCE
    assert "60 % sure" in marked.reason
    assert "looks the same" in marked.reason
    assert mark_duplicate(marked, "") == entry


def test_points_in_any_number_type_give_plain_numbers():
    entry = assess("a.png", [face()], POINTS.double().to(torch.float32), by_hand=False)
    assert isinstance(entry.yaw, float)
