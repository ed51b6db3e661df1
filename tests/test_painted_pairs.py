"""Pairs are of one photo, seen alike, and painted once."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from faces import random_bank
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
        photos, paintings = pairs.draw(count, random, CPU)
        assert photos.shape == paintings.shape == (4, 3, 48, 48)
        for photo, painting in zip(photos, paintings, strict=True):
            # The light of the photo alone is changed, by an exponent.
            both = torch.stack([photo.flatten(), painting.flatten()])
            assert torch.corrcoef(both)[0, 1] < -0.97


def test_parts_are_of_all_photos_as_they_are_and_mirrored():
    """A face that grows lighter to its right is seen so, or the other way round."""
    ramp = torch.linspace(0, 255, 64).expand(1, 3, 64, 64).to(torch.uint8)
    pairs = PaintedPairs(ramp, ramp, random_bank(1).points)
    _, paintings = pairs.draw(64, torch.Generator().manual_seed(0), CPU)
    mirrored = paintings[..., -1].mean((1, 2)) < paintings[..., 0].mean((1, 2))
    assert 16 < int(mirrored.sum()) < 48


def test_the_same_random_state_draws_the_same_parts(painted):
    pairs = paint_pairs(random_bank(2), random_bank(3), 3)
    one, other = (pairs.draw(4, torch.Generator().manual_seed(7), CPU) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


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
