"""Which faces in successive frames are one and the same."""

import torch
from torch import Tensor

from ..geometry import boxes
from ..geometry.similarity import fit_similarity
from ..landmarks import Landmarks, eye_distance

# A track: (frame, place in the frame's list) of each observation of one face, in the order of time.
Track = list[tuple[int, int]]

# From one frame to the next a face changes by less than this; else there was a cut. Two people
# differ by 0.02 to 0.13 in shape, a face and its noise by under 0.01.
MOST_SHAPE_CHANGE_EYES = 0.06  # of shape, root mean square, in distances of the outer eye corners
MOST_SCALING_SHARE = 0.2  # of size, as a share
MOST_TURN_RADIANS = 0.3  # of tilt, in radians
# And a face that jumps between frames in which it rests was cut to another picture of it, or to
# another face in the same place: as far as that, and so many times farther than in the frames
# around it. Animation may hold each drawing for two or three frames, and jump between.
LEAST_JUMP_EYES = 0.1  # root mean square, in distances of the outer eye corners
JUMP_AGAINST_REST = 4.0
FRAMES_AROUND = 3
LONGEST_GAP_FRAMES = 24  # frames in a row without the face, after which it counts as new
# How much more each frame out of sight allows, in place and in shape.
LEEWAY_PER_FRAME = 0.25


def find_tracks(frames: list[list[Landmarks]]) -> list[Track]:
    """The tracks of all faces: each face of each frame is in one of them.

    A face goes on with the track whose last box overlaps most with its own, the best pair first.
    Tracks end at a scene cut, and when their face is out of sight for too long.
    """
    tracks: list[Track] = []
    for frame, faces in enumerate(frames):
        open_tracks = [track for track in tracks if frame - track[-1][0] <= LONGEST_GAP_FRAMES + 1]
        pairs = sorted(
            (
                (overlap, -number, place)
                for number, track in enumerate(open_tracks)
                for place, face in enumerate(faces)
                if (overlap := _overlap(frames, track, frame, face)) >= boxes.SAME_FACE_OVERLAP
            ),
            reverse=True,
        )
        taken: dict[int, Track] = {}  # by the face's place
        for _, number, place in pairs:
            track = open_tracks[-number]
            if place not in taken and not any(track is other for other in taken.values()):
                taken[place] = track
        for place in range(len(faces)):
            if place in taken:
                taken[place].append((frame, place))
            else:
                tracks.append([(frame, place)])
    return [part for track in tracks for part in _split_at_jumps(frames, track)]


def _overlap(frames, track: Track, frame: int, face: Landmarks) -> float:
    """How well the face of that frame goes on with the track, 0…1; 0 if it can't be the same."""
    last_frame, place = track[-1]
    last = frames[last_frame][place]
    leeway = 1 + LEEWAY_PER_FRAME * (frame - last_frame - 1)
    overlap = float(boxes.overlap(_grown(last, leeway), _grown(face, leeway)))
    if overlap >= boxes.SAME_FACE_OVERLAP and _is_cut(last, face, leeway):
        return 0.0
    return overlap


def _split_at_jumps(frames, track: Track) -> list[Track]:
    """The track's parts between jumps."""
    faces = [frames[frame][place] for frame, place in track]
    points_px = torch.stack([face.shape68_px for face in faces])
    eyes = eye_distance(points_px).median().clamp(min=1e-6)
    steps = (points_px.diff(dim=0).square().sum(-1).mean(-1).sqrt() / eyes).tolist()
    parts, begun = [], 0
    for index, step in enumerate(steps):
        before = steps[max(0, index - FRAMES_AROUND) : index]
        after = steps[index + 1 : index + 1 + FRAMES_AROUND]
        if not before or not after or step < LEAST_JUMP_EYES:
            continue
        next_to_it = track[index + 1][0] == track[index][0] + 1  # else it had time to move
        if next_to_it and step > JUMP_AGAINST_REST * max(*before, *after):
            parts.append(track[begun : index + 1])
            begun = index + 1
    return [*parts, track[begun:]]


def _grown(face: Landmarks, factor: float) -> Tensor:
    """The face's box (4,) in pixels, made larger about its middle."""
    box = torch.tensor(face.box_px)
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    return torch.cat([middle - factor * half, middle + factor * half])


def _is_cut(last: Landmarks, face: Landmarks, leeway: float) -> bool:
    """Whether a face changed more than one can in so short a time."""
    before, after = last.shape68_px, face.shape68_px
    linear, shift = fit_similarity(before, after)
    scale = linear[:, 0].norm()
    turn = torch.atan2(linear[1, 0], linear[0, 0]).abs()
    change = (before @ linear.T + shift - after).square().sum(-1).mean().sqrt()
    change = change / (scale * last.eye_distance_px)
    return bool(
        scale.log().abs() > leeway * MOST_SCALING_SHARE
        or turn > leeway * MOST_TURN_RADIANS
        or change > leeway * MOST_SHAPE_CHANGE_EYES
    )
