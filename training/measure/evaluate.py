"""Measures a style: whether results keep the face, are painted, and look like the art.

By MLD, LPIPS and retrieval the first, by what no network makes the second, by KID and FID the last.
One crop for all: the face crop of the photo's own alignment cuts photo and result; the art's faces
come from a face bank, which is cut the same way.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.align import align
from ...tps_core.detect import detect, detect_face
from ...tps_core.folder_contents import list_pictures
from ...tps_core.geometry.pixels import as_bytes
from ...tps_core.landmarks import Landmarks
from ...tps_core.pictures import read_picture
from ...tps_core.style import Style
from ...tps_core.stylize import stylize
from ..banks.bank import FaceBank
from .evaluation import PAINT_FIGURES, Evaluation, Record
from .features import BATCH_SIZE, EvaluationNetworks
from .metrics import FEWEST_PICTURES, frechet_distance, half_distance, kernel_distance
from .paint_measures import FACE_PX, color_curve, detail_correlation, weave

THUMBNAIL_PX = 160  # and of those that the contact sheet shows
MOST_EYE_DISTANCES = 1.0  # from its photo's face; beyond it a face is another one
MOST_ASPECT_CHANGE = 0.02  # by how much the sides' ratio of a result may differ from its photo's
FEWEST_FACES_TO_HALVE = 20  # faces of art

# Gives the result for a photo: of its name, itself (3, h, w) and its face; ValueError says why not.
Painter = Callable[[str, Tensor, Landmarks], Tensor]


def evaluate(
    photos: Mapping[str, Callable[[], Tensor]],
    paint: Painter,
    art: FaceBank,
    networks: EvaluationNetworks,
    detector: str = "auto",
    min_confidence: float = 0.5,
    on_photo: Callable[[int, int, str], None] = lambda done, total, name: None,
    painted: str = "",
    known: Callable[[str, Tensor], Sequence[Landmarks] | None] = lambda name, photo: None,
) -> Evaluation:
    """How the results that `paint` gives for the photos compare with these and with the art.

    `photos` are functions that give pictures (3, h, w), 0…1, by name: one at a time is in memory.
    A photo that can't be read, has no face or no result is left out and named. `on_photo` is told
    of each as it is done; what it raises ends the work. `painted` says what `paint` paints, for the
    report. `known` gives the faces of a photo that need no detector, None for one that does.
    Raises ValueError when fewer than two photos are left, or two faces of art.
    """
    if len(art) < FEWEST_PICTURES:
        raise ValueError(
            f"the art has {len(art)} usable face; evaluation needs {FEWEST_PICTURES} or more"
        )
    records, persons, left_out = [], [], {}
    shown: dict[str, list[Tensor]] = {suffix: [] for suffix in networks.features_by_suffix}
    for name, read in photos.items():
        try:
            photo = read()
            faces = known(name, photo)
            if faces is None:
                faces = [detect_face(photo, name, detector, min_confidence)]
            if not faces:
                raise ValueError("its landmark file says that no face is to be used")
            face = faces[0]
            result = _fitted(paint(name, photo, face), photo)
        except (ValueError, OSError, RecursionError, MemoryError) as error:
            left_out[name] = str(error).removeprefix(f"{name}: ")
        else:
            found = _find_again(face, result, detector, min_confidence)
            crops = torch.stack([align(face).crop(p, FACE_PX) for p in (photo, result)])
            records.append(_record(name, face, found, crops, networks))
            levels = as_bytes(crops)  # as the bank keeps its faces
            for suffix, features in networks.features_by_suffix.items():
                shown[suffix].append(features(levels))
            if networks.witness:
                persons.append(networks.witness.persons(levels))
        on_photo(len(records) + len(left_out), len(photos), name)
    if len(records) < FEWEST_PICTURES:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:3])
        raise ValueError(
            f"{len(records)} of {len(photos)} photos can be evaluated, at least "
            f"{FEWEST_PICTURES} are needed ({reasons or 'there are no more'})"
        )
    if networks.witness:
        kept = own_is_nearest(*torch.stack(persons, dim=1))
        records = [replace(r, kept=k) for r, k in zip(records, kept.tolist(), strict=True)]
    figures = _from_photos(records, networks)
    for suffix, features in networks.features_by_suffix.items():
        of_photos, of_results = torch.stack(shown[suffix], dim=1)
        figures |= _from_art(of_photos, of_results, _bank_features(art, features), suffix)
    suffix = next(iter(networks.features_by_suffix))
    lpips, fid = figures[f"lpips{networks.suffix}"], figures[f"fid{suffix}"]
    figures[f"art_fid{suffix}"] = (1 + lpips) * (1 + fid)
    return Evaluation(
        records, left_out, figures, len(art), networks.names, networks.suffix, suffix, painted
    )


def paint_with(style: Style, whole_image: bool) -> Painter:
    """A painter that stylises as the product does: the whole image, or the face set into it."""
    return lambda name, photo, face: stylize(photo, style, face, whole_image).picture


def find_results(folder: Path | str) -> Painter:
    """A painter that takes each result from the folder: the picture named like the photo.

    The ending doesn't count, nor do folders in between.
    Raises ValueError when there is no such folder, or no picture in it.
    """
    paths = defaultdict(list)
    for path in list_pictures(folder):
        paths[path.stem].append(path)
    if not paths:
        raise ValueError(f"{folder}: no pictures in it")

    def read(name: str, photo: Tensor, face: Landmarks) -> Tensor:
        stem = Path(name).stem
        if len(paths[stem]) != 1:
            count = len(paths[stem]) or "no"
            raise ValueError(f"{count} results are called {stem!r} in {folder}; it needs one")
        return read_picture(paths[stem][0])

    return read


def own_is_nearest(photos: Tensor, results: Tensor) -> Tensor:
    """Of which results no other photo's features (n, d) are nearer than the own ones: (n,) bool.

    Near by the angle between them. Two files of one photo are equally near.
    """
    likeness = F.normalize(results, dim=1) @ F.normalize(photos, dim=1).T
    return likeness.diagonal() >= likeness.amax(1) - 1e-6


def _fitted(result: Tensor, photo: Tensor) -> Tensor:
    """The result in the photo's size; ValueError if it has another shape."""
    (height, width), (own_height, own_width) = photo.shape[-2:], result.shape[-2:]
    if abs((own_width / own_height) / (width / height) - 1) > MOST_ASPECT_CHANGE:
        raise ValueError(
            f"the result has {own_width} x {own_height} pixels, the photo {width} x {height}; "
            f"a result must show all of its photo, in any size"
        )
    if (own_height, own_width) == (height, width):
        return result
    scaled = F.interpolate(result[None], (height, width), mode="bilinear", antialias=True)
    return scaled[0]


