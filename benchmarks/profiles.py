"""Photos and paintings of faces turned into profile, their landmarks with them.

The mesh network gives each of its points a depth. The face is a surface through them, the rest of
the head a few rings around its outline; both are turned and drawn with the picture's own colours
before another ground. Hidden points stay where they are on the head, as the mesh places them.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial import ConvexHull, Delaunay
from torch import Tensor

from tps_portrait.tps_core.detectors.embedded_detector import FILE, KIND
from tps_portrait.tps_core.detectors.face_mesh import LEFT_EYE, RIGHT_EYE, FaceCut
from tps_portrait.tps_core.detectors.mesh_network import load_networks
from tps_portrait.tps_core.geometry.pixels import sample
from tps_portrait.tps_core.landmarks import IBUG_OF_MEDIAPIPE, Landmarks, mean_face

MESH_POINTS = 468
# Rings around the face's outline, from it to the back of the head: how far out they are, and where
# in the picture their colours come from, in radii of the outline, and how far behind it, in halves
# of the face's height; then the same below the chin, where the neck goes down.
SKULL = (
    (1.06, 1.05, 0.1),
    (1.12, 1.1, 0.4),
    (1.12, 1.12, 0.8),
    (0.95, 1.1, 1.25),
    (0.5, 1.06, 1.5),
)
NECK = ((1.02, 1.04, 0.15), (1.15, 1.1, 0.3), (1.5, 1.3, 0.4), (1.9, 1.6, 0.5), (2.4, 1.9, 0.6))
CROWN, CROWN_COLORED = 0.3, 0.15  # how much farther out the crown is, and its colours come from
FARTHEST_YAW = 1.4  # radians; beyond it one sees less than half of the face
NEAREST_YAW = 0.7
TURNED_YAW = 0.2  # a face turned as far is turned on in the same direction
PITCH, ROLL = 0.12, 0.1  # radians, standard deviations
PAPER, PLAIN, COLORFUL = 0.15, 0.35, 0.4  # shares of grounds; and of the plain ones


@dataclass(frozen=True)
class Head:
    """A face's mesh with the head around it."""

    points: np.ndarray  # (n, 3) in the picture's −1…1; the third is depth, away from the viewer
    colors_at: np.ndarray  # (n, 2) where in the picture each has its colour from
    triangles: np.ndarray  # (t, 3)


def mesh_with_depth(picture: Tensor, face: Landmarks) -> Tensor:
    """The mesh (468, 3) in pixels of the picture (3, h, w), with depth, where the face is."""
    network = load_networks(FILE, picture.device, KIND)["face_mesh"]
    points = face.convert("mediapipe-468").points_px[None]
    cut = FaceCut.around_points(points, points[:, RIGHT_EYE], points[:, LEFT_EYE])
    with torch.no_grad():
        mesh, _ = network(cut.take(picture, network.size))
    mesh = mesh.reshape(1, MESH_POINTS, 3) / network.size
    return torch.cat([cut.to_pixels(mesh[..., :2])[0], cut.side * mesh[0, :, 2:]], -1)


def head_of(mesh: Tensor) -> Head:
    """The head around a mesh (468, 3) in the picture's −1…1."""
    mesh = mesh.double().numpy()
    triangles, outline = _surface()
    middle = mesh[outline].mean(0)
    half = np.ptp(mesh[:, 1]) / 2
    rays = mesh[outline] - middle
    low = np.clip((rays[:, 1:2] / half - 0.55) / 0.3, 0, 1)  # 1 at the chin
    high = np.clip(-rays[:, 1:2] / half, 0, 1)  # 1 above the forehead
    points, colors, faces = [mesh], [mesh[:, :2]], [triangles]
    inner, count = outline, len(outline)
    for skull, neck in zip(SKULL, NECK, strict=True):
        out, colored, behind = (a * (1 - low) + b * low for a, b in zip(skull, neck, strict=True))
        ring = middle + rays * (out + CROWN * high)
        ring[:, 2:] = mesh[outline, 2:] + half * behind
        outer = sum(map(len, points)) + np.arange(count)
        a, b, c, d = inner, np.roll(inner, -1), outer, np.roll(outer, -1)
        faces += [np.stack([a, c, b], 1), np.stack([b, c, d], 1)]
        points.append(ring)
        colors.append((middle + rays * (colored + CROWN_COLORED * high))[:, :2])
        inner = outer
    return Head(np.concatenate(points), np.concatenate(colors), np.concatenate(faces))


