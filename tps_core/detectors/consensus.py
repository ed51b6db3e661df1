"""One face out of many detections of it: what several detectors and looks agree upon."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..landmarks import Landmarks, eye_distance_from_front, same_face

CONFIDENT_WEIGHT = 3.2  # of agreeing detections, at which confidence is 0.63
DISAGREEMENT_EYES = 0.15  # eye distances between detections at which 0.6 of it is left


@dataclass(frozen=True)
class Detection:
    """A face as one look saw it."""

    face: Landmarks
    weight: float  # how many looks of a detector for photos it stands for


def agree(detections: list[Detection]) -> list[Landmarks]:
    """The faces that the detections are of, iBUG's 68 points each, the surest first.

    The more of them agree, and the more closely, the surer. They name all detectors that agree.
    """
    if not detections:
        return []
    points = torch.stack([s.face.shape68_px for s in detections])
    same = same_face(points[:, None], points).tolist()
    left, faces = list(range(len(detections))), []

    def weight(group: list[int]) -> float:
        return sum(detections[i].weight * detections[i].face.score for i in group)

    while left:
        # Around the detection that most others are near to, not around the loudest one.
        groups = [[i for i in left if same[core][i]] for core in left]
        group = max(groups, key=weight)
        # One detector that is sure isn't made less so by another that is astray, as on profiles.
        own = {detections[i].face.detector for i in group}
        parts = [[i for i in group if detections[i].face.detector == name] for name in own]
        merged = [_merge([detections[i] for i in part], points[part]) for part in (group, *parts)]
        faces.append(max(merged, key=lambda face: face.score))
        left = [i for i in left if i not in group]
    return sorted(faces, key=lambda face: -face.score)


def _merge(group: list[Detection], points: Tensor) -> Landmarks:
    weights = torch.tensor([s.weight * s.face.score for s in group])[:, None, None]
    middle = (weights * points).sum(0) / weights.sum()
    unit = eye_distance_from_front(middle).clamp_min(1e-3)
    apart = (points - middle).norm(dim=-1).mean(1) / unit
    disagreement = float((weights.flatten() * apart).sum() / weights.sum())
    score = 1 - math.exp(-float(weights.sum()) / CONFIDENT_WEIGHT)
    score *= 0.6 ** ((disagreement / DISAGREEMENT_EYES) ** 2)
    detector = "+".join(sorted({s.face.detector for s in group}))
    return Landmarks.from_pixels(middle, group[0].face.size, "ibug-68", score, detector)
