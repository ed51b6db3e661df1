"""The embedded landmark detector: MediaPipe's face mesh, 468 points, in plain PyTorch.

BlazeFace finds the faces; each is cut out upright, 1.5 times its box, and the mesh network places
the points.
Source: Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs",
arXiv 1907.06724; MediaPipe's face_landmark_front graph, from which the constants come.
"""

import math
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..geometry.boxes import SAME_FACE_OVERLAP
from ..geometry.similarity import fit_similarity
from ..landmarks import Landmarks, mean_face
from .blaze_face import find_boxes, log_odds_at
from .face_mesh import HOPELESS_PRESENCE, LEFT_EYE, RIGHT_EYE, FaceCut, place_mesh
from .mesh_network import Kind, MeshNetwork, load_networks

FORMAT = "tps-portrait-landmarker/1"
FILE = Path(__file__).parent / "face_landmarks.safetensors"
KIND = Kind(
    FORMAT,
    "the face landmark models",
    "install TPS Portrait again",
    # 896 boxes of 16 and their scores; 468 points and a presence.
    {"face_detector": [896 * 16, 896], "face_mesh": [468 * 3, 1]},
)
# How the picture is looked at: whole; with a margin, for faces that fill the frame; in tiles of
# a half, a quarter and an eighth of its longer side, for small faces.
ZOOMS = [1.0, 0.6, 2.0, 4.0, 8.0]
OVERVIEW_PX = 1024  # the longer side that suffices to find faces, at all zooms
SMALLEST_TILE_PX = 96  # tiles of fewer of the picture's own pixels show nothing new
# Faces smaller than that are looked for only if there is no larger one, or in a group: where more
# than so many are wanted.
FINEST_ZOOM_BESIDE_OTHERS, FINEST_ZOOM_IN_GROUP, GROUP = 2.0, 4.0, 20
# BlazeFace sees faces that stand on their heads too, but less surely than this, and the mesh then
# lies on them the wrong way round.
SURELY_UPRIGHT_SCORE = 0.85
FOLLOWING_CUTS = 2  # of a face that was followed there: it can't be far
MOST_DOUBTFUL = 3
# The support of a face that another detector found, from BlazeFace's mean log-odds there.
HALF_SUPPORT_LOG_ODDS, SUPPORT_SLOPE = -0.1, 4.0
LONGEST_PATTERN_PX = 64  # pixels after which a picture and its smaller copy must be in step again


