"""Thin-plate splines: the smoothest maps of the plane that take given points to given points.

Convention: points are (x, y); a spline is fitted from `source` to `target` and, called with
points, moves them the same way. Units are those of the points (−1…1 everywhere in this package).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LEAST_SPACING = 1e-6  # nearest two source points may lie, as a share of the points' spread
LEAST_WIDTH = 1e-5  # least width of the point cloud across its main direction, the same share
CPU_BLOCK = 1 << 18  # kernel values at a time: a block fits a processor's cache
GPU_BLOCK = 1 << 24  # large enough that a GPU isn't kept waiting; 64 MB in float32


@dataclass(frozen=True)
class Spline:
    """A fitted spline; call it with points (b, m, 2) to have them moved."""

    centres: Tensor  # (b, n, 2) the source points, centred and scaled to unit spread
    weights: Tensor  # (b, n, 2) what each centre's kernel adds
    affine: Tensor  # (b, 3, 2) rows: constant, x, y
    origin: Tensor  # (b, 1, 2) mean of the source points
    spread: Tensor  # (b, 1, 1) root-mean-square distance of the source points from it

    def __call__(self, points: Tensor) -> Tensor:
        """The points (b, m, 2) or (m, 2) moved by the spline: (b, m, 2).

        Exact, differentiable in the points and in everything the spline was fitted from.
        """
        points = (points.expand(len(self.centres), -1, 2) - self.origin) / self.spread
        moved = torch.baddbmm(self.affine[:, :1], points, self.affine[:, 1:])
        return moved + kernel_sum(points, self.centres, self.weights)

    def rows(self, chosen: list[int]) -> "Spline":
        """The splines of the chosen pictures of the batch."""
        parts = (self.centres, self.weights, self.affine, self.origin, self.spread)
        return Spline(*(part[chosen] for part in parts))


def fit(source: Tensor, target: Tensor, stiffness: float = 0.0) -> Spline:
    """The spline that takes each `source` point (b, n, 2) to its `target` point (b, n, 2).

    `stiffness` 0 goes through every target exactly; more lets it miss them for a smoother map,
    in the limit an affine one. It is the λ of the textbook (and SciPy's `smoothing`), for points
    in the units they came in. Solved in float64, returned in the dtype of `source`.
    Source: Bookstein, "Principal Warps", 1989; Wahba, "Spline Models", 1990, for λ.

    Raises ValueError for fewer than three points, for two that coincide, and for points that all
    lie on one line: none of these determines a map of the plane.
    """
    if source.shape != target.shape or source.ndim != 3 or source.shape[-1] != 2:
        raise ValueError(
            f"a spline needs source and target points of the same shape (b, n, 2), "
            f"got {tuple(source.shape)} and {tuple(target.shape)}"
        )
    if stiffness < 0:
        raise ValueError(f"stiffness must be 0 or more, got {stiffness}")
    # Apple's GPU has no float64; the systems are small, so the CPU solves them.
    solver = torch.device("cpu") if source.device.type == "mps" else source.device
    points = source.to(solver, torch.float64)
    values = target.to(solver, torch.float64)

    origin = points.mean(1, keepdim=True)
    spread = (points - origin).square().sum(-1).mean(1).sqrt()[:, None, None]
    centres = (points - origin) / spread.clamp_min(1e-12)
    b, n, _ = centres.shape
    distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
    _refuse_degenerate(centres, distances.detach(), points)

    # Scaling the points by 1/spread scales the kernel by 1/spread² (and adds an affine part,
    # which the side conditions cancel), so λ is scaled with it.
    stiff = stiffness / spread.square() * torch.eye(n, dtype=points.dtype, device=solver)
    ones = torch.cat([torch.ones_like(centres[..., :1]), centres], -1)  # (b, n, 3)
    upper = torch.cat([kernel(distances.square()) + stiff, ones], -1)
    lower = torch.cat([ones.mT, torch.zeros(b, 3, 3, dtype=points.dtype, device=solver)], -1)
    wanted = torch.cat([values, torch.zeros(b, 3, 2, dtype=points.dtype, device=solver)], 1)
    solution = _solve(torch.cat([upper, lower], 1), wanted)

    parts = (centres, solution[:, :n], solution[:, n:], origin, spread)
    return Spline(*(part.to(source.device, source.dtype) for part in parts))


def with_border_anchors(points: Tensor) -> Tensor:
    """The points (b, n, 2) with the picture's 4 corners and 4 edge middles appended: (b, n+8, 2).

    Added to both source and target they hold the picture's frame still.
    """
    frame = [(x, y) for y in (-1, 0, 1) for x in (-1, 0, 1) if (x, y) != (0, 0)]
    anchors = torch.tensor(frame, dtype=points.dtype, device=points.device)
    return torch.cat([points, anchors.expand(len(points), -1, 2)], 1)


def _solve(systems: Tensor, wanted: Tensor) -> Tensor:
    """The solutions (b, n, d) of linear systems (b, n, n) for what is wanted (b, n, d).

    On a CPU one after the other: once torch's number of threads has been set, MKL fails at several
    large ones ("Parameter 6 was incorrect on entry to DLASWP", with torch 2.13).
    """
    if systems.device.type != "cpu" or len(systems) < 2:
        return torch.linalg.solve(systems, wanted)
    pairs = zip(systems, wanted, strict=True)
    return torch.stack([torch.linalg.solve(system, values) for system, values in pairs])


def _refuse_degenerate(centres: Tensor, distances: Tensor, points: Tensor) -> None:
    """Raises as `fit` does; `distances` (b, n, n) are those of the centres."""
    n = centres.shape[1]
    if n < 3:
        raise ValueError(f"a spline needs at least 3 points, got {n}")
    if not torch.isfinite(points).all():
        raise ValueError("a spline's points must be finite numbers, got NaN or infinity")
    itself = torch.eye(n, dtype=torch.bool, device=distances.device)
    nearest, index = distances.masked_fill(itself, torch.inf).flatten(1).min(1)
    if (nearest < LEAST_SPACING).any():
        batch = int(nearest.argmin())
        i, j = divmod(int(index[batch]), n)
        x, y = points[batch, i].tolist()
        raise ValueError(
            f"points {i} and {j} coincide at ({x:.4g}, {y:.4g}); a spline needs distinct "
            f"points: move or remove one of them"
        )
    with torch.no_grad():
        width = torch.linalg.svdvals(centres)[:, 1] / n**0.5
    if (width < LEAST_WIDTH).any():
        raise ValueError(
            "all points lie on one line; a spline needs points that span the picture: "
            "add one off the line"
        )


def kernel(squared: Tensor) -> Tensor:
    """r² log r, given r²; differentiable, also where r is 0."""
    return 0.5 * squared * squared.clamp_min(_floor(squared)).log()


def kernel_sum(points: Tensor, centres: Tensor, weights: Tensor) -> Tensor:
    """The sum over the centres (b, n, 2) of their weights (b, n, 2) times r² log r: (b, m, 2).

    r is the distance of a point (b, m, 2) from the centre. Differentiable, once, in all three;
    the backward pass computes the kernel once more, which is cheaper than to keep it. It is what
    evaluating a spline costs: one matrix product, in blocks, so that nothing of size points x
    centres is ever held.
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
            if to_weights is not None:
                to_weights += 0.5 * (squared * log) @ pull
            if wanted[0] or wanted[1]:
                # d(s log s / 2) / dp = (log s + 1) (p − c), and the opposite for c.
                slope = log.add_(1).mul_(weights @ pull.mT)  # (b, n, m)
            if to_points is not None:
                to_points[:, rows] = slope.sum(1)[..., None] * block - slope.mT @ centres
            if to_centres is not None:
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
