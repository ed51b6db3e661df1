"""Which of the face mesh's 478 points are joined by lines: as ComfyUI names the sets of them.

Left and right are the person's. Source: MediaPipe's face landmark connections (Apache-2.0).
"""

from ..tps_core.blend import OUTLINE
from .wireframe import WIREFRAME


def _chain(*points: int, closed: bool = False) -> frozenset[tuple[int, int]]:
    ends = (*points[1:], points[0]) if closed else points[1:]
    return frozenset(zip(points, ends, strict=False))


_PARTS = {
    "face_oval": _chain(*OUTLINE, closed=True),
    "left_eye": _chain(
        263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466, closed=True
    ),
    "right_eye": _chain(
        33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246, closed=True
    ),
    "left_eyebrow": _chain(276, 283, 282, 295, 285) | _chain(300, 293, 334, 296, 336),
    "right_eyebrow": _chain(46, 53, 52, 65, 55) | _chain(70, 63, 105, 66, 107),
    "lips": _chain(
        61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
        closed=True,
    )
    | _chain(
        78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
        closed=True,
    ),
}  # fmt: skip
_IRISES = _chain(469, 470, 471, 472, closed=True) | _chain(474, 475, 476, 477, closed=True)
_NOSE = (
    _chain(168, 6, 197, 195, 5, 4, 1, 19, 94, 2)
    | _chain(2, 97, 98, 64, 48, 115, 220, 45, 4)
    | _chain(2, 326, 327, 294, 278, 344, 440, 275, 4)
)
_CONTOURS = frozenset().union(*_PARTS.values())

CONNECTION_SETS = {
    **_PARTS,
    "irises": _IRISES,
    "nose": _NOSE,
    "contours": _CONTOURS,
    "all": _CONTOURS | _IRISES | _NOSE,
    "tesselation": WIREFRAME,
}
