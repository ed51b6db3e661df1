"""Landmarks as JSON: the output of `tps-portrait detect`, and the sidecar beside a picture.

Both hold faces as {"points": [[x, y], …] in pixels, "scheme", "score", "detector", "box"}. A
sidecar, `portrait.landmarks.json` beside `portrait.jpg`, is one {"size": [w, h], "faces": […]};
it wins over any detector. One without faces says that none of the picture is to be used. Under
"set_aside" it may keep faces that a person decided against, so that they can be had back.
"""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

from ..landmarks import Landmarks
from ..output_files import replace_file

SIDECAR = ".landmarks.json"  # what a sidecar's name ends in


def faces_to_json(faces: list[Landmarks], size: tuple[int, int]) -> dict:
    """The faces of one picture of `size` (width, height), ready for json.dump."""
    return {
        "size": list(size),
        "faces": [
            {
                "points": [[round(x, 2), round(y, 2)] for x, y in face.to_pixels().tolist()],
                "scheme": face.scheme,
                "score": round(face.score, 4),
                "detector": face.detector,
                "box": [round(x, 2) for x in face.box_px],
            }
            for face in faces
        ],
    }


def faces_from_json(content: dict, kind: str = "faces") -> list[Landmarks]:
    """The faces that `faces_to_json` wrote. Raises ValueError for anything else."""
    try:
        width, height = content["size"]
        if not (0 < width < math.inf and 0 < height < math.inf):
            raise ValueError(f"a picture can't have the size {width} x {height}")
        return [
            checked(
                Landmarks.from_pixels(
                    face["points"],
                    (width, height),
                    face["scheme"],
                    face.get("score", 1.0),
                    face.get("detector", "hand"),
                )
            )
            for face in content[kind]
        ]
    # What other JSON leads to; RuntimeError is torch's for points that are none.
    except (AttributeError, KeyError, TypeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def checked(face: Landmarks) -> Landmarks:
    """The face. Raises ValueError if a number in it is not finite: both JSON and text allow NaN."""
    if not face.points.isfinite().all():
        raise ValueError(
            "there are points that are not finite numbers, or a picture without a size"
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
    faces = read_sidecar(picture)
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
    if not os.path.isfile(path):  # noqa: PTH113 (pathlib's fails where a name is too long)
        return None
    try:
        content = json.loads(path.read_text("utf-8"))
        if kind == "set_aside" and not content.get(kind):
            return []
        return faces_from_json(content, kind)
    except OSError as error:
        raise ValueError(f"{path}: can't be read ({error.strerror}); allow yourself to") from None
    except (AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not a landmark file ({error}); correct or delete it") from None
