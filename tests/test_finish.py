"""What finishing does to a painting: strength, colours, ground."""

import pytest
import torch

from tps_portrait.tps_core import finish as module
from tps_portrait.tps_core.finish import GROUNDS, exaggerated, finish, ground_out_of_focus

SIZE = 48


@pytest.fixture
def photo():
    """Smooth masses of colour."""
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(1, 3, 4, 4, generator=generator)
    return torch.nn.functional.interpolate(small, (SIZE, SIZE), mode="bilinear")[0]


@pytest.fixture
def painting():
    generator = torch.Generator().manual_seed(1)
    return torch.rand(3, SIZE, SIZE, generator=generator)


@pytest.fixture
def person():
    """A mask: the middle."""
    mask = torch.zeros(1, SIZE, SIZE)
    mask[:, 12:36, 12:36] = 1
    return mask


def lab(picture):
    from kornia.color import rgb_to_lab

    return rgb_to_lab(picture[None])[0]


def test_the_painting_comes_back_as_it_is_unless_something_is_asked_for(photo, painting):
    assert finish(photo, painting) is painting


def test_strength_up_to_one_mixes_photo_and_painting(photo, painting):
    assert torch.equal(finish(photo, painting, 0.0), photo)
    expected = 0.7 * photo + 0.3 * painting
    assert torch.allclose(finish(photo, painting, 0.3), expected, atol=1e-6)


def test_strength_beyond_one_goes_on_from_the_painting_away_from_the_photo(photo, painting):
    changes = [
        ((finish(photo, painting, s) - photo) * (painting - photo)).mean() for s in (1, 1.3, 1.6, 2)
    ]
    assert changes == sorted(changes)
    assert changes[-1] > 1.15 * changes[0]
    near = finish(photo, painting, 1.001)
    assert (near - painting).abs().max() < 0.02  # no jump at 1


def test_exaggerating_never_leaves_the_range_and_keeps_what_is_white_or_black(photo, painting):
    painting[:, :8], painting[:, -8:] = 1, 0
    result = finish(photo, painting, 2.0)
    assert result.min() >= 0
    assert result.max() <= 1
    assert (result[:, :8] == 1).all()
    assert (result[:, -8:] == 0).all()
    rest = result[:, 8:-8]
    assert ((rest == 0) | (rest == 1)).float().mean() < 0.01  # nothing else clips


def test_the_photos_fine_detail_does_not_come_back_as_its_negative(photo):
    detail = 0.2 * (torch.arange(SIZE) % 2 - 0.5)
    flat = torch.full_like(photo, 0.5)
    result = exaggerated(flat + detail, flat, 1.0, 4.0)
    assert result[:, 8:-8, 8:-8].std() < 0.01


def test_grey_paint_stays_grey_over_colored_skin():
    red, grey = torch.tensor([0.8, 0.3, 0.2]), torch.full((3,), 0.6)
    photo, painting = (c[:, None, None].expand(3, SIZE, SIZE).contiguous() for c in (red, grey))
    result = finish(photo, painting, 2.0)
    assert (result.amax(0) - result.amin(0)).max() < 1e-3


def test_warm_skin_that_is_painted_warmer_does_not_turn_green():
    pink, yellow = torch.tensor([0.9, 0.66, 0.62]), torch.tensor([0.88, 0.8, 0.62])
    photo, painting = (c[:, None, None].expand(3, SIZE, SIZE).contiguous() for c in (pink, yellow))
    red, green, blue = finish(photo, painting, 2.0).mean((1, 2)).tolist()
    assert red > green > blue


