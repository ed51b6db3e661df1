"""What kind of art a style is learned from, and what that asks of a training.

Paintings are near to photos. Drawings are so far from them that a discriminator tells the two apart
at once, and a generator that is chased by it loses the face, or everything; it must not be chased,
and likeness needs more weight.
"""

import logging
from dataclasses import fields, replace

from torch import nn

from ...tps_core.light import LEAST_TONES, tones
from ..banks.bank import FaceBank
from ..measure.features import squeezenet_judge
from .early_stopping import FEWEST_FACES, Examiner
from .options import TrainingOptions

TONE_SAMPLE = 64  # faces looked at to tell whether art has tones
# KID (SqueezeNet) of photos to the art, from which on it is drawn: docs/training-notes.md. It
# depends on the size of what is looked at.
FAR = 0.55
SIZE = 256
# What drawings ask for in place of the defaults.
FOR_DRAWINGS = {
    "cycle_weight": 6.0,
    "structure_weight": 1.0,
    "identity_weight": 2.0,
    "learning_rate": 5e-4,
    "judge_rate": 4e-4,
    # A line tells a discriminator everything at once: at full weight it wins by step 200.
    "pairs_judge_weight": 0.3,
    "pairs_judge_rate": 1.5e-4,
}

log = logging.getLogger("tps_portrait")


def has_tones(art: FaceBank) -> bool:
    """Whether the art has colours or greys; pure black on white has none."""
    return bool(tones(art.pictures(TONE_SAMPLE, art.size)).float().mean() > LEAST_TONES)


def is_drawn(art: FaceBank, photos: FaceBank, network: nn.Module | None) -> bool:
    """Whether the art is drawn rather than painted: it has no tones, or is far from photos.

    `network` is that of `load_squeezenet`; without it, or with few faces, only tones are looked at.
    """
    if not has_tones(art):
        return True
    if network is None or min(len(art), len(photos)) < FEWEST_FACES:
        return False
    judge = squeezenet_judge(network, next(network.parameters()).device)
    as_they_are = Examiner(art, photos, SIZE, judge).check(0, lambda pictures: pictures)
    return as_they_are.kid > FAR


def suited(
    options: TrainingOptions, art: FaceBank, photos: FaceBank, network: nn.Module | None
) -> TrainingOptions:
    """The options with FOR_DRAWINGS in place of the defaults, if the art is drawn.

    What isn't a default was chosen, and stays.
    """
    if not is_drawn(art, photos, network):
        return options
    log.info("the art is drawn: the likeness gets more weight, and learning is gentler")
    default = {field.name: field.default for field in fields(options)}
    changes = {n: v for n, v in FOR_DRAWINGS.items() if getattr(options, n) == default[n]}
    return replace(options, **changes)
