import torch

from faces import random_points
from tps_portrait.tps_core.geometry.pixels import pixel_centres
from tps_portrait.tps_core.landmarks import mean_face
from tps_portrait.training.learn.masks import TONE_SQUARES, art_valid, photo_valid, tones_match

SIZE = 128
POINTS = mean_face("ibug-68")[None]
BROWS = float(POINTS[0, 17:27, 1].min())


def skin(tone=0.7):
    return torch.full((1, 3, SIZE, SIZE), tone)


def with_fringe(faces, tone=0.2):
    """The faces with hair down to a little above the brows."""
    y = pixel_centres((SIZE, SIZE), like=faces)[..., 1]
    return torch.where(y < BROWS - 0.1, torch.full_like(faces, tone), faces)


def forehead(mask):
    """The mean of the mask in the middle, from the fringe's edge up by an eighth of the crop."""
    bottom = int((BROWS - 0.1 + 1) / 2 * SIZE)
    return float(mask[0, 0, bottom - SIZE // 8 : bottom - SIZE // TONE_SQUARES, 56:72].mean())


def test_hair_is_no_example_for_a_bare_forehead_and_the_other_way_round():
    for portrait, art in ((skin(), with_fringe(skin())), (with_fringe(skin()), skin())):
        mask = tones_match(portrait, art, POINTS)
        assert forehead(mask) == 0
        assert mask[0, 0, SIZE // 2 :].min() == 1  # from the nose down all matches


def test_two_fringes_are_alike_and_so_are_a_dark_and_a_light_skin():
    assert tones_match(with_fringe(skin()), with_fringe(skin()), POINTS).min() == 1
    assert tones_match(skin(0.3), skin(0.8), POINTS).min() == 1


def test_what_lies_beside_a_face_counts_as_alike():
    away = pixel_centres((SIZE, SIZE), like=POINTS).norm(dim=-1) > 0.9
    dark_room = torch.where(away, torch.zeros(1, 3, SIZE, SIZE), skin())
    assert tones_match(skin(), dark_room, POINTS)[0, 0, :8, :8].min() == 1


def test_each_face_of_a_batch_has_a_mask_of_its_own():
    points = torch.cat([POINTS, random_points(1, seed=1)])
    portraits, art = skin().expand(2, -1, -1, -1), torch.cat([with_fringe(skin()), skin()])
    masks = tones_match(portraits, art, points)
    assert masks.shape == (2, 1, SIZE, SIZE)
    assert masks[0].min() == 0
    assert masks[1].min() == 1


def test_art_that_is_pulled_wide_is_no_example():
    centres = pixel_centres((32, 32), like=torch.zeros(1))[None]
    inside = torch.ones(1, 1, 32, 32)
    assert art_valid(inside, centres).all()
    x = centres[..., 0]
    pulled = torch.stack([torch.where(x < 0.5, x, 0.5 + (x - 0.5) / 3), centres[..., 1]], -1)
    usable = art_valid(inside, pulled)
    assert usable[..., :22].all()
    assert not usable[..., 26:].any()


def test_a_portrait_squeezed_together_is_not_compared():
    centres = pixel_centres((32, 32), like=torch.zeros(1))[None]
    inside = torch.ones(1, 1, 32, 32)
    assert photo_valid(inside, centres).all()
    x = centres[..., 0]
    squeezed = torch.stack([torch.where(x < 0.5, x, 0.5 + (x - 0.5) * 3), centres[..., 1]], -1)
    usable = photo_valid(inside, squeezed)
    assert usable[..., :22].all()
    assert not usable[..., 26:].any()
    assert not photo_valid(0 * inside, centres).any()
