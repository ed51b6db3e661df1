"""Choosing among the faces of a picture, and putting them in order."""

from collections.abc import Sequence

from torch import Tensor

from .detect import MOST_FACES, detect_face, detect_faces
from .face_not_found import FaceNotFound
from .landmarks import Landmarks

ORDERS = ("index", "largest", "left to right", "score")
# Which faces are painted: those that are given, or the largest where none are; the largest; all of
# them; or those of certain numbers in an order.
WHICH = ("auto", "largest", "all", "left to right", "score")
NO_FACE = ("error", "skip")  # what becomes of a picture without a face


def find_faces(
    picture: Tensor,
    name: str,
    which: str = "auto",
    numbers: Sequence[int] = (1,),
    detector: str = "auto",
    min_confidence: float = 0.5,
    lower: str = "min_confidence",
) -> list[Landmarks]:
    """The faces of the picture (3, h, w), 0…1, that are chosen, as `pick` does.

    Raises FaceNotFound, with the picture's `name`, if there is none or not that one, and whatever
    `detect` raises. `lower` is where the user sets the least confidence, for messages.
    """
    if which in ("auto", "largest"):
        return [detect_face(picture, name, detector, min_confidence, lower)]
    faces = detect_faces(picture, name, detector, MOST_FACES, min_confidence, lower)
    return pick(faces, name, which, numbers)


def faces_to_paint(
    picture: Tensor,
    name: str,
    known: list[Landmarks] | None,
    which: str = "auto",
    number: int = 1,
    no_face: str = "error",
    lower: str = "min_confidence",
) -> list[Landmarks] | None:
    """The faces of the picture (3, h, w), 0…1, to be painted; None: it is left as it is.

    known: its faces, where they need not be looked for. which and number: as in `pick`. no_face:
    one of NO_FACE; under "skip" a picture without such a face is left as it is. lower: as in
    `find_faces`.
    Raises FaceNotFound, with the `name`, under "error", unless no face at all is known.
    """
    try:
        if known is None:
            faces = find_faces(picture, name, which, (number,), lower=lower)
        else:
            faces = pick(known, name, which, (number,))
    except FaceNotFound:
        if no_face == "error":
            raise
        return None
    return None if no_face == "skip" and not faces else faces


def pick(
    faces: list[Landmarks], name: str, which: str = "auto", numbers: Sequence[int] = (1,)
) -> list[Landmarks]:
    """Those of a picture's faces that are to be painted.

    which: one of WHICH; "auto" is all of them. numbers: which ones of those two orders, from 1 on.
    Raises FaceNotFound, with the picture's `name`, for a number that no face has, and ValueError
    for what is not in WHICH.
    """
    if which not in WHICH:
        raise ValueError(f"unknown choice of faces {which!r}; known: {', '.join(WHICH)}")
    if which in ("auto", "all"):
        return faces
    if which == "largest":
        return choose(faces, "largest", most=1)
    ordered = choose(faces, which)
    if max(numbers) > len(ordered) > 0:
        raise FaceNotFound(
            f"{name}: face {max(numbers)} is to be painted, but only {len(ordered)} "
            f"{'is' if len(ordered) == 1 else 'are'} there; give a smaller number, or lower "
            "min_confidence"
        )
    return [ordered[number - 1] for number in numbers] if ordered else []


def choose(
    faces: list[Landmarks], order: str = "index", first: int = 1, most: int | None = None
) -> list[Landmarks]:
    """At most `most` of the faces in that order, from the `first` one on, which is counted from 1.

    "index" keeps the order that they have, "largest" goes by the area of their boxes, "left to
    right" by the middle of their boxes in the picture, "score" begins with the surest one.
    Raises ValueError for an order that there is none, and for numbers below 1.
    """
    if order not in ORDERS:
        raise ValueError(f"unknown order {order!r}; known: {', '.join(ORDERS)}")
    if first < 1 or (most is not None and most < 1):
        raise ValueError(f"faces are counted from 1, got first {first} and at most {most}")
    if order == "largest":
        faces = sorted(faces, key=lambda face: face.area_px, reverse=True)
    elif order == "left to right":
        faces = sorted(faces, key=lambda face: face.box_px[0] + face.box_px[2])
    elif order == "score":
        faces = sorted(faces, key=lambda face: face.score, reverse=True)
    faces = faces[first - 1 :]
    return faces[:most]
