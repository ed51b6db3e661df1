"""What is painted of a camera's picture, when only those before it are known."""

import torch

from tps_portrait.tps_core.tracking import follower
from tps_portrait.tps_core.videos.camera import Camera


def test_a_face_is_searched_for_once_and_held_steady(photo, monkeypatch):
    searches = []
    search = follower.detect
    monkeypatch.setattr(follower, "detect", lambda *given: searches.append(given) or search(*given))
    noise = torch.Generator().manual_seed(0)
    camera, plans = Camera(), []
    for _ in range(8):
        frame = photo + 0.04 * torch.randn(photo.shape, generator=noise)
        plans.append(camera(frame.clamp(0, 1)))
    assert len(searches) == 1
    assert len({plan.extent_px for plan in plans}) == 1
    points = torch.stack([plan.faces[0].face.points_px for plan in plans])
    assert points.diff(dim=0).norm(dim=-1).mean(1)[3:].max() < 0.2


def test_a_picture_of_another_size_and_one_without_a_face_are_planned_too(photo):
    camera = Camera()
    assert camera(photo).faces
    assert camera(photo[..., :240]).faces[0].face.size == (240, photo.shape[1])
    assert not camera(torch.full((3, 64, 64), 0.5)).faces
