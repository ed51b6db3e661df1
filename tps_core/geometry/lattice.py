"""At how few places a spline must be evaluated so that no pixel of its grid is far off.

The values between the knots of a lattice are interpolated along x and then along y (lagrange.py,
coarse_grid.py); near a centre what that gets wrong may be taken back (near_field.py). The lattice
is the cheapest that keeps TOLERANCE_PX, for each picture of a batch by itself.

The bound. Interpolation is linear and gives back polynomials up to degree 5, so all of its error
comes from the kernels: at a point p it is the sum of w_i E(p − c_i) over the centres c_i with
weights w_i, E being the error of U(r) = r² log r alone. As U(h q) = h² U(q) + h² log h |q|², and
the last term is given back, knots h apart make h² times the error of knots 1 apart, at places
divided by h. That of knots 1 apart depends only on how centre, pixel and knots lie to each other,
and dies away with the fourth power of the distance d from the centre, as U's sixth derivatives do
(Peano's remainder). A search over all positions of centre and pixel, and over knots closer together
in one direction than in the other, up to 10 gaps away, found nothing above

    M(d) = PEAK / (1 + (d / BEND)²)²,    d in units of the wider gap between knots

(`test_lattice.py` repeats the search). Where errors are taken back up to a distance a, what is left
is no more than M(a), so let m(d) = M(max(d, a)). A pixel's nearest centre being c_j, it is at least
half as far from any c_i as c_j is, so no pixel is farther off than

    max over j of the sum over i of h² |w_i| m(|c_i − c_j| / 2h).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .lagrange import TAPS
from .spline import Spline

TOLERANCE_PX = 0.05
STRIDES = (2, 3, 4, 6, 8, 12, 16, 24)
REACHES = (0, 2, 5)
PEAK = 0.4  # knots 1 apart make no greater error; 0.374 was found
BEND = 1.15  # from 1.12 on, no error was found above M(d)
# Taking back the error at a pixel costs about as much as so many kernel values at knots.
PIXEL_COST = 3


@dataclass(frozen=True)
class Lattice:
    """Where a spline is evaluated for a grid."""

    stride: int = 1  # pixels from knot to knot; 1 is every pixel, exact
    reach: int = 0  # each centre's own error is taken back in its cell and so many around it

    def knots(self, pixels: int) -> int:
        """How many knots are needed along an axis of so many pixels."""
        return pixels if self.stride == 1 else -(-pixels // self.stride) + TAPS - 1

    def cost(self, size: tuple[int, int]) -> int:
        """How many kernel values a centre costs in an (h, w) picture, about."""
        window = (2 * self.reach + 1) * self.stride
        near = PIXEL_COST * window**2 if self.reach else 0
        return self.knots(size[0]) * self.knots(size[1]) + near


def choose(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float] = (1.0, 1.0)
) -> list[Lattice]:
    """The cheapest lattice for the (h, w) grid of each picture that keeps TOLERANCE_PX.

    The picture spans −extent…extent, x and y, in the spline's units. Errors taken back have no
    gradient, so none are where the spline's is wanted.
    """
    wanted = torch.is_grad_enabled() and (
        spline.weights.requires_grad or spline.centres.requires_grad
    )
    families = [_worthwhile(size, reach) for reach in REACHES[: 1 if wanted else None]]
    b, longest = len(spline.centres), max(len(family) for family in families)
    if longest == 1:
        return [Lattice()] * b

    device = spline.centres.device
    even = [family + family[-1:] * (longest - len(family)) for family in families]
    strides = torch.tensor([[one.stride for one in family] for family in even], device=device)
    costs = torch.tensor([[one.cost(size) for one in family] for family in even], device=device)
    reaches = torch.tensor([[family[-1].reach] for family in families], device=device)
    kernels = _in_pixels(spline, size, extent)
    # The bound grows with the stride: bisected, for all families and pictures at once.
    least = torch.zeros(len(families), b, dtype=torch.long, device=device)
    most = torch.tensor([[len(family) - 1] for family in families], device=device) + least
    for _ in range((longest - 1).bit_length()):
        middle = (least + most + 1) // 2
        fits = _bound(*kernels, strides.gather(1, middle), reaches) <= TOLERANCE_PX
        least, most = torch.where(fits, middle, least), torch.where(fits, most, middle - 1)
    cheapest = costs.gather(1, least).argmin(0)  # (b,)
    chosen = torch.stack([cheapest, least.gather(0, cheapest[None])[0]], 1)
    return [families[family][index] for family, index in chosen.tolist()]


def error_bound_px(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float], lattice: Lattice
) -> Tensor:
    """How far off, in pixels, any pixel of an (h, w) picture may be: (b,)."""
    stride = torch.full((1, len(spline.centres)), lattice.stride, device=spline.centres.device)
    return _bound(*_in_pixels(spline, size, extent), stride, lattice.reach)[0]


def _worthwhile(size: tuple[int, int], reach: int) -> list[Lattice]:
    """Every pixel, and the lattices of one reach, each cheaper than the one before.

    One that costs more than half of all pixels isn't worth it.
    """
    cheaper, least = [Lattice()], size[0] * size[1] / 2
    for stride in STRIDES:
        lattice = Lattice(stride, reach)
        if lattice.cost(size) < least:
            cheaper.append(lattice)
            least = lattice.cost(size)
    return cheaper


@torch.no_grad()
def _in_pixels(
    spline: Spline, size: tuple[int, int], extent: tuple[float, float]
) -> tuple[Tensor, Tensor, float]:
    """The centres' squared distances (b, n, n) and the size of their weights (b, n, 1), in pixels.

    These are pixels of the axis on which they are wider; the third says how wide the other's are.
    """
    centres, weights = spline.centres.float(), spline.weights.float()
    per_unit = [side / 2 / span for side, span in zip(reversed(size), extent, strict=True)]
    scale = (min(per_unit) * spline.spread).square()  # the kernel of centres in pixels grows by it
    distances = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist")
    lengths = (weights * torch.tensor(per_unit).to(weights)).norm(dim=-1, keepdim=True)
    return distances.square() * scale, lengths / scale, min(per_unit) / max(per_unit)


@torch.no_grad()
def _bound(
    squared: Tensor, weights: Tensor, narrower: float, stride: Tensor, reach: Tensor | int
) -> Tensor:
    """The bound of the module's docstring, h being `stride` (k, b), a `reach` (k, 1): (k, b)."""
    h = stride[..., None, None]
    beyond = torch.as_tensor((reach * narrower / BEND) ** 2).to(squared)
    m = squared * (2 * BEND * h) ** -2.0  # (k, b, n, n)
    m = torch.maximum(m, beyond[..., None, None], out=m).add_(1).square_().reciprocal_()
    return PEAK * (h**2 * (m @ weights)).amax((2, 3))
