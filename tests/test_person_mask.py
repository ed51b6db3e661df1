"""The person mask: the same network as MediaPipe's, and edges that are the photo's."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from tps_portrait.tps_core.detectors import person_mask as module
from tps_portrait.tps_core.detectors.mesh_network import load_networks
from tps_portrait.tps_core.detectors.person_mask import (
    FILE,
    KIND,
    _solve,
    fitted_to_edges,
    person_mask,
)
from tps_portrait.tps_core.pictures import to_tensor

# What LiteRT makes of the same file and the same 256 pixels.
EXPECTED = Path(__file__).parent / "data" / "astronaut_person.png"


@pytest.fixture(scope="module")
def picture(portrait):
    return to_tensor(portrait)


def test_the_network_sees_what_the_original_sees(picture):
    network = load_networks(FILE, torch.device("cpu"), KIND)["person_mask"]
    with torch.no_grad():
        mask = network(F.avg_pool2d(picture[None], 2))[0][0, 0]
    expected = np.asarray(Image.open(EXPECTED), dtype=np.float32) / 255
    assert np.abs(mask.numpy() - expected).max() < 1 / 255


def test_the_person_is_in_the_mask_and_the_ground_is_not(picture):
    mask = person_mask(picture)
    assert mask.shape == (1, 512, 512)
    assert mask.min() == 0
    assert mask.max() == 1
    assert mask[0, 60:200, 190:260].mean() > 0.99  # the face
    assert mask[0, 20:160, 20:60].mean() < 0.01  # the flag behind


@pytest.mark.parametrize("shape", [(512, 150), (150, 512), (40, 40)])
def test_the_mask_has_the_pictures_shape_whatever_it_is(picture, shape):
    small = F.interpolate(picture[None], shape, mode="area")[0]
    mask = person_mask(small)
    assert mask.shape == (1, *shape)
    assert mask.isfinite().all()


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_where_nobody_is_the_mask_is_empty(level):
    assert not person_mask(torch.full((3, 64, 96), level)).any()


def test_a_photo_in_which_one_look_sees_nobody_is_looked_at_again(picture, monkeypatch):
    monkeypatch.setattr(module, "_stretched", lambda network, p: torch.zeros_like(p[:, :1]))
    half = (torch.arange(384) < 192).float().expand(1, 1, 384, -1)
    monkeypatch.setattr(module, "_squared", lambda network, p: half)
    mask = person_mask(picture)
    assert mask[0, :, :200].mean() > 0.9  # the look that saw nobody takes nothing away


def test_a_look_that_is_unsure_counts_little(picture, monkeypatch):
    levels = iter([1.0, 0.2])
    monkeypatch.setattr(module, "_stretched", lambda network, p: torch.full_like(p[:, :1], 0.2))
    monkeypatch.setattr(
        module, "_squared", lambda network, p: torch.full_like(p[:, :1], next(levels))
    )
    assert person_mask(picture).mean() > 0.99


def test_a_look_that_sees_a_spot_has_seen_nobody(picture, monkeypatch):
    spot = (torch.arange(384) < 8).float().expand(1, 1, 384, -1)
    monkeypatch.setattr(module, "_stretched", lambda network, p: spot)
    monkeypatch.setattr(module, "_squared", lambda network, p: 1 - spot)
    assert person_mask(picture)[..., 30:].mean() > 0.99


def test_one_look_that_is_sure_is_enough(picture, monkeypatch):
    half = (torch.arange(384) < 192).float().expand(1, 1, 384, -1)
    monkeypatch.setattr(module, "_stretched", lambda network, p: half)
    monkeypatch.setattr(module, "_squared", lambda network, p: pytest.fail("looked again"))
    assert person_mask(picture).any()


def test_a_faded_brown_photo_is_seen_as_a_new_one(picture):
    faded = 0.2 + 0.1 * picture.mean(0, keepdim=True) * torch.tensor([1, 0.6, 0.2])[:, None, None]
    new = module._retouched(faded[None])[0]
    assert new.amin() < 0.05
    assert new.amax() > 0.9
    assert new.mean() == pytest.approx(module.WANTED_LIGHT, abs=0.1)


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
def test_a_square_look_is_cut_back_to_the_picture(shape, monkeypatch):
    monkeypatch.setattr(module, "_stretched", lambda network, p: p[:, :1])
    tall = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(module._squared(None, tall), tall[:, :1])


def test_edges_finer_than_the_network_sees_are_in_the_mask(monkeypatch):
    picture = torch.zeros(3, 800, 800)
    picture[..., 405:] = torch.tensor([0.8, 0.3, 0.2])[:, None, None]
    rough = (torch.linspace(-1, 1, 384)[None, None, None] > 0).float().expand(-1, -1, 384, -1)
    monkeypatch.setattr(module, "_seen", lambda small: rough)
    steps = person_mask(picture)[0, 400].diff()
    assert steps.argmax() == 404
    assert steps[404] > 0.3


def test_the_edge_is_put_where_the_picture_has_it():
    picture = torch.zeros(1, 3, 60, 60)
    picture[..., 33:] = torch.tensor([0.8, 0.3, 0.2])[:, None, None]
    rough = torch.zeros(1, 1, 60, 60)
    rough[..., 30:] = 1  # three pixels off
    steps = fitted_to_edges(picture, rough, picture)[0, 0, 30].diff()
    assert steps.argmax() == 32  # between the pixels 32 and 33
    assert steps[32] > 0.4
    assert steps[29] < 0.1


def test_small_systems_are_solved_as_lapack_solves_them():
    generator = torch.Generator().manual_seed(0)
    root = torch.rand(1, 3, 3, 5, 7, generator=generator)
    matrix = torch.einsum("bijhw,bkjhw->bikhw", root, root) + 0.1 * torch.eye(3)[..., None, None]
    vector = torch.rand(1, 3, 5, 7, generator=generator)
    expected = torch.linalg.solve(matrix.permute(0, 3, 4, 1, 2), vector.permute(0, 2, 3, 1))
    assert (_solve(matrix, vector) - expected.permute(0, 3, 1, 2)).abs().max() < 1e-4
