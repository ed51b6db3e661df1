"""Face landmarks: points with their scheme, their picture's size and who placed them.

Conventions, for the whole package: left and right are the person's, so the right eye lies on the
left of a picture that is not mirrored. Points are (x, y) in −1…1 over the picture, outer edges at
±1; pixels, (0, 0) being the picture's upper left corner, are named with `_px`.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from .geometry import boxes
from .geometry.pixels import from_pixels, to_pixels
from .geometry.similarity import fit_similarity
from .geometry.spline import fit
from .json_reading import listed, named, number, one_line, parse_json, read_bytes, whole

MOST_BYTES = 1_000_000  # of the mean face's file
# How many points each scheme has. MediaPipe's face mesh comes with and without the 10 iris points;
# iBUG's 68 points are dlib's, 300-W's and OpenPose's.
SCHEMES = {"mediapipe-478": 478, "mediapipe-468": 468, "ibug-68": 68}

IBUG_PARTS = {
    "jaw": slice(0, 17),
    "right_brow": slice(17, 22),
    "left_brow": slice(22, 27),
    "nose": slice(27, 36),
    "right_eye": slice(36, 42),
    "left_eye": slice(42, 48),
    "mouth": slice(48, 68),
}
# Index of the point that each becomes when the picture is mirrored.
IBUG_MIRROR = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46,
    39, 38, 37, 36, 41, 40,
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,
    64, 63, 62, 61, 60, 67, 66, 65,
]  # fmt: skip

# Two sets of points lie on one face when their points are this far apart on average, in distances
# between the outer corners of its eyes: the unit that is called eye distance here.
SAME_FACE_EYES = 0.25
SAME_FACE_IN_ART_EYES = 0.35  # the same for one look at art: it places them less exactly

# A face fits the mean face, turned and scaled at will, to within this share of the eye distance
# (root mean square over the points). Photos reach 0.2, profiles and caricatures 0.4;
# a mesh that landed on something else is beyond 0.6.
MOST_MISFIT_EYES = 0.55


@dataclass(frozen=True)
class Landmarks:
    """One face's landmarks in one picture."""

    points: Tensor  # (n, 2) float32, −1…1 over the picture
    scheme: str  # a key of SCHEMES
    size: tuple[int, int]  # (width, height) of the picture in pixels
    score: float = 1.0  # how sure the detector is, 0…1
    detector: str = "hand"  # who placed the points

    @classmethod
    def from_pixels(
        cls, points_px, size: tuple[int, int], scheme: str, score=1.0, detector="hand"
    ) -> "Landmarks":
        """The landmarks at points_px (n, 2) of a picture of `size` (width, height).

        Raises ValueError when the number of points is not the scheme's.
        """
        points_px = torch.as_tensor(points_px, dtype=torch.float32).cpu()
        if scheme not in SCHEMES:
            raise ValueError(f"unknown landmark scheme {scheme!r}; known: {', '.join(SCHEMES)}")
        if points_px.shape != (SCHEMES[scheme], 2):
            raise ValueError(
                f"{scheme} landmarks are {SCHEMES[scheme]} points of x and y, "
                f"got an array of shape {tuple(points_px.shape)}"
            )
        width, height = size
        points = from_pixels(points_px, size)
        return cls(points, scheme, (int(width), int(height)), float(score), detector)

    def with_pixels(self, points_px: Tensor, **changes) -> "Landmarks":
        """The same face with its points at points_px (n, 2), and with other changes of fields."""
        face = replace(self, **changes)
        return replace(face, points=from_pixels(points_px, face.size))

    @property
    def points_px(self) -> Tensor:
        """The points in pixels: (n, 2)."""
        return to_pixels(self.points, self.size)

    @property
    def shape68(self) -> Tensor:
        """iBUG's 68 points of the face, whatever its scheme: (68, 2) in −1…1."""
        return self.convert("ibug-68").points

    @property
    def shape68_px(self) -> Tensor:
        """iBUG's 68 points of the face in pixels: (68, 2)."""
        return to_pixels(self.shape68, self.size)

    @property
    def eye_distance_px(self) -> float:
        """The distance between the outer corners of the eyes in pixels."""
        return float(eye_distance(self.shape68_px))

    @property
    def box_px(self) -> tuple[float, float, float, float]:
        """The points' bounding box (x0, y0, x1, y1) in pixels."""
        points = self.points_px
        return (*points.amin(0).tolist(), *points.amax(0).tolist())

    @property
    def area_px(self) -> float:
        """The area of the bounding box in pixels."""
        x0, y0, x1, y1 = self.box_px
        return (x1 - x0) * (y1 - y0)

    def overlap(self, other: "Landmarks") -> float:
        """What the bounding boxes of two faces of one picture share, over what both cover: 0…1."""
        return float(boxes.overlap(*(torch.tensor(face.box_px) for face in (self, other))))

    def holds(self, point_px: Tensor) -> bool:
        """Whether the point (2,) in pixels lies in the bounding box."""
        x0, y0, x1, y1 = self.box_px
        x, y = point_px.tolist()
        return x0 < x < x1 and y0 < y < y1

    def distance(self, other: "Landmarks") -> float:
        """The mean distance of the 68 points from the other face's, in this one's eye distances.

        Both in pictures of one size.
        """
        apart = (self.shape68_px - other.shape68_px).norm(dim=-1).mean()
        return float(apart) / max(self.eye_distance_px, 1e-3)

    def convert(self, scheme: str) -> "Landmarks":
        """The same face in another scheme.

        Fewer points are picked out of more. More are made from fewer by bending the mean face
        onto the known points with a spline, so they are a guess between those.
        """
        if scheme == self.scheme:
            return self
        if SCHEMES[scheme] < SCHEMES[self.scheme]:
            return replace(self, points=self.points[_indices(self.scheme, scheme)], scheme=scheme)
        # Fitted in pixels, so that a wide picture doesn't squeeze the spline's plane.
        known = self.points_px[None]
        mean = mean_face(scheme)[None]
        centres = mean[:, _indices(scheme, self.scheme)]
        points_px = fit(centres, known, stiffness=1e-6)(mean)[0]
        return self.with_pixels(points_px, scheme=scheme)

    def part(self, name: str) -> Tensor:
        """The points of a part (a key of IBUG_PARTS): (k, 2) in −1…1."""
        return self.shape68[IBUG_PARTS[name]]

    def mirror(self) -> "Landmarks":
        """The landmarks of the mirrored picture, in the scheme's own order."""
        points = self.points[mirror_order(self.scheme)] * torch.tensor([-1.0, 1.0])
        return replace(self, points=points)


