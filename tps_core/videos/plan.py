"""What to paint in each frame of a video: where faces are, made steady, and how they fade.

A frame is planned once the frames after it are known for about a second, so what is painted is
steadied forwards and backwards and doesn't lag.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

import torch

from ..align import align
from ..landmarks import Landmarks
from ..light import exponent_for_lines
from ..tracking.follower import FaceObservation, FrameObservation
from ..tracking.gaps import between
from ..tracking.one_euro import one_euro_both_ways
from ..tracking.smoothing import smooth

FRAMES_AHEAD = 24  # frames that must be known after one
FRAMES_BEFORE = 32  # frames before one that its smoothing knows
CHUNK_FRAMES = 24  # frames planned at a time
LONGEST_HELD = 8  # frames in a row without the face in which it is thought to be there
FADE_FRAMES = 6  # frames in which the painting comes and goes
FEWEST_FRAMES = 3  # frames in which a face must be seen; fewer are a mistake of the detector
LIGHT_CUTOFF = 0.02  # cycles per frame: light changes slowly, or the drawing would flicker
# The scale of a painted picture stays while the face's size does so within this factor: strokes
# that grow with every step of the person would crawl over the picture.
SAME_SCALE = 1.25


@dataclass(frozen=True)
class FacePlan:
    """A face to paint in one frame."""

    face: Landmarks
    opacity: float  # of the painted face, 0…1
    exponent: float  # that lights it for line art
    number: int = 0  # that it has in the shot


@dataclass(frozen=True)
class FramePlan:
    """What to paint in one frame."""

    faces: tuple[FacePlan, ...]
    extent_px: float  # side of the face crop that sets the scale of the whole picture; 0: unknown
    exponent: float  # that lights all of the frame for line art


def plan_frames(observations: Iterable[FrameObservation]) -> Iterator[FramePlan]:
    """The plan of each frame, in order; it reads some frames ahead."""
    shot: list[
        FrameObservation
    ] = []  # its frames from some before the first that isn't planned yet
    done, extent_px = 0, 0.0

    def planned(end: int) -> Iterator[FramePlan]:
        nonlocal extent_px
        for plan in plan_shot(shot)[done:end]:
            extent_px = steady_extent(extent_px, plan.extent_px)
            yield replace(plan, extent_px=extent_px)

    for observation in observations:
        if observation.cut and shot:
            yield from planned(len(shot))
            shot, done = [], 0
        shot.append(observation)
        if len(shot) == done + CHUNK_FRAMES + FRAMES_AHEAD:
            yield from planned(done + CHUNK_FRAMES)
            passed = max(0, done + CHUNK_FRAMES - FRAMES_BEFORE)
            shot, done = shot[passed:], done + CHUNK_FRAMES - passed
    if shot:
        yield from planned(len(shot))


def steady_extent(before_px: float, now_px: float) -> float:
    """The extent to paint at: that of before while the face's is near it; 0 is unknown."""
    near = before_px / SAME_SCALE < now_px < before_px * SAME_SCALE
    return before_px if near or not now_px else now_px


def plan_shot(observations: list[FrameObservation]) -> list[FramePlan]:
    """The plans of a shot's frames, each with the scale that it would have by itself."""
    numbers = sorted({number for observation in observations for number in observation.faces})
    tracks = [
        plan_track([observation.faces.get(number) for observation in observations], number)
        for number in numbers
    ]
    frames = [tuple(filter(None, faces)) for faces in zip(*tracks, strict=True)]
    frames = frames or [()] * len(observations)
    # The largest face counts for all of the picture.
    largest = [max((align(f.face).extent_px for f in faces), default=None) for faces in frames]
    lights = [
        _largest(observation).light if observation.faces else None for observation in observations
    ]
    extents = _nearest(largest) or [0.0] * len(frames)
    exponents = _steady_exponents(lights)
    return [FramePlan(*parts) for parts in zip(frames, extents, exponents, strict=True)]


def plan_track(seen: list[FaceObservation | None], number: int) -> list[FacePlan | None]:
    """The plans for the face of that number in a shot, from where it is seen in each frame."""
    frames = [[observation.face] if observation else [] for observation in seen]
    _drop_mistakes(frames)
    _fill_short_gaps(frames)
    faces = [faces[0] if faces else None for faces in smooth(frames)]
    opacity = _fade(faces)
    exponents = _steady_exponents(
        [observation.light if observation else None for observation in seen]
    )
    return [
        FacePlan(face, shown, exponent, number) if face else None
        for face, shown, exponent in zip(faces, opacity, exponents, strict=True)
    ]


def _largest(observation: FrameObservation) -> FaceObservation:
    return max(observation.faces.values(), key=lambda seen: seen.face.eye_distance_px)


def _drop_mistakes(frames: list[list[Landmarks]]) -> None:
    """Empties frames whose face is seen in too few in a row, unless the rest may be beyond."""
    for seen, start, end in _runs(frames):
        if seen and end - start < FEWEST_FRAMES and start > 0 and end < len(frames):
            frames[start:end] = [[] for _ in range(start, end)]


def _fill_short_gaps(frames: list[list[Landmarks]]) -> None:
    """Puts the face into frames between two observations of it, if they are few."""
    for seen, start, end in _runs(frames):
        inside = start > 0 and end < len(frames)
        if not seen and inside and end - start <= LONGEST_HELD:
            last, following = frames[start - 1][0], frames[end][0]
            for index in range(start, end):
                share = (index - start + 1) / (end - start + 1)
                frames[index] = [between(last, following, share)]


def _fade(faces: list[Landmarks | None]) -> list[float]:
    """The opacity of the face in each frame; where it fades away, it is left where it was last."""
    opacity = [float(face is not None) for face in faces]
    for seen, start, end in _runs(faces):
        if start == 0:
            continue
        for step in range(min(FADE_FRAMES, end - start)):
            share = (step + 1) / (FADE_FRAMES + 1)
            opacity[start + step] = share if seen else 1 - share
            if not seen:
                faces[start + step] = faces[start - 1]
    return opacity


def _steady_exponents(lights: list[float | None]) -> list[float]:
    """The powers that light the frames for line art, changing slowly."""
    known = _nearest(lights)
    if not known:
        return [1.0] * len(lights)
    values = torch.tensor(known)[:, None]
    if len(values) > 1:
        values = one_euro_both_ways(values, LIGHT_CUTOFF, 0.0)
    return [exponent_for_lines(light) for light in values[:, 0].tolist()]


def _nearest(values: list[float | None]) -> list[float]:
    """The values, those that aren't known taken from the nearest that is; [] if none is."""
    known = {index: value for index, value in enumerate(values) if value is not None}
    if not known:
        return []
    return [known[min(known, key=lambda k: abs(k - index))] for index in range(len(values))]


def _runs(values: list) -> Iterator[tuple[bool, int, int]]:
    """Where values are there and where not: (there, first, one after the last), in order."""
    start = 0
    for there, run in groupby(list(values), key=bool):
        end = start + len(list(run))
        yield there, start, end
        start = end
