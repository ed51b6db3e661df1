import pytest
import torch

from clips import face_at, reshaped
from tps_portrait.tps_core.tracking.tracks import LONGEST_GAP_FRAMES, find_tracks


def test_faces_are_followed_whatever_their_order():
    left, right = face_at(150, 200), face_at(450, 200)
    assert find_tracks([[left, right], [right, left], [left, right]]) == [
        [(0, 0), (1, 1), (2, 0)],
        [(0, 1), (1, 0), (2, 1)],
    ]


def test_of_two_near_faces_each_goes_on_with_the_one_that_overlaps_most():
    one, two = face_at(200, 200), face_at(260, 200)
    moved = [face_at(240, 200), face_at(300, 200)]
    # The first one has come nearer to where the second was than to its own place.
    tracks = find_tracks([[one, two], [face_at(215, 200), face_at(275, 200)], moved])
    assert tracks == [[(0, 0), (1, 0), (2, 0)], [(0, 1), (1, 1), (2, 1)]]


def test_a_face_that_goes_and_one_that_comes_elsewhere_are_two():
    assert find_tracks([[face_at(150, 200)], [], [face_at(450, 200)]]) == [[(0, 0)], [(2, 0)]]


def test_a_face_may_be_out_of_sight_for_a_while_and_come_back_near_by():
    frames = [[face_at(200, 200)], [], [], [], [face_at(230, 200)]]
    assert find_tracks(frames) == [[(0, 0), (4, 0)]]
    assert len(find_tracks([[face_at(200, 200)], [face_at(260, 200)]])) == 2  # in one frame: no


@pytest.mark.parametrize(("gap", "tracks"), [(LONGEST_GAP_FRAMES, 1), (LONGEST_GAP_FRAMES + 1, 2)])
def test_out_of_sight_for_too_long_a_face_counts_as_new(gap, tracks):
    face = face_at(200, 200)
    assert len(find_tracks([[face], *[[]] * gap, [face]])) == tracks


@pytest.mark.parametrize(
    "after",
    [
        face_at(300, 200, size=135),
        reshaped(face_at(300, 200), 4.0),
        face_at(390, 200),
    ],
    ids=["another size", "another shape", "another place"],
)
def test_a_scene_cut_ends_a_track(after):
    assert find_tracks([[face_at(300, 200)], [after]]) == [[(0, 0)], [(1, 0)]]


def test_a_jump_between_frames_at_rest_is_a_cut_but_a_glitch_and_a_start_are_none():
    there, here = face_at(300, 200), face_at(308, 203)  # a quarter of the distance of the eyes
    assert find_tracks([[there]] * 5 + [[here]] * 5) == [
        [(t, 0) for t in range(5)],
        [(t, 0) for t in range(5, 10)],
    ]
    assert len(find_tracks([[there]] * 5 + [[here]] + [[there]] * 5)) == 1
    assert len(find_tracks([[face_at(300 + 8 * max(0, t - 5), 200)] for t in range(10)])) == 1


def test_animation_that_holds_its_drawings_is_not_cut_up():
    for hold in (2, 3):
        assert len(find_tracks([[face_at(200 + 8 * (t // hold), 200)] for t in range(24)])) == 1


def test_a_tilted_face_is_a_cut_too_but_a_tilting_one_is_not():
    face = face_at(300, 200)
    centre = torch.tensor([300.0, 200.0])

    def turned(angle):
        c, s = torch.tensor(angle).cos(), torch.tensor(angle).sin()
        points_px = (face.points_px - centre) @ torch.tensor([[c, s], [-s, c]]) + centre
        return type(face).from_pixels(points_px, face.size, face.scheme)

    assert len(find_tracks([[face], [turned(0.5)]])) == 2
    assert len(find_tracks([[turned(0.1 * t)] for t in range(6)])) == 1
