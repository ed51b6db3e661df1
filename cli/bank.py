"""tps-portrait bank: builds a face bank."""

import argparse
from pathlib import Path

from ..tps_core.pictures import write_picture
from ..training.bank import FaceBank, save_bank
from ..training.sheet import contact_sheet
from .common import add_detector_options, add_json_option, build_folder_bank, print_json


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "bank",
        help="cut the faces out of a folder, for training",
        description="Builds a face bank: the faces of a folder of pictures, aligned, with their "
        "landmarks. Folders in it are searched too; nothing stops it, all is reported.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="BANK.safetensors")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FOLDER",
        help="where to put a contact sheet and the list of all files",
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
    bank = build_folder_bank(arguments.folder, arguments.size, arguments)
    save_bank(bank, arguments.output)
    if arguments.report:
        write_report(bank, arguments.report)
    if arguments.json:
        entries = [{"file": e.name, "used": e.used, "reason": e.reason} for e in bank.entries]
        print_json({"output": str(arguments.output), "faces": len(bank), "files": entries})
    else:
        print(bank.report)
    return 0


def write_report(bank: FaceBank, folder: Path) -> None:
    """Writes the bank's contact sheet and list of files into the folder."""
    write_picture(folder / "contact_sheet.png", contact_sheet(bank))
    (folder / "report.txt").write_text(bank.report + "\n", "utf-8")
