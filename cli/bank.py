"""tps-portrait bank: builds a face bank, reports on it, and serves its review."""

import argparse
from pathlib import Path

from torch import Tensor

from ..tps_core.pictures import write_picture
from ..training.bank import bank_of, load_bank, save_bank
from ..training.entry import Entry, report
from ..training.examine import Finding, Look, examine_folder
from ..training.page import write_page
from ..training.review import Review
from ..training.sheet import contact_sheet
from .common import (
    add_detector_options,
    add_json_option,
    build_folder_bank,
    print_json,
    show_progress,
)
from .review import serve


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
        "and the list of all files",
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
    parser.add_argument(
        "--size",
        type=int,
        default=256,
        metavar="N",
        help="side of the faces in pixels; default: 256",
    )
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Builds the bank; a report is written even where no face can be used."""
    if not (arguments.output or arguments.report or arguments.review):
        raise ValueError("say what to make: -o BANK.safetensors, --report FOLDER, or --review")
    folder, size = arguments.folder, arguments.size
    look = Look(
        size,
        arguments.detector,
        arguments.min_confidence,
        with_previews=bool(arguments.report or arguments.review),
    )
    findings = examine_folder(
        folder, look, lambda done, total, entry: show_progress(done, total, entry.name)
    )
    photos = _photos(arguments)
    if arguments.review:
        review = Review(folder, look, findings)
        serve(review, photos, _farewell(arguments), not arguments.no_browser)
        findings = review.findings
    if arguments.report:
        write_report(findings, folder, arguments.report, photos)
    faces = sum(finding.entry.used for finding in findings)
    if arguments.output:
        save_bank(bank_of(findings, folder), arguments.output)
    if arguments.json:
        output = str(arguments.output) if arguments.output else None
        files = [_as_json(finding.entry) for finding in findings]
        print_json({"output": output, "faces": faces, "files": files})
    elif not arguments.review:
        print(report([finding.entry for finding in findings]))
    elif arguments.output:
        print(f"{faces} faces written to {arguments.output}")
    return 0


def write_report(
    findings: list[Finding], folder: Path, place: Path, photos: Tensor | None = None
) -> None:
    """Writes the page, contact sheet and list of files about the folder into `place`."""
    write_page(place, folder, findings, photos)
    if any(finding.entry.used for finding in findings):
        sheet = contact_sheet(bank_of(findings, folder))
        write_picture(place / "contact_sheet.png", sheet)
    lines = report([finding.entry for finding in findings])
    (place / "report.txt").write_text(lines + "\n", "utf-8")


def _photos(arguments: argparse.Namespace) -> Tensor | None:
    """The poses (n, 2) of the photos to compare with."""
    if not arguments.photos:
        return None
    if Path(arguments.photos).suffix == ".safetensors":
        return load_bank(arguments.photos).poses
    return build_folder_bank(arguments.photos, arguments.size, arguments).poses


def _farewell(arguments: argparse.Namespace) -> str:
    if arguments.output:
        return f"The face bank is being written to {arguments.output}. You can close this window."
    return "What you decided lies beside the pictures. You can close this window."


def _as_json(entry: Entry) -> dict:
    return {"file": entry.name, "used": entry.used, "reason": entry.reason, **entry.details}