def _find_again(
    face: Landmarks, result: Tensor, detector: str, min_confidence: float
) -> Landmarks | None:
    """The face in the result that is nearest to where the photo's was; None if none is near."""

    def away(other: Landmarks) -> float:
        middles = [f.shape68_px.mean(0) for f in (face, other)]
        return float((middles[0] - middles[1]).norm()) / face.eye_distance_px

    # As in the photo, the first face is nearly always the one; looking for more takes longer.
    faces = detect(result, detector, 1, min_confidence)
    if faces and away(faces[0]) > MOST_EYE_DISTANCES:
        faces = detect(result, detector, min_confidence=min_confidence)
    nearest = min(faces, key=away, default=None)
    return nearest if nearest and away(nearest) <= MOST_EYE_DISTANCES else None


def _record(
    name: str, face: Landmarks, found: Landmarks | None, crops: Tensor, networks: EvaluationNetworks
) -> Record:
    small = F.interpolate(crops, (THUMBNAIL_PX, THUMBNAIL_PX), mode="bilinear", antialias=True)
    return Record(
        name,
        found is not None,
        face.distance(found) if found else math.nan,
        float(networks.distance(crops[:1], crops[1:])),
        color_curve(*crops),
        detail_correlation(*crops),
        weave(*crops),
        as_bytes(small),
    )


def _bank_features(bank: FaceBank, features: Callable[[Tensor], Tensor]) -> Tensor:
    """The features of the bank's faces, shown at FACE_PX: (n, d)."""
    parts = []
    for faces in bank.faces.split(BATCH_SIZE):
        if bank.size != FACE_PX:
            faces = F.interpolate(
                faces.float(), (FACE_PX, FACE_PX), mode="bilinear", antialias=True
            )
            faces = faces / 255
        parts.append(features(faces))
    return torch.cat(parts)


def _from_photos(records: list[Record], networks: EvaluationNetworks) -> dict[str, float]:
    """The figures of what the results keep of the photos, and of how far they are painted."""
    mld = torch.tensor([r.mld for r in records if r.found], dtype=torch.float64)
    lpips = torch.tensor([r.lpips for r in records], dtype=torch.float64)
    figures = {
        "found": len(mld) / len(records),
        "mld": float(mld.mean()),
        "mld_std": _spread(mld),
        "mld_median": _median(mld),
        f"lpips{networks.suffix}": float(lpips.mean()),
        f"lpips{networks.suffix}_std": _spread(lpips),
    }
    for name in PAINT_FIGURES:
        values = torch.tensor([getattr(r, name) for r in records], dtype=torch.float64)
        known = values[~values.isnan()]
        figures |= {name: _median(known), f"{name}_std": _spread(known)}
    if networks.witness:
        figures["retrieval"] = sum(r.kept is True for r in records) / len(records)
    return figures


def _from_art(photos: Tensor, results: Tensor, art: Tensor, suffix: str) -> dict[str, float]:
    """The figures of how near results come to the art, and of how near the photos were."""
    kid, fid = f"kid{suffix}", f"fid{suffix}"
    value, error = kernel_distance(results, art)
    return {
        kid: value,
        f"{kid}_error": error,
        f"{kid}_photos": kernel_distance(photos, art)[0],
        fid: frechet_distance(results, art),
        f"{fid}_photos": frechet_distance(photos, art),
        f"{fid}_halves": half_distance(art) if len(art) >= FEWEST_FACES_TO_HALVE else math.nan,
    }


def _median(values: Tensor) -> float:
    """The median; nan of no values."""
    return float(values.quantile(0.5)) if len(values) else math.nan


def _spread(values: Tensor) -> float:
    """The standard deviation; nan for fewer than two values."""
    return float(values.std()) if len(values) > 1 else math.nan
