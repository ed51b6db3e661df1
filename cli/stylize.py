"""tps-portrait stylize: paints pictures and videos."""

import argparse
from pathlib import Path

from ..tps_core.detect import FaceNotFound, detect_face
from ..tps_core.file_kinds import PICTURE, VIDEO
from ..tps_core.pictures import ENDINGS, picture_format, read_picture, write_picture
from ..tps_core.plain_text import shown
from ..tps_core.style import Style, find_style, load_style
from ..tps_core.stylize import stylize
from ..tps_core.targets import Targets
from ..tps_core.videos.writer import CODECS
from .common import (
    UNUSABLE,
    add_detector_options,
    add_device_option,
    add_json_option,
    add_overwrite_option,
    expand,
    find_device,
    reason,
)
from .finish_options import add_finish_options, check_finish_options
from .terminal import add_number, say, say_json, show_progress, tell
from .video import is_video, paint_video


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "stylize",
        help="paint portraits and videos in a style",
        description="Paints each picture or video in the style: all of it, or the face alone. In a "
        "video the face is followed and held steady; its sound is copied.",
    )
    parser.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|VIDEO")
    parser.add_argument(
        "--style",
        required=True,
        metavar="NAME|PATH",
        help="the name of an installed style (doctor lists them), or a file",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="OUT",
        help="a picture's or a video's name (.mp4, .mkv, .webm, .gif …); of several, a folder",
    )
    add_finish_options(parser)
    add_number(
        parser,
        "--color-match",
        float,
        0,
        1,
        default=0.0,
        metavar="C",
        help="0…1, with --face-only: takes the face's colours towards the photo's; default: 0",
    )
    add_overwrite_option(parser)
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Paints every picture; one that can't be painted fails the command, after the others."""
    paths = expand(arguments.inputs)
    check_finish_options(arguments, paths)
    style_path = find_style(arguments.style)
    targets = Targets([*paths, style_path], arguments.overwrite)
    alone = _is_name_of_result(paths, arguments.output)
    if alone:
        _name_it(paths[0], arguments.output, targets)
    else:
        targets.folder(arguments.output)
    style = load_style(style_path).to(find_device(arguments.device))
    videos: dict[str, dict] = {}
    failed: list[str] = []
    try:
        for done, path in enumerate(paths, 1):
            try:
                moving = is_video(path, arguments.output)
                target = arguments.output if alone else _free(path, moving, arguments, targets)
                if moving:
                    told = paint_video(path, target, style, arguments)
                    videos[str(target)] = told
                else:
                    _paint_picture(path, target, style, arguments)
                targets.finished(target)
            except UNUSABLE as error:
                failed.append(reason(error, path))
                moving = False
            if not moving:
                show_progress(done, len(paths), path.name)
    finally:  # stopped by Ctrl-C too
        all_done = len(targets.written) == len(paths)
        _list(targets.written, all_done, videos, failed, arguments.json)
    return 2 if failed else 0


def _list(
    written: list[Path], all_done: bool, videos: dict, failed: list[str], as_json: bool
) -> None:
    """Says what was painted; each by its name where somebody may want to know what is missing."""
    if as_json:
        say_json({"written": list(map(str, written)), "videos": videos, "failed": failed})
    elif len(written) < 10 or not all_done:
        for path in written:
            say(shown(path))
    else:
        say(f"{len(written)} files written")
    for line in failed:
        tell(f"tps-portrait stylize: {line}")


def _paint_picture(path: Path, target: Path, style: Style, arguments: argparse.Namespace) -> None:
    photo = read_picture(path)
    result = stylize(
        photo,
        style,
        _face(photo, path, arguments),
        arguments.whole_image,
        arguments.strength,
        arguments.color_match,
        str(path),
        float(arguments.keep_colors),
        arguments.ground,
    )
    write_picture(target, result.picture, arguments.overwrite)


def _face(photo, path: Path, arguments: argparse.Namespace):
    """The largest face; with the whole image to be painted, a photo without one will do."""
    try:
        return detect_face(photo, str(path), arguments.detector, arguments.min_confidence)
    except FaceNotFound:
        if not arguments.whole_image:
            raise
        return []


def _is_name_of_result(paths: list[Path], output: Path) -> bool:
    """Whether OUT is the name of the only picture or video that is made, and not of a folder."""
    endings = CODECS if is_video(paths[0], output) else ENDINGS
    return len(paths) == 1 and output.suffix.lower() in endings


def _name_it(path: Path, output: Path, targets: Targets) -> None:
    """Raises ValueError where the picture or video may not be written to OUT."""
    if is_video(path, output):
        targets.file(output, VIDEO)
    else:
        picture_format(output)
        targets.file(output, PICTURE)


def _free(path: Path, moving: bool, arguments: argparse.Namespace, targets: Targets) -> Path:
    """A file in the folder OUT, named like the input, and numbered if that name is taken.

    Raises ValueError for a video that is to become a picture.
    """
    output = arguments.output
    if not moving:
        return targets.free(output, path.stem, ".png", PICTURE)
    if output.suffix.lower() in ENDINGS:
        raise ValueError(f"{output}: a video's name must end in {', '.join(CODECS)}")
    ending = path.suffix if path.suffix.lower() in CODECS else ".mp4"
    return targets.free(output, path.stem, ending, VIDEO)
