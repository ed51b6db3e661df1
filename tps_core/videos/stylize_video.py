"""Painting videos: read, followed, painted and written at the same time."""

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from pathlib import Path

from torch import Tensor

from ..face_not_found import FaceNotFound, face_not_found
from ..output_files import NotWritten
from ..style import Style
from .animation import AnimationReader, moves
from .beside import FULL_DISK_ERRORS
from .frame import Frame
from .paint_frame import PLAIN, VideoOptions, paint_frame
from .plan import FramePlan, plan_frames
from .pyav import load_av
from .reader import VideoReader
from .run_ahead import run_ahead
from .writer import VideoWriter

PLANS_AHEAD = 100  # planned frames that wait for being painted
FRAMES_EACH = 2  # frames that wait for each worker

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class VideoReport:
    """What became of a video."""

    frames: int
    frames_with_face: int
    notes: tuple[str, ...] = ()  # what it could not keep, or was changed to be painted
    numbers: frozenset[int] = frozenset()  # of the faces that were painted


def stylize_video(
    source: Path | str,
    target: Path | str,
    style: Style | Sequence[Style],
    options: VideoOptions = PLAIN,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    replace: bool = True,
) -> VideoReport:
    """Paints the video into another with the same sound; `progress` is told frames done of about.

    `workers` frames are painted at a time: with torch on one thread, as many as there are cores
    are quickest. Whatever stops it, no half-made file is left; without `replace` a video that has
    the target's name stays. What it could not keep is logged, a line each. Of several styles each
    face gets one, by its number, as `VideoOptions.follower` counts; the first paints the rest.
    Raises ValueError for a video that can't be read or a name that can't be written, its kind
    FaceNotFound where faces are to be painted and there is none in any frame, and NotWritten.
    """
    if Path(target).exists() and Path(source).samefile(target):
        raise ValueError(f"{target}: is the video that is read; give the painted one another name")
    with closing(open_video(source)) as reader:
        writer = VideoWriter(target, reader, replace)
        try:
            report = _paint(reader, writer, style, options, workers, progress)
            if not report.frames_with_face and _needs_face(options):
                raise _no_face(source, options)
            writer.finish()
        except load_av().error.FFmpegError as error:
            _discard(writer)
            if error.errno in FULL_DISK_ERRORS:
                raise NotWritten(Path(target), error) from None
            raise ValueError(
                f"{source}: can't be made into {target} ({error.strerror or error}); "
                "another ending, such as .mkv, may do"
            ) from None
        except BaseException:
            _discard(writer)
            raise
    notes = (*_faces_never_seen(report, options), *reader.notes, *writer.notes)
    for note in notes:
        log.warning("%s: %s", source, note)
    return replace_fields(report, notes=notes)


def open_video(path: Path | str) -> VideoReader | AnimationReader:
    """The video or animation in the file. Raises ValueError when it can't be read."""
    return AnimationReader(path) if moves(path) else VideoReader(path)


def _needs_face(options: VideoOptions) -> bool:
    if options.no_face == "skip":
        return False
    return not options.whole_image or options.no_face == "error" or options.faces != "auto"


def _no_face(source: Path | str, options: VideoOptions) -> FaceNotFound:
    if options.by_number:
        return FaceNotFound(
            f"{source}: face {min(options.numbers)} is to be painted, but in no frame are there so "
            "many; give a smaller number, or lower min_confidence"
        )
    where = f"{source}, in all frames"
    return face_not_found(where, options.min_confidence, "paint the whole image")


def _faces_never_seen(report: VideoReport, options: VideoOptions) -> list[str]:
    if not options.by_number:
        return []
    return [
        f"face {number} is in no frame"
        for place, number in enumerate(options.numbers)
        if place not in report.numbers
    ]


def _discard(writer: VideoWriter) -> None:
    # What is left to be written can't be either; what went wrong first is told.
    with contextlib.suppress(load_av().error.FFmpegError):
        writer.discard()


def _paint(reader, writer, style, options, workers, progress) -> VideoReport:
    done = with_face = 0
    numbers: set[int] = set()
    waiting: deque = deque()  # (frame, the painting to come) in order

    held: deque = deque(maxlen=2)  # the last two (frame, its plan): the newer waits for the next

    def paint(*after: Tensor) -> None:
        *before, (frame, plan) = held
        near = [*(each.picture for each, _ in before), *after]
        waiting.append((frame, pool.submit(paint_frame, frame.picture, style, plan, options, near)))
        if len(waiting) > FRAMES_EACH * workers:
            write_next()

    def write_next() -> None:
        nonlocal done
        frame, painting = waiting.popleft()
        writer.add(replace_fields(frame, picture=painting.result()))
        done += 1
        progress(done, max(done, reader.count))

    with (
        closing(run_ahead(_plans(reader.path, options), PLANS_AHEAD)) as plans,
        closing(run_ahead(reader.parts(), workers)) as parts,
        ThreadPoolExecutor(workers) as pool,
    ):
        for part in parts:
            if not isinstance(part, Frame):
                writer.add_packet(part)
                continue
            if held:
                paint(part.picture)
            plan = next(plans)
            held.append((part, plan))
            with_face += bool(plan.faces)
            numbers.update(face.number for face in plan.faces)
        if held:
            paint()
        while waiting:
            write_next()
    return VideoReport(done, with_face, numbers=frozenset(numbers))


def _plans(path: Path, options: VideoOptions) -> Iterator[FramePlan]:
    """The plans of a video's frames, read by itself: planning runs ahead of painting."""
    follower = options.follower()
    with closing(open_video(path)) as reader:
        yield from plan_frames(follower(frame.picture[:3]) for frame in reader.frames())