def test_keep_colors_takes_the_photos_colors_and_leaves_the_paintings_lightness(photo):
    painting = 0.35 + 0.3 * torch.rand(1, SIZE, SIZE, generator=torch.Generator().manual_seed(2))
    painting = painting.expand(3, -1, -1)
    photo = 0.35 + 0.3 * photo  # so that all of it lies within what a screen shows
    result = lab(finish(photo, painting, keep_colors=1.0))
    assert (result[0] - lab(painting)[0]).abs().max() < 1
    assert (result[1:] - lab(photo)[1:]).abs().mean() < 1
    half = lab(finish(photo, painting, keep_colors=0.5))
    assert half[1:].abs().mean() == pytest.approx(0.5 * float(result[1:].abs().mean()), rel=0.1)


def test_kept_colors_spread_over_the_photos_fine_detail(photo):
    stripes = torch.full((3, SIZE, SIZE), 0.5)
    stripes[0, :, ::2] = 0.9
    kept = lab(finish(stripes, torch.full_like(stripes, 0.5), keep_colors=1.0, face_px=200.0))
    assert kept[1, 8:-8, 8:-8].std() < 0.1 * lab(stripes)[1].std()


@pytest.mark.parametrize("options", [{"strength": 2.0}, {"keep_colors": 1.0}])
def test_where_nothing_is_painted_nothing_changes(options, painting, person):
    photo = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))
    picture = photo.lerp(painting, person)
    result = finish(photo, picture, covered=person, **options)
    outside = person[0] == 0
    assert torch.equal(result[:, outside], photo[:, outside])
    assert (result - picture)[:, ~outside].abs().mean() > 0.02


def test_the_ground_is_kept_and_the_person_painted(photo, painting, person):
    result = finish(photo, painting, ground="keep", mask=person)
    assert torch.equal(result, torch.where(person == 1, painting, photo))


def test_a_transparent_ground_is_an_alpha_channel_and_leaves_the_paint_as_it_is(
    photo, painting, person
):
    result = finish(photo, painting, ground="transparent", mask=person)
    assert result.shape == (4, SIZE, SIZE)
    assert torch.equal(result[:3], painting)
    assert torch.equal(result[3:], person)


def test_a_blurred_ground_has_no_halo_of_the_person(person):
    photo = torch.where(person == 1, torch.ones(3, 1, 1), torch.full((3, 1, 1), 0.2))
    behind = ground_out_of_focus(photo, person, 4.0)
    assert (behind - 0.2)[:, person[0] == 0].abs().max() < 0.01


def test_the_larger_the_face_the_wider_the_ground_is_blurred(photo, painting, person):
    noise = torch.rand(3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))
    small, large = (
        finish(noise, painting, ground="blur", mask=person, face_px=px)[:, person[0] == 0].std()
        for px in (20.0, 80.0)
    )
    assert large < 0.7 * small < noise.std()
    result = finish(noise, painting, ground="blur", mask=person)
    assert torch.equal(result[:, person[0] == 1], painting[:, person[0] == 1])


def test_without_a_mask_the_person_is_found_and_named_if_there_is_none(
    photo, painting, person, monkeypatch
):
    monkeypatch.setattr(module, "person_mask", lambda picture: person)
    assert torch.equal(finish(photo, painting, ground="transparent")[3:], person)
    monkeypatch.setattr(module, "person_mask", lambda picture: 0 * person)
    with pytest.raises(ValueError, match="empty.jpg: no person is seen .*ground: paint"):
        finish(photo, painting, ground="keep", name="empty.jpg")


def test_another_ground_is_refused_with_the_known_ones(photo, painting):
    with pytest.raises(ValueError, match=f"'sky' is not known; choose one of {', '.join(GROUNDS)}"):
        finish(photo, painting, ground="sky")


@pytest.mark.parametrize(
    "options", [{"keep_colors": 1.0}, {"strength": 1.7}, {"strength": 0.4}, {"ground": "blur"}]
)
def test_a_large_picture_is_changed_in_strips_that_nobody_sees(
    options, photo, painting, person, monkeypatch
):
    at_once = finish(photo, painting, mask=person, **options)
    monkeypatch.setattr(module, "STRIP_PX", 3 * photo.shape[-1])
    torch.testing.assert_close(finish(photo, painting, mask=person, **options), at_once)
