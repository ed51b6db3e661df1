"""The network that finds landmarks in art: 68 points in a face that is drawn, painted or printed.

Made for this pack, and small. It sees a rough cut of a face and says where each point is, as the
mean of a map of likelihoods, how far off that may be, and whether there is a face at all.
Trained by benchmarks/train_landmarker.py.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from ..geometry.pixels import pixel_centres
from ..landmarks import SCHEMES

CUT_PX = 128  # side of what it sees
# The side of the cut in which it sees a face best, in sides of the face crop (see ../align.py).
CUT_EXTENT = 1.2
POINTS = SCHEMES["ibug-68"]


class ArtPoints(NamedTuple):
    """What the network sees in cuts."""

    points: Tensor  # (b, 68, 2) in the cut's −1…1
    spread: Tensor  # (b, 68) how far each may be off, in the same units
    presence: Tensor  # (b,) log-odds of there being a face


class ArtNetwork(nn.Module):
    """Finds iBUG's 68 landmarks in cuts (b, 3, CUT_PX, CUT_PX) in 0…1."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 64, 128)):
        """`widths` of the maps at 1/2, 1/4, 1/8 and 1/16."""
        super().__init__()
        half, fine, middle, coarse = widths
        self.stem = _convolution(3, half, stride=2)
        self.down_fine = nn.Sequential(_convolution(half, fine, stride=2), _Block(fine))
        self.down_middle = nn.Sequential(
            _convolution(fine, middle, stride=2), _Block(middle), _Block(middle)
        )
        self.down_coarse = nn.Sequential(
            _convolution(middle, coarse, stride=2), _Block(coarse), _Block(coarse)
        )
        self.up_middle = _convolution(coarse, middle)
        self.join_middle = _Block(middle)
        self.up_fine = _convolution(middle, fine)
        self.join_fine = _Block(fine)
        self.maps = nn.Conv2d(fine, POINTS, 1)
        self.whole = nn.Sequential(nn.Linear(coarse * 4, coarse), nn.ReLU())
        self.spread = nn.Linear(coarse, POINTS)
        self.presence = nn.Linear(coarse, 1)

    def forward(self, cut: Tensor) -> ArtPoints:
        fine = self.down_fine(self.stem(2 * cut - 1))
        middle = self.down_middle(fine)
        coarse = self.down_coarse(middle)
        middle = self.join_middle(middle + _double(self.up_middle(coarse)))
        fine = self.join_fine(fine + _double(self.up_fine(middle)))
        maps = self.maps(fine).flatten(2).softmax(2)
        centres = pixel_centres(fine.shape[-2:], like=maps).flatten(0, 1)
        whole = self.whole(F.adaptive_avg_pool2d(coarse, 2).flatten(1))
        spread = F.softplus(self.spread(whole) - 3) + 1e-3
        return ArtPoints(maps @ centres, spread, self.presence(whole)[:, 0])


class _Block(nn.Module):
    """A residual block of two convolutions, (b, c, h, w) to the same."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(_convolution(width, width), _convolution(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def _convolution(width: int, wider: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, wider, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(wider),
        nn.ReLU(),
    )


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")
