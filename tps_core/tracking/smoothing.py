"""Landmarks over frames without their jitter: each face's track by itself, without lag.

What a face does as a whole (place, size, tilt) and its shape are filtered apart. So a face on a
slow pan may move on while its shape rests, and a blink passes quickly in a face that rests.
"""

from itertools import pairwise

import torch
from torch import Tensor

from ..geometry.similarity import fit_similarity
from ..landmarks import Landmarks
from .one_euro import one_euro_both_ways
from .tracks import Track, find_tracks

# Lengths are in units of the face's size, so that one setting serves any picture. With these,
# benchmarks/landmark_jitter.py finds jitter down by 90 % at rest and by 74 % on a pan, and a blink
# of six frames keeps nine tenths of its depth: see docs/landmark-smoothing.md.
CUTOFF_PER_FRAME = 0.05  # cycles per frame
PLACE_SPEED_FACTOR = 4.0
SHAPE_SPEED_FACTOR = 20.0


def smooth(
    frames: list[list[Landmarks]], smoothing: float = 0.5, responsiveness: float = 1.0
) -> list[list[Landmarks]]:
    """The faces of each frame, in their order, without what jitters between frames.

    smoothing: 0 leaves them as they are, 1 holds a resting face as still as can be.
    responsiveness: how readily what moves is followed, 1 being right for speech and blinks; 0
    ignores speed. The node's inputs for them are called steadiness and agility.
    Raises ValueError for values out of range.
    """
    if not 0 <= smoothing <= 1 or responsiveness < 0:
        raise ValueError(
            "steadiness must be between 0 and 1 and agility at least 0, "
            f"got {smoothing:g} and {responsiveness:g}"
        )
    smoothed = [list(faces) for faces in frames]
    if smoothing == 0:
        return smoothed
    cutoff = CUTOFF_PER_FRAME * (1 - smoothing) / smoothing
    for track in find_tracks(frames):
        faces = [frames[frame][place] for frame, place in track]
        points_px = smooth_points(_every_frame(track, faces), cutoff, responsiveness)
        for face, (frame, place) in zip(faces, track, strict=True):
            own = points_px[frame - track[0][0]]
            smoothed[frame][place] = face.with_pixels(own, scheme=faces[0].scheme)
    return smoothed


def smooth_points(points_px: Tensor, cutoff: float, responsiveness: float) -> Tensor:
    """The landmarks (t, n, 2) of one face in frames that follow each other, filtered."""
    if len(points_px) < 2:
        return points_px
    face = points_px[len(points_px) // 2]
    face = face - face.mean(0)
    unit = face.square().sum(-1).mean().sqrt()
    face, points = face / unit, points_px / unit
    fits = [fit_similarity(face, own) for own in points]
    linear, shift = (torch.stack(parts) for parts in zip(*fits, strict=True))
    # The shape in the middle frame's place: target = shape @ linear.T + shift, solved for shape.
    shape = (points - shift[:, None]) @ torch.linalg.inv(linear).mT
    # Scale and turn are one complex number, the first column: (t, 2, 2) with the shift below.
    place = torch.stack([linear[:, :, 0], shift], 1)
    place = one_euro_both_ways(place, cutoff, responsiveness * PLACE_SPEED_FACTOR)
    shape = one_euro_both_ways(shape, cutoff, responsiveness * SHAPE_SPEED_FACTOR)
    cosine, sine = place[:, 0].unbind(-1)
    linear = torch.stack([torch.stack([cosine, -sine], -1), torch.stack([sine, cosine], -1)], 1)
    return (shape @ linear.mT + place[:, 1, None]) * unit


def _every_frame(track: Track, faces: list[Landmarks]) -> Tensor:
    """The track's landmarks in pixels (t, n, 2), from its first frame to its last.

    Where frames are without the face the points go in straight lines.
    """
    known = [face.convert(faces[0].scheme).points_px for face in faces]
    points_px = [known[0]]
    for ((before, _), (after, _)), (start, end) in zip(
        pairwise(track), pairwise(known), strict=True
    ):
        steps = after - before
        points_px += [start.lerp(end, step / steps) for step in range(1, steps + 1)]
    return torch.stack(points_px)
