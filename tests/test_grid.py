import pytest
import torch

from tps_portrait.tps_core.geometry import grid as module
from tps_portrait.tps_core.geometry.grid import TOLERANCE_PX, first_stride, spline_grid
from tps_portrait.tps_core.geometry.pixels import pixel_centres
from tps_portrait.tps_core.geometry.spline import fit, with_border_anchors
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


def off_px(grid, other):
    """The distances in pixels between what two grids (b, h, w, 2) read: (b, h, w)."""
    half_px = torch.tensor([grid.shape[2], grid.shape[1]]) / 2
    return ((grid - other) * half_px).norm(dim=-1)


@pytest.fixture
def strides(monkeypatch):
    """The strides that were tried."""
    tried, interpolated = [], module._interpolated

    def spy(spline, size, span, stride):
        tried.append(stride)
        return interpolated(spline, size, span, stride)

    monkeypatch.setattr(module, "_interpolated", spy)
    return tried


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("points", [FACE, 0.5 * mean_face("mediapipe-478").double()[None, ::4]])
def test_grids_lie_near_scipys_spline(points, dtype, strides):
    from scipy.interpolate import RBFInterpolator

    size, target = (384, 320), moved(points, noise=1e-3)
    spline = fit(points.to(dtype), target.to(dtype))
    grid = spline_grid(spline, size)
    assert strides == [2]
    oracle = RBFInterpolator(points[0].numpy(), target[0].numpy(), kernel="thin_plate_spline")
    places = pixel_centres(size, like=points)[::3, ::2]
    expected = torch.from_numpy(oracle(places.reshape(-1, 2).numpy())).view_as(places)
    off = ((grid[0, ::3, ::2] - expected) * torch.tensor([160, 192])).norm(dim=-1)
    assert off.max() < TOLERANCE_PX
    assert off.quantile(0.99) < 0.05


@pytest.mark.parametrize("noise", [0.0, 1e-3, 1e-2, 1e-1])
@pytest.mark.parametrize(("size", "extent"), [((128, 128), SQUARE), ((90, 150), (1.0, 0.6))])
def test_no_pixel_is_farther_off_than_is_allowed(size, extent, noise):
    source = FACE * torch.tensor(extent)
    spline = fit(source, moved(source, noise=noise))
    off = off_px(spline_grid(spline, size, extent), exact(spline, size, extent))
    assert off.max() <= TOLERANCE_PX
    assert off.flatten().quantile(0.99) < 0.1 * TOLERANCE_PX


def test_maps_too_rough_are_evaluated_at_every_pixel(strides):
    spline = fit(FACE, moved(FACE, noise=0.1))
    grid = spline_grid(spline, (600, 520))
    assert strides == [4, 2]
    assert torch.equal(grid, exact(spline, (600, 520)))


def test_two_points_close_together_that_part_make_the_grid_finer(strides):
    source = torch.cat([FACE, FACE[:, :1] + 1e-3], 1)
    calm, torn = moved(source), moved(source)
    torn[:, -1] += 2e-2
    for target in (calm, torn):
        spline_grid(fit(source, target), (512, 512))
    assert strides[0] == strides[1] == 4
    assert len(strides) > 2


@pytest.mark.parametrize(
    ("size", "stride"),
    [((63, 900), 1), ((64, 64), 2), ((256, 200), 2), ((512, 512), 4), ((1080, 2048), 8)],
)
def test_the_larger_the_picture_the_farther_apart_the_knots(size, stride):
    assert first_stride(size) == stride


def test_small_feature_maps_are_exact():
    spline = fit(FACE, moved(FACE))
    assert torch.equal(spline_grid(spline, (16, 16)), exact(spline, (16, 16)))


def test_pictures_of_a_batch_are_read_as_each_alone():
    targets = [moved(FACE, noise=noise) for noise in (0.0, 0.2, 1e-3)]
    grid = spline_grid(fit(FACE.expand(3, -1, -1), torch.cat(targets)), (200, 136))
    for own, target in zip(grid, targets, strict=True):
        alone = spline_grid(fit(FACE, target), (200, 136))
        assert off_px(own[None], alone).max() <= TOLERANCE_PX


def test_gradients_flow_through_an_interpolated_grid(monkeypatch, strides):
    monkeypatch.setattr(module, "SMALL_PX", 40)
    source = FACE[:, ::9].clone().requires_grad_()
    target = moved(source.detach()).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda *points: spline_grid(fit(*points), (40, 40))[:, ::7, ::7],
        (source, target),
        atol=1e-5,
    )
    assert set(strides) == {2}


def test_a_grid_made_without_gradients_leaves_nothing_behind_that_hinders_them():
    with torch.inference_mode():
        spline_grid(fit(FACE, moved(FACE)), (128, 128))
    target = moved(FACE).requires_grad_()
    spline_grid(fit(FACE, target), (128, 128)).sum().backward()
    assert target.grad.isfinite().all()
