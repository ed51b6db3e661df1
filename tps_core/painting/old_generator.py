"""The generators of earlier versions, so that styles trained with them still paint as they did."""

import torch.nn.functional as F
from torch import Tensor, nn

from .generator import COLOR_STRIDE, Block, Generator, LineGenerator, Soften, down


class SmoothGenerator(Generator):
    """Of early styles learned from pairs: without grain, its strokes are as the photo has them."""

    def __init__(self, widths: tuple[int, int, int, int], blocks: int):
        super().__init__(widths, blocks)
        self.architecture["name"] = "unet16-smooth"
        _, fine, middle, _ = widths
        self.decode_middle = nn.Sequential(Block(middle), Soften())
        self.decode_fine = nn.Sequential(Block(fine), Soften())


class LeanGenerator(LineGenerator):
    """Of the versions after 0.1.0: it enlarges its maps as they are, and can weave."""

    def __init__(self, widths: tuple[int, int, int, int], blocks: int):
        super().__init__(widths, blocks)
        self.architecture["name"] = "unet16-lean"
        self.down_half = down(3, widths[0])
        self.decode_fine, self.decode_middle = Block(widths[1]), Block(widths[2])


class OldGenerator(LineGenerator):
    """Of 0.1.0, twice as slow: blocks in the encoder, norms everywhere, a full-size last layer."""

    def __init__(self, widths: tuple[int, int, int, int], blocks: int):
        super().__init__(widths, blocks)
        self.architecture["name"] = "unet16"
        half, fine, middle, _ = widths
        self.down_half = down(3, half)
        self.encode_fine, self.decode_fine = Block(fine, norm=True), Block(fine, norm=True)
        self.encode_middle, self.decode_middle = Block(middle, norm=True), Block(middle, norm=True)
        self.head = nn.Conv2d(half, 3, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                module.padding_mode = "replicate"

    def encode(self, picture: Tensor) -> list[Tensor]:
        picture = 2 * picture - 1
        colors = self.colors(F.avg_pool2d(picture, COLOR_STRIDE))
        half = self.down_half(picture)
        fine = self.encode_fine(self.down_fine(half))
        middle = self.encode_middle(self.down_middle(fine))
        coarse = self.trunk(self.down_coarse(middle))
        return [colors, half, fine, middle, coarse]

    def strokes(self, half: Tensor) -> Tensor:
        return self.head(F.interpolate(half, scale_factor=2, mode="bilinear"))
