"""The faces in a picture file: those of the landmark file beside it, else what a detector finds."""

import logging
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from .choose import find_faces, pick
from .face_not_found import FaceNotFound
from .landmark_files.json_file import faces_beside, sidecar_path
from .landmarks import Landmarks

log = logging.getLogger("tps_portrait")


def known_faces(path: Path, picture: Tensor) -> list[Landmarks] | None:
    """The faces that the landmark file beside the picture file names; None if there is none.

    They are those of the picture (3, h, w), and a line in the log says where they are from.
    Raises ValueError for a landmark file that can't be understood, or is another picture's.
    """
    faces = faces_beside(path, (picture.shape[2], picture.shape[1]))
    if faces:
        log.info("%s: landmarks from %s", path, sidecar_path(path).name)
    return faces


def faces_in_file(
    path: Path,
    picture: Tensor,
    detector: str = "auto",
    min_confidence: float = 0.5,
    which: str = "auto",
    numbers: Sequence[int] = (1,),
) -> list[Landmarks]:
    """The faces to use in the file's picture (3, h, w): the known ones, else those found.

    which and numbers choose among them, as in `pick`; "auto" is the largest of those found.
    Raises FaceNotFound if there is none, or not that one, and ValueError as `known_faces` and
    `detect` do.
    """
    faces = known_faces(path, picture)
    if faces is None:
        return find_faces(picture, str(path), which, numbers, detector, min_confidence)
    if not faces:
        raise FaceNotFound(
            f"{path}: {sidecar_path(path).name} says that no face is to be used; place one, or "
            "delete that file"
        )
    return pick(faces, str(path), which, numbers)
