"""Makes a picture the one that portraits are painted like, by its landmarks or a detector's."""

from torch import Tensor

from ..align import align
from ..detect import detect
from ..face_not_found import BY_HAND, FaceNotFound
from ..landmarks import Landmarks
from .artwork import Artwork, artwork


def find_artwork(
    picture: Tensor,
    name: str,
    faces: list[Landmarks] | None = None,
    detector: str = "auto",
    min_confidence: float = 0.5,
) -> Artwork:
    """The picture (3, h, w), 0…1, with its largest face, ready to be painted like.

    `faces` are those that are known; without them the detector looks.
    Raises FaceNotFound (a ValueError), with the `name`, when there is none, and what `detect` does.
    """
    if faces is None:
        faces = detect(picture, detector, 1, min_confidence)
    if not faces:
        raise FaceNotFound(
            f"{name}: no face found in this picture of art; {BY_HAND}, or choose another picture"
        )
    return artwork(picture, max(faces, key=lambda face: align(face).extent_px))
