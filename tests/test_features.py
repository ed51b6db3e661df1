import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from tps_portrait.training import perceptual
from tps_portrait.training.features import BATCH, load_judge


def pictures(count=3, size=64):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def no_standard(monkeypatch):
    monkeypatch.setitem(sys.modules, "pytorch_fid", None)


@pytest.fixture
def judge(no_standard, weights):
    return load_judge()


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


def test_the_standard_networks_are_taken_where_they_can_be_loaded(standard):
    judge = load_judge()
    assert judge.suffix == ""
    middle = pictures()[..., 8:-8, 8:-8]
    torch.testing.assert_close(judge.features(pictures()), middle.mean((2, 3)))
    black, white = torch.zeros(2, 3, 8, 8), torch.ones(2, 3, 8, 8)
    assert judge.distance(black, white).tolist() == [2, 2]


def test_where_its_weights_cannot_be_had_a_line_says_why_and_squeezenet_stands_in(
    standard, monkeypatch, caplog
):
    def fail():
        raise OSError("no internet\nat all")

    monkeypatch.setattr(standard, "InceptionV3", fail)
    monkeypatch.setattr(
        "tps_portrait.training.features.load_squeezenet", lambda device: nn.Identity()
    )
    with caplog.at_level("INFO", logger="tps_portrait"):
        assert load_judge().suffix == "_squeezenet"
    assert caplog.messages == [
        "evaluating with SqueezeNet: the standard networks can't be had (no internet)"
    ]


def test_squeezenets_features_are_512_values_around_1_whatever_the_pictures_size(judge):
    found = judge.features(pictures(2)), judge.features(pictures(2, 100))
    assert [f.shape for f in found] == [(2, 512), (2, 512)]
    assert 0.3 < found[0].square().mean().sqrt() < 1.01
    assert not found[0].requires_grad


def test_batches_and_levels_change_no_feature(judge):
    levels = (pictures(BATCH + 2, 48) * 255).to(torch.uint8)
    one_by_one = torch.cat([judge.features(level[None].float() / 255) for level in levels])
    torch.testing.assert_close(judge.features(levels), one_by_one, rtol=1e-3, atol=1e-4)


def test_what_fills_a_crop_beyond_a_tight_painting_changes_no_feature(judge):
    face = pictures(1, 128)
    filled = face.clone()
    filled[..., :16, :] = 1
    filled[..., -16:] = 0
    assert torch.equal(judge.features(filled), judge.features(face))
    filled[..., 20, :] = 0
    assert not torch.equal(judge.features(filled), judge.features(face))


def test_squeezenet_tells_pictures_apart_by_what_they_show(judge):
    noise, other = pictures(2, 96)[:1], pictures(2, 96)[1:]
    stripes = (torch.arange(96) // 8 % 2).float().expand(1, 3, 96, 96)
    a, b, c = (judge.features(picture) for picture in (noise, other, stripes))
    assert (a - c).norm() > 3 * (a - b).norm()


def test_its_lpips_is_the_content_losss(judge):
    a, b = pictures(2), pictures(2).flip(-1)
    distance = perceptual.lpips_distance(perceptual.load_squeezenet())
    torch.testing.assert_close(judge.distance(a, b), distance(a, b))


def test_without_any_network_the_error_says_how_to_get_one(no_standard, monkeypatch):
    monkeypatch.setitem(sys.modules, "lpips", None)
    with pytest.raises(ValueError, match="LPIPS needs the packages lpips and torchvision .* pip"):
        load_judge()
