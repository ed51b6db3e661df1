"""Finds faces and their landmarks in art: what the detectors for photos don't see.

The network (see art_network.py) is shown squares all over the picture. Where it sees a face it
looks again, upright and at the right size, until the points stay where they are; then at the same
face mirrored, turned and nearer. How sure a face is say three things: how much the looks disagree,
how many squares led to it, and whether BlazeFace, which learnt from photos alone, is near to seeing
a face there too. That last one tells faces, drawn ones too, from folds, hands and rockets, of which
this network is as sure as of faces.
"""

from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ..container import build_network, read_container
from ..geometry.resize import resized
from ..geometry.similarity import fit_similarity, rotation
from ..geometry.squares import cut_squares, tiles
from ..landmarks import (
    IBUG_MIRROR,
    SAME_FACE_IN_ART_EYES,
    Landmarks,
    eye_distance_from_front,
    mean_face,
    same_face,
)
from .art_network import CUT_EXTENT, CUT_PX, ArtNetwork, ArtPoints
from .embedded_detector import support

FORMAT = "tps-portrait-art-landmarks/1"
FILE = Path(__file__).parent / "art_landmarks.safetensors"
OVERVIEW_PX = 640  # the picture's longer side that suffices to find faces
# Sides of the squares that are looked at, in shorter sides of the picture, and how far apart they
# are, in sides. The largest is for faces that are cut by the picture's edges.
SQUARE_SIDES = (1.3, 0.9, 0.62, 0.43)
STEP_SHARE = 0.4
MOST_IN_A_ROW = 8  # squares along either side of a picture, be it ever so long
MOST_FOLLOWED = 12  # squares of the most promising that are followed
REFINEMENTS = 3  # how often each is cut out again
LEAST_VOTES = 2  # squares that must lead to a face
ENOUGH_VOTES = 4  # squares that lead to a face, below which it is less sure
TURNS_RADIANS = (0.0, -0.2, 0.2)  # radians
ZOOMS = (1.0, 0.88, 1.13)
DISAGREEMENT_EYES = 0.15  # eye distances of disagreement at which confidence is down to 0.6


def detect_art(picture: Tensor, max_faces: int, min_confidence: float) -> list[Landmarks]:
    """The faces in the picture (3, h, w), 0…1, with iBUG's 68 points, the surest first."""
    network = load_art_network()
    overview, factor = _overview(picture.cpu())
    with torch.no_grad():
        groups = _propose(network, overview)
        faces = [_look_closely(network, overview, group) for group in groups[: 2 * max_faces]]
    height, width = picture.shape[-2:]
    found = [
        Landmarks.from_pixels(points / factor, (width, height), "ibug-68", confidence, "art")
        for points, confidence in faces
        if confidence >= min_confidence
    ]
    return sorted(found, key=lambda face: -face.score)[:max_faces]


def confirms(picture: Tensor, face: Landmarks) -> bool:
    """Whether the network too sees a face there, its points about where those of the face are.

    Picture (3, h, w), 0…1 or bytes.
    """
    points = face.shape68_px
    seen, presence = look_at(picture, points)
    return presence > 0.5 and bool(same_face(seen, points, SAME_FACE_IN_ART_EYES))


def follow_art(picture: Tensor, face: Landmarks) -> Landmarks:
    """The face that was just there, with its 68 points where they are now.

    Picture (3, h, w), 0…1 or bytes; the score is the presence that the network sees.
    """
    points_px, presence = look_at(picture, face.shape68_px)
    height, width = picture.shape[-2:]
    return Landmarks.from_pixels(points_px, (width, height), "ibug-68", presence, "art")


def look_at(picture: Tensor, points: Tensor) -> tuple[Tensor, float]:
    """What the network sees where a face with points (68, 2) is: points like them, and presence.

    All in pixels of the picture (3, h, w), 0…1 or bytes; presence is 0…1.
    """
    with torch.no_grad():
        seen = look(load_art_network(), picture.cpu(), *_upright(points[None]))
    return seen.points[0], float(seen.presence[0].sigmoid())


@cache
def load_art_network() -> ArtNetwork:
    """The network with its weights, which come with the pack."""
    return read_art_network(FILE)


def read_art_network(path: Path) -> ArtNetwork:
    """The network in the file. Raises ValueError, naming it, for a damaged or foreign one."""
    tensors, _ = read_container(path, FORMAT, "the landmarker for art")
    try:
        network = build_network(ArtNetwork, tensors)
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); install the pack again") from None
    # With a pixel's channels side by side, convolutions this thin are quicker on a CPU.
    network = network.eval().requires_grad_(False)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch has it