def detect_embedded(
    picture: Tensor, max_faces: int, min_confidence: float, small: bool = True
) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, on any device, the easiest seen first.

    `small` faces are looked for only when several are wanted or no larger one is there.
    """
    if picture.device.type != "cuda":
        picture = picture.cpu()  # other devices don't have some of the operators
    networks = load_networks(FILE, picture.device, KIND)
    overview, pixel = _overview(picture)
    finest = FINEST_ZOOM_IN_GROUP if max_faces > GROUP else FINEST_ZOOM_BESIDE_OTHERS
    faces: list[Landmarks] = []
    doubtful: list[Tensor] = []
    with torch.no_grad():
        for zoom in ZOOMS:
            if zoom > 1 and not small:
                break
            if faces and (max_faces == 1 or zoom > finest):
                break
            if zoom > 1 and max(picture.shape[-2:]) / zoom < SMALLEST_TILE_PX:
                break
            found, scores = find_boxes(
                networks["face_detector"], overview, zoom, min_confidence / 2
            )
            found = found * pixel
            sure = found[scores >= min_confidence]
            if zoom <= 1:
                doubtful.append(found[scores < min_confidence][:MOST_DOUBTFUL])
            _add_faces(
                faces, networks, picture, sure[: 2 * max_faces], min_confidence, scores.tolist()
            )
        if not faces:
            # Of drawings that fill the picture the mesh network is the more reliable.
            found = torch.cat(doubtful)
            _add_faces(faces, networks, picture, found, min_confidence, [0.0] * len(found))
    return faces[:max_faces]


def _overview(picture: Tensor) -> tuple[Tensor, Tensor]:
    """The picture, shrunken if it is large, and the size (2,) of a pixel of it: x, y."""
    height, width = picture.shape[-2:]
    factor = min(1, OVERVIEW_PX / max(height, width))
    shape = max(1, round(height * factor)), max(1, round(width * factor))
    overview = area_means(picture, shape) if factor < 1 else picture
    return overview, torch.tensor([width / shape[1], height / shape[0]])


def area_means(picture: Tensor, shape: tuple[int, int]) -> Tensor:
    """The picture (3, h, w) made smaller: (3, *shape), each pixel the mean of those it covers.

    The same as `F.interpolate` with mode "area", in half the time.
    """
    side_by_side = picture.stride(0) == 1  # a pixel's channels, as files have them
    first = picture.permute(1, 2, 0).flatten(1) if side_by_side else picture
    rows = _shrunken(first, shape[0])
    if side_by_side:
        rows = rows.unflatten(1, (-1, picture.shape[0])).permute(2, 0, 1)
    return _shrunken(rows.mT, shape[1]).mT


def _shrunken(x: Tensor, size: int) -> Tensor:
    """Rows (…, n, k) made fewer: (…, size, k), each the mean of those it covers."""
    repeats = math.gcd(x.shape[-2], size)  # the pattern of what covers what repeats as often
    if size // repeats > LONGEST_PATTERN_PX:
        return F.adaptive_avg_pool2d(x.unsqueeze(0), (size, x.shape[-1]))[0]
    means = _means(x.shape[-2] // repeats, size // repeats).to(x)
    return (means @ x.unflatten(-2, (repeats, -1))).flatten(-3, -2)


@cache
def _means(length: int, size: int) -> Tensor:
    """The matrix (size, length) that takes pixels to the means over what each new one covers."""
    means = torch.zeros(size, length)
    for row in range(size):
        first, last = row * length // size, -(-(row + 1) * length // size)
        means[row, first:last] = 1 / (last - first)
    return means


def _add_faces(
    faces: list[Landmarks],
    networks: dict[str, MeshNetwork],
    picture: Tensor,
    found: Tensor,
    min_confidence: float,
    scores: list[float],
) -> None:
    """Adds to the faces what the mesh network sees in what was found (n, 8, 2), with scores."""
    middles = found[:, :2].mean(1)
    new = torch.tensor([not any(face.holds(middle) for face in faces) for middle in middles])
    if not new.any():
        return
    cut = FaceCut.around_box(*found[new][:, :4].unbind(1))
    points_px, presence = place_mesh(networks["face_mesh"], picture, cut, min_confidence)
    height, width = picture.shape[-2:]
    of_new = [score for score, is_new in zip(scores, new.tolist(), strict=False) if is_new]
    for points, score, of_box in zip(points_px, presence.tolist(), of_new, strict=True):
        face = Landmarks.from_pixels(
            points, (width, height), "mediapipe-468", score, detector="embedded"
        )
        if of_box < SURELY_UPRIGHT_SCORE and score >= min_confidence:
            face = _set_upright(networks, picture, face)
        known = any(face.overlap(other) > SAME_FACE_OVERLAP for other in faces)
        if face.score >= min_confidence and not known:
            faces.append(face)


def _set_upright(networks: dict[str, MeshNetwork], picture: Tensor, face: Landmarks) -> Landmarks:
    """The face; if BlazeFace sees one there rather the other way round, with its points so."""
    linear, shift = fit_similarity(mean_face("ibug-68"), face.shape68_px)
    as_found, turned = (
        log_odds_at(networks["face_detector"], picture, sign * linear, shift, mirrored=False)
        for sign in (1, -1)
    )
    if as_found >= turned:
        return face
    points = face.points_px[None]
    # As if the right eye were the left one: the cut stands on its head.
    cut = FaceCut.around_points(points, points[:, LEFT_EYE], points[:, RIGHT_EYE])
    points_px, presence = place_mesh(networks["face_mesh"], picture, cut, 0.0)
    if presence < HOPELESS_PRESENCE:
        return face
    return Landmarks.from_pixels(
        points_px[0], face.size, face.scheme, float(presence[0]), face.detector
    )


def follow_mesh(picture: Tensor, face: Landmarks) -> Landmarks:
    """The face that was just there, with its 468 points where they are now.

    Picture (3, h, w), 0…1 or bytes, on the CPU; the face's scheme is one of MediaPipe's. The score
    is the presence that the network sees: low where there is no face any more.
    """
    network = load_networks(FILE, picture.device, KIND)["face_mesh"]
    face = face.convert("mediapipe-468")
    points = face.points_px[None]
    cut = FaceCut.around_points(points, points[:, RIGHT_EYE], points[:, LEFT_EYE])
    with torch.no_grad():
        points, presence = place_mesh(network, picture, cut, 0.0, FOLLOWING_CUTS)
    height, width = picture.shape[-2:]
    return Landmarks.from_pixels(
        points[0], (width, height), face.scheme, float(presence[0]), "embedded"
    )


def support(picture: Tensor, points_px: Tensor) -> float:
    """How far BlazeFace sees a face too, 0…1, where another detector placed iBUG's 68 points.

    Picture (3, h, w), 0…1, points (68, 2) in its pixels.
    """
    network = load_networks(FILE, picture.device, KIND)["face_detector"]
    fitted = fit_similarity(mean_face("ibug-68"), points_px)
    with torch.no_grad():
        log_odds = log_odds_at(network, picture, *fitted)
    return 1 / (1 + math.exp(-SUPPORT_SLOPE * (log_odds - HALF_SUPPORT_LOG_ODDS)))
