"""A face between two faces, or beyond them: the geometry of caricature."""

import torch

from .geometry.similarity import fit_similarity
from .landmarks import Landmarks


def morph(face: Landmarks, other: Landmarks, amount: float, align: bool = True) -> Landmarks:
    """The face on its way to the other one, in its own picture and scheme.

    amount: 0 is the face, 1 the other, 0.5 the middle; beyond 1 the difference is overdone, and
    below 0 the face is made less like the other, which is a caricature if the other is ordinary.
    align: the other is laid onto the face first by the best similarity, so that only the shape
    changes and place, size and tilt stay; without, its points count as shares of its picture.
    """
    here, there = face.points_px, other.convert(face.scheme).points_px
    if align:
        linear, shift = fit_similarity(there, here)
        there = there @ linear.T + shift
    else:
        there = there * (torch.tensor(face.size) / torch.tensor(other.size))
    return face.with_pixels(here + amount * (there - here), detector="morph")
