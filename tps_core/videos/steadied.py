"""Frames made steady before they are painted: noise that nobody sees in a video would be seen in
its painting, which has the contrast of strokes.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

# How far, of 0…1, a frame may be from the one beside it in a place that rests, and over how many
# pixels it is looked at: what moves isn't mixed.
RESTING_CHANGE, PLACE_PX = 0.02, 5


def steadied(frame: Tensor, near: Sequence[Tensor]) -> Tensor:
    """The frame (3, h, w), 0…1, with the mean over the frames near it wherever nothing moves."""
    total, weight = frame, torch.ones_like(frame[:1])
    for other in near:
        apart = (other - frame).abs_().mean(0, keepdim=True)
        apart = F.avg_pool2d(apart, PLACE_PX, 1, PLACE_PX // 2, count_include_pad=False)
        share = apart.div_(RESTING_CHANGE).square_().neg_().exp_()
        total, weight = total + share * other, weight + share
    return total / weight