def eye_distance(points: Tensor) -> Tensor:
    """The distance between the outer corners of the eyes of iBUG's points (…, 68, 2): (…)."""
    return (points[..., 36, :] - points[..., 45, :]).norm(dim=-1)


def eye_distance_from_front(points: Tensor) -> Tensor:
    """The eye distance of iBUG's points (…, 68, 2), of faces in profile as from the front: (…).

    In profile the corners of the eyes come together, but the face is no smaller. The mean face as
    large as it says how far apart they would be.
    """
    mean = mean_face("ibug-68")
    return torch.maximum(eye_distance(points), eye_distance(mean) * _size(points) / _size(mean))


def _size(points: Tensor) -> Tensor:
    """The root mean square distance of points (…, n, 2) from their mean: (…)."""
    return (points - points.mean(-2, keepdim=True)).square().sum(-1).mean(-1).sqrt()


def same_face(points: Tensor, others: Tensor, within: float = SAME_FACE_EYES) -> Tensor:
    """Which of iBUG's points (…, 68, 2) lie on one face with the others (…, 68, 2): (…), bool.

    They do if they are less than `within` eye distances of the smaller one apart, on average, as
    they are from the front.
    """
    apart = (points - others).norm(dim=-1).mean(-1)
    unit = torch.minimum(eye_distance_from_front(points), eye_distance_from_front(others))
    return apart < within * unit


def mean_face(scheme: str) -> Tensor:
    """The mean face (n, 2) of the scheme, upright, symmetric, where a face crop is −1…1.

    It is where `align` puts a face. Made by benchmarks/make_mean_face.py.
    """
    points = _mean_face_file()["points"]
    return points[_indices("mediapipe-478", scheme)]


def mirror_order(scheme: str) -> Tensor:
    """For each point of the scheme, the index of its mirror image: (n,)."""
    if scheme == "ibug-68":
        return torch.tensor(IBUG_MIRROR)
    return _mean_face_file()["mirror"][: SCHEMES[scheme]]


def check_plausible(landmarks: Landmarks) -> None:
    """Raises ValueError if the points can't be a face: no detector's word is taken for that.

    The test: fitted by the best similarity, without reflection, the mean face must come near.
    """
    if not torch.isfinite(landmarks.points).all():
        raise ValueError("the landmarks hold numbers that are not finite")
    points = landmarks.shape68_px
    mean = mean_face("ibug-68")
    linear, shift = fit_similarity(mean, points)
    fitted = mean @ linear.T + shift
    # In units of the *fitted* eye distance: that of the points may itself be nonsense.
    misfit = (fitted - points).square().sum(-1).mean().sqrt() / eye_distance(fitted)
    if not misfit < MOST_MISFIT_EYES:
        raise ValueError(
            f"the landmarks don't form a face (they are {float(misfit):.2f} eye distances from "
            f"one, at most {MOST_MISFIT_EYES} is believed); place them by hand"
        )
    inside = (landmarks.points.abs() <= 1).all(-1).float().mean()
    if inside < 0.5:
        raise ValueError("more than half of the landmarks lie outside the picture")


@cache
def _mean_face_file() -> dict[str, Tensor]:
    return read_mean_face(Path(__file__).parent / "mean_face.json")


def read_mean_face(path: Path) -> dict[str, Tensor]:
    """The mean face's 478 points (n, 2), and of each the index of its mirror image (n,).

    Raises ValueError, naming the file, when it is damaged.
    """
    content = read_bytes(path, MOST_BYTES)
    try:
        mean = named(parse_json(content), "it", "points", "mirror")
        points = [
            [number(x, "a coordinate", -10, 10) for x in listed(point, "a point", 2)]
            for point in listed(mean["points"], "points", SCHEMES["mediapipe-478"])
        ]
        mirror = [
            whole(index, "a mirror image", 0, len(points) - 1)
            for index in listed(mean["mirror"], "mirror", len(points))
        ]
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); install the pack again") from None
    return {"points": torch.tensor(points), "mirror": torch.tensor(mirror)}


def _indices(larger: str, smaller: str) -> Tensor:
    if smaller == "ibug-68":
        return torch.tensor(IBUG_OF_MEDIAPIPE)
    return torch.arange(min(SCHEMES[larger], SCHEMES[smaller]))


# The face mesh's point for each of iBUG's 68, checked against geometry by tests/test_landmarks.py.
IBUG_OF_MEDIAPIPE = [
    127, 234, 93, 132, 58, 136, 149, 148, 152, 377, 378, 365, 288, 361, 323, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
]  # fmt: skip
