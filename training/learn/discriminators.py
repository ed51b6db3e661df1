"""The discriminators: global ones for whole faces, local ones for single parts.

They score patches, each place of an output seeing a window of the input, as in pix2pix, and at
two scales. Those that know where in the face crop a patch lies can say that black may be hair,
but not a cheek: line art, which has no other tones, needs that. From paintings such a
discriminator also learns where their sitters have hair, and asks for it on others' foreheads.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ...tps_core.warp import pixel_centres

FeatureMaps = Callable[[Tensor], list[Tensor]]  # of pictures (b, 3, h, w): maps (b, c, h', w')
FEATURE_WIDTHS = (128, 256, 384)  # the c of these maps
HIDDEN_CHANNELS = 64


class Discriminator(nn.Module):
    """Scores pictures (b, 3, h, w) in 0…1 by their pixels, above 0 for "real": two maps."""

    def __init__(self, width: int, levels: int, places: bool = False):
        """`levels` halvings of the resolution. A place of the last map sees 38 pixels with 3, 78
        with 4; one of the map before 18 and 38. `places` tells it where in the crop each pixel is.
        """
        super().__init__()
        self.places = places
        channels = 5 if places else 3
        self.levels = nn.ModuleList()
        for level in range(levels):
            wider = width * 2 ** min(level, 3)
            convolution = nn.Conv2d(channels, wider, 4, stride=2, padding=1)
            # The first level sees colour and light as they are.
            norm = nn.InstanceNorm2d(wider, affine=True) if level else nn.Identity()
            self.levels.append(nn.Sequential(convolution, norm, nn.LeakyReLU(0.2)))
            channels = wider
        self.fine_head = nn.Conv2d(width * 2 ** min(levels - 2, 3), 1, 3, padding=1)
        self.head = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, picture: Tensor) -> list[Tensor]:
        x = 2 * picture - 1
        if self.places:
            x = _with_places(x)
        for level in self.levels[:-1]:
            x = level(x)
        return [self.fine_head(x), self.head(self.levels[-1](x))]


class FeatureDiscriminator(nn.Module):
    """Scores pictures by the maps of a frozen network too: a score map for each of them, and two.

    Such a network knows strokes, eyes and hair before the training begins; a discriminator that
    must first learn them from a few dozen pictures takes tens of thousands of steps.
    Source: Sauer et al., "Projected GANs Converge Faster", 2021.
    """

    def __init__(self, feature_maps: FeatureMaps, width: int, levels: int, places: bool = False):
        """`width` and `levels` are those of the discriminator of pixels; `places`
        tells all of it where in the crop each place lies.
        """
        super().__init__()
        self.places = places
        self._feature_maps = feature_maps
        self.pixels = Discriminator(width, levels, places)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels + (2 if places else 0), HIDDEN_CHANNELS, 1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(HIDDEN_CHANNELS, HIDDEN_CHANNELS, 3, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(HIDDEN_CHANNELS, 1, 1),
            )
            for channels in FEATURE_WIDTHS
        )

    def forward(self, picture: Tensor) -> list[Tensor]:
        maps = self._feature_maps(picture)
        if self.places:
            maps = [_with_places(x) for x in maps]
        scores = [head(x) for head, x in zip(self.heads, maps, strict=True)]
        return scores + self.pixels(picture)


def _with_places(x: Tensor) -> Tensor:
    """The maps (b, c, h, w) with two more that say where each place is, x and y in −1…1."""
    centres = pixel_centres(x.shape[-2:], like=x).movedim(-1, 0)
    return torch.cat([x, centres.expand(len(x), -1, -1, -1)], 1)
