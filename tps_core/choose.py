"""Choosing among the faces of a picture, and putting them in order."""

from .landmarks import Landmarks

ORDERS = ("index", "largest", "left to right", "score")


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
