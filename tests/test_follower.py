"""Following a face: where it is in each frame, and when it is searched for."""

import pytest
import torch

from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.tracking import follower as module
from tps_portrait.tps_core.tracking.follower import QUICK_SEARCH_EVERY, Follower


@pytest.fixture
def searches(monkeypatch):
    """Which searches there were: "thorough" and "quick"."""
    made = []

    def spied(name, search):
        def spy(*arguments, **options):
            made.append(name)
            return search(*arguments, **options)

        return spy

    monkeypatch.setattr(module, "detect", spied("thorough", module.detect))
    monkeypatch.setattr(module, "detect_embedded", spied("quick", module.detect_embedded))
    return made


def face_of(observation):
    """The one face of the frame; None if there is none."""
    assert len(observation.faces) <= 1
    return next((seen.face for seen in observation.faces.values()), None)


def pan(photo, count, step=3):
    """Frames of bytes that pass over the photo."""
    size = 300
    return [
        (photo[:, : photo.shape[1], step * i : step * i + size] * 255).byte() for i in range(count)
    ]


def test_a_face_is_searched_for_once_and_then_followed(photo, searches):
    follower = Follower()
    frames = pan(photo, 14)
    observations = [follower(frame) for frame in frames]
    assert searches == ["thorough"]
    assert not any(observation.cut for observation in observations)
    assert {face_of(observation).scheme for observation in observations} == {"mediapipe-468"}
    expected = detect_face(frames[-1].float() / 255, "frame").convert("mediapipe-468")
    apart = (face_of(observations[-1]).points_px - expected.points_px).norm(dim=-1).mean()
    assert apart < 0.04 * expected.eye_distance_px


def test_pictures_of_floats_are_followed_as_those_of_bytes(photo):
    frames = pan(photo, 3)
    of_bytes, of_floats = Follower(), Follower()
    for frame in frames:
        one, other = of_bytes(frame), of_floats(frame.float() / 255)
        assert (face_of(one).points - face_of(other).points).abs().max() < 0.01
        assert one.faces[0].light == pytest.approx(other.faces[0].light, abs=0.01)


def test_after_a_cut_it_is_searched_for_again(photo, searches):
    follower = Follower()
    frames = pan(photo, 4) + [1 - frame / 255 for frame in pan(photo, 1)] + pan(photo, 2)
    observations = [follower(frame.float() / frame.max()) for frame in frames]
    assert [observation.cut for observation in observations] == [False] * 4 + [True, True, False]
    assert searches.count("thorough") == 3
    assert observations[5].faces


def test_a_face_that_goes_is_looked_for_now_and_then(photo, searches):
    grey = torch.full((3, 320, 300), 90, dtype=torch.uint8)
    follower = Follower()
    count = 3 * QUICK_SEARCH_EVERY
    observations = [follower(frame) for frame in [*pan(photo, 2), *[grey] * count]]
    assert [not observation.faces for observation in observations] == [False] * 2 + [True] * count
    assert searches == ["thorough"] * 2 + ["quick"] * 2
    back = [follower(frame) for frame in pan(photo, QUICK_SEARCH_EVERY)]
    assert back[-1].faces


def test_a_detector_that_is_named_is_asked_in_every_frame_if_it_can_not_follow(photo, monkeypatch):
    found = detect_face(photo[:, :, :300], "photo").convert("ibug-68")
    asked = []
    monkeypatch.setattr(module, "detect", lambda *a: asked.append(a[1]) or [found])
    follower = Follower("mediapipe")
    for frame in pan(photo, 4, step=0):
        assert follower(frame).faces
    assert asked == ["mediapipe"] * 4


def test_drawn_faces_are_followed_by_the_landmarker_for_art(photo, searches):
    follower = Follower("art")
    observations = [follower(frame) for frame in pan(photo, 5)]
    assert searches == ["thorough"]
    assert {face_of(observation).detector for observation in observations} == {"art"}
    moved = face_of(observations[-1]).points_px.mean(0) - face_of(observations[0]).points_px.mean(0)
    assert moved.tolist() == pytest.approx([-12, 0], abs=4)


def two_people(photo):
    """The person twice, side by side, the one on the right smaller: bytes (3, 300, 600)."""
    face = torch.nn.functional.interpolate(photo[None, :, :300, 60:360], (300, 300))[0]
    small = torch.full((3, 300, 300), 0.5)
    small[:, 40:260, 40:260] = torch.nn.functional.interpolate(face[None], (220, 220))[0]
    return (torch.cat([face, small], -1) * 255).byte()


def test_several_faces_are_followed_each_under_its_number(photo, searches):
    both = two_people(photo)
    follower = Follower(most=5)
    observations = [follower(both.roll(2 * n, 1)) for n in range(5)]
    assert searches == ["thorough"]
    for observation in observations:
        left, right = (observation.faces[number].face.points_px[:, 0].mean() for number in (0, 1))
        assert left < 300 < right
    assert len(Follower(most=1)(both).faces) == 1


def test_one_that_leaves_and_one_that_comes_change_nothing_for_the_others(photo):
    both = two_people(photo)
    alone = both.clone()
    alone[:, :, 300:] = 128
    follower = Follower(most=5)
    frames = [both] * 3 + [alone] * 3 + [both] * (module.MORE_EVERY + 1)
    observations = [follower(frame) for frame in frames]
    assert [set(observation.faces) for observation in observations[:6]] == [{0, 1}] * 3 + [{0}] * 3
    assert set(observations[-1].faces) == {0, 1}  # the same number, where it was seen last


def test_faces_that_come_together_count_in_the_order_that_is_asked_for(photo):
    both = two_people(photo).flip(2)  # the one on the left is smaller now
    for order, numbers in (("left to right", [0, 1]), ("largest", [1, 0])):
        faces = Follower(most=5, order=order)(both).faces
        assert sorted(faces, key=lambda n: faces[n].face.points_px[0, 0]) == numbers


def test_only_the_wanted_ones_are_told_in_the_order_of_the_wish(photo):
    both = two_people(photo)
    left, right = (Follower(most=5)(both).faces[n].face for n in (0, 1))
    told = Follower(most=5, wanted=(1, 0))(both).faces
    assert [told[n].face.box_px for n in (0, 1)] == [right.box_px, left.box_px]
    assert list(Follower(most=5, wanted=(5, 1))(both).faces) == [1]


def test_a_number_that_nobody_has_any_more_is_given_again(photo):
    both = two_people(photo)
    alone = both.clone()
    alone[:, :, 300:] = 128
    follower = Follower(most=5)
    follower._is_cut = lambda frame: False
    gone = [alone] * (module.LONGEST_MISSED + 2)
    *_, last = [follower(frame) for frame in [both, *gone, *[both] * (module.MORE_EVERY + 1)]]
    assert set(last.faces) == {0, 1}


def test_a_face_elsewhere_is_another_one(photo):
    both = two_people(photo)
    left, right = both.clone(), both.clone()
    left[:, :, 300:], right[:, :, :300] = 128, 128
    follower = Follower()
    follower._is_cut = lambda frame: False
    numbers = [list(follower(frame).faces) for frame in (left, left, right, right)]
    assert numbers == [[0], [0], [1], [1]]


def test_two_numbers_that_come_to_one_face_become_one(photo):
    both = two_people(photo)
    follower = Follower(most=2)
    first = follower(both).faces
    follower._faces[1] = first[0].face
    assert list(follower(both).faces) == [0, 2]  # and the other one is found again
