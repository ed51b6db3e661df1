"""Where the person is in a picture: MediaPipe's selfie segmentation, with the photo's own edges.

Source of the network: MediaPipe's selfie_segmentation (Apache-2.0). Of the edges: He et al.,
"Guided Image Filtering", 2010, its coefficients found in a smaller picture as in "Fast Guided
Filter", arXiv 1505.00996.
"""

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..geometry.resize import resized
from .mesh_network import Kind, MeshNetwork, load_networks

FORMAT = "tps-portrait-person-mask/1"
FILE = Path(__file__).parent / "person_mask.safetensors"
KIND = Kind(FORMAT, "the person mask", "install TPS Portrait again", {"person_mask": [256 * 256]})
LEAST_CERTAINTY = 0.98  # of a look, from which no other is asked for
CERTAINTY_POWER = 4  # the power that makes of how sure a look is how much it counts
LEAST_PERSON_SHARE = 0.03  # of the picture, below which a look has seen nobody
# For another look at an old photo:
GRAIN_PX = 160  # longer side at which grain and print are gone
WANTED_LIGHT = 0.5  # mean light that it is given if it is dark
SKIN_TONE = (0.8, 1.0, 1.2)  # powers of red, green and blue that make grey as warm as skin
GUIDE_PX = 384  # longer side of the picture in which the edges are found
RADIUS_PX = 6  # of what is compared there: about what the network's edges may be off
LEAST_EDGE_VARIANCE = 1e-4  # the photo's variance from which an edge is taken to be one
HAZE_SHARE = 0.06  # what the filter leaves far from the person, and takes from within


def person_mask(picture: Tensor) -> Tensor:
    """Where the person is in the picture (3, h, w), 0…1: (1, h, w), 1 on the person, 0 elsewhere.

    Several persons are all in it; all zero where nobody is seen.
    """
    with torch.no_grad():
        size = picture.shape[-2:]
        scale = min(1.0, GUIDE_PX / max(size))
        shape = [max(1, round(n * scale)) for n in size]
        small = resized(picture, shape)[None]
        mask = fitted_to_edges(small, _seen(small), picture[None])
    return ((mask - HAZE_SHARE) / (1 - 2 * HAZE_SHARE)).clamp(0, 1)[0]


def _seen(picture: Tensor) -> Tensor:
    """The mask (1, 1, h, w) of the picture (1, 3, h, w) as the network sees it.

    In old photos, brown, dark or faded, one look often misses a person whom another sees.
    """
    network = load_networks(FILE, picture.device, KIND)["person_mask"]
    masks: list[Tensor] = []
    trust: list[float] = []
    for look in (_stretched, _squared, lambda n, p: _squared(n, _retouched(p))):
        mask = look(network, picture)
        sure = float(mask.square().sum() / mask.sum().clamp_min(1e-6))
        seen = float(mask.mean()) > LEAST_PERSON_SHARE
        if not masks and seen and sure > LEAST_CERTAINTY:
            masks, trust = [mask], [1.0]
            break
        masks.append(mask)
        trust.append(sure**CERTAINTY_POWER if seen else 0.0)
    weighted = torch.stack([t * mask for t, mask in zip(trust, masks, strict=True)]).sum(0)
    mean = weighted / max(sum(trust), 1e-6)
    return (2 * mean - 0.5).clamp(0, 1)  # what is doubtful is left out, what is likely is in


def _stretched(network: MeshNetwork, picture: Tensor) -> Tensor:
    """What the network sees in the picture (1, 3, h, w), stretched to a square as by MediaPipe."""
    square = F.interpolate(picture, (network.size,) * 2, mode="bilinear", antialias=True)
    return F.interpolate(network(square)[0], picture.shape[-2:], mode="bilinear")


def _squared(network: MeshNetwork, picture: Tensor) -> Tensor:
    """What the network sees in the picture (1, 3, h, w) with its edges repeated to a square."""
    height, width = picture.shape[-2:]
    side = max(height, width)
    left, top = (side - width) // 2, (side - height) // 2
    edges = (left, side - width - left, top, side - height - top)
    mask = _stretched(network, F.pad(picture, edges, mode="replicate"))
    return mask[..., top : top + height, left : left + width]


def _retouched(picture: Tensor) -> Tensor:
    """The old photo (1, 3, h, w) in its full range, lit if dark, without grain, skin-toned."""
    scale = min(1.0, GRAIN_PX / max(picture.shape[-2:]))
    shape = [max(1, round(n * scale)) for n in picture.shape[-2:]]
    small = F.interpolate(picture, shape, mode="bilinear", antialias=True)
    grey = small.mean(1, keepdim=True)
    low, high = grey.quantile(0.01), grey.quantile(0.99)
    grey = ((grey - low) / (high - low).clamp_min(0.05)).clamp(0, 1)
    light = math.log(WANTED_LIGHT) / math.log(float(grey.mean().clamp(0.05, 0.95)))
    tone = torch.tensor(SKIN_TONE).to(picture)[:, None, None]
    return F.interpolate(grey ** (min(1.0, light) * tone), picture.shape[-2:], mode="bilinear")


def fitted_to_edges(small: Tensor, mask: Tensor, picture: Tensor) -> Tensor:
    """The mask (b, 1, h, w) of a small picture (b, 3, h, w) with the edges of the large one.

    Around each place the mask is taken as a linear function of colour: (b, 1, H, W).
    """
    mean, mean_mask = _around(small), _around(mask)
    covariance = _around(small * mask) - mean * mean_mask
    products = _around((small[:, :, None] * small[:, None]).flatten(1, 2)).unflatten(1, (3, 3))
    variance = products - mean[:, :, None] * mean[:, None]  # (b, 3, 3, h, w)
    variance = variance + LEAST_EDGE_VARIANCE * torch.eye(3).to(small)[:, :, None, None]
    slope = _solve(variance, covariance)
    offset = mean_mask - (slope * mean).sum(1, keepdim=True)
    line = _around(torch.cat([slope, offset], 1))
    size = picture.shape[-2:]
    edges = F.interpolate(line[:, 3:], size, mode="bilinear")
    for along, channel in zip(line[:, :3].split(1, 1), picture.split(1, 1), strict=True):
        edges.addcmul_(F.interpolate(along, size, mode="bilinear"), channel)
    return edges


def _solve(matrix: Tensor, vector: Tensor) -> Tensor:
    """The x (b, 3, h, w) with matrix (b, 3, 3, h, w) @ x = vector, of symmetric matrices.

    By Cramer's rule: LAPACK takes a hundred times as long for so many so small.
    """
    first, second, third = matrix.unbind(1)
    sides = [(second, third), (third, first), (first, second)]
    crosses = torch.stack([torch.linalg.cross(a, b, dim=1) for a, b in sides], 1)
    determinant = (first * crosses[:, 0]).sum(1, keepdim=True)
    return (vector[:, :, None] * crosses).sum(1) / determinant


def _around(x: Tensor) -> Tensor:
    """The mean (b, c, h, w) over a square around each place, what lies outside not counted."""
    for side in ((2 * RADIUS_PX + 1, 1), (1, 2 * RADIUS_PX + 1)):  # quicker than both at once
        x = F.avg_pool2d(x, side, 1, [n // 2 for n in side], count_include_pad=False)
    return x
