"""The generator: a small U-shaped network from pictures to pictures.

Why this shape: at 512 x 512 the resolution of the layers decides the cost, not the number of
parameters, so the encoder is four convolutions, maps of half the resolution are thin, and most
weights work at 1/16. Only there is a norm: elsewhere it would cost as much as a convolution. Skips
are added, not concatenated. Every map that leads from the encoder to the decoder can be warped:
that is the feature-space warp of the paper. All maps are softened before they are enlarged or
painted, and those of half the resolution before they are read: their finest pattern, a
checkerboard, made of nothing but a photo's grain, would lie over the painting as a weave. Strokes
are made of a grain of their own, which is the same every time.
"""

from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import wrap_torch_function

from ..geometry.grid import spline_grid
from ..geometry.pixels import sample
from ..geometry.spline import Spline

STRIDE = 16  # the picture's pixels per side of a pixel of the innermost map
COLOR_STRIDE = 8  # the same for the coarse colours
COLOR_GAIN = 1.5  # undoes, on the way through tanh, most of what tanh takes
GRAIN_SIDE = 64  # pixels of a map, after which the grain repeats itself
GRAIN_AT_FIRST = 0.05  # standard deviation of its strength in a network that learned nothing yet


class Generator(nn.Module):
    """Translates pictures (b, 3, h, w) in 0…1, h and w multiples of STRIDE, to the same shape."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 64, 144), blocks: int = 2):
        """`widths` of the maps at 1/2, 1/4, 1/8 and 1/16; `blocks` at 1/16."""
        super().__init__()
        self.architecture = {"name": "unet16-grain", "widths": list(widths), "blocks": blocks}
        half, fine, middle, coarse = widths
        self.down_half = nn.Sequential(*down(3, half), Soften())
        self.down_fine = down(half, fine)
        self.down_middle = down(fine, middle)
        self.down_coarse = down(middle, coarse)
        self.trunk = nn.Sequential(*(Block(coarse, norm=True) for _ in range(blocks)))
        self.up_middle = _up(coarse, middle)
        self.decode_middle: nn.Module = nn.Sequential(Grain(middle), Block(middle), Soften())
        self.up_fine = _up(middle, fine)
        self.decode_fine: nn.Module = nn.Sequential(Grain(fine), Block(fine), Soften())
        self.up_half = _up(fine, half)
        last = nn.Conv2d(half, half, 3, padding=1)
        self.decode_half = nn.Sequential(last, nn.LeakyReLU(0.2), Soften())
        self.head = nn.Conv2d(half, 12, 3, padding=1)  # each pixel of the map paints 2 x 2
        # The picture's own colours, coarse and mixed, lie under what the decoder paints. An
        # untrained generator gives a blurred copy, so light can't be learned as dark (a perceptual
        # cycle loss alone allows that), and every stroke is still the network's own.
        self.colors = nn.Conv2d(3, 3, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(cast(Tensor, self.head.bias))
        nn.init.zeros_(cast(Tensor, self.colors.bias))
        self.colors.weight.data.copy_(COLOR_GAIN * torch.eye(3)[:, :, None, None])

    def forward(self, picture: Tensor, spline: Spline | None = None) -> Tensor:
        """The translated picture; with a spline, in the geometry that the spline pulls it to."""
        features = self.encode(picture)
        return self.decode(features if spline is None else warp_features(features, spline))

    def encode(self, picture: Tensor) -> list[Tensor]:
        """The coarse colours, and the maps at 1/2, 1/4, 1/8 and 1/16 of the resolution."""
        picture = 2 * picture - 1
        colors = self.colors(F.avg_pool2d(picture, COLOR_STRIDE))
        half = self.down_half(picture)
        fine = self.down_fine(half)
        middle = self.down_middle(fine)
        coarse = self.trunk(self.down_coarse(middle))
        return [colors, half, fine, middle, coarse]

    def decode(self, features: list[Tensor]) -> Tensor:
        """The picture (b, 3, h, w) in 0…1 that the feature maps stand for."""
        colors, half, fine, middle, coarse = features
        middle = self.decode_middle(self.up_middle(coarse) + middle)
        fine = self.decode_fine(self.up_fine(middle) + fine)
        half = self.decode_half(self.up_half(fine) + half)
        under = F.interpolate(colors, scale_factor=COLOR_STRIDE, mode="bilinear")
        return (torch.tanh(self.strokes(half) + under) + 1) / 2

    def strokes(self, half: Tensor) -> Tensor:
        """What the last map (b, c, h / 2, w / 2) adds to the colours: (b, 3, h, w)."""
        return binomial_blur(F.pixel_shuffle(self.head(half), 2))


class LineGenerator(Generator):
    """For line art: its lines are sharp, and its empty grounds are to stay empty.

    So it has no grain, and its last map is not softened.
    """

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 64, 144), blocks: int = 2):
        super().__init__(widths, blocks)
        self.architecture["name"] = "unet16-soft"
        _, fine, middle, _ = widths
        self.decode_middle = nn.Sequential(Block(middle), Soften())
        self.decode_fine = nn.Sequential(Block(fine), Soften())
        self.decode_half = nn.Sequential(*list(self.decode_half)[:2])


def binomial_blur(pictures: Tensor) -> Tensor:
    """The pictures or maps (b, c, h, w) as soft as the generator paints: twice the mean of 2 x 2.

    That is blind to a checkerboard of single pixels, which four painters side by side would leave.
    """
    padded = F.pad(pictures, [1] * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, 2, 1), 2, 1)


class Soften(nn.Module):
    """`binomial_blur` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        return binomial_blur(x)


