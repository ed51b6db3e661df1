"""Filters of pictures (c, h, w): Gaussian, box, guided filter, distribution, gradients."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


def luma(picture: Tensor) -> Tensor:
    """The luma (1, h, w) of the picture (3, h, w)."""
    weights = torch.tensor(LUMA, dtype=picture.dtype, device=picture.device)
    return (picture * weights[:, None, None]).sum(0, keepdim=True)


def gaussian(picture: Tensor, sigma_px: float) -> Tensor:
    """The picture (c, h, w) after a Gaussian; beyond the border its edge is repeated."""
    reach = math.ceil(3 * sigma_px)
    offsets = torch.arange(-reach, reach + 1).to(picture)
    kernel = torch.exp(-0.5 * (offsets / max(sigma_px, 1e-3)) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(picture[None], [reach] * 4, mode="replicate")[0][:, None]  # (c, 1, h, w)
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))[:, 0]


def box(picture: Tensor, radius: int) -> Tensor:
    """The mean of the square of 2 radius + 1 pixels around each pixel: (c, h, w)."""
    side = 2 * radius + 1
    padded = F.pad(picture[None], [radius] * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), 1), (1, side), 1)[0]


def guided(guide: Tensor, picture: Tensor, radius: int, epsilon: float) -> Tensor:
    """The picture (c, h, w) smoothed, with the edges of the guide (1, h, w).

    Around each pixel the picture is taken for a linear function of the guide.
    Source: He, Sun and Tang, "Guided Image Filtering", 2010.
    """
    mean_guide, mean = box(guide, radius), box(picture, radius)
    covariance = box(guide * picture, radius) - mean_guide * mean
    variance = box(guide * guide, radius) - mean_guide * mean_guide
    slope = covariance / (variance + epsilon)
    return box(slope, radius) * guide + box(mean - slope * mean_guide, radius)


def moments(values: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The weighted mean and standard deviation."""
    total = weights.sum()
    mean = (values * weights).sum() / total
    return mean, ((values - mean).square() * weights).sum().div(total).sqrt()


def with_distribution(values: Tensor, weights: Tensor, others: Tensor, others_weights: Tensor):
    """The values, in their order, with the weighted distribution of the others."""
    ordered, order = values.flatten().sort()
    below = weights.flatten()[order].cumsum(0)
    targets, target_order = others.flatten().sort()
    targets_below = others_weights.flatten()[target_order].cumsum(0)
    place = torch.searchsorted(targets_below / targets_below[-1], below / below[-1])
    found = torch.empty_like(ordered)
    found[order] = targets[place.clamp(max=len(targets) - 1)]
    return found.view_as(values)


def from_gradients(base: Tensor, along_x: Tensor, along_y: Tensor, weight: float) -> Tensor:
    """The picture nearest to gradients along x (c, h, w-1) and y (c, h-1, w), and to the base.

    Least squares; `weight` is that of the base (c, h, w). The picture is mirrored at its borders,
    so that the normal equations are diagonal in its Fourier transform.
    Source: Bhat et al., "Fourier Analysis of the 2D Screened Poisson Equation", 2008.
    """
    height, width = base.shape[-2:]
    divergence = torch.zeros_like(base)
    divergence[:, :, :-1] += along_x
    divergence[:, :, 1:] -= along_x
    divergence[:, :-1] += along_y
    divergence[:, 1:] -= along_y
    right = weight * base - divergence
    right = torch.cat([right, right.flip(-1)], -1)
    right = torch.cat([right, right.flip(-2)], -2)
    y = 2 - 2 * torch.cos(torch.pi * torch.arange(2 * height).to(base) / height)
    x = 2 - 2 * torch.cos(torch.pi * torch.arange(width + 1).to(base) / width)
    solved = torch.empty_like(base)
    for channel, into in zip(right, solved, strict=True):  # Cancel waits for no more than one
        spectrum = torch.fft.rfft2(channel) / (weight + y[:, None] + x)
        into.copy_(torch.fft.irfft2(spectrum, s=(2 * height, 2 * width))[:height, :width])
    return solved
