"""What can be chosen of a training run."""

from dataclasses import dataclass

# What the presets of the command line set.
PRESETS = {
    "quick": {"steps": 1500, "size": 128},
    "good": {"steps": 6000, "size": 128},
    "best": {"steps": 20000, "size": 256},
}


@dataclass(frozen=True)
class TrainingOptions:
    """A training run's settings; the defaults are the full method."""

    steps: int = 6000
    size: int = 128  # side of the face crops in pixels, a multiple of 16
    batch: int = 2
    seed: int = 0
    # The parts of the method, each of which can be switched off to see what it does.
    warp_features: bool = True  # the warping branch: G_p2s's feature maps in the art's geometry
    warp_pixels: bool = True  # the art's pixels in the portrait's geometry
    local: bool = True  # the four discriminators of eyes, nose and mouth
    content_loss: str = "lpips"  # what measures cycle consistency: lpips or l1
    # Weights of the generators' losses.
    adversarial_weight: float = 1.0
    local_weight: float = 0.25  # of each of the four parts
    cycle_weight: float = 4.0
    identity_weight: float = 1.5
    invariance_weight: float = 2.0
    learning_rate: float = 4e-4
    judge_rate: float = 8e-4  # the discriminators learn faster, as their steadied layers need
    stiffness: float = 1e-3  # of the splines between faces: landmarks on art are noisy
    average: float = 0.999  # decay of the generator's running average, which is what is kept

    def __post_init__(self):
        if self.steps < 1 or self.batch < 1:
            raise ValueError(f"steps and batch must be at least 1, got {self.steps}, {self.batch}")
        if self.size % 16 or not 64 <= self.size <= 512:
            raise ValueError(f"size must be a multiple of 16 from 64 to 512, got {self.size}")
        if self.content_loss not in ("lpips", "l1"):
            raise ValueError(f"the content loss is lpips or l1, got {self.content_loss!r}")