def turned(
    picture: Tensor, mesh: Tensor, random: torch.Generator, ground: Tensor
) -> tuple[Tensor, Tensor]:
    """The picture (3, s, s), 0…1, with the face's mesh (468, 3) in −1…1 turned into profile.

    Gives it before the ground (3, s, s), and iBUG's points (68, 2) in −1…1.
    """
    head = head_of(mesh)
    by_chance, share = torch.rand(2, generator=random).tolist()
    now = _yaw(head.points)
    # What is hidden already has no colours of its own.
    side = math.copysign(1, now if abs(now) > TURNED_YAW else by_chance - 0.5)
    yaw = side * (NEAREST_YAW + (FARTHEST_YAW - NEAREST_YAW) * share) - now
    pitch, roll = (torch.randn(2, generator=random) * torch.tensor([PITCH, ROLL])).tolist()
    pivot = (head.points.min(0) + head.points.max(0)) / 2
    pivot[:2] = head.points[:MESH_POINTS, :2].mean(0)
    matrix = _turn(0, 1, roll) @ _turn(1, 2, pitch) @ _turn(0, 2, yaw)
    points = (head.points - pivot) @ matrix.T
    # The head stays in the middle of the picture.
    face = points[:MESH_POINTS, :2]
    points[:, :2] -= 0.7 * (face.min(0) + face.max(0)) / 2 - pivot[:2]
    size = picture.shape[-1]
    places, covered = _drawn(points, head.colors_at, head.triangles, size)
    drawn = sample(picture[None], torch.from_numpy(places).float()[None], padding="border")[0]
    mask = torch.from_numpy(covered).float()
    mask = F.avg_pool2d(mask[None, None], 3, 1, 1)[0]
    points68 = torch.from_numpy(points[IBUG_OF_MEDIAPIPE, :2]).float()
    return ground + mask * (drawn - ground), points68


def ground(pictures: list[Tensor], size: int, random: torch.Generator) -> Tensor:
    """What a head is drawn before (3, s, s), 0…1: paper, a colour, or a picture far out of focus.

    Pictures (3, h, w), uint8.
    """
    kind, colorful, which, coarse = torch.rand(4, generator=random).tolist()
    if kind < PAPER:
        return torch.ones(3, size, size)
    if kind < PAPER + PLAIN or not pictures:
        color = torch.rand(3, generator=random)
        color = color if colorful < COLORFUL else color[:1]
        return color[:, None, None].expand(3, size, size)
    picture = pictures[int(which * len(pictures))].float() / 255
    small = F.interpolate(picture[None], [3 + int(coarse * 11)] * 2, mode="area")
    return F.interpolate(small, (size, size), mode="bicubic")[0].clamp(0, 1)


def _yaw(points: np.ndarray) -> float:
    """How far the face is turned already."""
    across = points[LEFT_EYE] - points[RIGHT_EYE]
    return math.atan2(across[2], across[0])


def _turn(first: int, second: int, angle: float) -> np.ndarray:
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = math.cos(angle)
    matrix[first, second], matrix[second, first] = -math.sin(angle), math.sin(angle)
    return matrix


@cache
def _surface() -> tuple[np.ndarray, np.ndarray]:
    """The mesh's triangles (t, 3), and its outline's points in order."""
    mean = mean_face("mediapipe-468").double().numpy()
    triangles = Delaunay(mean).simplices
    return triangles, ConvexHull(mean).vertices


def _drawn(
    points: np.ndarray, values: np.ndarray, triangles: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The values (n, 2) of the nearest triangle at each pixel (s, s, 2), and where there is one."""
    pixels = points.copy()
    pixels[:, :2] = (points[:, :2] + 1) * size / 2 - 0.5
    nearest = np.full((size, size), np.inf)
    out = np.zeros((size, size, 2))
    corners = pixels[triangles]
    low = np.maximum(np.ceil(corners[..., :2].min(1)).astype(int), 0)
    high = np.minimum(np.floor(corners[..., :2].max(1)).astype(int), size - 1)
    for corner, (x0, y0), (x1, y1), index in zip(corners, low, high, triangles, strict=True):
        if x0 > x1 or y0 > y1:
            continue
        (ax, ay, _), (bx, by, _), (cx, cy, _) = corner
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-9:
            continue
        x, y = np.arange(x0, x1 + 1), np.arange(y0, y1 + 1)[:, None]
        second = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
        third = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
        first = 1 - second - third
        depth = first * corner[0, 2] + second * corner[1, 2] + third * corner[2, 2]
        region = nearest[y0 : y1 + 1, x0 : x1 + 1]
        shown = (np.minimum(np.minimum(first, second), third) >= -1e-6) & (depth < region)
        if shown.any():
            region[shown] = depth[shown]
            weights = np.stack([first, second, third], -1)[shown]
            out[y0 : y1 + 1, x0 : x1 + 1][shown] = weights @ values[index]
    return out, np.isfinite(nearest)
