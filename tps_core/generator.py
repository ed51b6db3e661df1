"""The generator: a small U-shaped network from pictures to pictures.

Why this shape: at 512 x 512 the resolution of the layers decides the cost, not the number of
parameters, so maps of half the resolution are thin and most weights work at 1/16. Skips are
added, not concatenated. Every map that leads from the encoder to the decoder can be warped: that
is the feature-space warp of the paper.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .tps import Spline
from .warp import sample, spline_grid

STRIDE = 16  # the picture's pixels per side of a pixel of the innermost map
COLOR_STRIDE = 8  # the same for the coarse colours


class Generator(nn.Module):
    """Translates pictures (b, 3, h, w) in 0…1, h and w multiples of STRIDE, to the same shape."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 72, 176), blocks: int = 2):
        """`widths` of the maps at 1/2, 1/4, 1/8 and 1/16; `blocks` at 1/16."""
        super().__init__()
        self.architecture = {"name": "unet16", "widths": list(widths), "blocks": blocks}
        half, fine, middle, coarse = widths
        self.down_half = Down(3, half)
        self.down_fine = Down(half, fine)
        self.encode_fine = Block(fine)
        self.down_middle = Down(fine, middle)
        self.encode_middle = Block(middle)
        self.down_coarse = Down(middle, coarse)
        self.trunk = nn.Sequential(*(Block(coarse) for _ in range(blocks)))
        self.up_middle = Up(coarse, middle)
        self.decode_middle = Block(middle)
        self.up_fine = Up(middle, fine)
        self.decode_fine = Block(fine)
        self.up_half = Up(fine, half)
        self.decode_half = nn.Sequential(
            nn.Conv2d(half, half, 3, padding=1, padding_mode="replicate"), nn.LeakyReLU(0.2)
        )
        self.head = nn.Conv2d(half, 3, 3, padding=1, padding_mode="replicate")
        # The picture's own colours, coarse and mixed anew, lie under what the decoder paints. An
        # untrained generator gives a blurred copy, so light can't be learned as dark (a perceptual
        # cycle loss alone allows that), and every stroke is still the network's own.
        self.colors = nn.Conv2d(3, 3, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        nn.init.zeros_(self.colors.bias)
        self.colors.weight.data.copy_(1.5 * torch.eye(3)[:, :, None, None])

    def forward(self, picture: Tensor, spline: Spline | None = None) -> Tensor:
        """The translated picture; with a spline, in the geometry that the spline pulls it to."""
        features = self.encode(picture)
        return self.decode(features if spline is None else warp_features(features, spline))

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The coarse colours, and the maps at 1/2, 1/4, 1/8 and 1/16 of the resolution."""
        colors = self.colors(F.avg_pool2d(2 * picture - 1, COLOR_STRIDE))
        half = self.down_half(2 * picture - 1)
        fine = self.encode_fine(self.down_fine(half))
        middle = self.encode_middle(self.down_middle(fine))
        coarse = self.trunk(self.down_coarse(middle))
        return [colors, half, fine, middle, coarse]

    def decode(self, features: list[Tensor]) -> Tensor:
        """The picture (b, 3, h, w) in 0…1 that the feature maps stand for."""
        colors, half, fine, middle, coarse = features
        middle = self.decode_middle(self.up_middle(coarse) + middle)
        fine = self.decode_fine(self.up_fine(middle) + fine)
        half = self.decode_half(self.up_half(fine) + half)
        full = F.interpolate(half, scale_factor=2, mode="bilinear")
        under = F.interpolate(colors, scale_factor=COLOR_STRIDE, mode="bilinear")
        return (torch.tanh(self.head(full) + under) + 1) / 2


class Block(nn.Module):
    """A residual block of two normed convolutions, (b, c, h, w) to the same."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate", bias=False),
            nn.InstanceNorm2d(width, affine=True),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 3, padding=1, padding_mode="replicate", bias=False),
            nn.InstanceNorm2d(width, affine=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class Down(nn.Sequential):
    """Half the resolution."""

    def __init__(self, width: int, wider: int):
        super().__init__(
            nn.Conv2d(width, wider, 3, stride=2, padding=1, padding_mode="replicate"),
            nn.LeakyReLU(0.2),
        )


class Up(nn.Sequential):
    """Twice the resolution; resized before the convolution, which leaves no checkerboard."""

    def __init__(self, width: int, narrower: int):
        super().__init__(
            nn.Conv2d(width, narrower, 3, padding=1, padding_mode="replicate"),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2, mode="bilinear"),
        )


def warp_features(features: list[Tensor], spline: Spline) -> list[Tensor]:
    """Each feature map read where the spline sends its own pixels."""
    return [sample(map_, spline_grid(spline, map_.shape[-2:])) for map_ in features]
