"""How differently two pictures are painted, wherever their strokes lie: the texture loss.

A painting's strokes can't be told from its photo, so a network that is asked for them stroke by
stroke paints their average, which is no stroke. Asked only for their distribution it paints some of
its own. A discriminator asks for that too, but wins, and leaves its weave on the picture; this is
a distance, and needs no training.
Source: Heitz et al., "A Sliced Wasserstein Loss for Neural Texture Synthesis", 2021; here cell by
cell, so that a beard's strokes are not asked of a cheek.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

CELL_PX = 48  # about the side of a cell in the picture, in pixels …
MAP_CELL = 12  # … and in a network's maps, in theirs
DIRECTIONS = 32  # in which a network's maps are looked at
FILTERS = 6  # of each kind, through which the pixels are
KINDS = ((3, 1), (5, 1), (5, 2), (5, 4))  # such filters: their side, and how far apart they read


def pixel_distance(a: Tensor, b: Tensor, random: torch.Generator) -> Tensor:
    """The distance of pictures (b, 3, h, w) in 0…1 by their patches of 3 to 17 pixels."""
    total = a.new_zeros(())
    for side, apart in KINDS:
        filters = _unit(torch.randn(FILTERS, 3, side, side, generator=random)).to(a)
        # Every second pixel of every second row, not always the same ones.
        down, right = torch.randint(2, (2,), generator=random).tolist()
        one, other = (
            F.conv2d(x[..., down:, right:], filters, stride=2, dilation=apart) for x in (a, b)
        )
        total = total + _apart(one, other, CELL_PX // 2)
    return total / len(KINDS)


def map_distance(a: list[Tensor], b: list[Tensor], random: torch.Generator) -> Tensor:
    """The same by what a network sees in them: maps (b, c, h, w)."""
    total = a[0].new_zeros(())
    for one, other in zip(a, b, strict=True):
        directions = _unit(torch.randn(DIRECTIONS, one.shape[1], 1, 1, generator=random)).to(one)
        total = total + _apart(F.conv2d(one, directions), F.conv2d(other, directions), MAP_CELL)
    return total / len(a)


def _unit(filters: Tensor) -> Tensor:
    return filters / filters.flatten(1).norm(dim=1)[:, None, None, None]


def _apart(a: Tensor, b: Tensor, cell: int) -> Tensor:
    """How far the sorted values of (b, c, h, w) lie apart, in cells of about that side."""
    shortest = min(a.shape[-2:])
    side = shortest // max(1, round(shortest / cell))
    in_order = (
        x.unfold(2, side, side).unfold(3, side, side).flatten(-2).sort(-1).values for x in (a, b)
    )
    return (next(in_order) - next(in_order)).abs().mean()
