"""What can be chosen of a training run."""

from dataclasses import dataclass
from typing import Any

# What the presets of the command line and of the node set. The options' own defaults are good's.
PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"steps": 1500, "size": 256, "batch": 1},
    "good": {"steps": 6000, "size": 256, "batch": 1},
    "best": {"steps": 20000, "size": 256, "batch": 2},
}
PRESETS_IN_WORDS = "; ".join(
    f"{name}: {preset['steps']} steps at {preset['size']} px, {preset['batch']} at a time"
    for name, preset in PRESETS.items()
)


@dataclass(frozen=True)
class TrainingOptions:
    """A training run's settings; the defaults are the full method."""

    steps: int = 6000
    size: int = 256  # side of the face crops in pixels, a multiple of 16
    batch: int = 1
    seed: int = 0
    early_stop: bool = True  # whether training ends when more steps no longer help
    # The parts of the method, each of which can be switched off to see what it does.
    warp_features: bool = True  # the warping branch: G_p2s's feature maps in the art's geometry
    warp_pixels: bool = True  # the art's pixels in the portrait's geometry
    # The four discriminators of eyes, nose and mouth. Not in the default: docs/training-notes.md.
    local: bool = False
    content_loss: str = "lpips"  # what measures cycle consistency: lpips or l1
    # Learning from photos and their paintings by the aligned painter, made before the first step.
    pairs: int = 64  # how many
    pairs_weight: float = 1.0  # of their losses; 0: the paper's branches alone
    look: str = ""  # file name of the picture of art that teaches; "": the one that can best
    branches_every: int = 16  # beside pairs, the paper's branches have one step of so many
    texture_weight: float = 1.0  # of strokes like the paintings', in their losses
    # Weights of the generators' losses, and rates, for paintings; those for drawings are in
    # art_profile.py.
    adversarial_weight: float = 1.0
    local_weight: float = 0.1  # of each of the four parts
    cycle_weight: float = 2.0
    structure_weight: float = 0.5  # see perceptual.structure_distance
    identity_weight: float = 0.5
    invariance_weight: float = 0.5
    learning_rate: float = 8e-4  # of the generators, in the first steps
    discriminator_lr: float = 6e-4  # of the discriminators
    stiffness: float = 1e-3  # of the splines between faces: landmarks on art are noisy
    # Most decay of the generator's running average, which is what is kept. A young one forgets
    # faster: 0.994 at step 1500; this much from step 9000 on.
    average: float = 0.999

    def __post_init__(self):
        if self.steps < 1 or self.batch < 1:
            raise ValueError(f"steps and batch must be at least 1, got {self.steps}, {self.batch}")
        if self.size % 16 or not 64 <= self.size <= 512:
            raise ValueError(f"size must be a multiple of 16 from 64 to 512, got {self.size}")
        if self.pairs < 1 or self.pairs_weight < 0 or self.branches_every < 1:
            raise ValueError(
                f"pairs and branches_every must be at least 1, and pairs_weight at least 0, got "
                f"{self.pairs}, {self.branches_every}, {self.pairs_weight}"
            )
        if self.content_loss not in ("lpips", "l1"):
            raise ValueError(f"the content loss is lpips or l1, got {self.content_loss!r}")
