"""Distances between two sets of pictures, each given by its features (n, d). Statistics only.

Both compare whole sets, so they see style and not whose face it is. Neither knows the network that
the features come from: figures of different networks can't be compared.
"""

import torch
from torch import Tensor

FEWEST_PICTURES = 2  # pictures in a set, for its spread to be known


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The squared Fréchet distance between Gaussians fitted to the features (n, d) and (m, d).

    Biased: sets of few pictures are found apart even when they are of one kind.
    Source: Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017.
    Raises ValueError for fewer than two pictures.
    """
    _check(a, b)
    a, b = a.double(), b.double()
    shift = (a.mean(0) - b.mean(0)).square().sum()
    x, y = _root(a), _root(b)
    # The covariances are x'x and y'y, so the trace of the root of their product is the sum of the
    # singular values of x y': no d × d matrix has to be rooted, and few pictures do no harm.
    overlap = torch.linalg.svdvals(x @ y.T).sum()
    spread = x.square().sum() + y.square().sum() - 2 * overlap
    return max(0.0, float(shift + spread))


def kernel_distance(a: Tensor, b: Tensor) -> tuple[float, float]:
    """The squared kernel distance (KID) of the features (n, d) and (m, d), and its standard error.

    Plain, not times 1000. Unbiased: around 0, and as often below, for sets of one kind, however
    small. The error is the jackknife's over the pictures of both sets.
    Source: Binkowski et al., "Demystifying MMD GANs", 2018, with its cubic kernel.
    Raises ValueError for fewer than two pictures.
    """
    _check(a, b)
    a, b = a.double(), b.double()
    own, other, across = _kernel(a, a), _kernel(b, b), _kernel(a, b)
    own.fill_diagonal_(0)
    other.fill_diagonal_(0)
    n, m = len(a), len(b)
    value = own.sum() / (n * (n - 1)) + other.sum() / (m * (m - 1)) - 2 * across.mean()
    variance = _jackknife(own, across) + _jackknife(other, across.T)
    return float(value), float(variance.sqrt())


def half_distance(features: Tensor, splits: int = 8, seed: int = 0) -> float:
    """The mean Fréchet distance between two random halves of the features (n, d).

    It would be 0 but for the bias of small sets. Raises ValueError for fewer than four pictures.
    """
    generator = torch.Generator().manual_seed(seed)
    half = len(features) // 2
    distances = []
    for _ in range(splits):
        order = torch.randperm(len(features), generator=generator)
        distances.append(frechet_distance(features[order[:half]], features[order[half : 2 * half]]))
    return sum(distances) / splits


def _check(a: Tensor, b: Tensor) -> None:
    if min(len(a), len(b)) < FEWEST_PICTURES:
        raise ValueError(
            f"sets of {len(a)} and {len(b)} pictures can't be compared; at least "
            f"{FEWEST_PICTURES} are needed in each, and the figures say something from about 30"
        )


def _root(features: Tensor) -> Tensor:
    """A matrix (min(n, d), d) that times itself, transposed, is the covariance."""
    centred = (features - features.mean(0)) / (len(features) - 1) ** 0.5
    return torch.linalg.qr(centred, mode="r").R


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """The cubic kernel of all pairs: (n, m)."""
    return (a @ b.T / a.shape[1] + 1) ** 3


def _jackknife(own: Tensor, across: Tensor) -> Tensor:
    """The variance that the kernel distance has by the choice of one set's n pictures.

    `own` (n, n) is the set's kernel with an empty diagonal, `across` (n, m) that to the other set.
    """
    n = len(own)
    if n <= FEWEST_PICTURES:
        return own.new_tensor(torch.nan)  # without one of two pictures there is no distance
    # Both terms of the distance, each time without one picture.
    within = (own.sum() - 2 * own.sum(1)) / ((n - 1) * (n - 2))
    between = (across.sum() - across.sum(1)) / ((n - 1) * across.shape[1])
    left_out = within - 2 * between
    return (left_out - left_out.mean()).square().sum() * (n - 1) / n
