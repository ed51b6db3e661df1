"""One face out of many sightings of it: what several detectors and looks agree upon."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..landmarks import Landmarks

SAME_FACE = 0.25  # inter-ocular distances between the points of two sightings of one face
ENOUGH = 3.2  # weight of agreeing sightings at which confidence is 0.63
DISAGREEMENT = 0.12  # inter-ocular distances between sightings at which 0.6 of it is left


@dataclass(frozen=True)
class Sighting:
    """What one look saw."""

    face: Landmarks
    weight: float  # how many looks of a detector it stands for


def agree(sightings: list[Sighting]) -> list[Landmarks]:
    """The faces that the sightings are of, iBUG's 68 points each, the surest first.

    The more of them agree, and the more closely, the surer. They name all detectors that agree.
    """
    points = [s.face.convert("ibug-68").to_pixels() for s in sightings]
    left, faces = list(range(len(sightings))), []

    def weight(group: list[int]) -> float:
        return sum(sightings[i].weight * sightings[i].face.score for i in group)

    while left:
        # Around the sighting that most others are near to, not around the loudest one.
        groups = [[i for i in left if is_near(points[i], points[core])] for core in left]
        group = max(groups, key=weight)
        faces.append(_merge([sightings[i] for i in group], [points[i] for i in group]))
        left = [i for i in left if i not in group]
    return sorted(faces, key=lambda face: -face.score)


def _merge(group: list[Sighting], points: list[Tensor]) -> Landmarks:
    weights = torch.tensor([s.weight * s.face.score for s in group])[:, None, None]
    stacked = torch.stack(points)
    middle = (weights * stacked).sum(0) / weights.sum()
    unit = (middle[36] - middle[45]).norm().clamp_min(1e-3)
    apart = (stacked - middle).norm(dim=-1).mean(1) / unit
    disagreement = float((weights.flatten() * apart).sum() / weights.sum())
    score = 1 - math.exp(-float(weights.sum()) / ENOUGH)
    score *= 0.6 ** ((disagreement / DISAGREEMENT) ** 2)
    detector = "+".join(sorted({s.face.detector for s in group}))
    return Landmarks.from_pixels(middle, group[0].face.size, "ibug-68", score, detector)


def is_near(a: Tensor, b: Tensor) -> bool:
    """Whether iBUG's points (68, 2), in pixels, of two sightings lie on one face."""
    unit = min(float((p[36] - p[45]).norm()) for p in (a, b))
    return float((a - b).norm(dim=-1).mean()) < SAME_FACE * unit
