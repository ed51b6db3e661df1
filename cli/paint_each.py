"""What the commands that paint share: options, and one file painted after the other."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from torch import Tensor

from ..tps_core.face_not_found import FaceNotFound
from ..tps_core.file_kinds import PICTURE, VIDEO
from ..tps_core.picture_writer import written_endings
from ..tps_core.plain_text import shown
from ..tps_core.stylize import Stylized, unpainted
from ..tps_core.targets import Targets
from ..tps_core.transparency import cut_out
from ..tps_core.videos.writer import CODECS
from .common import (
    INPUT_ERRORS,
    add_detector_options,
    add_device_option,
    add_json_option,
    add_overwrite_option,
    is_file_name,
    reason,
)
from .face_options import add_face_options
from .finish_options import add_finish_options, check_finish_options
from .inputs import PIPE, find_inputs, place
from .pipes import check_pipes, read_for, write_to
from .terminal import say, say_json, show_progress, tell
from .video import is_video, say_if_it_moves

# Paints a file into another, a video if that is so; of one it returns what `--json` says of it.
Paint = Callable[[Path, Path, bool], dict | None]


def add_painting_options(parser: argparse.ArgumentParser, output_help: str) -> None:
    parser.add_argument(
        "-o", "--output", type=place, required=True, metavar="OUT", help=output_help
    )
    add_finish_options(parser)
    add_face_options(parser)
    add_overwrite_option(parser)
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)


def paint_each(
    arguments: argparse.Namespace,
    used: Sequence[Path],
    prepare: Callable[[], Paint],
    videos: bool = False,
) -> int:
    """Paints every file; one that can't be painted fails the command, after the others.

    `used` are the files of styles or art, which are never written over. `prepare` is called
    once it is known that there is a place for the results. `videos` says whether those that lie in
    folders are painted.
    """
    paths, failed = find_inputs(arguments.inputs, videos)
    check_pipes(arguments, len(paths))
    films = {path for path in paths if is_video(path, arguments.output)}
    check_finish_options(arguments, paths, films)
    targets = Targets([*paths, *used], arguments.overwrite)
    alone = _is_name_of_result(paths, paths[0] in films, arguments.output)
    if not alone:
        targets.folder(arguments.output)
    elif films or arguments.output != PIPE:
        targets.file(arguments.output, VIDEO if films else PICTURE)
    paint = prepare()
    told_of: dict[str, dict | None] = {}
    try:
        for done, path in enumerate(paths, 1):
            try:
                moving = path in films
                target = arguments.output if alone else _free(path, moving, arguments, targets)
                if not moving:
                    say_if_it_moves(path)
                    show_progress(done - 1, len(paths), path.name)
                told = paint(path, target, moving)
                if moving:
                    told_of[str(target)] = told
                targets.finished(target)
            except INPUT_ERRORS as error:
                failed.append(reason(error, path))
                moving = False
            if not moving:
                show_progress(done, len(paths), path.name)
    finally:  # stopped by Ctrl-C too
        _list(targets.written, len(paths), told_of, failed, arguments)
    return 2 if failed else 0


def paint_picture(
    path: Path,
    target: Path,
    arguments: argparse.Namespace,
    paint: Callable[[Tensor], Stylized],
) -> None:
    """Paints the picture file with `paint`, which gets it as (3, h, w), into the target.

    One without a face is written as it is, where that was chosen.
    """
    photo, alpha = read_for(path, target)
    try:
        result, skipped = paint(photo), None
    except FaceNotFound as error:
        if arguments.no_face != "skip":
            raise
        result, skipped = unpainted(photo, arguments.ground), error
    write_to(target, cut_out(result.picture.cpu(), alpha), arguments.overwrite)
    if skipped:
        tell(f"tps-portrait {arguments.command}: {skipped}; written as it is")


def _list(
    written: list[Path],
    wanted: int,
    videos: dict,
    failed: list[str],
    arguments: argparse.Namespace,
) -> None:
    """Says what was painted; each by its name where somebody may want to know what is missing."""
    if arguments.json:
        say_json({"written": list(map(str, written)), "videos": videos, "failed": failed})
    elif arguments.output == PIPE:
        pass
    elif len(written) < 10 or len(written) < wanted:
        for path in written:
            say(shown(path))
    else:
        say(f"{len(written)} files written")
    for line in failed:
        tell(f"tps-portrait {arguments.command}: {line}")


def _is_name_of_result(paths: list[Path], moving: bool, output: Path) -> bool:
    """Whether OUT is the name of the only picture or video that is made, and not of a folder.

    Raises ValueError for a name that ends as neither does.
    """
    if output == PIPE:
        return True
    if moving:
        return is_file_name(output, len(paths), "a video", tuple(CODECS))
    return is_file_name(output, len(paths), "a picture", written_endings())


def _free(path: Path, moving: bool, arguments: argparse.Namespace, targets: Targets) -> Path:
    """A file in the folder OUT, named like the input, and numbered if that name is taken."""
    output = arguments.output
    if not moving:
        return targets.free(output, "stdin" if path == PIPE else path.stem, ".png", PICTURE)
    ending = path.suffix if path.suffix.lower() in CODECS else ".mp4"
    return targets.free(output, path.stem, ending, VIDEO)
