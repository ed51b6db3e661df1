"""A trained generator, rewritten for painting: the same picture in fewer passes over memory.

What is different, and why nothing of it shows:
- The last steps work on 12 channels at half the resolution, where the processor's vectors are
  full, and only their result is spread out to 3 channels at full size. Both 2 x 2 means together
  are one 3 x 3 convolution there.
- The coarse colours are one strided convolution of the picture and one that enlarges; the step
  from 0…1 to −1…1 is inside.
- (tanh(x) + 1) / 2 is sigmoid(2x); the 2 is inside the weights.
- Channels-last, and what can be changed in place is.
"""

import copy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .generator import COLOR_STRIDE, Generator

SHUFFLE = 2  # the picture's pixels per side of a pixel of the last map


class FastGenerator(nn.Module):
    """Pictures (b, 3, h, w) in 0…1, h and w multiples of STRIDE, to what the Generator paints.

    Weights are copies: later changes of the generator's don't reach it. No gradients.
    """

    mirrored_rows: Tensor
    mirrored_columns: Tensor

    def __init__(self, generator: Generator):
        super().__init__()
        network = copy.deepcopy(generator).requires_grad_(False)
        for module in network.modules():
            if isinstance(module, nn.LeakyReLU):
                module.inplace = True  # what comes before is always a layer's own output
        # The coarse colours of the picture as it is, not yet in −1…1, for the sigmoid.
        mix, shift = network.colors.weight, cast(Tensor, network.colors.bias)  # (3, 3, 1, 1), (3,)
        mean = (4 / COLOR_STRIDE**2) * mix.expand(3, 3, COLOR_STRIDE, COLOR_STRIDE)
        self.colors = _layer(mean, 2 * (shift - mix.sum((1, 2, 3))), stride=COLOR_STRIDE)
        self.enlarge = _layer(_bilinear(), groups=3)  # each colour by itself, as below
        self.head = _layer(2 * network.head.weight, 2 * cast(Tensor, network.head.bias), padding=1)
        self.smooth = _layer(_binomial(), groups=3)
        # Of each channel the one above or below it, and beside it, in the same pixel of the map.
        channels = torch.arange(12).view(3, SHUFFLE, SHUFFLE)
        self.register_buffer("mirrored_rows", channels.flip(1).flatten())
        self.register_buffer("mirrored_columns", channels.flip(2).flatten())
        del network.colors, network.head
        self.network = network
        self.to(mix)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch has it

    def forward(self, picture: Tensor) -> Tensor:
        network = self.network
        picture = picture.to(memory_format=torch.channels_last)
        half = network.down_half(2 * picture - 1)
        fine = network.down_fine(half)
        middle = network.down_middle(fine)
        coarse = network.trunk(network.down_coarse(middle))
        middle = network.decode_middle(network.up_middle(coarse).add_(middle))
        fine = network.decode_fine(network.up_fine(middle).add_(fine))
        half = network.decode_half(network.up_half(fine).add_(half))
        painted = self.smooth(self.frame(self.head(half)))  # (b, 12, h / 2, w / 2)
        # The picture's coarse colours, four pixels in each of the map.
        colors = F.pad(self.colors(picture), [1] * 4, mode="replicate")
        under = F.pixel_shuffle(self.enlarge(colors), COLOR_STRIDE // SHUFFLE)
        return F.pixel_shuffle(painted.add_(under).sigmoid_(), SHUFFLE)

    def frame(self, strokes: Tensor) -> Tensor:
        """The map (b, 12, h, w) with a border of 1, as if the picture's outer pixels went on."""
        top = strokes[:, :, :1].index_select(1, self.mirrored_rows)
        bottom = strokes[:, :, -1:].index_select(1, self.mirrored_rows)
        strokes = torch.cat([top, strokes, bottom], 2)
        left = strokes[:, :, :, :1].index_select(1, self.mirrored_columns)
        right = strokes[:, :, :, -1:].index_select(1, self.mirrored_columns)
        return torch.cat([left, strokes, right], 3)


def _layer(
    weight: Tensor, bias: Tensor | None = None, groups: int = 1, stride: int = 1, padding: int = 0
) -> nn.Conv2d:
    """A convolution with these weights."""
    out, width, side, _ = weight.shape
    layer = nn.Conv2d(width * groups, out, side, stride, padding, 1, groups, bias is not None)
    layer.load_state_dict({"weight": weight} | ({} if bias is None else {"bias": bias}))
    return layer.requires_grad_(False)


def _bilinear() -> Tensor:
    """The weights (192, 1, 3, 3) that enlarge 3 channels bilinearly by COLOR_STRIDE.

    Of the 8 x 8 pixels that come of one, each 2 x 2 stay together: the channels are (4, 4) of
    them after (3, 2, 2), so that shuffling by 4 gives the 12 channels of the half-size map.
    """
    place = (torch.arange(COLOR_STRIDE) + 0.5) / COLOR_STRIDE - 0.5  # seen from the coarse pixel
    taps = torch.stack([(-place).clamp(min=0), 1 - place.abs(), place.clamp(min=0)], 1)
    both = torch.einsum("iy,jx->ijyx", taps, taps)
    blocks = both.view(4, SHUFFLE, 4, SHUFFLE, 3, 3).permute(1, 3, 0, 2, 4, 5)
    return blocks.repeat(3, 1, 1, 1, 1, 1).reshape(-1, 1, 3, 3)


def _binomial() -> Tensor:
    """The weights (12, 4, 3, 3) of (1 2 1) / 4 both ways over the pixels, at half the size."""
    taps = torch.zeros(SHUFFLE, SHUFFLE, 3)  # (pixel painted, pixel read, pixel of the map)
    taps[0, 1, 0], taps[0, 0, 1], taps[0, 1, 1] = 0.25, 0.5, 0.25
    taps[1, 0, 1], taps[1, 1, 1], taps[1, 0, 2] = 0.25, 0.5, 0.25
    both = torch.einsum("aiy,bjx->abijyx", taps, taps).reshape(4, 4, 3, 3)
    return both.repeat(3, 1, 1, 1)
