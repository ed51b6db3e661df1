"""How many faces are found in art, how near their points are, and how often they are wrong.

Three checks, none of which uses our landmarker. Points that a person placed on 62 pictures that no
landmarker was trained with (tests/data/art_landmarks.json: middles of the eyes, tip of the nose,
corners of the mouth). YuNet's five points, where OpenCV and its model are there and it is sure of a
face. And a sheet of all pictures with the points drawn, to be looked at. Distances are shares of
the distance between the outer corners of the eyes.
"""

import argparse
import json
import math
import statistics
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from box_detectors import detect_boxes
from torch import Tensor

from collection import DATA
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.draw import draw_landmarks
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import IBUG_PARTS, Landmarks
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.training.banks.contact_sheet import tile

SETS = (
    "oil_impressionist", "oil_oldmasters", "pastel_18c", "ink_line_lorelei", "cartoon_adventurer",
)  # fmt: skip
BY_HAND = Path(__file__).parents[1] / "tests" / "data" / "art_landmarks.json"
PLACED = ("right_eye", "left_eye", "nose", "mouth_right", "mouth_left")
WRONG = 0.25  # of a face by hand or by YuNet beyond which points are on something else
SURE_YUNET = 0.8
OUTER_TO_MIDDLE = 1.43  # outer corners of the eyes are so much wider apart than their middles
CELL_PX, COLUMNS = 160, 14


@dataclass
class Found:
    """What one detector found in a set."""

    pictures: int = 0
    faces: int = 0
    by_hand: list[float] = field(default_factory=list)  # distances
    placed: int = 0  # pictures with points by hand
    yunet: list[float] = field(default_factory=list)

    def row(self) -> list[str]:
        """Its cells in the table."""
        wrong = [d for d in self.by_hand if d > WRONG]
        against = [d for d in self.yunet if d > WRONG]
        return [
            f"{self.faces / max(1, self.pictures):.0%}",
            f"{len(self.by_hand)} of {self.placed}",
            f"{statistics.median(self.by_hand):.3f}" if self.by_hand else "",
            f"{len(wrong)}",
            f"{len(against)} of {len(self.yunet)}",
        ]


def five(face: Landmarks) -> Tensor:
    """The points that are compared: (5, 2) in pixels."""
    points = face.shape68_px
    eyes = [points[IBUG_PARTS[eye]].mean(0) for eye in ("right_eye", "left_eye")]
    return torch.stack([*eyes, points[30], points[48], points[54]])


def distance(points: Tensor, truth: Tensor) -> float:
    """The mean distance of points (5, 2) to those of the truth (5, 2) that aren't nan."""
    known = ~truth.isnan().any(1)
    eyes = truth if known[:2].all() else points
    unit = OUTER_TO_MIDDLE * (eyes[0] - eyes[1]).norm()
    return float((points - truth)[known].norm(dim=1).mean() / unit)


@cache
def by_hand() -> dict[str, Tensor]:
    """The points that a person placed, by picture: (5, 2), nan where none is seen."""
    entries = json.loads(BY_HAND.read_text("utf-8"))
    return {
        name: torch.tensor([entry[part] or [math.nan] * 2 for part in PLACED])
        for name, entry in entries.items()
    }


def measure(files: list[Path], detectors: list[str]) -> tuple[dict[str, Found], Tensor]:
    """What each detector finds in the pictures, and the sheet of the last one's points."""
    found, cells = {name: Found() for name in detectors}, []
    for path in files:
        picture = read_picture(path)
        truth = by_hand().get(f"{path.parent.name}/{path.name}")
        seen = [f for f in detect_boxes(picture) if f.detector == "yunet"]
        seen = [f for f in seen if f.score >= SURE_YUNET / 2]
        for name, result in found.items():
            result.pictures += 1
            result.placed += truth is not None
            faces = detect(picture, name, max_faces=1)
            if not faces:
                continue
            result.faces += 1
            if truth is not None:
                result.by_hand.append(distance(five(faces[0]), truth))
            if len(seen) == 1:
                result.yunet.append(distance(five(faces[0]), five(seen[0])))
        # Drawn at the sheet's size, or the points would hardly be seen.
        small = F.interpolate(picture[None], (CELL_PX, CELL_PX), mode="area")[0]
        faces = [replace(face, size=(CELL_PX, CELL_PX)) for face in faces]
        cells.append(draw_landmarks(small, faces))
    return found, tile(torch.stack(cells), COLUMNS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--detectors", nargs="+", default=["embedded", "auto"])
    parser.add_argument("--by-hand", action="store_true", help="only pictures with such points")
    parser.add_argument("--count", type=int, help="so many pictures of each set, evenly spread")
    parser.add_argument("--sheets", type=Path, help="folder for sheets of the last detector's")
    arguments = parser.parse_args()

    head = ["set", "detector", "found", "by hand", "median", "wrong", "not where YuNet says"]
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|", flush=True)
    for name in arguments.sets:
        files = list_pictures(DATA / "art" / name)
        if arguments.by_hand:
            files = [path for path in files if f"{name}/{path.name}" in by_hand()]
        if arguments.count:
            files = files[:: max(1, len(files) // arguments.count)]
        found, sheet = measure(files, arguments.detectors)
        for detector, result in found.items():
            print("| " + " | ".join([name, detector, *result.row()]) + " |", flush=True)
        if arguments.sheets:
            write_picture(arguments.sheets / f"{name}.png", sheet)


if __name__ == "__main__":
    main()
