"""Thin-plate splines: the smoothest maps of the plane that take given points to given points.

Convention: points are (x, y); a spline is fitted from `source` to `target` and, called with
points, moves them the same way. Units are those of the points (−1…1 everywhere in this package).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .kernel_sum import kernel, kernel_sum

LEAST_SPACING = 1e-6  # nearest two source points may lie, as a share of the points' spread
LEAST_WIDTH = 1e-5  # least width of the point cloud across its main direction, the same share


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
