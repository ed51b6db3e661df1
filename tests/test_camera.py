"""What is painted of a camera's picture, when only those before it are known."""

import torch

from tps_portrait.tps_core.tracking import follower
from tps_portrait.tps_core.videos.camera import Camera


def test_a_face_is_searched_for_once_and_held_steady(photo, monkeypatch):
    searches = []
    search = follower.detect
    monkeypatch.setattr(follower, "detect", lambda *given: searches.append(given) or search(*given))
    noise = torch.Generator().manual_seed(0)
    frames = [photo + 0.04 * torch.randn(photo.shape, generator=noise) for _ in range(8)]
    camera = Camera()
    plans = [camera(frame.clamp(0, 1)) for frame in frames]
    assert len(searches) == 1
    assert len({plan.extent_px for plan in plans}) == 1

    alone = follower.Follower()
    seen = [alone(frame.clamp(0, 1)).faces[0].face for frame in frames]
    assert unrest([plan.faces[0].face for plan in plans]) < 0.6 * unrest(seen)


def test_a_picture_of_another_size_and_one_without_a_face_are_planned_too(photo):
    camera = Camera()
    assert camera(photo).faces
    assert camera(photo[..., :240]).faces[0].face.size == (240, photo.shape[1])
    assert not camera(torch.full((3, 64, 64), 0.5)).faces


def unrest(faces):
    """How far points move from frame to frame, on average, once the first frames are past."""
    points = torch.stack([face.points_px for face in faces])
    return points.diff(dim=0).norm(dim=-1)[3:].mean()
