"""The thin-plate spline's kernel, r² log r, and weighted sums of it over many centres.

The sum is what a spline's evaluation costs: it is one matrix product, done in blocks, so that
nothing of size points x centres is ever held, not for the gradient either.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

CPU_BLOCK = 1 << 18  # kernel values at a time: a block fits a processor's cache
GPU_BLOCK = 1 << 24  # large enough that a GPU isn't kept waiting; 64 MB in float32


def kernel(squared: Tensor) -> Tensor:
    """r² log r, given r²; differentiable, also where r is 0."""
    return 0.5 * squared * squared.clamp_min(_floor(squared)).log()


def kernel_sum(points: Tensor, centres: Tensor, weights: Tensor) -> Tensor:
    """The sum over the centres (b, n, 2) of their weights (b, n, 2) times r² log r: (b, m, 2).

    r is the distance of a point (b, m, 2) from the centre. Differentiable, once, in all three;
    the backward pass computes the kernel once more, which is cheaper than to keep it.
    """
    return _KernelSum.apply(points, centres, weights)


def _floor(squared: Tensor) -> float:
    """The least r² of which a logarithm is taken: with it value and slope are 0 at a centre."""
    return torch.finfo(squared.dtype).tiny


def block_values(device: torch.device) -> int:
    """How many kernel values are held at a time."""
    return CPU_BLOCK if device.type == "cpu" else GPU_BLOCK


class _KernelSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, points: Tensor, centres: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(points, centres, weights)
        sums = torch.empty_like(points, memory_format=torch.contiguous_format)
        for rows in _blocks(points, centres):
            squared = _squared_distances(points[:, rows], centres)
            # Twice the kernel, in place: s log s = 2 r² log r.
            doubled = squared.clamp(min=_floor(squared)).log_().mul_(squared)
            sums[:, rows] = (weights.mT @ doubled).mT
        return sums.mul_(0.5)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient: Tensor):
        points, centres, weights = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        to_points = torch.zeros_like(points) if wanted[0] else None
        to_centres = torch.zeros_like(centres) if wanted[1] else None
        to_weights = torch.zeros_like(weights) if wanted[2] else None
        for rows in _blocks(points, centres):
            block, pull = points[:, rows], gradient[:, rows]
            squared = _squared_distances(block, centres)
            log = squared.clamp(min=_floor(squared)).log_()
            if wanted[2]:
                to_weights += 0.5 * (squared * log) @ pull
            if wanted[0] or wanted[1]:
                # d(s log s / 2) / dp = (log s + 1) (p − c), and the opposite for c.
                slope = log.add_(1).mul_(weights @ pull.mT)  # (b, n, m)
            if wanted[0]:
                to_points[:, rows] = slope.sum(1)[..., None] * block - slope.mT @ centres
            if wanted[1]:
                to_centres += slope.sum(2)[..., None] * centres - slope @ block
        return to_points, to_centres, to_weights


def _blocks(points: Tensor, centres: Tensor) -> list[slice]:
    """Slices of the points, each for as many kernel values as are held at a time."""
    step = max(1, block_values(points.device) // max(1, len(centres) * centres.shape[1]))
    return [slice(start, start + step) for start in range(0, points.shape[1], step)]


def _squared_distances(points: Tensor, centres: Tensor) -> Tensor:
    """r² between centres (b, n, 2) and points (b, m, 2): (b, n, m).

    From differences: as a matrix product it would be inexact near a centre.
    """
    x, y = points.unbind(-1)
    squared = (x[:, None].contiguous() - centres[..., 0, None]).square_()
    across = y[:, None].contiguous() - centres[..., 1, None]
    return squared.addcmul_(across, across)
