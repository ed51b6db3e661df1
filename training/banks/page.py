"""The review page: a folder's files in buckets, as a page that opens from the disk.

The page itself lies in review_page/; what it shows is in its data.js, the pictures beside it.
"""

import json
from pathlib import Path

from torch import Tensor

from ...tps_core.landmarks import Landmarks
from ...tps_core.own_folder import OwnFolder
from .entry import BUCKETS
from .scan import Accepted, ScanResult, to_jpeg

PAGE = Path(__file__).parent / "review_page"
FOLDERS = ("thumbs", "pictures")  # of the pictures that it shows


def page_names() -> list[str]:
    """The files and folders that `write_page` writes."""
    return [*(file.name for file in PAGE.iterdir() if file.is_file()), "data.js", *FOLDERS]


def write_page(
    place: OwnFolder, folder: Path | str, results: list[ScanResult], photos: Tensor | None = None
) -> None:
    """Writes the page about the folder as index.html into `place`, with all that it needs.

    photos: the poses (n, 2) of the photos to compare with. The results need their previews.
    """
    for file in PAGE.iterdir():
        if file.is_file():
            place.write(file.name, file.read_bytes())
    place.write("data.js", data_script(folder, results, photos).encode())
    for i, result in enumerate(results):
        if isinstance(result, Accepted):
            place.write(thumb_name(i), thumb(result))
        if result.preview:
            place.write(picture_name(i), result.preview)


def data_script(
    folder: Path | str, results: list[ScanResult], photos: Tensor | None = None, **more: object
) -> str:
    """What the page shows, as its data.js."""
    data = {
        "folder": str(Path(folder).absolute()),
        "command": f'tps-portrait bank "{Path(folder).absolute()}" --review',
        "live": False,
        "buckets": [
            {
                "key": bucket.key,
                "title": bucket.title,
                "colour": "rgb({} {} {})".format(*bucket.colour),
                "used": bucket.used,
                "advice": bucket.advice,
            }
            for bucket in BUCKETS.values()
        ],
        "entries": [entry_data(i, result) for i, result in enumerate(results)],
        "photos": None if photos is None else [[round(v, 1) for v in p] for p in photos.tolist()],
    }
    return f"window.REVIEW = {json.dumps(data | more)};\n"


def entry_data(i: int, result: ScanResult, version: str = "") -> dict:
    """What the page knows of the i-th file. `version` tells the browser of changed pictures."""
    entry = result.entry
    crop = ((result.points + 1) / 2).tolist() if isinstance(result, Accepted) else []
    return {
        "id": i,
        "name": entry.name,
        "used": entry.used,
        "reason": entry.reason,
        **entry.details,
        "size": result.size,
        "by_hand": result.by_hand,
        "thumb": thumb_name(i) + version if crop else None,
        "points": _rounded(crop),
        "picture": picture_name(i) + version if result.preview else None,
        "full": f"full/{i:04d}.jpg",
        "faces": [_face(face) for face in result.faces],
    }


def thumb(result: Accepted) -> bytes:
    """The face that is used, as a small JPEG."""
    return to_jpeg(result.face.float() / 255)


def thumb_name(i: int) -> str:
    return f"thumbs/{i:04d}.jpg"


def picture_name(i: int) -> str:
    return f"pictures/{i:04d}.jpg"


def _face(face: Landmarks) -> dict:
    """The face as landmark files have it, its 68 points in 0…1 of the picture."""
    points = (face.convert("ibug-68").points + 1) / 2
    return {
        "points": _rounded(points.tolist()),
        "scheme": "ibug-68",
        "score": round(face.score, 4),
        "detector": face.detector,
    }


def _rounded(points: list[list[float]]) -> list[list[float]]:
    # Finer than a pixel of what is shown. Numbers that JSON doesn't have become the corner.
    return [[round(v, 5) if abs(v) < 1e6 else 0 for v in point] for point in points]