class Grain(nn.Module):
    """Adds noise to maps (b, c, h, w): the same every time, for each channel as much as it learns.

    A photo doesn't say where strokes are to lie. Without noise a network finds them a place in the
    photo's own grain, or in the pattern that its convolutions make.
    """

    noise: Tensor

    def __init__(self, width: int):
        super().__init__()
        side = (1, 1, GRAIN_SIDE, GRAIN_SIDE)
        noise = np.random.RandomState(0).standard_normal(side)  # of all NumPy's the one that stays
        self.register_buffer("noise", torch.from_numpy(noise).float())
        self.strength = nn.Parameter(GRAIN_AT_FIRST * torch.randn(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return add_grain(x, self.noise, self.strength)


# One operation for those who record what is done to a picture, since it depends on its size.
@wrap_torch_function(lambda x, *_: (x,))
def add_grain(x: Tensor, noise: Tensor, strength: Tensor) -> Tensor:
    """The maps with as many tiles of the noise as they need, in the strength of each channel."""
    h, w = x.shape[-2:]
    tiles = [1, 1, -(-h // GRAIN_SIDE), -(-w // GRAIN_SIDE)]
    return x + strength * noise.repeat(tiles)[..., :h, :w]


class Block(nn.Module):
    """A residual block of two convolutions, (b, c, h, w) to the same."""

    def __init__(self, width: int, norm: bool = False):
        super().__init__()
        layers: list[nn.Module] = []
        for last in (False, True):
            layers.append(nn.Conv2d(width, width, 3, padding=1, bias=not norm))
            if norm:
                layers.append(nn.InstanceNorm2d(width, affine=True))
            if not last:
                layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def warp_features(features: list[Tensor], spline: Spline) -> list[Tensor]:
    """Each feature map read where the spline sends its own pixels."""
    return [sample(map_, spline_grid(spline, map_.shape[-2:])) for map_ in features]


def down(width: int, wider: int) -> nn.Sequential:
    """Half the resolution."""
    return nn.Sequential(nn.Conv2d(width, wider, 3, stride=2, padding=1), nn.LeakyReLU(0.2))


def _up(width: int, narrower: int) -> nn.Sequential:
    """Twice the resolution; resized after the convolution, which leaves no checkerboard."""
    return nn.Sequential(
        nn.Conv2d(width, narrower, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
    )
