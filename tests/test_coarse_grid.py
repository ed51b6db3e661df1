from itertools import product

import pytest
import torch
from scipy.interpolate import RBFInterpolator

from tps_portrait.tps_core.coarse_grid import (
    PEAK,
    REACH,
    STRIDES,
    TOLERANCE_PX,
    error_bound_px,
    interpolated,
    strides,
)
from tps_portrait.tps_core.kernel_sum import kernel
from tps_portrait.tps_core.landmarks import mean_face
from tps_portrait.tps_core.tps import Spline, fit
from tps_portrait.tps_core.warp import pixel_centres, spline_grid, with_border_anchors

SQUARE = (1.0, 1.0)
FACE = with_border_anchors(0.5 * mean_face("ibug-68").double()[None])


def moved(points, by=0.06, noise=0.0, seed=0):
    """The points moved smoothly, and then at random."""
    x, y = points.unbind(-1)
    smooth = torch.stack([(2.5 * y + 1).sin(), (2 * x + y).cos()], -1)
    random = torch.Generator().manual_seed(seed)
    return points + by * smooth + noise * torch.randn(points.shape, generator=random).to(points)


def exact(spline, size, extent=SQUARE):
    span = torch.tensor(extent).to(spline.centres)
    places = pixel_centres(size, like=spline.centres) * span
    return spline(places.reshape(1, -1, 2)).unflatten(1, size) / span


def farthest_px(grid, other):
    """The greatest distance in pixels between what two grids (b, h, w, 2) read: (b,)."""
    half_px = torch.tensor([grid.shape[2], grid.shape[1]]) / 2
    return ((grid - other) * half_px).norm(dim=-1).amax((1, 2))


@pytest.mark.parametrize("narrower", [1.0, 0.9, 0.75, 0.5, 0.2])
def test_no_place_of_centre_and_pixel_makes_a_greater_error_than_the_bound_says(narrower):
    """A search over lattices with knots 16 pixels apart, and `narrower` times closer along x."""
    stride, cells = 16, 16
    size, extent = (stride * cells, stride * cells), (narrower * cells / 2, cells / 2)
    places = pixel_centres(size, like=FACE) * torch.tensor(extent)
    worst = 0.0
    # Every place of the centre within a cell, by the lattice's symmetry half of the cell.
    for x, y in product(torch.linspace(0, 0.5, 9).tolist(), repeat=2):
        centre = torch.tensor([[[x * narrower, y]]], dtype=torch.float64)
        centre = centre + pixel_centres(size, like=FACE)[0, 0] * torch.tensor(extent) % 1
        one = torch.ones(1, 1, 1, dtype=torch.float64)
        spline = Spline(centre, one.expand(1, 1, 2), 0 * one.expand(1, 3, 2), 0 * centre, one)
        made = interpolated(spline, size, extent, stride) * torch.tensor(extent)
        squared = (places - centre[0]).square().sum(-1)
        error = (made[0, :, :, 0] - kernel(squared)).abs()
        worst = max(worst, float((error / (PEAK / (1 + squared / REACH**2) ** 2)).max()))
    assert 0.5 < worst <= 1


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize(("size", "extent"), [((128, 128), SQUARE), ((90, 150), (1.0, 0.6))])
def test_the_error_never_exceeds_the_bound(size, extent, noise):
    source = FACE * torch.tensor(extent)
    spline = fit(source, moved(source, noise=noise))
    for stride in STRIDES[1:]:
        bound = error_bound_px(spline, size, extent, torch.tensor([stride]))
        error = farthest_px(interpolated(spline, size, extent, stride), exact(spline, size, extent))
        assert error < bound


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("points", [FACE, 0.5 * mean_face("mediapipe-478").double()[None]])
def test_smooth_maps_are_interpolated_and_lie_near_scipys_spline(points, dtype):
    size, target = (384, 320), moved(points)
    spline = fit(points.to(dtype), target.to(dtype))
    assert strides(spline, size, SQUARE) >= 4
    oracle = RBFInterpolator(points[0].numpy(), target[0].numpy(), kernel="thin_plate_spline")
    places = pixel_centres(size, like=points)[::3, ::2]
    expected = torch.from_numpy(oracle(places.reshape(-1, 2).numpy())).view_as(places)
    off = (spline_grid(spline, size)[0, ::3, ::2] - expected) * torch.tensor([160, 192])
    assert off.norm(dim=-1).max() < TOLERANCE_PX


def test_rough_maps_are_evaluated_at_every_pixel():
    spline = fit(FACE, moved(FACE, noise=0.02))
    assert strides(spline, (256, 256), SQUARE) == 1
    assert torch.equal(spline_grid(spline, (256, 256)), exact(spline, (256, 256)))


def test_two_points_close_together_that_part_take_a_finer_grid():
    source = torch.cat([FACE, FACE[:, :1] + 1e-3], 1)
    calm, torn = moved(source), moved(source)
    torn[:, -1] += 2e-3
    chosen = strides(fit(source.expand(2, -1, -1), torch.cat([calm, torn])), (512, 512), SQUARE)
    assert chosen[0] > chosen[1]


def test_larger_pictures_of_the_same_map_have_wider_gaps_between_knots():
    spline = fit(FACE, moved(FACE))
    chosen = [int(strides(spline, (n, n), SQUARE)) for n in (32, 128, 512, 2048)]
    assert chosen == sorted(set(chosen))


def test_small_feature_maps_are_exact():
    spline = fit(FACE, moved(FACE))
    assert torch.equal(spline_grid(spline, (16, 16)), exact(spline, (16, 16)))


def test_each_picture_of_a_batch_is_treated_by_itself():
    targets = [moved(FACE, noise=noise) for noise in (0.0, 0.02, 1e-4, 0.02, 0.0)]
    sources = FACE.expand(5, -1, -1)
    together = fit(sources, torch.cat(targets))
    assert len(strides(together, (200, 136), SQUARE).unique()) == 3
    grid = spline_grid(together, (200, 136))
    for i, target in enumerate(targets):
        torch.testing.assert_close(grid[i : i + 1], spline_grid(fit(FACE, target), (200, 136)))
    assert (farthest_px(grid, exact(together, (200, 136))) < TOLERANCE_PX).all()


def test_gradients_flow_through_an_interpolated_grid():
    source = FACE[:, ::9].clone().requires_grad_()
    target = moved(source.detach()).requires_grad_()
    size = (40, 40)
    assert strides(fit(source, target), size, SQUARE) > 1
    assert torch.autograd.gradcheck(
        lambda *points: spline_grid(fit(*points), size)[:, ::7, ::7], (source, target), atol=1e-5
    )


def test_a_grid_made_without_gradients_leaves_nothing_behind_that_hinders_them():
    with torch.inference_mode():
        spline_grid(fit(FACE, moved(FACE)), (128, 128))
    target = moved(FACE).requires_grad_()
    spline_grid(fit(FACE, target), (128, 128)).sum().backward()
    assert target.grad.isfinite().all()
