"""tps-portrait evaluate: measures a style."""

import argparse
import csv
import io
import math
from functools import partial
from pathlib import Path

from torch import Tensor

from ..tps_core.file_faces import known_faces
from ..tps_core.file_kinds import SHEET
from ..tps_core.folder_contents import own_pictures
from ..tps_core.own_folder import OwnFolder
from ..tps_core.picture_writer import encode
from ..tps_core.pictures import read_picture, to_image
from ..tps_core.style import find_style, load_style
from ..training.measure.evaluate import Painter, evaluate, find_results, paint_with
from ..training.measure.evaluation import PAINT_FIGURES, Evaluation, Record
from ..training.measure.features import load_evaluation_networks
from ..training.measure.paint_measures import FACE_PX
from .common import (
    INPUT_ERRORS,
    add_detector_options,
    add_device_option,
    add_json_option,
    find_device,
    load_or_build_bank,
    reason,
)
from .terminal import say, say_json, show_progress, tell

REPORT = ("contact_sheet.png", "report.txt", "pictures.csv")


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure how well results keep the face and look like the art",
        description="Compares photos with their results (landmarks: MLD; looks: LPIPS; paint: "
        "colour curve, strokes and weave; the person: retrieval), and the results with art (KID, "
        "FID), all in the face crop. Use photos that the style was not trained with, 30 or more.",
    )
    parser.add_argument("--photos", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--art", required=True, metavar="FOLDER|BANK", help="pictures in the style; or a face bank"
    )
    made = parser.add_mutually_exclusive_group(required=True)
    made.add_argument(
        "--results", type=Path, metavar="FOLDER", help="what was made of them, named like them"
    )
    made.add_argument(
        "--style", metavar="NAME|PATH", help="a style to paint the photos with, name or file"
    )
    parser.add_argument(
        "--whole-image",
        action=argparse.BooleanOptionalAction,
        help="what is painted with --style: all of the photo (the default), or the face alone; "
        "then the photo's own hair and background are compared with the art's",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="where to put the report, a table of all pictures, and a contact sheet, worst "
        "first; a report that is there is replaced, other files never",
    )
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluates; photos that had to be left out are named in the report.

    One that can't be read fails the command, after the others; one without a face doesn't.
    """
    folder, broken = arguments.photos, []

    def read(path: Path) -> Tensor:
        try:
            return read_picture(path)
        except INPUT_ERRORS as error:
            broken.append(reason(error, path))
            raise

    photos = {
        path.relative_to(folder).as_posix(): partial(read, path) for path in own_pictures(folder)
    }
    if not photos:
        raise ValueError(f"{folder}: no pictures in it")
    place = OwnFolder(arguments.report, REPORT) if arguments.report else None
    device = find_device(arguments.device)
    paint, painted = _painter(arguments, device)
    networks = load_evaluation_networks(device)
    evaluation = evaluate(
        photos,
        paint,
        load_or_build_bank(arguments.art, FACE_PX, arguments),
        networks,
        arguments.detector,
        arguments.min_confidence,
        show_progress,
        painted,
        lambda name, photo: known_faces(folder / name, photo),
    )
    if place:
        write_report(evaluation, place)
    if arguments.json:
        say_json(_as_json(evaluation))
    else:
        say(evaluation.report)
    for line in broken:
        tell(f"tps-portrait evaluate: {line}")
    return 2 if broken else 0


def write_report(evaluation: Evaluation, place: OwnFolder) -> None:
    """Writes the evaluation's contact sheet, table and report into the folder."""
    sheet, text, table = REPORT
    place.write(sheet, encode(to_image(evaluation.sheet()), Path(sheet), SHEET))
    place.write(text, f"{evaluation.report}\n".encode())
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    pictures = [_picture(record, evaluation.suffix) for record in evaluation.worst_first]
    writer.writerow(pictures[0])
    for picture in pictures:
        values = [int(v) if isinstance(v, bool) else v for v in picture.values()]
        writer.writerow(["" if value is None else value for value in values])
    place.write(table, file.getvalue().encode("utf-8", "backslashreplace"))
    place.finish()


def _painter(arguments: argparse.Namespace, device) -> tuple[Painter, str]:
    """Where results come from, and what is painted of a photo, in words."""
    if arguments.results:
        if arguments.whole_image is not None:
            raise ValueError(
                "--whole-image and --no-whole-image go with --style: results are painted already"
            )
        return find_results(arguments.results), ""
    style = load_style(find_style(arguments.style)).to(device)
    whole_image = arguments.whole_image is not False
    return paint_with(style, whole_image), "the whole image" if whole_image else "the face"


def _as_json(evaluation: Evaluation) -> dict:
    return {
        "figures": {name: _number(value) for name, value in evaluation.figures.items()},
        "networks": evaluation.networks,
        "painted": evaluation.painted,
        "results": len(evaluation.records),
        "art": evaluation.art_faces,
        "pictures": [_picture(record, evaluation.suffix) for record in evaluation.records],
        "left_out": evaluation.left_out,
    }


def _picture(record: Record, suffix: str) -> dict:
    """One photo's own figures; None for what is not known of it."""
    return {
        "photo": record.name,
        "found": record.found,
        "mld": _number(record.mld),
        f"lpips{suffix}": record.lpips,
        **{name: _number(getattr(record, name)) for name in PAINT_FIGURES},
        "own_photo_nearest": record.kept,
    }


def _number(value: float) -> float | None:
    """The value, or None for nan, which JSON doesn't have."""
    return None if math.isnan(value) else value
