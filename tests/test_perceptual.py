from pathlib import Path

import pytest
import torch

from tps_portrait.training import perceptual

MODELS = Path(__file__).parents[2] / "shared" / "data" / "models"


def pictures():
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def distance(monkeypatch):
    pytest.importorskip("lpips")
    if not (MODELS / perceptual.BACKBONE).is_file():
        pytest.skip("needs ../shared/data/models")
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(MODELS))
    return perceptual.lpips_distance(perceptual.load_squeezenet())


def test_it_is_zero_for_the_same_picture_and_grows_with_the_change(distance):
    a = pictures()
    blurred = torch.nn.functional.avg_pool2d(a, 3, 1, 1)
    very = torch.nn.functional.avg_pool2d(a, 9, 1, 4)
    assert distance(a, a).abs().max() == 0
    assert (distance(a, blurred) > 0).all()
    assert (distance(a, very) > distance(a, blurred)).all()


def test_structure_is_the_same_in_other_colours_and_another_in_disorder(distance, photo):
    network = perceptual.load_squeezenet()
    structure = perceptual.structure_distance(perceptual.feature_maps(network))
    a = torch.nn.functional.interpolate(photo[None], (128, 128), mode="area")
    recoloured = (0.2 + 0.7 * a[:, [2, 0, 1]]).clamp(0, 1)
    disordered = torch.cat([a[..., 64:], a[..., :64]], -1)
    assert structure(a, a).abs().max() < 1e-5
    assert structure(a, recoloured) < 0.5 * structure(a, disordered)


def test_the_caffe_files_input_convention_is_folded_into_its_first_layer():
    """BGR in 0…255 minus a mean, or RGB in 0…1 normalised: the first layer must say the same."""
    path = MODELS / perceptual.BACKBONE
    if not path.is_file():
        pytest.skip("needs ../shared/data/models")
    import numpy as np

    raw = {n: torch.from_numpy(v) for n, v in np.load(path).items() if n.startswith("features.0.")}
    folded = perceptual._from_caffe(path)
    picture = pictures()
    caffe = 255 * picture.flip(1) - perceptual.BGR_MEAN[:, None, None]
    torchvision = (picture - perceptual.RGB_MEAN[:, None, None]) / (
        perceptual.RGB_SPREAD[:, None, None]
    )
    expected, found = (
        torch.nn.functional.conv2d(x, w["features.0.weight"], w["features.0.bias"])
        for x, w in ((caffe, raw), (torchvision, folded))
    )
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)


def test_gradients_flow_to_the_picture_and_not_to_the_network(distance):
    a, b = pictures().requires_grad_(), pictures().flip(-1)
    distance(a, b).sum().backward()
    assert a.grad.abs().sum() > 0


def test_without_a_backbone_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    pytest.importorskip("lpips")
    monkeypatch.setattr(perceptual, "find_model", lambda name: None)

    def fail(*arguments, **options):
        raise OSError("no internet")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", fail)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", fail)
    with pytest.raises(ValueError, match=r"squeezenet1.1.*npz into "):
        perceptual.load_squeezenet()


def test_without_the_package_the_error_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lpips", None)
    with pytest.raises(ValueError, match="pip install lpips"):
        perceptual.load_squeezenet()
