"""The networks of a training run, made from a seed."""

import copy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from ...tps_core.painting.generator import Generator, LineGenerator
from .art_profile import PAINTINGS, ArtProfile
from .discriminators import Discriminator, FeatureDiscriminator, FeatureMaps
from .options import TrainingOptions
from .pairs import PARTS

# The way back is a training aid only, and a smaller one hides less in what it is given.
BACK_WIDTHS = (12, 16, 40, 96)


class Networks(nn.Module):
    """Both generators, the average of the one that is kept, and the discriminators."""

    def __init__(
        self,
        options: TrainingOptions,
        feature_maps: FeatureMaps | None = None,
        profile: ArtProfile = PAINTINGS,
    ):
        """`feature_maps` are a frozen network's, for the discriminator of style; without, it sees
        pixels only.

        (With the content loss l1 there is no such network.) For line art it knows where in the
        crop a place lies. The discriminator of photos always does: it may well learn where faces
        have what.
        """
        super().__init__()
        self.is_line_art = profile.is_line_art
        levels = max(3, (options.size // 16).bit_length() - 1)  # 3 at 128, 4 at 256, 5 at 512
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.p2s = LineGenerator() if profile.is_line_art else Generator()
            self.s2p = Generator(BACK_WIDTHS)
            self.style_discriminator: nn.Module
            if feature_maps:
                self.style_discriminator = FeatureDiscriminator(
                    feature_maps, 16, levels, places=profile.is_line_art
                )
            else:
                self.style_discriminator = Discriminator(32, levels, places=profile.is_line_art)
            self.photo_discriminator = Discriminator(16, levels, places=True)
            self.part_discriminators = nn.ModuleDict(
                {part: Discriminator(16, levels - 1) for part in PARTS} if options.local else {}
            )
        self.average = copy.deepcopy(self.p2s).requires_grad_(False)

    def generators(self) -> list[nn.Parameter]:
        return [*self.p2s.parameters(), *self.s2p.parameters()]

    def discriminators(self) -> list[nn.Parameter]:
        parts = [self.style_discriminator, self.photo_discriminator, self.part_discriminators]
        return [parameter for part in parts for parameter in part.parameters()]

    def update_average(self, decay: float) -> None:
        """Moves the running average of G_p2s towards its present weights."""
        move = get_ema_multi_avg_fn(decay)
        move(list(self.average.parameters()), list(self.p2s.parameters()), None)
