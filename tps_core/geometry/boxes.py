"""Boxes around faces, as rows x0, y0, x1, y1."""

import torch
from torch import Tensor

SAME_FACE_OVERLAP = 0.3  # boxes that overlap more than this are of one face


def overlap(one: Tensor, other: Tensor) -> Tensor:
    """What boxes (…, 4) share with others (…, 4), over what both cover (IoU), 0…1: (…)."""
    low = torch.maximum(one[..., :2], other[..., :2])
    high = torch.minimum(one[..., 2:], other[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (one, other)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-9)
