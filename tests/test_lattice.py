from itertools import product

import pytest
import torch
from scipy.interpolate import RBFInterpolator

from tps_portrait.tps_core.geometry.coarse_grid import interpolated
from tps_portrait.tps_core.geometry.kernel_sum import kernel
from tps_portrait.tps_core.geometry.lattice import (
    BEND,
    PEAK,
    REACHES,
    STRIDES,
    TOLERANCE_PX,
    Lattice,
    choose,
    error_bound_px,
)
from tps_portrait.tps_core.geometry.spline import Spline, fit
from tps_portrait.tps_core.geometry.warp import pixel_centres, spline_grid, with_border_anchors
from tps_portrait.tps_core.landmarks import mean_face

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
        made = interpolated(spline, size, extent, Lattice(stride)) * torch.tensor(extent)
        squared = (places - centre[0]).square().sum(-1)
        error = (made[0, :, :, 0] - kernel(squared)).abs()
        worst = max(worst, float((error / (PEAK / (1 + squared / BEND**2) ** 2)).max()))
    assert 0.5 < worst <= 1


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2])
@pytest.mark.parametrize(("size", "extent"), [((128, 128), SQUARE), ((90, 150), (1.0, 0.6))])
def test_the_error_never_exceeds_the_bound(size, extent, noise, reach):
    source = FACE * torch.tensor(extent)
    spline = fit(source, moved(source, noise=noise))
    for stride in STRIDES:
        lattice = Lattice(stride, reach)
        grid = interpolated(spline, size, extent, lattice)
        bound = error_bound_px(spline, size, extent, lattice)
        assert farthest_px(grid, exact(spline, size, extent)) < bound


def test_the_error_never_exceeds_the_bound_where_pixels_are_narrower_than_high():
    spline = fit(FACE, moved(FACE, noise=0.01))
    for lattice in (Lattice(4), Lattice(4, 2), Lattice(8, 5)):
        grid = interpolated(spline, (96, 240), SQUARE, lattice)
        bound = error_bound_px(spline, (96, 240), SQUARE, lattice)
        assert farthest_px(grid, exact(spline, (96, 240))) < bound


def test_around_a_centre_its_own_error_is_gone():
    """One centre alone: within its reach the grid is exact, at the edge of the picture too."""
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    for place in ([0.1, -0.2], [-0.99, 0.97], [1.05, 0.0]):
        centre = torch.tensor([[place]], dtype=torch.float64)
        spline = Spline(centre, one.expand(1, 1, 2), 0 * one.expand(1, 3, 2), 0 * centre, one)
        grid = interpolated(spline, (96, 96), SQUARE, Lattice(6, 2))
        distance = (pixel_centres((96, 96), like=centre) - centre[0]).abs().amax(-1)
        near = distance < 2 * 6 * 2 / 96
        off = (grid - exact(spline, (96, 96)))[0].norm(dim=-1)
        assert off[near].max() < 1e-12 < off.max()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
@pytest.mark.parametrize("points", [FACE, 0.5 * mean_face("mediapipe-478").double()[None, ::4]])
def test_grids_lie_near_scipys_spline(points, noise, dtype):
    size, target = (384, 320), moved(points, noise=noise)
    spline = fit(points.to(dtype), target.to(dtype))
    (lattice,) = choose(spline, size)
    assert lattice.stride >= 3
    assert (lattice.reach > 0) == (noise > 0)
    oracle = RBFInterpolator(points[0].numpy(), target[0].numpy(), kernel="thin_plate_spline")
    places = pixel_centres(size, like=points)[::3, ::2]
    expected = torch.from_numpy(oracle(places.reshape(-1, 2).numpy())).view_as(places)
    off = (spline_grid(spline, size)[0, ::3, ::2] - expected) * torch.tensor([160, 192])
    assert off.norm(dim=-1).max() < TOLERANCE_PX


def test_maps_too_rough_for_any_lattice_are_evaluated_at_every_pixel():
    spline = fit(FACE, moved(FACE, noise=0.1))
    assert choose(spline, (128, 128)) == [Lattice()]
    assert torch.equal(spline_grid(spline, (128, 128)), exact(spline, (128, 128)))


def test_two_points_close_together_that_part_cost_more():
    source = torch.cat([FACE, FACE[:, :1] + 1e-3], 1)
    calm, torn = moved(source), moved(source)
    torn[:, -1] += 2e-3
    size = (512, 512)
    calm, torn = choose(fit(source.expand(2, -1, -1), torch.cat([calm, torn])), size)
    assert calm.cost(size) < torn.cost(size)


def test_of_a_larger_picture_a_smaller_share_is_evaluated():
    spline = fit(FACE, moved(FACE, noise=1e-3))
    shares = [choose(spline, (n, n))[0].cost((n, n)) / n**2 for n in (32, 128, 512, 2048)]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.02


def test_small_feature_maps_are_exact():
    spline = fit(FACE, moved(FACE))
    assert torch.equal(spline_grid(spline, (16, 16)), exact(spline, (16, 16)))


def test_each_picture_of_a_batch_is_treated_by_itself():
    targets = [moved(FACE, noise=noise) for noise in (0.0, 0.2, 1e-3, 0.2, 0.0)]
    size = (200, 136)
    together = fit(FACE.expand(5, -1, -1), torch.cat(targets))
    assert len(set(choose(together, size))) == 3
    grid = spline_grid(together, size)
    for i, target in enumerate(targets):
        torch.testing.assert_close(grid[i : i + 1], spline_grid(fit(FACE, target), size))
    assert (farthest_px(grid, exact(together, size)) < TOLERANCE_PX).all()


def test_gradients_flow_through_an_interpolated_grid():
    source = FACE[:, ::9].clone().requires_grad_()
    target = moved(source.detach()).requires_grad_()
    size = (40, 40)
    assert choose(fit(source, target), size)[0].stride > 1
    assert torch.autograd.gradcheck(
        lambda *points: spline_grid(fit(*points), size)[:, ::7, ::7], (source, target), atol=1e-5
    )


def test_no_error_is_taken_back_where_a_gradient_is_wanted():
    target = moved(FACE, noise=1e-3).requires_grad_()
    spline = fit(FACE, target)
    assert choose(spline, (256, 256))[0].reach == 0
    with torch.no_grad():
        assert choose(spline, (256, 256))[0].reach > 0


def test_a_grid_made_without_gradients_leaves_nothing_behind_that_hinders_them():
    with torch.inference_mode():
        spline_grid(fit(FACE, moved(FACE)), (128, 128))
    target = moved(FACE).requires_grad_()
    spline_grid(fit(FACE, target), (128, 128)).sum().backward()
    assert target.grad.isfinite().all()
