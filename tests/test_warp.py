import pytest
import torch

from tps_portrait.tps_core.geometry.pixels import pixel_centres, sample
from tps_portrait.tps_core.geometry.spline import with_border_anchors
from tps_portrait.tps_core.geometry.warp import stretching, warp_image


def spots(size, points):
    """A picture (1, 1, s, s) with a soft white spot at each of the points (n, 2) in −1…1."""
    centres = pixel_centres((size, size), like=points)
    squared = (centres[:, :, None] - points).square().sum(-1)
    return (-squared * 300).exp().amax(-1)[None, None]


def brightest(picture, near, radius=0.15):
    """The centre of brightness of the picture (1, 1, s, s) around a point."""
    centres = pixel_centres(picture.shape[-2:], like=picture)
    weight = picture[0, 0] * ((centres - near).norm(dim=-1) < radius)
    return (centres * weight[..., None]).sum((0, 1)) / weight.sum()


SOURCE = torch.tensor([[-0.5, -0.4], [0.5, -0.4], [0.0, 0.1], [-0.3, 0.5], [0.3, 0.5]])
TARGET = SOURCE + torch.tensor([[0.1, 0], [-0.05, 0.1], [0, -0.1], [0.1, 0.1], [0, 0.05]])


def test_what_lies_at_source_comes_to_lie_at_target():
    picture = spots(96, SOURCE)
    warped = warp_image(picture, SOURCE[None], TARGET[None])
    for target in TARGET:
        assert (brightest(warped, target) - target).norm() < 0.02


def test_feature_maps_of_any_width_are_warped_like_pictures():
    picture = spots(32, SOURCE)
    features = torch.cat([picture, 1 - picture, picture * 5], 1)
    warped = warp_image(features, SOURCE[None], TARGET[None])
    single = warp_image(picture, SOURCE[None], TARGET[None])
    torch.testing.assert_close(warped, torch.cat([single, 1 - single, single * 5], 1))


def test_the_identity_leaves_the_picture_as_it_is():
    picture = torch.rand(2, 3, 33, 47, generator=torch.Generator().manual_seed(0))
    points = SOURCE.expand(2, -1, -1)
    torch.testing.assert_close(warp_image(picture, points, points), picture, atol=1e-4, rtol=0)


def test_border_anchors_hold_the_frame():
    source, target = (with_border_anchors(p[None]) for p in (SOURCE, TARGET))
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    warped = warp_image(picture, source, target)
    corners = (0, 0), (0, -1), (-1, 0), (-1, -1)
    for y, x in corners:
        torch.testing.assert_close(warped[..., y, x], picture[..., y, x], atol=0.05, rtol=0)


@pytest.mark.parametrize("padding", ["border", "reflection", "zeros"])
def test_outside_is_filled_as_asked(padding):
    picture = torch.ones(1, 1, 8, 8)
    outside = sample(picture, torch.full((1, 1, 1, 2), 1.5), padding)
    assert float(outside) == (0.0 if padding == "zeros" else 1.0)


def test_an_empty_batch_stays_empty():
    points = torch.zeros(0, 5, 2)
    assert warp_image(torch.zeros(0, 3, 64, 48), points, points).shape == (0, 3, 64, 48)


def test_gradients_reach_the_picture_and_the_points():
    picture = spots(16, SOURCE).requires_grad_()
    source = SOURCE[None].clone().requires_grad_()
    warp_image(picture, source, TARGET[None]).square().sum().backward()
    assert picture.grad.abs().sum() > 0
    assert source.grad.abs().sum() > 0


def test_stretching_is_one_where_pixels_only_move():
    turned = pixel_centres((16, 16), like=torch.zeros(1))[None].flip(-1) * torch.tensor([1, -1])
    torch.testing.assert_close(stretching(0.5 * turned + 0.1), torch.ones(1, 1, 16, 16))


def test_stretching_tells_what_is_pulled_wide_and_what_folds():
    grid = pixel_centres((32, 32), like=torch.zeros(1))[None].clone()
    grid[:, :, 20:, 0] = grid[:, :, 20:21, 0] + (grid[:, :, 20:, 0] - grid[:, :, 20:21, 0]) / 4
    wide = stretching(grid)
    torch.testing.assert_close(wide[..., :18], torch.ones(1, 1, 32, 18))
    torch.testing.assert_close(wide[..., 22:], torch.full((1, 1, 32, 10), 4.0), rtol=1e-3, atol=0)
    grid[:, :, 20:, 0] = grid[:, :, 20:21, 0] - (grid[:, :, 20:, 0] - grid[:, :, 20:21, 0])
    assert (stretching(grid)[..., 22:] < 0).all()
