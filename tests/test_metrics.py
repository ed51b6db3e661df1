import numpy as np
import pytest
import torch

from tps_portrait.training.measure.metrics import frechet_distance, half_distance, kernel_distance


def features(count, width=8, seed=0, shift=0.0, scale=1.0):
    """Features (count, width), correlated, from a seed."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=torch.Generator().manual_seed(99))
    return scale * torch.randn(count, width, generator=generator) @ mix + shift


@pytest.mark.parametrize(
    ("n", "m", "width"), [(60, 50, 8), (200, 30, 4), (40, 40, 12)], ids=["some", "uneven", "wide"]
)
def test_the_frechet_distance_is_that_of_scipys_matrix_root(n, m, width):
    from scipy.linalg import sqrtm

    a, b = features(n, width), features(m, width, seed=1, shift=0.5, scale=1.4)
    x, y = a.double().numpy(), b.double().numpy()
    covariances = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(sum(covariances) - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_the_frechet_distance_of_fewer_pictures_than_features_is_right_too():
    a, b = features(6, 40), features(9, 40, seed=1, scale=2)
    x, y = (f.double() - f.double().mean(0) for f in (a, b))
    ca, cb = x.T @ x / 5, y.T @ y / 8
    # The root of the singular ca by its eigenvectors, then the trace of the root of ca½ cb ca½.
    values, vectors = torch.linalg.eigh(ca)
    half = vectors * values.clamp(min=0).sqrt() @ vectors.T
    overlap = torch.linalg.eigvalsh(half @ cb @ half).clamp(min=0).sqrt().sum()
    shift = (a.double().mean(0) - b.double().mean(0)).square().sum()
    expected = shift + ca.trace() + cb.trace() - 2 * overlap
    assert frechet_distance(a, b) == pytest.approx(float(expected), rel=1e-4)


def test_the_frechet_distance_of_known_gaussians_is_found():
    """Of N(0, 1) and N(3, 4) in each of 2 dimensions: 2 · (3² + (2 − 1)²)."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(50_000, 2, generator=generator)
    b = 2 * torch.randn(50_000, 2, generator=generator) + 3
    assert frechet_distance(a, b) == pytest.approx(20, rel=0.02)


@pytest.mark.parametrize("count", [5, 100])
def test_a_set_has_no_frechet_distance_to_itself(count):
    a = features(count, 32)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6 * float(a.square().sum()))


def test_the_kernel_distance_is_that_of_an_explicit_double_loop():
    a, b = features(7), features(5, seed=1, shift=0.3)

    def kernel(x, y):
        return (float(x.double() @ y.double()) / 8 + 1) ** 3

    own = [kernel(x, y) for i, x in enumerate(a) for j, y in enumerate(a) if i != j]
    other = [kernel(x, y) for i, x in enumerate(b) for j, y in enumerate(b) if i != j]
    across = [kernel(x, y) for x in a for y in b]
    expected = np.mean(own) + np.mean(other) - 2 * np.mean(across)
    assert kernel_distance(a, b)[0] == pytest.approx(expected, rel=1e-9)


def test_the_kernel_distances_error_is_the_jackknifes():
    a, b = features(7), features(5, seed=1, shift=0.3)
    variance = 0
    for whole, without in (
        (a, lambda rest: kernel_distance(rest, b)[0]),
        (b, lambda rest: kernel_distance(a, rest)[0]),
    ):
        n = len(whole)
        values = [without(torch.cat([whole[:i], whole[i + 1 :]])) for i in range(n)]
        variance += (n - 1) / n * np.square(np.array(values) - np.mean(values)).sum()
    assert kernel_distance(a, b)[1] == pytest.approx(variance**0.5, rel=1e-6)


def test_small_sets_of_one_kind_have_a_kernel_distance_around_0_and_the_error_says_how_far():
    values, errors = zip(
        *(
            kernel_distance(features(20, seed=2 * s) / 3, features(30, seed=2 * s + 1) / 3)
            for s in range(200)
        ),
        strict=True,
    )
    spread = np.std(values)
    assert abs(np.mean(values)) < 3 * spread / 200**0.5
    assert 0.5 * spread < np.mean(errors) < 2 * spread


def test_small_sets_of_one_kind_have_a_frechet_distance_and_halving_shows_it():
    few, many = features(20, 16), features(2000, 16)
    assert half_distance(few) > 5 * half_distance(many)
    assert half_distance(few) == half_distance(few)  # its splits come from a seed


def test_both_grow_with_the_difference():
    a = features(50)
    near, far = features(50, seed=1, shift=0.5), features(50, seed=1, shift=2)
    assert frechet_distance(a, near) < frechet_distance(a, far)
    assert kernel_distance(a, near)[0] < kernel_distance(a, far)[0]


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_a_single_picture_is_no_set(distance):
    with pytest.raises(ValueError, match="sets of 1 and 9 pictures can't be compared; at least 2"):
        distance(features(1), features(9))


def test_two_pictures_have_a_kernel_distance_of_unknown_error():
    value, error = kernel_distance(features(2), features(9))
    assert np.isfinite(value)
    assert np.isnan(error)
