import pytest
import torch
import torch.nn.functional as F
from torch import nn

from tps_portrait.training.learn.discriminators import (
    FEATURE_WIDTHS,
    Discriminator,
    FeatureDiscriminator,
)


def picture(size=64, seed=0):
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(seed))


def stand_in_maps(pictures):
    """Maps of the right shapes, without a network."""
    grey = pictures.mean(1, keepdim=True)
    return [
        F.adaptive_avg_pool2d(grey, side).expand(-1, width, -1, -1)
        for width, side in zip(FEATURE_WIDTHS, (15, 7, 3), strict=True)
    ]


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.mark.parametrize(("levels", "sides"), [(2, (32, 16)), (3, (16, 8)), (4, (8, 4))])
def test_it_scores_patches_at_two_scales(levels, sides):
    scores = Discriminator(8, levels)(picture())
    assert [score.shape for score in scores] == [(1, 1, side, side) for side in sides]


def test_only_one_that_knows_places_can_tell_where_a_patch_lies():
    """On a picture that is the same everywhere, scores away from the rim differ only by place."""
    flat = torch.full((1, 3, 128, 128), 0.3)
    for places in (False, True):
        scores = Discriminator(8, 3, places)(flat)[1][..., 4:-4, 4:-4]
        assert (scores.std() > 1e-3) == places


def test_the_feature_discriminator_scores_every_map_and_the_pixels():
    discriminator = FeatureDiscriminator(stand_in_maps, 8, 3)
    sides = [score.shape[-1] for score in discriminator(picture())]
    assert sides == [15, 7, 3, 16, 8]


@pytest.mark.parametrize("places", [False, True])
def test_the_feature_discriminator_knows_places_in_all_of_its_parts_or_in_none(places):
    discriminator = FeatureDiscriminator(stand_in_maps, 8, 3, places)
    scores = discriminator(torch.full((1, 3, 128, 128), 0.3))
    inner = [score[..., 4:-4, 4:-4] for score in (scores[0], scores[-1])]  # of maps, and of pixels
    assert [bool(score.std() > 1e-3) for score in inner] == [places] * 2


def test_gradients_reach_the_picture_through_each_of_its_scores():
    discriminator = FeatureDiscriminator(stand_in_maps, 8, 3)
    x = picture().requires_grad_()
    for score in discriminator(x):
        (gradient,) = torch.autograd.grad(score.sum(), x, retain_graph=True)
        assert gradient.abs().sum() > 0


def test_the_frozen_network_is_neither_trained_nor_saved():
    network = torch.nn.Conv2d(3, 1, 1)
    discriminator = FeatureDiscriminator(lambda x: stand_in_maps(network(x)), 8, 3)
    assert not {id(p) for p in network.parameters()} & {id(p) for p in discriminator.parameters()}
    assert not any("network" in name for name in discriminator.state_dict())


@pytest.mark.parametrize(("levels", "expected"), [(3, [18, 38]), (4, [38, 78])])
def test_a_place_of_its_maps_sees_so_many_pixels(levels, expected):
    discriminator = Discriminator(4, levels)
    for module in discriminator.modules():  # norms see the whole picture
        if isinstance(module, nn.InstanceNorm2d):
            module.forward = lambda x: x
    x = picture(256).requires_grad_()
    sides = []
    for score in discriminator(x):
        middle = score.shape[-1] // 2
        (gradient,) = torch.autograd.grad(score[0, 0, middle, middle], x, retain_graph=True)
        sides.append(int((gradient[0].abs().sum((0, 1)) > 0).sum()))
    assert sides == expected
