"""Landmarks as JSON: the output of `tps-portrait detect`, and the sidecar beside a picture.

Both hold faces as {"points": [[x, y], …] in pixels, "scheme", "score", "detector", "box"}. A
sidecar, `portrait.landmarks.json` beside `portrait.jpg`, is one {"size": [w, h], "faces": […]};
it wins over any detector.
"""

import json
from pathlib import Path

from .landmarks import Landmarks

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


def faces_from_json(content: dict) -> list[Landmarks]:
    """The faces that `faces_to_json` wrote. Raises ValueError for anything else."""
    try:
        width, height = content["size"]
        return [
            Landmarks.from_pixels(
                face["points"],
                (width, height),
                face["scheme"],
                face.get("score", 1.0),
                face.get("detector", "hand"),
            )
            for face in content["faces"]
        ]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def sidecar_path(picture: Path) -> Path:
    """Where the sidecar of a picture file lies."""
    return picture.with_name(picture.stem + SIDECAR)


def is_sidecar(path: Path) -> bool:
    """Whether the file is named like a sidecar."""
    return path.name.endswith(SIDECAR)


def write_sidecar(picture: Path, faces: list[Landmarks], size: tuple[int, int]) -> None:
    """Writes the faces (perhaps none) of the picture file into its sidecar."""
    content = json.dumps(faces_to_json(faces, size))
    sidecar_path(picture).write_text(content + "\n", "utf-8")


def read_sidecar(picture: Path) -> list[Landmarks] | None:
    """The faces that the picture file's sidecar says it has; None if it has no sidecar.

    Raises ValueError for a sidecar that can't be understood.
    """
    path = sidecar_path(picture)
    if not path.is_file():
        return None
    try:
        return faces_from_json(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: not a landmark file ({error}); correct or delete it") from None
