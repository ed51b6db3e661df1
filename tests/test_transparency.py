"""What is transparent: nothing hidden is seen, nothing beside it has a seam."""

import pytest
import torch

from tps_portrait.tps_core.transparency import beyond_edges, cut_out, on_white


def disc(height=90, width=130):
    """A red disc, and the hidden blue around it, with its alpha."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    alpha = ((y - height / 2) ** 2 + (x - width / 2) ** 2 < 400).float()[None]
    red, blue = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 1.0])
    return red[:, None, None] * alpha + blue[:, None, None] * (1 - alpha), alpha


def test_on_white_nothing_hidden_is_left():
    picture, alpha = disc()
    laid = on_white(picture, alpha)
    assert torch.equal(laid[:, 0, 0], torch.ones(3))
    assert torch.equal(laid[:, 45, 65], picture[:, 45, 65])
    assert on_white(torch.zeros(3, 1, 1), torch.full((1, 1, 1), 0.5)).mean() == 0.5


@pytest.mark.parametrize("size", [(90, 130), (41, 200), (64, 64), (3, 300)])
def test_beyond_an_edge_its_colours_go_on(size):
    picture, alpha = disc(*size)
    alpha[0, size[0] // 2, size[1] // 2] = 1
    picture[:, alpha[0] > 0] = torch.tensor([[1.0], [0.0], [0.0]])
    filled = beyond_edges(picture, alpha)
    assert (filled[0] > 0.999).all()
    assert (filled[1:] < 0.001).all()


def test_what_shows_is_left_as_it_is():
    picture, alpha = torch.rand(3, 40, 40), torch.rand(1, 40, 40).clamp(0.01)
    assert torch.equal(beyond_edges(picture, alpha), picture)
    alpha[:, :10] = 0
    assert torch.equal(beyond_edges(picture, alpha)[:, 10:], picture[:, 10:])
    assert torch.equal(beyond_edges(picture, torch.zeros(1, 40, 40)), torch.ones(3, 40, 40))


def test_each_edge_has_the_colour_beside_it():
    picture, alpha = torch.zeros(3, 32, 64), torch.ones(1, 32, 64)
    picture[0, :, :20], picture[2, :, 44:] = 1, 1
    alpha[:, :, 20:44] = 0
    filled = beyond_edges(picture, alpha)
    assert filled[0, 16, 22] > 0.8 > 0.2 > filled[0, 16, 42]
    assert filled[2, 16, 42] > 0.8 > 0.2 > filled[2, 16, 22]


def test_a_painting_is_as_transparent_as_what_was_painted():
    painted, alpha = torch.rand(3, 4, 4), torch.rand(1, 4, 4)
    assert cut_out(painted, None) is painted
    assert torch.equal(cut_out(painted, alpha), torch.cat([painted, alpha]))
    person = torch.rand(1, 4, 4)
    both = cut_out(torch.cat([painted, person]), alpha)
    assert torch.equal(both[3:], alpha * person)
