"""What kind of art a style is learned from, and what that asks of a training.

Paintings are near to photos. Drawings are so far from them that a discriminator tells the two apart
at once, and a generator that is chased by it loses the face, or everything; it must not be chased,
and likeness needs more weight.
"""

import logging
from dataclasses import dataclass, fields, replace
from typing import Any

from torch import nn

from ...tps_core.light import is_line_art
from ..banks.bank import FaceBank
from ..measure.features import squeezenet_networks
from .early_stopping import FEWEST_FACES, Validator
from .options import TrainingOptions

SAMPLE_FACES = 64  # of the art, looked at to tell whether it is line art
# KID (SqueezeNet) of photos to the art, from which on it is drawn: docs/training-notes.md. It
# depends on the size of what is looked at.
DRAWN_FROM_KID = 0.55
KID_SIZE_PX = 256
# What drawings ask for in place of the defaults.
FOR_DRAWINGS = {
    "cycle_weight": 6.0,
    "structure_weight": 1.0,
    "identity_weight": 2.0,
    "learning_rate": 5e-4,
    "discriminator_lr": 4e-4,
}

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class ArtProfile:
    """The kind of art, decided once for a training."""

    is_line_art: bool = False  # black on white: it can't say how dark a skin is
    is_drawn: bool = False  # line art, or art as far from photos as drawings are

    @classmethod
    def of(cls, art: FaceBank, photos: FaceBank, network: nn.Module | None) -> "ArtProfile":
        """The profile of the art, beside these photos.

        `network` is that of `load_squeezenet`; without it, or with few faces, only line art counts
        as drawn.
        """
        if is_line_art(art.pictures(SAMPLE_FACES, art.size)):
            return cls(is_line_art=True, is_drawn=True)
        if network is None or min(len(art), len(photos)) < FEWEST_FACES:
            return cls()
        networks = squeezenet_networks(network, next(network.parameters()).device)
        validator = Validator(art, photos, KID_SIZE_PX, networks)
        return cls(is_drawn=validator.validate(0, lambda photo: photo).kid > DRAWN_FROM_KID)

    def adapt_options(self, options: TrainingOptions) -> TrainingOptions:
        """The options with FOR_DRAWINGS in place of the defaults, if the art is drawn.

        What isn't a default was chosen, and stays.
        """
        if not self.is_drawn:
            return options
        log.info("the art is drawn: the likeness gets more weight, and learning is gentler")
        default = {field.name: field.default for field in fields(options)}
        changes: dict[str, Any] = {
            n: v for n, v in FOR_DRAWINGS.items() if getattr(options, n) == default[n]
        }
        return replace(options, **changes)


PAINTINGS = ArtProfile()
