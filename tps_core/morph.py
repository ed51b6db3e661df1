"""A face between two faces, or beyond them: the geometry of caricature."""

from dataclasses import replace

import torch

from .landmarks import Landmarks, fit_similarity


def morph(face: Landmarks, other: Landmarks, amount: float, align: bool = True) -> Landmarks:
    """The face on its way to the other one, in its own picture and scheme.

    amount: 0 is the face, 1 the other, 0.5 the middle; beyond 1 the difference is overdone, and
    below 0 the face is made less like the other, which is a caricature if the other is ordinary.
    align: the other is laid onto the face first by the best similarity, so that only the shape
    changes and place, size and rotation stay; without, its points count as shares of its picture.
    """
    size = torch.tensor(face.size)
    here, there = face.to_pixels(), other.convert(face.scheme).to_pixels()
    if align:
        linear, shift = fit_similarity(there, here)
        there = there @ linear.T + shift
    else:
        there = there * (size / torch.tensor(other.size))
    points_px = here + amount * (there - here)
    return replace(face, points=2 * points_px / size - 1, detector="morph")
