"""What `tps-portrait stylize` does with a video."""

import argparse
import os
import time
from pathlib import Path

from ..tps_core.one_thread import one_thread
from ..tps_core.picture_formats import ENDINGS as PICTURE_ENDINGS
from ..tps_core.style import Style
from ..tps_core.videos.animation import ENDINGS as ANIMATIONS
from ..tps_core.videos.animation import moves
from ..tps_core.videos.paint_frame import VideoOptions
from ..tps_core.videos.reader import ENDINGS, opens_as_video
from ..tps_core.videos.stylize_video import stylize_video
from ..tps_core.videos.writer import CODECS
from .face_options import face_arguments
from .terminal import show_progress, tell


def is_video(path: Path, output: Path) -> bool:
    """Whether the input is a video: whatever PyAV opens as one, and no picture.

    An animation (GIF, WebP, APNG, AVIF) is one if OUT is to be a video or GIF.
    """
    ending = path.suffix.lower()
    if ending in ANIMATIONS:
        return output.suffix.lower() in CODECS and moves(path)
    return ending in ENDINGS or (ending not in PICTURE_ENDINGS and opens_as_video(path))


def say_if_it_moves(path: Path) -> None:
    """Says of an animation, of which the first frame is read as a picture, how all are painted."""
    if path.suffix.lower() in ANIMATIONS and moves(path):
        tell(f"{path}: to paint all of its pictures let OUT be the name of a {', '.join(CODECS)}")


def video_ending(path: Path, output: Path) -> str:
    """How the name of what is made of the video ends: as OUT's, else as its own, else .mp4."""
    endings = output.suffix.lower(), path.suffix.lower(), ".mp4"
    return next(ending for ending in endings if ending in CODECS)


def paint_video(
    path: Path, target: Path, styles: list[Style], arguments: argparse.Namespace
) -> dict:
    """Paints the video, with a progress line; returns what `--json` says of it.

    Raises ValueError and NotWritten as `stylize_video` does.
    """
    detector, min_confidence, faces, numbers = face_arguments(arguments)
    options = VideoOptions(
        arguments.whole_image,
        arguments.strength,
        arguments.color_match,
        detector,
        min_confidence,
        float(arguments.keep_colors),
        arguments.ground,
        faces,
        numbers,
        arguments.no_face,
    )
    begun = time.monotonic()

    def progress(done: int, total: int) -> None:
        rate = done / max(time.monotonic() - begun, 1e-6)
        show_progress(done, total, f"{path.name}, {rate:.1f} frames/s")

    # Beside decoder and encoder, which use all cores, more of torch's would wait busily.
    with one_thread():
        # A GPU paints one frame at a time; on a CPU each core paints its own.
        workers = (os.cpu_count() or 1) if styles[0].device.type == "cpu" else 1
        report = stylize_video(
            path, target, styles, options, workers, progress, arguments.overwrite
        )
    seconds = time.monotonic() - begun
    return {
        "frames": report.frames,
        "frames_with_face": report.frames_with_face,
        "frames_per_second": round(report.frames / seconds, 1),
        "notes": list(report.notes),
    }
