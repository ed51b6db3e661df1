"""The discriminators: a global one for whole faces, local ones for single parts.

Both judge patches, each place of the output seeing a window of the input, as in pix2pix.
Spectral normalisation keeps them from outrunning the generator on a few dozen pictures.
"""

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Discriminator(nn.Module):
    """Scores pictures (b, 3, h, w) in 0…1: (b, 1, h', w'), above 0 for "real"."""

    def __init__(self, width: int, levels: int):
        """`levels` halvings of the resolution; with 3, each place sees 54 pixels, with 4, 110."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for level in range(levels):
            wider = width * 2**level
            layers += [
                spectral_norm(nn.Conv2d(channels, wider, 4, stride=2, padding=1)),
                nn.LeakyReLU(0.2),
            ]
            channels = wider
        layers += [
            spectral_norm(nn.Conv2d(channels, channels, 3, padding=1)),
            nn.LeakyReLU(0.2),
            # Free, or no score could grow enough for the hinge to be satisfied.
            nn.Conv2d(channels, 1, 3, padding=1),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, picture: Tensor) -> Tensor:
        return self.layers(2 * picture - 1)
