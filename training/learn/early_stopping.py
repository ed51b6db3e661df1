"""Whether more steps still help: how near the paintings are to the art, measured now and then.

The kernel distance decides when training ends, never which weights are kept: it doesn't see whose
face a painting shows, so that choosing by it would favour a style that loses the face.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from ..banks.bank import FaceBank
from ..measure.features import BATCH_SIZE, EvaluationNetworks, squeezenet_networks
from ..measure.metrics import kernel_distance
from ..measure.perceptual import load_squeezenet

VALIDATE_EVERY = 500  # steps
PATIENCE_VALIDATIONS = 4  # validations without a gain after which training ends
PATIENCE_STEPS = PATIENCE_VALIDATIONS * VALIDATE_EVERY  # the same, for people
FEWEST_STEPS = 3000  # before training ends so
FEWEST_FACES = 10  # of either kind, for the distance to say anything
MOST_PHOTOS = 48  # that are painted for a validation
MOST_ART = 96  # faces that they are compared with

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Validation:
    """How near to the art the paintings were after one step."""

    step: int
    kid: float  # by SqueezeNet's features, of photos that are trained with
    error: float  # its standard error


class Validator:
    """Paints always the same photos and compares them with the art."""

    def __init__(self, art: FaceBank, photos: FaceBank, size: int, networks: EvaluationNetworks):
        self._bank, self._photos, self._size, self._networks = art, photos, size, networks

    def validate(self, step: int, paint: Callable[[Tensor], Tensor]) -> Validation:
        """How near `paint`, of pictures (b, 3, h, w) in 0…1, now comes to the art."""
        photos = self._photos.pictures(MOST_PHOTOS, self._size)
        painted = [self._networks.features(paint(part)) for part in photos.split(BATCH_SIZE)]
        return Validation(step, *kernel_distance(torch.cat(painted), self._art))

    @cached_property
    def _art(self) -> Tensor:
        """The art's features: (n, d)."""
        return self._networks.features(self._bank.pictures(MOST_ART, self._size))


def find_validator(
    art: FaceBank,
    photos: FaceBank,
    size: int,
    device: torch.device,
    network: nn.Module | None = None,
) -> Validator | None:
    """The validator of a training at this size; None, with a line in the log, if it can't be had.

    `network` is that of `load_squeezenet`, where it is loaded already.
    """
    try:
        if min(len(art), len(photos)) < FEWEST_FACES:
            raise ValueError(f"that takes {FEWEST_FACES} faces of art and of photos")
        return Validator(
            art, photos, size, squeezenet_networks(network or load_squeezenet(device), device)
        )
    except ValueError as error:
        log.info("training goes on even when more steps no longer help: %s", error)
        return None


def last_gain(validations: list[Validation]) -> Validation:
    """The last one that found the paintings nearer than all before, by more than its error."""
    best = validations[0]
    for validation in validations[1:]:
        if validation.kid < best.kid - validation.error:
            best = validation
    return best


def stop_reason(validations: list[Validation]) -> str:
    """Why training ends with the last of these validations, in a sentence; "" if it goes on."""
    if not validations or validations[-1].step < FEWEST_STEPS:
        return ""
    best, now = last_gain(validations), validations[-1]
    if sum(validation.step > best.step for validation in validations) < PATIENCE_VALIDATIONS:
        return ""
    return (
        f"stopped at step {now.step}: the paintings have not come nearer to the art since step "
        f"{best.step} (KID {best.kid:.3f} then, {now.kid:.3f} now, ± {now.error:.3f})"
    )
