"""Whether painted faces that are set back into their photos leave a seam.

A seam is a jump in what painting changed: so the difference between the result and its photo is
looked at, and the energy of its gradient (the mean of its square) along the mask's edge, where it
falls from 1 to 0, is compared with that inside. Painting also takes edges of the photo's own away:
where the photo has more of them along the mask's edge than inside, as a hat's striped brim does,
that is no seam, and the photo's own ratio is the limit in place of 1. The collection's photos are
painted one by one, and put together: three in a row, two so close that their faces touch, and cut
off through the face.
"""

import argparse
import statistics
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from timing import machine, table
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.tps_core.style import find_style, load_style
from tps_portrait.tps_core.stylize import stylize

DATA = Path(__file__).parents[2] / "shared" / "data"
PHOTOS = (DATA / "photos_wild", DATA / "photos")  # of the second as many as the first falls short
EDGE = (0.02, 0.98)  # of the mask
INSIDE = 0.98
EACH = 6  # of the pictures that are put together


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=50, help="with a face; default: 50")
    parser.add_argument(
        "--width", type=int, default=320, help="they are made so wide; default: 320"
    )
    parser.add_argument("--style", default="impressionist oil")
    parser.add_argument("--worst", type=Path, help="a folder for the worst of each kind")
    arguments = parser.parse_args()
    paths = [path for folder in PHOTOS if folder.is_dir() for path in list_pictures(folder)]
    if not paths:
        print(f"needs photos in {PHOTOS[0]}", file=sys.stderr)
        return 2
    style, found, without = load_style(find_style(arguments.style)), [], []
    for path in paths:
        if len(found) == arguments.photos:
            break
        photo = read_picture(path)
        shape = round(photo.shape[1] * arguments.width / photo.shape[2]), arguments.width
        photo = F.interpolate(photo[None], shape, mode="bilinear", antialias=True)[0]
        if faces := detect(photo, max_faces=1):
            found.append((photo, faces[0]))
        else:
            without.append(path.name)
    rows = []
    for kind, pictures in cases(found).items():
        ratios, own, raw = [], [], []
        for photo, faces in pictures:
            painted, mask = stylize(photo, style, faces, whole_image=False)
            ratios.append(ratio(painted - photo, mask))
            own.append(ratio(photo, mask))
            raw.append(ratio(painted, mask))
            if arguments.worst and ratios[-1] == max(ratios):
                arguments.worst.mkdir(parents=True, exist_ok=True)
                file = arguments.worst / f"{kind}.png"
                write_picture(file, torch.cat([photo, painted, mask.expand(3, -1, -1)], -1))
        over = [r / max(1, o) for r, o in zip(ratios, own, strict=True)]
        rows.append((kind, len(ratios), statistics.median(ratios), max(ratios), max(over),
                     sum(r > 1 for r in over), statistics.median(raw)))  # fmt: skip
    print(f"{machine()}\n\n{len(found)} photos with a face, {arguments.style}; without one: "
          f"{', '.join(without) or 'none'}\n")  # fmt: skip
    columns = (
        "faces",
        "pictures",
        "edge / inside, median",
        "worst",
        "worst over its limit",
        "above it",
        "of the result itself",
    )
    print(table(columns, rows))
    return 0


def cases(
    found: list[tuple[Tensor, Landmarks]],
) -> dict[str, list[tuple[Tensor, list[Landmarks]]]]:
    """The photos with their faces, each by itself and put together, by kind."""
    apart = [found[index : index + 3] for index in range(0, 3 * EACH, 3)]
    near = [[close_up(*one) for one in found[index : index + 2]] for index in range(0, 2 * EACH, 2)]
    return {
        "one": [(photo, [face]) for photo, face in found],
        "three in a row": [side_by_side(photos) for photos in apart],
        "touching": [side_by_side(photos) for photos in near],
        "at the border": [cut_through(photo, face) for photo, face in found[:EACH]],
    }


def close_up(photo: Tensor, face: Landmarks) -> tuple[Tensor, Landmarks]:
    """The photo cut to the face's own width."""
    x0, _, x1, _ = (round(n) for n in face.box_px)
    x0, x1 = max(0, x0), min(photo.shape[-1], x1)
    return photo[:, :, x0:x1], moved(face, -x0, (x1 - x0, photo.shape[-2]))


def cut_through(photo: Tensor, face: Landmarks) -> tuple[Tensor, list[Landmarks]]:
    """The photo cut off a quarter of the face's width inside it."""
    x0, _, x1, _ = face.box_px
    left = max(0, round(x0 + (x1 - x0) / 4))
    size = photo.shape[-1] - left, photo.shape[-2]
    return photo[:, :, left:], [moved(face, -left, size)]


def side_by_side(photos: list[tuple[Tensor, Landmarks]]) -> tuple[Tensor, list[Landmarks]]:
    """The photos in a row, with their faces at one height, in one picture."""
    tops = [round(float(face.shape68_px[:, 1].mean())) for _, face in photos]
    above = min(tops)
    below = min(photo.shape[-2] - top for (photo, _), top in zip(photos, tops, strict=True))
    width = sum(photo.shape[-1] for photo, _ in photos)
    parts, faces, x = [], [], 0
    for (photo, face), top in zip(photos, tops, strict=True):
        parts.append(photo[:, top - above : top + below])
        faces.append(moved(face, x, (width, above + below), above - top))
        x += photo.shape[-1]
    return torch.cat(parts, -1), faces


def moved(face: Landmarks, x: int, size: tuple[int, int], y: int = 0) -> Landmarks:
    """The face that many pixels further, in a picture of that size."""
    points_px = face.points_px + torch.tensor([float(x), float(y)])
    return Landmarks.from_pixels(points_px, size, face.scheme, face.score, face.detector)


def ratio(picture: Tensor, mask: Tensor) -> float:
    """The energy of the picture's (3, h, w) gradient at the edge of the mask over that inside."""
    across = (picture[:, :-1, 1:] - picture[:, :-1, :-1]).square()
    down = (picture[:, 1:, :-1] - picture[:, :-1, :-1]).square()
    energy, where = (across + down).mean(0), mask[0, :-1, :-1]
    edge = (where > EDGE[0]) & (where < EDGE[1])
    return float(energy[edge].mean() / energy[where >= INSIDE].mean())


if __name__ == "__main__":
    sys.exit(main())
