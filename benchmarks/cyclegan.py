"""CycleGAN's generator, as a yardstick.

Source: Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial
Networks", 2017, section 7.2: c7s1-64, d128, d256, nine R256, u128, u64, c7s1-3.
"""

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            *_layer(nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect"), width),
            nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


def cyclegan_generator(width: int = 64, blocks: int = 9) -> nn.Sequential:
    """The generator for pictures (b, 3, h, w), h and w multiples of 4; untrained."""
    wide, widest = 2 * width, 4 * width
    return nn.Sequential(
        *_layer(nn.Conv2d(3, width, 7, padding=3, padding_mode="reflect"), width),
        *_layer(nn.Conv2d(width, wide, 3, stride=2, padding=1), wide),
        *_layer(nn.Conv2d(wide, widest, 3, stride=2, padding=1), widest),
        *(ResidualBlock(widest) for _ in range(blocks)),
        *_layer(nn.ConvTranspose2d(widest, wide, 3, 2, padding=1, output_padding=1), wide),
        *_layer(nn.ConvTranspose2d(wide, width, 3, 2, padding=1, output_padding=1), width),
        nn.Conv2d(width, 3, 7, padding=3, padding_mode="reflect"),
        nn.Tanh(),
    )


def _layer(convolution: nn.Module, width: int) -> tuple[nn.Module, nn.Module, nn.Module]:
    return convolution, nn.InstanceNorm2d(width), nn.ReLU()
