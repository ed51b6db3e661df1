"""Thin-plate splines: the smoothest maps of the plane that take given points to given points.

Convention: points are (x, y); a spline is fitted from `source` to `target` and, called with
points, moves them the same way. Units are those of the points (−1…1 everywhere in this package).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

POINTS_PER_BLOCK = 1 << 12  # bounds the memory of one evaluation, and fits a processor's cache
CLOSEST = 1e-6  # nearest two source points may lie, as a share of the points' spread
FLATTEST = 1e-5  # least width of the point cloud across its main direction, the same share


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

        Exact, differentiable in the points and in everything the spline was fitted from; never
        holds more than POINTS_PER_BLOCK x n kernel values of a picture at a time, unless
        gradients are asked for.
        """
        points = points.expand(len(self.centres), -1, 2)
        return torch.cat([self._move(block) for block in points.split(POINTS_PER_BLOCK, 1)], 1)

    def _move(self, points: Tensor) -> Tensor:
        points = (points - self.origin) / self.spread
        moved = torch.baddbmm(self.affine[:, :1], points, self.affine[:, 1:])
        return torch.baddbmm(moved, _kernel(points, self.centres), self.weights)


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
    _refuse_degenerate(centres, points)

    b, n, _ = centres.shape
    # Scaling the points by 1/spread scales the kernel by 1/spread² (and adds an affine part,
    # which the side conditions cancel), so λ is scaled with it.
    stiff = stiffness / spread.square() * torch.eye(n, dtype=points.dtype, device=solver)
    ones = torch.cat([torch.ones_like(centres[..., :1]), centres], -1)  # (b, n, 3)
    upper = torch.cat([_kernel(centres, centres) + stiff, ones], -1)
    lower = torch.cat([ones.mT, torch.zeros(b, 3, 3, dtype=points.dtype, device=solver)], -1)
    wanted = torch.cat([values, torch.zeros(b, 3, 2, dtype=points.dtype, device=solver)], 1)
    solution = torch.linalg.solve(torch.cat([upper, lower], 1), wanted)

    parts = (centres, solution[:, :n], solution[:, n:], origin, spread)
    return Spline(*(part.to(source.device, source.dtype) for part in parts))


def _kernel(points: Tensor, centres: Tensor) -> Tensor:
    """r² log r between points (b, m, 2) and centres (b, n, 2): (b, m, n)."""
    x = points[..., 0, None] - centres[:, None, :, 0]
    y = points[..., 1, None] - centres[:, None, :, 1]
    squared = x * x + y * y
    # The floor keeps value and gradient finite (zero) at a centre itself.
    return 0.5 * squared * squared.clamp_min(1e-30).log()


def _refuse_degenerate(centres: Tensor, points: Tensor) -> None:
    n = centres.shape[1]
    if n < 3:
        raise ValueError(f"a spline needs at least 3 points, got {n}")
    if not torch.isfinite(points).all():
        raise ValueError("a spline's points must be finite numbers, got NaN or infinity")
    with torch.no_grad():
        distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
        distances.diagonal(dim1=1, dim2=2).fill_(torch.inf)
        nearest, index = distances.flatten(1).min(1)
        if (nearest < CLOSEST).any():
            batch = int(nearest.argmin())
            i, j = divmod(int(index[batch]), n)
            x, y = points[batch, i].tolist()
            raise ValueError(
                f"points {i} and {j} coincide at ({x:.4g}, {y:.4g}); a spline needs distinct "
                f"points: move or remove one of them"
            )
        if (torch.linalg.svdvals(centres)[:, 1] / n**0.5 < FLATTEST).any():
            raise ValueError(
                "all points lie on one line; a spline needs points that span the picture: "
                "add one off the line"
            )
