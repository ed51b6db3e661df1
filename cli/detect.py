"""tps-portrait detect: finds landmarks."""

import argparse
import json
from pathlib import Path

from ..tps_core.detect import detect_most
from ..tps_core.draw import draw_landmarks
from ..tps_core.face_not_found import BY_HAND
from ..tps_core.file_faces import known_faces
from ..tps_core.file_kinds import DETECTED, PICTURE
from ..tps_core.landmark_files.json_file import faces_to_json
from ..tps_core.output_files import make_folder, names_file, replace_file
from ..tps_core.picture_writer import write_picture, written_endings
from ..tps_core.pictures import read_picture
from ..tps_core.plain_text import shown
from ..tps_core.targets import Targets
from .common import (
    INPUT_ERRORS,
    add_detector_options,
    add_json_option,
    add_overwrite_option,
    finishing,
    is_file_name,
    reason,
)
from .inputs import find_inputs
from .terminal import add_number, say, say_json, show_progress, tell


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "detect",
        help="find faces and their landmarks",
        description="Finds the faces in pictures and the points that mark their parts.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="picture files, or folders")
    parser.add_argument("-o", "--output", type=Path, metavar="JSON", help="where to write them")
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="PNG",
        help="the picture with its landmarks; of several pictures, a folder for them",
    )
    add_number(parser, "--max-faces", int, 1, 1000, default=10, metavar="N", help="default: 10")
    add_overwrite_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Detects in every picture; one that can't be read fails the command, after the others."""
    paths, failed = find_inputs(arguments.images)
    targets = Targets(paths, arguments.overwrite)
    if arguments.output:
        targets.file(arguments.output, DETECTED)
    preview = arguments.preview
    alone = preview and is_file_name(preview, len(paths), "a picture", written_endings())
    if alone:
        targets.file(preview, PICTURE)
    elif preview:
        targets.folder(preview)
    images: dict[str, dict] = {}
    for done, path in enumerate(paths, 1):
        try:
            picture = read_picture(path)
            most = arguments.max_faces
            faces = known_faces(path, picture)
            if faces is None:
                faces, more = detect_most(
                    picture, arguments.detector, most, arguments.min_confidence
                )
            else:
                faces, more = faces[:most], len(faces) > most
            if more:
                tell(
                    f"tps-portrait detect: {path}: more than {most} faces; {most} are kept, and "
                    "--max-faces raises the limit"
                )
            height, width = picture.shape[-2:]
            images[str(path)] = faces_to_json(faces, (width, height))
            if preview:
                target = preview if alone else targets.free(preview, path.stem, ".png", PICTURE)
                write_picture(target, draw_landmarks(picture, faces), arguments.overwrite)
                targets.finished(target)
        except INPUT_ERRORS as error:
            failed.append(reason(error, path))
        show_progress(done, len(paths), path.name)

    if arguments.output:
        text = json.dumps({"images": images}, indent=1) + "\n"
        with finishing(targets.written), names_file(arguments.output):
            make_folder(arguments.output.parent)
            replace_file(arguments.output, text.encode(), arguments.overwrite)
    if arguments.json:
        say_json({"images": images})
    else:
        for name, found in images.items():
            say(f"{shown(name)}: {_found(found['faces'])}")
    for line in failed:
        tell(f"tps-portrait detect: {line}")
    return 2 if failed else 0


def _found(faces: list[dict]) -> str:
    """How many faces there are, and how sure they are, in words."""
    if not faces:
        return f"no sure face; lower --min-confidence, or {BY_HAND}"
    scores = ", ".join(f"{face['score']:.2f}" for face in faces)
    return f"{len(faces)} face{'s' * (len(faces) > 1)} (confidence {scores})"
