"""Whether more steps still help: how near the paintings are to the art, looked at now and then.

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
from ..measure.features import BATCH, Judge, squeezenet_judge
from ..measure.metrics import kernel_distance
from ..measure.perceptual import load_squeezenet

CHECK_EVERY = 500  # steps
PATIENCE = 4  # checks without a gain after which training ends
FEWEST_STEPS = 3000  # before which it never does
FEWEST_FACES = 10  # of either kind, for the distance to say anything
PHOTOS = 48  # at most, that are painted for a check
ART = 96  # at most, that they are compared with

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Check:
    """How near to the art the paintings were after one step."""

    step: int
    kid: float  # by SqueezeNet's features, of photos that are trained with
    error: float  # its standard error


class Examiner:
    """Paints always the same photos and compares them with the art."""

    def __init__(self, art: FaceBank, photos: FaceBank, size: int, judge: Judge):
        self._bank, self._photos, self._size, self._judge = art, photos, size, judge

    def check(self, step: int, paint: Callable[[Tensor], Tensor]) -> Check:
        """How near `paint`, of pictures (b, 3, h, w) in 0…1, now comes to the art."""
        photos = self._photos.pictures(PHOTOS, self._size)
        painted = [self._judge.features(paint(part)) for part in photos.split(BATCH)]
        return Check(step, *kernel_distance(torch.cat(painted), self._art))

    @cached_property
    def _art(self) -> Tensor:
        """The art's features: (n, d)."""
        return self._judge.features(self._bank.pictures(ART, self._size))


def find_examiner(
    art: FaceBank,
    photos: FaceBank,
    size: int,
    device: torch.device,
    network: nn.Module | None = None,
) -> Examiner | None:
    """What checks a training at this size; None, with a word in the log, if it can't be had.

    `network` is that of `load_squeezenet`, where it is loaded already.
    """
    try:
        if min(len(art), len(photos)) < FEWEST_FACES:
            raise ValueError(f"that takes {FEWEST_FACES} faces of art and of photos")
        return Examiner(
            art, photos, size, squeezenet_judge(network or load_squeezenet(device), device)
        )
    except ValueError as error:
        log.info("training goes on even when more steps no longer help: %s", error)
        return None


def last_gain(checks: list[Check]) -> Check:
    """The last check that found the paintings nearer than all before, by more than its error."""
    best = checks[0]
    for check in checks[1:]:
        if check.kid < best.kid - check.error:
            best = check
    return best


def stop_reason(checks: list[Check]) -> str:
    """Why training ends with the last of these checks, in a sentence; "" if it goes on."""
    if not checks or checks[-1].step < FEWEST_STEPS:
        return ""
    best, now = last_gain(checks), checks[-1]
    if sum(check.step > best.step for check in checks) < PATIENCE:
        return ""
    return (
        f"stopped at step {now.step}: the paintings have not come nearer to the art since step "
        f"{best.step} (KID {best.kid:.3f} then, {now.kid:.3f} now, ± {now.error:.3f})"
    )
