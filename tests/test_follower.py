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
