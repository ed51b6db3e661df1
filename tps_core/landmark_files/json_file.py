"""Landmarks as JSON: the output of `tps-portrait detect`, and the sidecar beside a picture.

Both hold faces as {"points": [[x, y], …] in pixels, "scheme", "score", "detector", "box"}. A
sidecar, `portrait.landmarks.json` beside `portrait.jpg`, is one {"size": [w, h], "faces": […]};
it wins over any detector. One without faces says that none of the picture is to be used. Under
"set_aside" it may keep faces that a person decided against, so that they can be had back.
"""

import json
import os
from dataclasses import replace
from pathlib import Path

from ..json_reading import (
    Checks,
    fields,
    listed,
    named,
    number,
    one_line,
    parse_json,
    picture_sides,
    read_bytes,
    shown,
    text,
)
from ..landmarks import SCHEMES, Landmarks
from ..output_files import replace_file

SIDECAR = ".landmarks.json"  # what a sidecar's name ends in
MOST_BYTES = 64_000_000  # of a landmark file: the meshes of 6,000 faces
# That a face may lie from the middle of its picture, in halves of the picture's sides: in a part
# cut out of a large painting a face may be that far off.
FARTHEST_HALVES = 100.0
LARGEST_NUMBER = 1e9  # pixels


def faces_to_json(faces: list[Landmarks], size: tuple[int, int]) -> dict:
    """The faces of one picture of `size` (width, height), ready for json.dump."""
    return {
        "size": list(size),
        "faces": [
            {
                "points": [[round(x, 2), round(y, 2)] for x, y in face.points_px.tolist()],
                "scheme": face.scheme,
                "score": round(face.score, 4),
                "detector": face.detector,
                "box": [round(x, 2) for x in face.box_px],
            }
            for face in faces
        ],
    }


def faces_from_json(content: object, kind: str = "faces") -> list[Landmarks]:
    """The faces that `faces_to_json` wrote. Raises ValueError for anything else."""
    content = named(content, "it", "size", kind)
    size = picture_sides(content["size"])
    return [_face_from_json(face, size) for face in listed(content[kind], f"its {kind}")]


FACE: Checks = {
    "scheme": text,
    "score": lambda value, what: number(value, what, 0, 1),
    "detector": text,
}


def _face_from_json(face: object, size: tuple[int, int]) -> Landmarks:
    face = fields(face, "a face", FACE, "points", "scheme")
    if face["scheme"] not in SCHEMES:  # before its points are looked at
        raise ValueError(
            f"unknown landmark scheme {shown(face['scheme'])}; known: {', '.join(SCHEMES)}"
        )
    points = points_from_json(face["points"])
    score, detector = face.get("score", 1.0), face.get("detector", "hand")
    return checked(Landmarks.from_pixels(points, size, face["scheme"], score, detector))


def points_from_json(points: object) -> list[list[float]]:
    """Points [[x, y], …], of which each may have a third number, as (n, 2).

    Raises ValueError for anything else.
    """
    read = []
    for point in listed(points, "a face's points"):
        if not isinstance(point, list | tuple) or len(point) not in (2, 3):
            raise ValueError(f"a point is {shown(point)}, not x and y")
        read.append([number(x, "a point's place", -LARGEST_NUMBER, LARGEST_NUMBER) for x in point])
    return [point[:2] for point in read]


def checked(face: Landmarks) -> Landmarks:
    """The face. Raises ValueError if a number in it is not finite, or it is nowhere near."""
    if not face.points.isfinite().all():
        raise ValueError("there are points that are not finite numbers")
    if face.points.abs().max() > FARTHEST_HALVES:
        raise ValueError(
            f"there are points more than {FARTHEST_HALVES / 2:g} pictures away from it"
        )
    return face


def sidecar_path(picture: Path) -> Path:
    """Where the sidecar of a picture file lies."""
    return picture.with_name(picture.stem + SIDECAR)


def is_sidecar(path: Path) -> bool:
    """Whether the file is named like a sidecar."""
    return path.name.endswith(SIDECAR)


def write_sidecar(
    picture: Path,
    faces: list[Landmarks],
    size: tuple[int, int],
    set_aside: list[Landmarks] | None = None,
) -> None:
    """Writes the faces (perhaps none) of the picture file into its sidecar, whole or not at all."""
    content = faces_to_json(faces, size)
    if set_aside:
        content["set_aside"] = faces_to_json(set_aside, size)["faces"]
    replace_file(sidecar_path(picture), (json.dumps(content) + "\n").encode())


def read_sidecar(picture: Path) -> list[Landmarks] | None:
    """The faces that the picture file's sidecar says it has; None if it has no sidecar.

    Raises ValueError for a sidecar that can't be understood.
    """
    return _read(picture, "faces")


def faces_beside(picture: Path, size: tuple[int, int]) -> list[Landmarks] | None:
    """The faces that the picture file's sidecar says it has, as those of a picture of `size`.

    `size` is (width, height), which need not be the file's: it may have been shrunken. None if
    there is no sidecar.
    Raises ValueError for a sidecar that can't be understood, or is of a picture of another shape.
    """
    faces = _read(picture, "faces")
    for face in faces or ():
        width, height = face.size
        if abs(width / height / (size[0] / size[1]) - 1) > 0.02:
            raise ValueError(
                f"{picture}: its landmark file is of a picture of {width} x {height}; place the "
                f"points again, or delete {sidecar_path(picture).name}"
            )
    return None if faces is None else [replace(face, size=size) for face in faces]


def read_set_aside(picture: Path) -> list[Landmarks]:
    """The faces that the picture file's sidecar keeps without using them.

    Raises ValueError for a sidecar that can't be understood.
    """
    return _read(picture, "set_aside") or []


def _read(picture: Path, kind: str) -> list[Landmarks] | None:
    path = sidecar_path(picture)
    if not os.path.lexists(path):  # it says so of too long a name, where Path raises
        return None
    content = read_bytes(path, MOST_BYTES)
    try:
        found = named(parse_json(content), "it")
        if kind == "set_aside" and not found.get(kind):
            return []
        return faces_from_json(found, kind)
    except ValueError as error:
        reason = one_line(error)
        raise ValueError(f"{path}: not a landmark file ({reason}); correct or delete it") from None
