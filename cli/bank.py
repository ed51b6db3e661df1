"""tps-portrait bank: builds a face bank, reports on it, and serves its review."""

import argparse
from pathlib import Path

from torch import Tensor

from ..tps_core.file_kinds import BANK, SHEET
from ..tps_core.own_folder import OwnFolder
from ..tps_core.picture_writer import encode
from ..tps_core.pictures import to_image
from ..tps_core.plain_text import shown
from ..tps_core.targets import Targets
from ..training.banks.bank import bank_of, save_bank
from ..training.banks.contact_sheet import contact_sheet
from ..training.banks.entry import Entry, report
from ..training.banks.page import page_names, write_page
from ..training.banks.review import Review
from ..training.banks.scan import Accepted, Rejected, ScanOptions, ScanResult, scan_folder
from .common import (
    add_detector_options,
    add_json_option,
    add_overwrite_option,
    finishing,
    load_or_build_bank,
)
from .review import serve
from .terminal import add_number, say, say_json, show_progress, tell


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "bank",
        help="cut the faces out of a folder, for training",
        description="Builds a face bank: the faces of a folder of pictures, aligned, with their "
        "landmarks. Folders in it are searched too; nothing stops it, all is reported.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, metavar="BANK.safetensors")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="where to put a page that shows all files in buckets (index.html), a contact sheet "
        "and the list of all files; a report that is there is replaced, other files never",
    )
    parser.add_argument(
        "--review",
        action="store_true",
        help="open that page in the browser and fix things in it: exclude pictures, choose faces, "
        "place points; Ctrl-C ends it, and then the bank is written",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="with --review: only print the page's address"
    )
    parser.add_argument(
        "--photos",
        metavar="FOLDER|BANK",
        help="photos whose poses the page compares with those of the art",
    )
    add_number(
        parser,
        "--size",
        int,
        16,
        2048,
        default=256,
        metavar="N",
        help="side of the faces in pixels; default: 256",
    )
    add_overwrite_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Builds the bank; a report is written even where no face can be used.

    A file that can't be read fails the command, after the others; one without a face doesn't.
    """
    if not (arguments.output or arguments.report or arguments.review):
        raise ValueError("say what to make: -o BANK.safetensors, --report FOLDER, or --review")
    folder, size = arguments.folder, arguments.size
    if arguments.output:
        targets = Targets([arguments.photos or folder], arguments.overwrite)
        targets.file(arguments.output, BANK, ours=True)
    place = OwnFolder(arguments.report, report_names()) if arguments.report else None
    options = ScanOptions(
        size,
        arguments.detector,
        arguments.min_confidence,
        with_previews=bool(place or arguments.review),
    )
    results = scan_folder(
        folder, options, lambda done, total, entry: show_progress(done, total, entry.name)
    )
    photos = _photos(arguments)
    if arguments.review:
        review = Review(folder, options, results)
        serve(review, photos, _farewell(arguments), not arguments.no_browser)
        results = review.results
    written: list[Path] = []
    with finishing(written):
        if place:
            write_report(results, folder, place, photos)
            written.append(place.place)
        faces = sum(isinstance(result, Accepted) for result in results)
        if arguments.output:
            # Once more: a review takes its time.
            save_bank(bank_of(results, folder), targets.file(arguments.output, BANK, ours=True))
    if arguments.json:
        output = str(arguments.output) if arguments.output else None
        files = [_as_json(result.entry) for result in results]
        say_json({"output": output, "faces": faces, "files": files})
    elif not arguments.review:
        say(report([result.entry for result in results]))
    elif arguments.output:
        say(shown(f"{faces} faces written to {arguments.output}"))
    broken = [
        result.entry for result in results if isinstance(result, Rejected) and result.is_broken
    ]
    for entry in broken:
        tell(f"tps-portrait bank: {entry.name}: {entry.reason}")
    return 2 if broken else 0


def report_names() -> list[str]:
    """The files and folders that `write_report` writes."""
    return [*page_names(), "contact_sheet.png", "report.txt"]


def write_report(
    results: list[ScanResult], folder: Path, place: OwnFolder, photos: Tensor | None = None
) -> None:
    """Writes the page, contact sheet and list of files about the folder into `place`."""
    write_page(place, folder, results, photos)
    if any(isinstance(result, Accepted) for result in results):
        sheet = contact_sheet(bank_of(results, folder))
        name = "contact_sheet.png"
        place.write(name, encode(to_image(sheet), Path(name), SHEET))
    lines = report([result.entry for result in results])
    place.write("report.txt", f"{lines}\n".encode())
    place.finish()


def _photos(arguments: argparse.Namespace) -> Tensor | None:
    """The poses (n, 2) of the photos to compare with."""
    if not arguments.photos:
        return None
    return load_or_build_bank(arguments.photos, arguments.size, arguments).poses


def _farewell(arguments: argparse.Namespace) -> str:
    if arguments.output:
        return f"The face bank is being written to {arguments.output}. You can close this window."
    return "What you decided lies beside the pictures. You can close this window."


def _as_json(entry: Entry) -> dict:
    return {"file": entry.name, "used": entry.used, "reason": entry.reason, **entry.details}
