"""Pictures of which parts are transparent: painted without what nobody sees, and cut out again."""

import torch
import torch.nn.functional as F
from torch import Tensor

BLOCK_PX = 8  # pixels: colours beyond an edge needn't be finer


def on_white(picture: Tensor, alpha: Tensor) -> Tensor:
    """The picture (…, 3, h, w), 0…1, with white where its alpha (…, 1, h, w) is transparent."""
    return 1 - (1 - picture) * alpha


def beyond_edges(picture: Tensor, alpha: Tensor) -> Tensor:
    """The picture (3, h, w) with the colours beside it where its alpha (1, h, w) is 0.

    Painted like this nothing of a ground comes into its edges, neither white nor what was cut away.
    """
    size, clear = picture.shape[-2:], alpha == 0
    if not clear.any():
        return picture
    if clear.all():
        return torch.ones_like(picture)
    # Colours spread from block to block, each step twice as far as the one before.
    parts = [torch.cat([_blocks(picture * alpha, BLOCK_PX), _blocks(alpha, BLOCK_PX)])]
    while not (parts[-1][3] > 0).all():
        parts.append(_blocks(parts[-1], 2))
    spread = parts[-1]
    for finer in reversed(parts[:-1]):
        wider = F.interpolate(spread[None], finer.shape[-2:], mode="bilinear")[0]
        spread = torch.where(finer[3:] > 0, finer, wider)
    colors = spread[:3] / spread[3:].clamp_min(1e-6)
    colors = F.interpolate(colors[None], size, mode="bilinear")[0].clamp_(0, 1)
    return torch.where(clear, colors, picture, out=colors)  # large pictures fill the memory


def cut_out(painted: Tensor, alpha: Tensor | None) -> Tensor:
    """The painted picture (3 or 4, h, w) with the alpha (1, h, w), if any, of what was painted."""
    if alpha is None:
        return painted
    alpha = alpha.to(painted)
    return torch.cat([painted[:3], alpha * painted[3:] if len(painted) == 4 else alpha])


def _blocks(values: Tensor, side: int) -> Tensor:
    """The means of the values (c, h, w) in blocks of that side, cut ones at the border too."""
    sides = [min(side, n) for n in values.shape[-2:]]
    return F.avg_pool2d(values[None], sides, ceil_mode=True)[0]
