import pytest
import torch

from clips import face_at
from tps_portrait.tps_core.tracking.gaps import POLICIES, fill_gaps

FIRST, LAST = face_at(200, 200, score=0.9), face_at(230, 215, score=0.6)
GAP = [[FIRST], [], [], [LAST]]


def middle(face):
    return face.points_px.mean(0) - FIRST.points_px.mean(0)


def test_without_gaps_nothing_changes():
    for policy in POLICIES:
        assert fill_gaps([[FIRST], [LAST]], policy) == [[FIRST], [LAST]]


def test_empty_leaves_gaps():
    assert fill_gaps(GAP, "empty") == GAP
    assert fill_gaps([[], []], "empty") == [[], []]


def test_error_says_which_image():
    with pytest.raises(ValueError) as caught:
        fill_gaps(GAP, "error")
    assert str(caught.value) == (
        "image 2 of 4 has no face; set no_face to previous, interpolate or empty"
    )


def test_previous_repeats_the_face_from_before():
    filled = fill_gaps(GAP, "previous")
    for (face,) in filled[1:3]:
        torch.testing.assert_close(face.points, FIRST.points)
        assert face.detector == "previous frame"
    assert (filled[0], filled[3]) == (GAP[0], GAP[3])


def test_interpolate_goes_evenly_from_the_last_sight_to_the_next():
    filled = fill_gaps(GAP, "interpolate")
    for share, (face,) in zip((1 / 3, 2 / 3), filled[1:3], strict=True):
        torch.testing.assert_close(
            middle(face), torch.tensor([30.0, 15.0]) * share, atol=1e-2, rtol=0
        )
        assert (face.detector, face.score) == ("interpolated", 0.6)


@pytest.mark.parametrize("policy", ["previous", "interpolate"])
def test_at_the_ends_of_a_clip_the_nearest_face_stands(policy):
    filled = fill_gaps([[], [], [FIRST], [], []], policy)
    assert [len(faces) for faces in filled] == [1] * 5
    for (face,) in filled:
        torch.testing.assert_close(face.points, FIRST.points)
    assert [face.detector for (face,) in filled] == [
        "next frame", "next frame", "test", "previous frame", "previous frame",
    ]  # fmt: skip


def test_between_two_scenes_nothing_is_interpolated():
    elsewhere = face_at(500, 100, size=60)
    frames = [[FIRST], [], [], [], [], [elsewhere]]
    filled = fill_gaps(frames, "interpolate")
    for index, face in enumerate([FIRST, FIRST, FIRST, elsewhere, elsewhere, elsewhere]):
        torch.testing.assert_close(filled[index][0].points, face.points)
    filled = fill_gaps(frames, "previous")
    torch.testing.assert_close(filled[4][0].points, FIRST.points)


@pytest.mark.parametrize("policy", ["previous", "interpolate"])
def test_a_face_that_is_lost_among_others_is_put_in_at_its_place(policy):
    other = face_at(450, 200)
    filled = fill_gaps([[FIRST, other], [other], [FIRST, other]], policy)
    torch.testing.assert_close(filled[1][0].points, FIRST.points)
    assert filled[1][1] is other


def test_no_frame_gets_more_faces_than_the_fullest_has():
    other = face_at(450, 200)  # one face at a time was asked for, and now that one is larger
    frames = [[FIRST], [other], [FIRST]]
    assert fill_gaps(frames, "interpolate") == frames


@pytest.mark.parametrize("policy", ["previous", "interpolate"])
def test_a_clip_without_any_face_is_refused(policy):
    with pytest.raises(ValueError, match="no face in any of the 3 images; lower min_confidence"):
        fill_gaps([[], [], []], policy)


def test_a_policy_that_there_is_none_is_refused():
    with pytest.raises(ValueError, match="unknown policy 'guess'; known: error, empty"):
        fill_gaps(GAP, "guess")
