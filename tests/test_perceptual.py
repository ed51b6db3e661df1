import hashlib
import io
import os
from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from tps_portrait.tps_core import folders
from tps_portrait.training.measure import perceptual

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


def test_what_was_looked_at_once_gives_the_same_distance_and_maps(distance):
    network = perceptual.load_squeezenet()
    eye, a = perceptual.Eye(network), pictures()
    b = a.flip(-1)
    seen = eye.look(a)
    torch.testing.assert_close(eye.distance(seen, eye.look(b)), distance(a, b))
    for x, y in zip(eye.maps(seen), perceptual.feature_maps(network)(a), strict=True):
        assert torch.equal(x, y)


def test_feature_maps_are_of_one_length_at_each_place(distance):
    """As in LPIPS; else the strongest channels would be all that a discriminator sees."""
    maps = perceptual.feature_maps(perceptual.load_squeezenet())(pictures())
    assert [x.shape[1] for x in maps] == [128, 256, 384]
    for x in maps:
        length = x.square().mean(1)
        torch.testing.assert_close(length, torch.ones_like(length), atol=1e-3, rtol=0)


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

    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    with pytest.raises(ValueError, match=r"squeezenet1.1.*npz into "):
        perceptual.load_squeezenet()


def test_without_the_package_the_error_names_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lpips", None)
    with pytest.raises(ValueError, match="pip install lpips"):
        perceptual.load_squeezenet()


class Planted:
    """What runs a command in whoever unpickles it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.fixture
def empty_home(monkeypatch, tmp_path):
    """No weights anywhere, and a download cache of our own."""
    pytest.importorskip("lpips")
    monkeypatch.setattr(folders, "_host_folders", [])
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path / "hub"))
    (tmp_path / "hub" / "checkpoints").mkdir(parents=True)
    return tmp_path


def torchvisions_file(content):
    """Its bytes, and what their hash begins with."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue(), hashlib.sha256(file.getvalue()).hexdigest()[:8]


def test_a_planted_download_is_refused_by_its_hash(empty_home):
    planted, _ = torchvisions_file({"features.0.weight": Planted(empty_home / "run")})
    cached = empty_home / "hub" / "checkpoints" / perceptual.TORCHVISION.rpartition("/")[2]
    cached.write_bytes(planted)
    with pytest.raises(ValueError, match=r"b8a52dc0.pth: not torchvision's file"):
        perceptual.load_squeezenet()
    assert not (empty_home / "run").exists()


def test_a_planted_download_of_the_right_hash_runs_nothing(empty_home, monkeypatch):
    planted, digest = torchvisions_file({"features.0.weight": Planted(empty_home / "run")})
    monkeypatch.setattr(perceptual, "SHA256", digest)
    (empty_home / "a.pth").write_bytes(planted)
    with pytest.raises(ValueError, match=r"a.pth: damaged"):
        perceptual.read_torchvision(empty_home / "a.pth")
    assert not (empty_home / "run").exists()


def test_what_was_fetched_is_kept_as_safetensors_and_the_download_is_not_read_again(
    empty_home, monkeypatch
):
    import torchvision

    features = torchvision.models.squeezenet1_1().state_dict()
    content, digest = torchvisions_file(features)
    monkeypatch.setattr(perceptual, "SHA256", digest)

    def download(url, target, prefix, progress):
        assert (url, prefix) == (perceptual.TORCHVISION, digest)
        Path(target).write_bytes(content)

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    first = perceptual.load_squeezenet()
    assert [p.name for p in (empty_home / "home").iterdir()] == [perceptual.KEPT]
    monkeypatch.setattr("torch.hub.download_url_to_file", None)
    again = perceptual.load_squeezenet()
    weight = features["features.0.weight"]
    for network in (first, again):
        torch.testing.assert_close(next(network.net.parameters()).detach(), weight)


@pytest.mark.parametrize("content", [b"", b"PK", b"\x93NUMPY" + bytes(80)])
def test_a_damaged_npz_is_refused_by_name(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a.npz: damaged"):
        perceptual._from_caffe(tmp_path / "a.npz")


def test_torch_takes_only_weights_while_other_packages_load(monkeypatch, tmp_path):
    (tmp_path / "a.pth").write_bytes(torchvisions_file(Planted(tmp_path / "run"))[0])
    with perceptual.weights_only(), pytest.raises(UnpicklingError):
        torch.load(tmp_path / "a.pth", weights_only=False)
    assert not (tmp_path / "run").exists()
    assert perceptual.ONLY_WEIGHTS not in os.environ
