"""The One-Euro filter: steady while a value rests, quick while it moves.

Source: Casiez, Roussel, Vogel, "1 € Filter: A Simple Speed-based Low-pass Filter for Noisy Input
in Interactive Systems", CHI 2012. Time is counted in frames here, so cutoff frequencies are in
cycles per frame and speeds in units per frame.
"""

import math

import torch
from torch import Tensor

SPEED_CUTOFF = 0.2  # of the filter that steadies the speed
PADDING_FRAMES = 20  # frames that a sequence is carried on for at both its ends
END_FRAMES = 6  # frames whose straight line says where a sequence begins or ends


def one_euro(values: Tensor, cutoff: float, speed_factor: float) -> Tensor:
    """The values (t, ..., d), filtered as they come in: what is later changes nothing.

    A vector (d,) is one thing with one speed. `cutoff` is the frequency that passes at rest,
    `speed_factor` what is added to it for each unit of speed: the paper's beta.
    """
    filtered = values.clone()
    speed, speed_share = torch.zeros_like(values[0]), float(_share(torch.tensor(SPEED_CUTOFF)))
    for t in range(1, len(values)):
        speed = speed.lerp(values[t] - values[t - 1], speed_share)
        share = _share(cutoff + speed_factor * speed.norm(dim=-1, keepdim=True))
        filtered[t] = filtered[t - 1] + share * (values[t] - filtered[t - 1])
    return filtered


def one_euro_both_ways(values: Tensor, cutoff: float, speed_factor: float) -> Tensor:
    """The values (t, ..., d), filtered forwards and then backwards, for sequences known in full.

    What the first pass delays, the second one brings forward: the lag is gone, and noise is
    weakened twice.
    """
    before, after = _beyond(values), _beyond(values.flip(0)).flip(0)
    filtered = torch.cat([before, values, after])
    for _ in range(2):
        filtered = one_euro(filtered, cutoff, speed_factor).flip(0)
    return filtered[len(before) : len(before) + len(values)]


def _share(cutoff: Tensor) -> Tensor:
    """How much of a new value a low-pass filter of that cutoff takes over."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff))


def _beyond(values: Tensor) -> Tensor:
    """Frames to put before the first: the sequence turned about its beginning.

    A filter that starts at the first value keeps that one's noise, and lags until it has picked
    up speed.
    """
    end = values[:END_FRAMES]
    time = torch.arange(len(end)).to(values) - (len(end) - 1) / 2
    slope = torch.tensordot(time, end, 1) / time.square().sum().clamp(min=1)
    beginning = end.mean(0) + time[0] * slope
    return 2 * beginning - values[1 : PADDING_FRAMES + 1].flip(0)