def look(network: ArtNetwork, picture: Tensor, linear: Tensor, shift: Tensor) -> ArtPoints:
    """What the network sees in squares of the picture: linear (n, 2, 2), shift (n, 2), in pixels.

    The points (n, 68, 2) and their spread come in pixels of the picture too.
    """
    cuts = cut_squares(picture, linear, shift, CUT_PX, whole_steps=True)
    found = network(cuts.contiguous(memory_format=torch.channels_last))
    points = found.points @ linear.mT + shift[:, None]
    scale = linear[:, :, 0].norm(dim=1)[:, None]
    return ArtPoints(points, found.spread * scale, found.presence)


def _overview(picture: Tensor) -> tuple[Tensor, float]:
    """The picture, shrunk if it is large, and by how much."""
    factor = min(1.0, OVERVIEW_PX / max(picture.shape[-2:]))
    if factor == 1:
        return picture, factor
    shape = [max(1, round(n * factor)) for n in picture.shape[-2:]]
    return resized(picture, shape), factor


def _propose(network: ArtNetwork, picture: Tensor) -> list[Tensor]:
    """The faces that several squares lead to, those with most votes first: points (k, 68, 2)."""
    seen = look(network, picture, *_squares(picture))
    best = seen.presence.argsort(descending=True)[:MOST_FOLLOWED]
    points = seen.points[best[seen.presence[best] > 0]]
    for _ in range(REFINEMENTS):
        if not len(points):
            return []
        seen = look(network, picture, *_upright(points))
        points = seen.points[seen.presence > 0]
    return _groups(points)


def _look_closely(network: ArtNetwork, picture: Tensor, group: Tensor) -> tuple[Tensor, float]:
    """A face's points (68, 2) in pixels, and how sure they are, from several looks at it."""
    linear, shift = _upright(group.median(0).values[None])
    mirror = torch.tensor([[-1.0, 0], [0, 1]])
    cuts, orders = [], []
    for turn, zoom in zip(TURNS_RADIANS, ZOOMS, strict=True):
        for flip in (False, True):
            cuts.append(zoom * linear[0] @ rotation(turn) @ (mirror if flip else torch.eye(2)))
            orders.append(IBUG_MIRROR if flip else list(range(68)))
    seen = look(network, picture, torch.stack(cuts), shift.expand(len(cuts), 2))
    points = torch.stack([p[order] for p, order in zip(seen.points, orders, strict=True)])
    middle = points.median(0).values
    unit = eye_distance_from_front(middle).clamp_min(1e-3)
    disagreement = float((points - middle).norm(dim=-1).mean() / unit)
    confidence = float(seen.presence.mean().sigmoid())
    confidence *= 0.6 ** ((disagreement / DISAGREEMENT_EYES) ** 2)
    confidence *= min(1.0, len(group) / ENOUGH_VOTES)
    points = points.mean(0)
    return points, confidence * support(picture, points)


def _squares(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Squares all over the picture: linear (n, 2, 2) and shift (n, 2), in pixels."""
    height, width = picture.shape[-2:]
    parts = []
    for share in SQUARE_SIDES:
        side = share * min(height, width)
        steps = [max(0.0, n - side) / (STEP_SHARE * side) for n in (width, height)]
        counts = [min(MOST_IN_A_ROW, 1 + round(n)) for n in steps]
        parts.append(tiles((width, height), side, counts))
    linear, shift = zip(*parts, strict=True)
    return torch.cat(linear), torch.cat(shift)


def _upright(points: Tensor) -> tuple[Tensor, Tensor]:
    """The squares in which the network sees faces with points (n, 68, 2) best."""
    mean = mean_face("ibug-68")
    fitted = [fit_similarity(mean, face) for face in points]
    linear = torch.stack([CUT_EXTENT * linear for linear, _ in fitted])
    return linear, torch.stack([shift for _, shift in fitted])


def _groups(points: Tensor) -> list[Tensor]:
    """Points (n, 68, 2) sorted into faces, those of most votes first."""
    same = same_face(points[:, None], points, SAME_FACE_IN_ART_EYES).tolist()
    groups, left = [], list(range(len(points)))
    while left:
        near = [i for i in left if same[left[0]][i]]
        groups.append(points[near])
        left = [i for i in left if i not in near]
    kept = [group for group in groups if len(group) >= LEAST_VOTES]
    return sorted(kept, key=len, reverse=True)
