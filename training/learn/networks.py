"""The networks of a training run, made from a seed."""

import copy

import torch
from torch import Tensor, nn

from ...tps_core.painting.generator import Generator
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
        tones: bool = True,
    ):
        """`feature_maps` are a frozen network's, for the judge of style; without, it sees pixels.

        (With the content loss l1 there is no such network.) Art without `tones` is line art: its
        judge of style knows where in the crop a place lies. That of photos always does: of faces
        it may well learn where they have what.
        """
        super().__init__()
        levels = max(3, (options.size // 16).bit_length() - 1)  # 3 at 128, 4 at 256, 5 at 512
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(options.seed)
            self.p2s = Generator()
            self.s2p = Generator(BACK_WIDTHS)
            if feature_maps:
                self.judge_style = FeatureDiscriminator(feature_maps, 16, levels, places=not tones)
            else:
                self.judge_style = Discriminator(32, levels, places=not tones)
            self.judge_photo = Discriminator(16, levels, places=True)
            self.judge_pairs = _judge_of_pairs(feature_maps) if options.pairs_weight else None
            self.judge_parts = nn.ModuleDict(
                {part: Discriminator(16, levels - 1) for part in PARTS} if options.local else {}
            )
        self.average = copy.deepcopy(self.p2s).requires_grad_(False)

    def generators(self) -> list[nn.Parameter]:
        return [*self.p2s.parameters(), *self.s2p.parameters()]

    def discriminators(self) -> list[nn.Parameter]:
        """All but that of pairs, which learns at its own rate."""
        judges = [self.judge_style, self.judge_photo, self.judge_parts]
        return [parameter for judge in judges for parameter in judge.parameters()]

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """Moves the running average of G_p2s towards its present weights."""
        kept: list[Tensor] = list(self.average.parameters())
        torch._foreach_lerp_(kept, list(self.p2s.parameters()), 1 - decay)


def _judge_of_pairs(feature_maps: FeatureMaps | None) -> nn.Module:
    """It sees parts of faces turned at random, so that no place is told."""
    if feature_maps:
        return FeatureDiscriminator(feature_maps, 16, 3)
    return Discriminator(32, 3)
