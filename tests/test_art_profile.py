"""Drawings are told from paintings, and learned from more gently."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from faces import random_bank
from tps_portrait.training.learn import art_profile
from tps_portrait.training.learn.art_profile import FOR_DRAWINGS, ArtProfile
from tps_portrait.training.learn.early_stopping import FEWEST_FACES
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.measure.features import EvaluationNetworks

NETWORK = nn.Linear(1, 1)  # stands for SqueezeNet


@pytest.fixture
def sees_colour(monkeypatch):
    """Networks whose features are a picture's mean colour, about as large as SqueezeNet's."""

    def networks(network, device):
        return EvaluationNetworks("Colour", "_colour", lambda x: 1.5 * x.mean((2, 3)), None, device)

    monkeypatch.setattr(art_profile, "squeezenet_networks", networks)


def painted(level, count=FEWEST_FACES):
    """A bank of noisy faces around that level of grey."""
    bank = random_bank(count, seed=int(level * 100))
    noise = torch.rand(bank.faces.shape, generator=torch.Generator().manual_seed(0)) * 30
    return replace(bank, faces=(255 * level + noise).clamp(0, 255).to(torch.uint8))


def test_greys_and_colours_are_no_line_art_and_black_on_white_is():
    colours = random_bank(4)
    noise = colours.faces[:, :1].expand(-1, 3, -1, -1)
    greys = 100 + noise // 5
    ink = torch.where(noise > 127, 255, 0).to(torch.uint8)
    found = [
        ArtProfile.of(replace(colours, faces=faces), colours, None).is_line_art
        for faces in (colours.faces, greys, ink)
    ]
    assert found == [False, False, True]


def is_drawn(art, photos, network=NETWORK):
    return ArtProfile.of(art, photos, network).is_drawn


def test_art_far_from_photos_is_drawn_and_art_near_to_them_is_not(sees_colour):
    assert is_drawn(painted(0.55), painted(0.25))
    assert not is_drawn(painted(0.27), painted(0.25))


def test_with_few_faces_or_without_the_network_only_black_on_white_is_drawn(sees_colour):
    few = FEWEST_FACES - 1
    assert not is_drawn(painted(0.55, few), painted(0.25))
    assert not is_drawn(painted(0.55), painted(0.25, few))
    assert not is_drawn(painted(0.55), painted(0.25), None)
    white = painted(0.55, few)
    white = replace(white, faces=torch.full_like(white.faces, 255))
    assert is_drawn(white, painted(0.25), None)


def test_drawings_change_the_defaults_and_leave_what_was_chosen():
    options = TrainingOptions(seed=3, cycle_weight=9.0)
    assert ArtProfile().adapt_options(options) is options
    found = ArtProfile(is_drawn=True).adapt_options(options)
    assert found == replace(options, **FOR_DRAWINGS | {"cycle_weight": 9.0})
