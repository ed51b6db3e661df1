from dataclasses import replace

import pytest
import torch

from faces import random_bank, random_points, spotted_faces
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, IBUG_PARTS
from tps_portrait.training.learn.art_profile import ArtProfile
from tps_portrait.training.learn.pairs import (
    PARTS,
    Pairs,
    View,
    aligned_part,
    darkest,
    part_window,
)


def test_the_same_random_state_draws_the_same_batch():
    pairs = Pairs(random_bank(seed=1), random_bank(seed=2), 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(3)
    state = random.get_state()
    first = pairs.draw(2, random)
    second = pairs.draw(2, random)
    random.set_state(state)
    again = pairs.draw(2, random)
    assert torch.equal(first.art.pictures, again.art.pictures)
    assert torch.equal(first.photo.points, again.photo.points)
    assert not torch.equal(first.art.pictures, second.art.pictures)


@pytest.fixture
def still(monkeypatch):
    """No turning, scaling, shifting, or change of light."""
    for name in ("TURN_RADIANS", "ZOOM_LOG", "MOST_SHIFT", "GAMMA_LOG"):
        monkeypatch.setattr(f"tps_portrait.training.learn.pairs.{name}", 0.0)


def test_jittered_landmarks_stay_on_what_they_mark():
    spotted = spotted_faces(random_points(1, seed=1), size=96)
    bank = replace(
        random_bank(1, size=96),
        faces=(spotted.pictures * 255).to(torch.uint8),
        points=spotted.points,
    )
    pairs = Pairs(bank, bank, 96, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    moved = []
    for _ in range(5):
        art = pairs.draw(1, random).art
        pixel = ((art.points + 1) / 2 * 96).long().clamp(0, 95)
        assert art.pictures[0, 0, pixel[0, :, 1], pixel[0, :, 0]].mean() > 0.7
        moved.append(art.points.mean(1))
    assert torch.cat(moved).std(0).min() > 0.01


def test_the_photos_light_changes_and_the_arts_does_not():
    bank = random_bank(2)
    grey = replace(bank, faces=torch.full_like(bank.faces, 128))
    pairs = Pairs(grey, grey, 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    batches = [pairs.draw(1, random) for _ in range(8)]
    lights = torch.stack([batch.photo.pictures.mean() for batch in batches])
    assert lights.min() < 0.45
    assert lights.max() > 0.55
    assert all(batch.art.pictures.std() < 1e-4 for batch in batches)


def test_the_art_is_there_as_it_is_too():
    bank = random_bank(1)
    batch = Pairs(bank, bank, 64, torch.device("cpu")).draw(1, torch.Generator().manual_seed(0))
    unaugmented, face = batch.art_unaugmented.pictures, bank.faces.float() / 255
    assert torch.equal(unaugmented, face) or torch.equal(unaugmented, face.flip(-1))
    assert not torch.allclose(batch.art.pictures, unaugmented, atol=0.01)


def test_turning_and_scaling_keep_the_grain():
    noise = torch.rand(1, 1, 66, 66, generator=torch.Generator().manual_seed(0))
    soft = torch.nn.functional.avg_pool2d(noise, 3, 1).expand(-1, 3, -1, -1)
    bank = replace(random_bank(1), faces=(255 * soft).to(torch.uint8))
    pairs = Pairs(bank, bank, 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    grain = torch.stack([pairs.draw(1, random).art.pictures.std() for _ in range(8)]).mean()
    assert grain > 0.9 * soft.std()


def test_mirrored_faces_have_mirrored_landmarks(still):
    bank = random_bank(1)
    pairs = Pairs(bank, bank, 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    straight = bank.faces.float() / 255
    mirrored = bank.points[:, IBUG_MIRROR] * torch.tensor([-1.0, 1.0])
    seen = set()
    for _ in range(12):
        art = pairs.draw(1, random).art
        flipped = torch.allclose(art.pictures, straight.flip(-1), atol=1e-5)
        assert flipped or torch.allclose(art.pictures, straight, atol=1e-5)
        torch.testing.assert_close(art.points, mirrored if flipped else bank.points)
        seen.add(flipped)
    assert seen == {True, False}


def test_of_several_portraits_the_nearest_in_pose_is_drawn(still):
    art = random_bank(1)
    photos = random_bank(2)
    far = photos.points.clone()
    far[0] = art.points[0]
    far[1] = art.points[0] + 0.5
    photos = type(photos)(photos.faces, photos.inside, far, photos.entries)
    pairs = Pairs(photos, art, 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    distances = []
    for _ in range(40):
        batch = pairs.draw(1, random)
        distances.append(float((batch.photo.points - batch.art.points).abs().mean()))
    near = sum(distance < 0.25 for distance in distances)
    assert near > 30  # by chance alone it would be 20


def test_a_bank_of_another_size_is_resized():
    pairs = Pairs(random_bank(size=96), random_bank(size=64), 64, torch.device("cpu"))
    batch = pairs.draw(2, torch.Generator().manual_seed(0))
    assert batch.photo.pictures.shape == batch.art.pictures.shape == (2, 3, 64, 64)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_of_the_art_is_bent_onto_the_portraits_part(part):
    portrait = random_points(3, seed=1)
    part_sources = spotted_faces(random_points(3, seed=2), size=128)
    window = part_window(portrait, part, 48)
    aligned, inside = aligned_part(part_sources, portrait, part, window)
    names, half = PARTS[part]
    points = torch.cat([portrait[:, IBUG_PARTS[name]] for name in names], 1)
    assert aligned.shape == (3, 3, 48, 48)
    assert inside.mean() > 0.6  # noise folds the spline here and there
    # The art's spots must have come to lie on the portrait's points …
    local = (points - points.mean(1, keepdim=True)) / half
    pixel = ((local + 1) / 2 * 48).long().clamp(0, 47)
    batch = torch.arange(3)[:, None]
    assert aligned[batch, 0, pixel[..., 1], pixel[..., 0]].mean() > 0.6
    # … which they don't if the part is only cut out at the same place.
    cut = torch.nn.functional.grid_sample(part_sources.pictures, window, align_corners=False)
    assert cut[batch, 0, pixel[..., 1], pixel[..., 0]].mean() < 0.55


def test_whole_faces_are_seen_in_parts_and_from_afar_too():
    pairs = Pairs(random_bank(4), random_bank(4), 64, torch.device("cpu"))
    random = torch.Generator().manual_seed(0)
    views = [pairs.draw(1, random).view for _ in range(40)]
    assert {view.top + view.left > 0 for view in views} == {True, False}
    assert all(0.84 * 64 <= view.side <= 64 for view in views)
    assert all(view.top + view.side <= 64 and view.left + view.side <= 64 for view in views)
    assert 10 < sum(view.scale == 1 for view in views) < 30
    assert 0.5 <= min(view.scale for view in views) < 0.7


def test_a_view_shows_its_part_at_its_scale():
    picture = torch.rand(1, 3, 8, 8)
    assert torch.equal(View()(picture), picture)
    assert torch.equal(View(top=1, left=2, side=4)(picture), picture[..., 1:5, 2:6])
    assert View(top=1, left=2, side=4, scale=0.5)(picture).shape == (1, 3, 2, 2)


def test_line_art_sees_dark_faces_more_often():
    photos = random_bank(8, seed=1)
    faces = photos.faces // 2 + 64
    faces[[2, 5]] //= 3
    photos = replace(photos, faces=faces)
    assert sorted(darkest(photos)) == [2, 5]
    ink = torch.where(random_bank(4).faces[:, :1] > 127, 255, 0).to(torch.uint8)
    ink = replace(random_bank(4), faces=ink.expand(-1, 3, -1, -1))
    assert share_of_dark(photos, ink) > 1.5 * share_of_dark(photos, random_bank(4))


def share_of_dark(photos, art):
    """The share of darker than usual pictures among the portraits drawn for the art."""
    profile = ArtProfile.of(art, photos, None)
    pairs = Pairs(photos, art, 64, torch.device("cpu"), profile)
    random = torch.Generator().manual_seed(0)
    usual = photos.faces.float().mean() / 255
    light = [pairs.draw(8, random).photo.pictures.mean((1, 2, 3)) for _ in range(20)]
    return float((torch.cat(light) < 0.6 * usual).float().mean())
