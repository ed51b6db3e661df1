"""What to do with frames in which no face is found."""

from dataclasses import replace
from itertools import pairwise

from ..landmarks import Landmarks
from .tracks import find_tracks

POLICIES = ("error", "empty", "previous", "interpolate")


def fill_gaps(frames: list[list[Landmarks]], policy: str) -> list[list[Landmarks]]:
    """The faces of each frame, those that are missing put in as the policy says.

    "error" allows no frame without a face, "empty" leaves it as it is. "previous" repeats the
    face as it was last seen; before the first face stands the first one. "interpolate" moves it
    evenly from where it was last seen to where it is seen next; where there is no such pair, the
    face nearest in time stands. With both, a face that is lost for a moment while others are seen
    is put in too, as long as no frame gets more faces than the fullest one has.
    Raises ValueError for a frame without a face under "error", and under the last two if there
    is no face in any frame.
    """
    if policy not in POLICIES:
        raise ValueError(f"unknown policy {policy!r}; known: {', '.join(POLICIES)}")
    missing = [index for index, faces in enumerate(frames) if not faces]
    if policy == "empty" or not frames:
        return frames
    if policy == "error":
        if missing:
            raise ValueError(
                f"image {missing[0] + 1} of {len(frames)} has no face; set no_face to previous, "
                "interpolate or empty"
            )
        return frames
    if len(missing) == len(frames):
        raise ValueError(
            f"no face in any of the {len(frames)} images; lower min_confidence in Detect Face "
            "Landmarks, or set no_face to empty"
        )
    return _hold(_fill_tracks(frames, policy), policy)


def _fill_tracks(frames: list[list[Landmarks]], policy: str) -> list[list[Landmarks]]:
    """Puts in each face between two observations of it."""
    filled = [list(faces) for faces in frames]
    most = max(map(len, frames))
    for track in find_tracks(frames):
        for (before, place), (after, next_place) in pairwise(track):
            last, following = frames[before][place], frames[after][next_place]
            for index in range(before + 1, after):
                if len(filled[index]) < most:
                    share = (index - before) / (after - before)
                    face = (
                        replace(last, detector="previous frame")
                        if policy == "previous"
                        else between(last, following, share)
                    )
                    filled[index].insert(place, face)
    return filled


def _hold(frames: list[list[Landmarks]], policy: str) -> list[list[Landmarks]]:
    """Gives the frames that are still empty the faces of another frame."""
    known = [index for index, faces in enumerate(frames) if faces]
    held = list(frames)
    for index, faces in enumerate(frames):
        if not faces:
            earlier = [k for k in known if k < index]
            if policy == "previous":
                source = earlier[-1] if earlier else known[0]
            else:
                source = min(known, key=lambda k: abs(k - index))
            word = "previous frame" if source < index else "next frame"
            held[index] = [replace(face, detector=word) for face in frames[source]]
    return held


def between(last: Landmarks, following: Landmarks, share: float) -> Landmarks:
    """The face a share 0…1 of the way from where it was last seen to where it is seen next."""
    points = last.points.lerp(following.convert(last.scheme).points, share)
    score = min(last.score, following.score)
    return replace(last, points=points, score=score, detector="interpolated")
