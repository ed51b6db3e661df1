"""How many faces are found in pictures of art and unusual photos, with sheets to look at.

Each set is cut in two: `tune` is for choosing how the detectors search, `report` for what is told
of them. Whether a face has its points in the right place is counted by eye on the sheets, where
each cell bears its number in the set and its score. `nothing` is a set of pictures that show no
face: what is found there is wrong.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from collection import DATA
from tps_portrait.tps_core.detect import DETECTORS, detect
from tps_portrait.tps_core.draw import draw_landmarks
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.geometry.pixels import as_bytes
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.pictures import read_picture

SETS = (
    "ink_gibson", "chalk_dodd", "comic_peppercarrot", "ink_vallotton_masks", "engraving_1830s",
)  # fmt: skip
HALVES = {"tune": slice(0, None, 2), "report": slice(1, None, 2), "all": slice(None)}
COLUMNS = 8


def files_of(name: str, half: str) -> list[Path]:
    """The set's pictures in that half."""
    folder = DATA / name if (DATA / name).is_dir() else DATA / "art" / name
    return list_pictures(folder)[HALVES[half]]


def cell(picture: Tensor, faces: list[Landmarks], label: str, side: int) -> Image.Image:
    """The picture (3, h, w) with the points of the faces, fitted into a square."""
    height, width = picture.shape[-2:]
    factor = side / max(height, width)
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    small = F.interpolate(picture[None], (h, w), mode="bilinear", antialias=True)[0]
    # Drawn at the sheet's size, or the points would hardly be seen.
    drawn = draw_landmarks(small, [replace(face.convert("ibug-68"), size=(w, h)) for face in faces])
    canvas = Image.new("RGB", (side, side), "white")
    canvas.paste(Image.fromarray(as_bytes(drawn).permute(1, 2, 0).numpy()))
    pen = ImageDraw.Draw(canvas)
    pen.rectangle((0, 0, 6 * len(label) + 3, 11), fill="white" if faces else "red")
    pen.text((2, 0), label, fill="black")
    return canvas


def sheets(cells: list[Image.Image], path: Path, rows: int = 8) -> None:
    """Writes the cells as sheets of so many rows: path-1.png, path-2.png …"""
    side = cells[0].width
    path.parent.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(cells), rows * COLUMNS), 1):
        part = cells[start : start + rows * COLUMNS]
        sheet = Image.new("RGB", (COLUMNS * side, -(-len(part) // COLUMNS) * side), "white")
        for i, one in enumerate(part):
            sheet.paste(one, (i % COLUMNS * side, i // COLUMNS * side))
        sheet.save(path.with_name(f"{path.name}-{number}.png"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--half", choices=HALVES, default="tune")
    parser.add_argument("--detector", choices=DETECTORS, default="auto")
    parser.add_argument("--min-confidence", type=float, default=0.5)
    parser.add_argument("--sheets", type=Path, help="folder for the sheets")
    parser.add_argument("--cell", type=int, default=190, metavar="PX")
    parser.add_argument("--count", type=int, help="so many pictures of each set, evenly spread")
    arguments = parser.parse_args()
    print("| set | found | seconds each | not found |\n|---|---|---|---|", flush=True)
    for name in arguments.sets:
        cells, missed, start = [], [], time.perf_counter()
        files = files_of(name, arguments.half)
        if arguments.count:
            files = files[:: max(1, len(files) // arguments.count)]
        for path in files:
            picture = read_picture(path)
            faces = detect(picture, arguments.detector, 1, arguments.min_confidence)
            label = path.stem.split("_")[-1][-18:]
            if faces:
                label += f" {faces[0].score:.2f} {faces[0].detector[0]}"
            else:
                missed.append(label)
            cells.append(cell(picture, faces, label, arguments.cell))
        each = (time.perf_counter() - start) / len(files)
        found = f"{len(files) - len(missed)} of {len(files)} ({1 - len(missed) / len(files):.1%})"
        print(f"| {name} | {found} | {each:.2f} | {' '.join(missed)} |", flush=True)
        if arguments.sheets:
            sheets(cells, arguments.sheets / name)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
