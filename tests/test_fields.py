"""Filters: what they give, and against other people's."""

import numpy as np
import torch

from tps_portrait.tps_core.paint_like.fields import (
    box,
    from_gradients,
    gaussian,
    guided,
    moments,
    with_distribution,
)


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_a_gaussian_is_scipys():
    from scipy import ndimage

    picture = noise(3, 40, 30)
    expected = ndimage.gaussian_filter(picture.numpy(), (0, 2, 2), mode="nearest", truncate=3)
    assert np.allclose(gaussian(picture, 2.0).numpy(), expected, atol=1e-5)


def test_a_box_is_the_mean_of_its_square():
    from scipy import ndimage

    picture = noise(2, 20, 17)
    expected = ndimage.uniform_filter(picture.numpy(), (0, 5, 5), mode="nearest")
    assert np.allclose(box(picture, 2).numpy(), expected, atol=1e-5)


def test_a_guided_filter_keeps_the_guides_edge_and_smooths_beside_it():
    guide = torch.zeros(1, 32, 32)
    guide[..., 16:] = 1
    picture = guide.expand(3, -1, -1) * 0.5 + 0.2 * noise(3, 32, 32)
    smooth = guided(guide, picture, 4, 1e-3)
    assert smooth[..., :14].std() < 0.5 * picture[..., :14].std()
    step = smooth[..., 17].mean() - smooth[..., 14].mean()
    assert abs(step - 0.5) < 0.05


def test_a_guided_filter_gives_a_linear_function_of_the_guide_back():
    guide = noise(1, 24, 24)
    picture = torch.cat([0.3 * guide + 0.1, -0.2 * guide + 0.9])
    assert torch.allclose(guided(guide, picture, 3, 1e-6), picture, atol=1e-3)


def test_moments_are_weighted():
    values = torch.tensor([0.0, 1.0, 5.0])
    mean, spread = moments(values, torch.tensor([1.0, 3.0, 0.0]))
    assert torch.isclose(mean, torch.tensor(0.75))
    assert torch.isclose(spread, torch.tensor(0.1875).sqrt())


def test_a_distribution_is_taken_over_and_the_order_stays():
    values, others = noise(1, 30, 30), noise(1, 20, 50, seed=1) ** 3
    found = with_distribution(values, torch.ones_like(values), others, torch.ones_like(others))
    assert torch.equal(
        found.flatten()[values.flatten().argsort()].sort().values, found.flatten().sort().values
    )
    order = values.flatten().argsort()
    assert (found.flatten()[order].diff() >= 0).all()
    for share in (0.1, 0.5, 0.9):
        assert abs(found.quantile(share) - others.quantile(share)) < 0.02


def test_values_without_weight_dont_count_in_a_distribution():
    others = torch.tensor([[[0.0, 1.0]]]).repeat(1, 10, 5)
    weights = torch.ones_like(others)
    weights[others == 1] = 0
    values = noise(1, 10, 10)
    assert (with_distribution(values, torch.ones_like(values), others, weights) == 0).all()


def test_a_picture_comes_back_from_its_own_gradients():
    picture = noise(3, 25, 33)
    found = from_gradients(
        torch.full_like(picture, 0.5), picture.diff(dim=2), picture.diff(dim=1), 1e-6
    )
    moved = (picture - found).mean((1, 2), keepdim=True)  # the mean isn't in the gradients
    assert torch.allclose(found + moved, picture, atol=2e-3)


def test_gradients_and_base_are_weighed_as_least_squares_do():
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    height, width, weight = 6, 7, 0.3
    base, x, y = noise(1, 6, 7), noise(1, 6, 6, seed=1) - 0.5, noise(1, 5, 7, seed=2) - 0.5
    index = np.arange(height * width).reshape(height, width)
    rows, values = [], []
    for gradients, a, b in ((x, index[:, :-1], index[:, 1:]), (y, index[:-1], index[1:])):
        for i, j, value in zip(a.ravel(), b.ravel(), gradients.flatten().tolist(), strict=True):
            row = np.zeros(height * width)
            row[i], row[j] = -1, 1
            rows.append(row)
            values.append(value)
    a = sparse.csr_matrix(np.array(rows))
    left = a.T @ a + weight * sparse.eye(height * width)
    right = a.T @ np.array(values) + weight * base.flatten().double().numpy()
    expected = spsolve(left.tocsc(), right).reshape(height, width)
    assert np.allclose(from_gradients(base, x, y, weight)[0].numpy(), expected, atol=1e-4)
