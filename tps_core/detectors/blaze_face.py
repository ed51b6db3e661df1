"""Finds faces as boxes with the eyes' places: BlazeFace, short range, as MediaPipe runs it.

The network looks at 128 x 128 pixels and sees faces from about a tenth of that to nearly all of
it; several views of the picture make up for that.
Source: Bazarevsky et al., "BlazeFace", arXiv 1907.05047; MediaPipe's face_detection_short_range
graph, from which the constants come.
"""

import math
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from ..geometry.boxes import SAME_FACE_OVERLAP, overlap
from ..geometry.squares import cut_squares, tiles
from .mesh_network import MeshNetwork

VIEW_PX = 128
# Neighbouring tiles share this much of their size, so that a face too small for the whole
# picture's view lies whole in one of them.
TILE_OVERLAP_SHARE = 1 / 3
VIEWS_AT_ONCE = 16
# The views in which a face is looked at whose landmarks are known: their sides in sides of the
# face crop, how far below its middle they lie, and how far from theirs, in half their sides, a box
# may lie that means that face.
SUPPORT_EXTENTS, SUPPORT_DROP, SUPPORT_REACH = (1.7, 2.3, 3.1), 0.1, 0.35


def find_boxes(
    network: MeshNetwork, picture: Tensor, zoom: float, min_score: float
) -> tuple[Tensor, Tensor]:
    """The faces in the picture (3, h, w), 0…1, as points (n, 8, 2) in pixels and scores (n,).

    The points: the box's upper left and lower right corners, right eye, left eye, nose tip,
    mouth, right and left ear. At zoom 1 the whole picture just fits the network's view, below
    that with a margin, above that it is cut into tiles. The surest face comes first.
    """
    height, width = picture.shape[-2:]
    linear, shift = views_of((width, height), zoom)
    # Black around what does not fill a view, as MediaPipe does.
    views = cut_squares(picture, linear, shift, VIEW_PX, "zeros")
    outputs = [network(batch * 2 - 1) for batch in views.split(VIEWS_AT_ONCE)]
    regressors, logits = (torch.cat(parts).cpu() for parts in zip(*outputs, strict=True))
    scores = logits[..., 0].clamp(-100, 100).sigmoid()
    view, anchor = torch.where(scores >= min_score)

    points = regressors[view, anchor].unflatten(-1, (8, 2))  # box centre, box size, six features
    half = points[:, 1] / 2
    points = points + _anchors()[anchor, None]
    points = torch.stack([points[:, 0] - half, points[:, 0] + half, *points.unbind(1)[2:]], 1)
    points = (2 * points / VIEW_PX - 1) @ linear[view].mT + shift[view, None]
    return merge(points, scores[view, anchor])


def merge(points: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """The faces (n, 8, 2) with those that mean the same one averaged, weighted by score (n,)."""
    order = scores.argsort(descending=True)
    points, scores = points[order], scores[order]
    merged, best = [], []
    while len(scores):
        boxes = points[:, :2].flatten(1)
        same = overlap(boxes[:1], boxes) > SAME_FACE_OVERLAP
        same[0] = True  # even if its box has no area
        weight = scores[same, None, None]
        merged.append((points[same] * weight).sum(0) / weight.sum())
        best.append(scores[0])
        points, scores = points[~same], scores[~same]
    return (torch.stack(merged), torch.stack(best)) if best else (points, scores)


def views_of(size: tuple[int, int], zoom: float) -> tuple[Tensor, Tensor]:
    """The squares of a picture of `size` (width, height) that are looked at, as `tiles` gives."""
    side = max(size) / zoom
    step = side * (1 - TILE_OVERLAP_SHARE)
    return tiles(size, side, [1 + math.ceil(max(0.0, n - side) / step) for n in size])


def log_odds_at(
    network: MeshNetwork, picture: Tensor, linear: Tensor, shift: Tensor, mirrored: bool = True
) -> float:
    """The log-odds of there being a face where the face crop lies, the mean over several views.

    The crop: linear (2, 2) and shift (2,), in pixels of the picture (3, h, w), 0…1. On drawn faces
    they are about 1, on hands and folds that look like a face to other networks about −2.
    `mirrored` views with it are twice the work, and steadier.
    """
    middle = shift + SUPPORT_DROP * linear[:, 1]
    scales = torch.tensor(SUPPORT_EXTENTS)[:, None, None]
    views = cut_squares(picture, scales * linear, middle.expand(len(scales), 2), VIEW_PX)
    if mirrored:
        soft = F.avg_pool2d(views[1:2], 3, 1, padding=1, count_include_pad=False)
        views = torch.cat([views, views.flip(-1), soft])
    regressors, logits = network(2 * views - 1)
    boxes = regressors.cpu().unflatten(-1, (8, 2))[:, :, 0] + _anchors()
    apart = (2 * boxes / VIEW_PX - 1).norm(dim=-1)
    near = logits[..., 0].cpu().masked_fill(apart > SUPPORT_REACH, -10)
    return float(near.amax(1).mean())


@cache
def _anchors() -> Tensor:
    """The points of the view that the network's 896 guesses start from: (896, 2)."""
    layers = []
    for cells, guesses in ((16, 2), (8, 6)):
        centre = (torch.arange(cells) + 0.5) * (VIEW_PX / cells)
        y, x = torch.meshgrid(centre, centre, indexing="ij")
        layers.append(torch.stack([x, y], -1).flatten(0, 1).repeat_interleave(guesses, 0))
    return torch.cat(layers)
