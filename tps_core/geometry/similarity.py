"""Similarities of the plane: turned, scaled and shifted, never reflected."""

import torch
from torch import Tensor


def fit_similarity(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Rotation times scale (2, 2) and shift (2,) that best take source (n, 2) to target (n, 2).

    Least squares, without reflection: target ≈ source @ linear.T + shift.
    Source: Umeyama, "Least-squares estimation of transformation parameters", 1991; in the plane
    the rotation is the phase of one complex number.
    """
    a, b = source - source.mean(0), target - target.mean(0)
    total = a.square().sum()
    cosine = (a * b).sum() / total  # scale included
    sine = (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum() / total
    linear = torch.stack([torch.stack([cosine, -sine]), torch.stack([sine, cosine])])
    return linear, target.mean(0) - linear @ source.mean(0)


def rotation(angle: float) -> Tensor:
    """The rotation (2, 2) by an angle in radians."""
    turn = torch.tensor(angle)
    return torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()]).view(2, 2)
