"""Pairs are of one photo, seen alike, and painted once."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from faces import random_bank
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.training.learn import painted_pairs
from tps_portrait.training.learn.painted_pairs import FILE, PaintedPairs, find_look, paint_pairs

CPU = torch.device("cpu")


def drawn(seed, count=4):
    return torch.Generator().manual_seed(seed), count


@pytest.fixture
def painted(monkeypatch):
    """The painter paints a negative, and notes which art it is given."""
    seen = []

    def paint(crop, points, art):
        seen.append((crop, points, art))
        return 1 - crop

    monkeypatch.setattr(painted_pairs, "paint_crop", paint)
    monkeypatch.setattr(painted_pairs, "person_mask", lambda picture: torch.ones(1, 64, 64))
    return seen


def smooth_bank(count, size=64):
    """A bank of blurred noise: what is read between pixels is about what lies there."""
    bank = random_bank(count, size)
    faces = F.avg_pool2d(bank.faces.float(), 9, 1, 4).round().to(torch.uint8)
    return replace(bank, faces=faces)


def test_photo_and_painting_show_the_same_part_turned_and_mirrored_alike(painted):
    pairs = paint_pairs(random_bank(2), smooth_bank(3), 3)
    for seed in range(4):
        random, count = drawn(seed)
        parts = pairs.draw(count, random, CPU)
        assert parts.photos.shape == parts.paintings.shape == (4, 3, 48, 48)
        for photo, painting in zip(parts.photos, parts.paintings, strict=True):
            # The light of the photo alone is changed, by an exponent for each colour.
            for channels in zip(photo, painting, strict=True):
                both = torch.stack([channel.flatten() for channel in channels])
                assert torch.corrcoef(both)[0, 1] < -0.97


def test_parts_are_of_all_photos_as_they_are_and_mirrored():
    """A face that grows lighter to its right is seen so, or the other way round."""
    ramp = torch.linspace(0, 255, 64).expand(1, 3, 64, 64).to(torch.uint8)
    pairs = PaintedPairs(ramp, ramp, ramp[:, :1], random_bank(1).points)
    paintings = pairs.draw(64, torch.Generator().manual_seed(0), CPU).paintings
    mirrored = paintings[..., -1].mean((1, 2)) < paintings[..., 0].mean((1, 2))
    assert 16 < int(mirrored.sum()) < 48


def test_the_same_random_state_draws_the_same_parts(painted):
    pairs = paint_pairs(random_bank(2), random_bank(3), 3)
    one, other = (pairs.draw(4, torch.Generator().manual_seed(7), CPU) for _ in range(2))
    assert one.nudge == other.nudge
    assert torch.equal(one.photos, other.photos)
    assert torch.equal(one.paintings, other.paintings)


def test_some_people_stand_before_another_ground_and_none_is_painted_over():
    """A grey sitter, right of a black wall: painted white on white, whatever the wall."""
    people = torch.zeros(1, 1, 64, 64, dtype=torch.uint8)
    people[..., 32:] = 255
    photos = (people // 2).expand(-1, 3, -1, -1)
    white = torch.full_like(photos, 255)
    pairs = PaintedPairs(photos, white, people, random_bank(1).points)
    parts = pairs.draw(64, torch.Generator().manual_seed(0), CPU)
    assert (parts.paintings > 0.99).all()
    black = (parts.photos.amax(1) < 0.02).float().mean((1, 2))
    assert 16 < int((black > 0.1).sum()) < 48  # the wall stayed
    grey = (parts.photos - 0.5).abs().amax(1) < 0.2
    assert (grey.float().mean((1, 2)) > 0.1).all()


def test_near_are_the_eyes_and_the_mouth():
    bank = smooth_bank(1)
    pairs = PaintedPairs(bank.faces, bank.faces, bank.faces[:, :1], bank.points)
    random = torch.Generator().manual_seed(3)
    torch.randint(1, (1,), generator=random)  # the face that is drawn
    grid = painted_pairs._part_grid(1, 48, random)[0]
    near = pairs.draw(1, torch.Generator().manual_seed(3), CPU).near_features[0, 0]
    away = torch.cdist(grid.flatten(0, 1), bank.points[0, 36:]).amin(1).view(48, 48)
    assert (near[away < 0.02] > 0.9).all()
    assert (near[away > 0.2] < 0.01).all()


def test_line_art_is_taught_by_photos_in_more_light(painted):
    """As it is used: else dark faces would be taught to be black."""
    lines = random_bank(1)
    ink = torch.where(lines.faces[:, :1] > 127, 255, 0).to(torch.uint8).expand(-1, 3, -1, -1)
    photos = replace(smooth_bank(2), faces=smooth_bank(2).faces // 4)
    dark = paint_pairs(random_bank(1, seed=3), photos, 2).photos
    lit = paint_pairs(replace(lines, faces=ink), photos, 2).photos
    assert lit.float().mean() > 1.5 * dark.float().mean()
    assert torch.equal(as_bytes(painted[-1][0]), lit[-1])


def test_one_picture_of_art_teaches_all(painted):
    art = random_bank(5)
    paint_pairs(art, random_bank(6), 4, look="3")
    assert len(painted) == 4
    for crop, _, artwork in painted:
        assert torch.equal(artwork.picture, art.faces[3].float() / 255)
        assert crop.shape == (3, 64, 64)


def test_photos_are_drawn_evenly_and_there_may_be_fewer(painted):
    photos = random_bank(5)
    assert torch.equal(paint_pairs(random_bank(1), photos, 3).photos, photos.faces[[0, 2, 4]])
    assert len(paint_pairs(random_bank(1), photos, 64).photos) == 5


def test_what_is_painted_is_kept_until_the_pictures_change(painted, tmp_path):
    art, photos = random_bank(2), random_bank(3)
    first = paint_pairs(art, photos, 3, folder=tmp_path)
    again = paint_pairs(art, photos, 3, folder=tmp_path)
    assert len(painted) == 3
    assert torch.equal(first.paintings, again.paintings)
    for changed in ((random_bank(2, seed=5), photos, 3), (art, random_bank(3, seed=6), 3)):
        paint_pairs(*changed, folder=tmp_path)
    assert len(painted) == 9
    paint_pairs(art, photos, 2, folder=tmp_path)
    assert len(painted) == 11


def test_damaged_pairs_are_painted_again(painted, tmp_path):
    paint_pairs(random_bank(2), random_bank(3), 3, folder=tmp_path)
    Path(tmp_path / FILE).write_bytes(b"damaged")
    paint_pairs(random_bank(2), random_bank(3), 3, folder=tmp_path)
    assert len(painted) == 6


def test_progress_is_told_and_may_end_the_work(painted):
    told = []
    paint_pairs(random_bank(2), random_bank(3), 3, on_pair=lambda *done: told.append(done))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_a_look_is_found_by_its_name_or_refused():
    art = random_bank(3)
    assert find_look(art, "2.png") == find_look(art, "2") == 2
    with pytest.raises(ValueError, match="monet: no usable picture of that name in the art"):
        find_look(art, "monet")


def test_the_look_chosen_is_frontal_sharp_and_shown():
    art = random_bank(4)
    turned = art.points.clone()
    turned[0, 27:36, 0] += 0.25  # the nose, as in a head that is turned
    faces = art.faces.clone()
    faces[1] = F.avg_pool2d(faces[1].float(), 5, 1, 2).to(torch.uint8)
    inside = art.inside.clone()
    inside[2, :, :, :32] = 0
    assert find_look(replace(art, points=turned, faces=faces, inside=inside), "") == 3


@pytest.mark.slow
def test_the_aligned_painter_paints_them():
    pairs = paint_pairs(random_bank(1), random_bank(2), 2)
    assert pairs.paintings.shape == pairs.photos.shape
    assert not torch.equal(pairs.paintings, pairs.photos)
