"""Textures are near when their strokes are alike, wherever these lie."""

import pytest
import torch

from tps_portrait.training.learn.texture import map_distance, pixel_distance


def stripes(shift, turned=False):
    """A picture (1, 3, 96, 96) of stripes six pixels apart."""
    wave = (torch.sin((torch.arange(96) + shift) * torch.pi / 3) + 1) / 2
    picture = wave.expand(1, 3, 96, 96)
    return picture.transpose(2, 3) if turned else picture


def by_pixels(a, b):
    return pixel_distance(a, b, torch.Generator().manual_seed(0)).item()


def by_maps(a, b):
    return map_distance([a], [b], torch.Generator().manual_seed(0)).item()


@pytest.mark.parametrize("distance", [by_pixels, by_maps])
def test_a_picture_is_at_no_distance_from_itself(distance):
    picture = torch.rand(2, 3, 50, 64, generator=torch.Generator().manual_seed(1))
    assert distance(picture, picture) == 0


def test_strokes_may_lie_elsewhere_but_not_run_elsewhere():
    moved, turned, flat = stripes(2), stripes(0, turned=True), torch.full((1, 3, 96, 96), 0.5)
    assert by_pixels(stripes(0), moved) < 0.2 * by_pixels(stripes(0), turned)
    assert by_pixels(stripes(0), moved) < 0.2 * by_pixels(stripes(0), flat)


@pytest.mark.parametrize("distance", [by_pixels, by_maps])
def test_what_is_on_one_side_is_not_to_be_on_the_other(distance):
    left, right = torch.zeros(2, 1, 3, 96, 96)
    left[..., :48], right[..., 48:] = 1, 1
    assert distance(left, right) > 0.3 * distance(left, torch.ones_like(left))


def test_the_same_seed_looks_in_the_same_directions_and_another_one_in_others():
    a, b = torch.rand(2, 1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    other = pixel_distance(a, b, torch.Generator().manual_seed(1)).item()
    assert by_pixels(a, b) == by_pixels(a, b) != other


def test_a_step_towards_less_of_it_is_a_step_towards_the_texture():
    wanted, flat = stripes(0), torch.full((1, 3, 96, 96), 0.5)
    flat += 0.05 * torch.randn(flat.shape, generator=torch.Generator().manual_seed(1))
    flat.requires_grad_()
    pixel_distance(flat, wanted, torch.Generator().manual_seed(0)).backward()
    moved = flat.detach() - 0.1 * flat.grad / flat.grad.std()
    assert by_pixels(moved, wanted) < by_pixels(flat.detach(), wanted)
