"""How many faces a landmark detector finds in the photos, and how near its points are to people's.

The reference: 189 hand-checked points on each of 117 photos (Face Research Lab London and Canada
sets, DeBruine and Jones 2017). Distances are given as shares of the distance between the pupils.
"""

import argparse
import json
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from tps_portrait.tps_core.detect import DETECTORS, detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.pictures import read_picture

DATA = Path(__file__).parents[2] / "shared" / "data"
PUPILS = (0, 1)
# name: (iBUG point, the template's points, whose middle it is)
COMPARED = {
    "right eye, outer corner": (36, (18,)),
    "right eye, inner corner": (39, (22,)),
    "left eye, inner corner": (42, (23,)),
    "left eye, outer corner": (45, (27,)),
    "nose tip": (30, (54, 60)),
    "mouth, right corner": (48, (87,)),
    "mouth, left corner": (54, (93,)),
}


@dataclass(frozen=True)
class Accuracy:
    """What a detector did on a set of photos."""

    photos: int
    found: int
    distances: dict[str, list[float]]  # a key of COMPARED: share of the pupils' distance, a photo
    seconds: float  # for one photo, on average

    @property
    def median(self) -> float:
        """The median of all distances."""
        every = [value for values in self.distances.values() for value in values]
        return float(torch.tensor(every).median()) if every else float("nan")


def measure(photos: list[Path], templates: dict, detector: str) -> Accuracy:
    """Runs the detector over the photos and compares where there is a template (189, 2)."""
    found, seconds = 0, 0.0
    distances = {name: [] for name in COMPARED}
    for path in photos:
        picture = read_picture(path)
        start = time.perf_counter()
        faces = detect(picture, detector, max_faces=1)
        seconds += time.perf_counter() - start
        found += bool(faces)
        # Eight of the photos have a template with other points.
        if faces and len(templates.get(path.name, ())) == 189:
            for name, share in compare(faces[0], torch.tensor(templates[path.name])).items():
                distances[name].append(share)
    return Accuracy(len(photos), found, distances, seconds / max(len(photos), 1))


def compare(face: Landmarks, template: torch.Tensor) -> dict[str, float]:
    """The distance of each compared point to the template (189, 2) in pixels."""
    points_px = face.shape68_px
    unit = (template[PUPILS[0]] - template[PUPILS[1]]).norm()
    return {
        name: float((points_px[ours] - template[list(theirs)].mean(0)).norm() / unit)
        for name, (ours, theirs) in COMPARED.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", choices=DETECTORS, default="embedded")
    parser.add_argument("--photos", type=Path, default=DATA / "photos")
    parser.add_argument("--templates", type=Path, default=DATA / "photos_landmarks189.json")
    parser.add_argument("--sample", type=int, help="so many photos, drawn at random (seed 0)")
    arguments = parser.parse_args()
    try:
        photos = list_pictures(arguments.photos)
        templates = json.loads(arguments.templates.read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(f"landmark_accuracy: {error}", file=sys.stderr)
        return 2
    if arguments.sample:
        photos = random.Random(0).sample(photos, arguments.sample)
    accuracy = measure(photos, templates, arguments.detector)
    print(f"detector {arguments.detector}: {accuracy.found} of {accuracy.photos} faces found, "
          f"{accuracy.seconds * 1000:.0f} ms a photo")  # fmt: skip
    print(f"{'distance / distance of the pupils':36}{'median':>8}{'90 %':>8}{'photos':>8}")
    for name, values in accuracy.distances.items():
        if values:
            middle, high = torch.tensor(values).quantile(torch.tensor([0.5, 0.9])).tolist()
            print(f"{name:36}{middle:8.1%}{high:8.1%}{len(values):8}")
    print(f"{'all':36}{accuracy.median:8.1%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
