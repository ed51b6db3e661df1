"""tps-portrait detect: finds landmarks."""

import argparse
import json
import sys
from pathlib import Path

from ..tps_core.detect import detect
from ..tps_core.draw import draw_landmarks
from ..tps_core.landmark_files.json_file import faces_to_json
from ..tps_core.pictures import read_picture, write_picture
from .common import add_detector_options, add_json_option, expand, print_json, show_progress


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
    parser.add_argument("--max-faces", type=int, default=10, metavar="N", help="default: 10")
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Detects in every picture; one that can't be read fails the command, after the others."""
    paths = expand(arguments.images)
    images, broken = {}, []
    for done, path in enumerate(paths, 1):
        try:
            picture = read_picture(path)
        except ValueError as error:
            broken.append(str(error))
            continue
        faces = detect(picture, arguments.detector, arguments.max_faces, arguments.min_confidence)
        height, width = picture.shape[-2:]
        images[str(path)] = faces_to_json(faces, (width, height))
        if arguments.preview:
            single = len(paths) == 1
            target = arguments.preview if single else arguments.preview / f"{path.stem}.png"
            write_picture(target, draw_landmarks(picture, faces))
        show_progress(done, len(paths), path.name)

    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps({"images": images}, indent=1) + "\n", "utf-8")
    if arguments.json:
        print_json({"images": images})
    else:
        for name, found in images.items():
            scores = ", ".join(f"{face['score']:.2f}" for face in found["faces"])
            count = len(found["faces"])
            print(
                f"{name}: {count or 'no'} face{'s' * (count != 1)}"
                + (f" (confidence {scores})" if count else "")
            )
    for line in broken:
        print(f"tps-portrait detect: {line}", file=sys.stderr)
    return 2 if broken else 0
