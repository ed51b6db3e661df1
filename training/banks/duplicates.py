"""Near duplicates: faces that are the same picture twice, by their crops.

The crops lie on the mean face, so copies that were scaled, compressed, trimmed or tinted come to
lie on each other and can be compared pixel by pixel: what is finer than a cheek, in grey, of the
inner face, which copies show wherever they were trimmed.
"""

import torch.nn.functional as F
from torch import Tensor

from ...tps_core.landmarks import mean_face

SIDE_PX = 32  # that the crops are compared at: eyes and folds still show, strokes don't
TRIM_PX = 5  # that are left out on each side
BLUR_PX = 4  # radius of the blur that is taken off: light, and the shape of the head
# How alike two are, at most 1. Copies of paintings, smaller and more compressed, reach 0.98,
# trimmed ones 0.95, other reproductions of one painting 0.95; different paintings 0.90, different
# people's photos 0.91, drawings of one and the same head with other features 0.79.
DUPLICATE_CORRELATION = 0.93
# The root mean square distance of the landmarks, in eye distances. On a copy the detector puts
# them up to 0.03 away, mostly 0.01; a smile moves them by 0.03.
SAME_POINTS_EYE_DISTANCES = 0.03


def find_duplicates(fingerprints: Tensor, points: Tensor) -> list[int | None]:
    """For each face the index of the first earlier one that is nearly the same picture, or None.

    fingerprints: (n, k), as `face_fingerprints` makes them; points: (n, 68, 2) in the crop's −1…1.
    """
    mean = mean_face("ibug-68")
    unit = (mean[36] - mean[45]).norm()
    duplicates: list[int | None] = []
    # One by one: all pairs of a large folder at once would not fit into memory.
    for i in range(len(fingerprints)):
        alike = fingerprints[:i] @ fingerprints[i] >= DUPLICATE_CORRELATION
        apart = (points[:i] - points[i]).square().sum(-1).mean(-1).sqrt() / unit
        same = (alike & (apart <= SAME_POINTS_EYE_DISTANCES)).nonzero()
        duplicates.append(int(same[0]) if len(same) else None)
    return duplicates


def face_fingerprints(faces: Tensor) -> Tensor:
    """What is compared of faces (n, 3, s, s) uint8: (n, k); the product of two is how alike."""
    small = F.interpolate(faces.float() / 255, (SIDE_PX, SIDE_PX), mode="bilinear", antialias=True)
    grey = small.mean(1, keepdim=True)
    around = F.avg_pool2d(
        F.pad(grey, (BLUR_PX,) * 4, mode="reflect"),
        2 * BLUR_PX + 1,
        stride=1,
    )
    values = (grey - around)[..., TRIM_PX:-TRIM_PX, TRIM_PX:-TRIM_PX].flatten(1)
    values = values - values.mean(1, keepdim=True)
    return values / values.norm(dim=1, keepdim=True).clamp(min=1e-3)
