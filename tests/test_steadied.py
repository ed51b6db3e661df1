"""Frames that are made steady before they are painted."""

import torch

from tps_portrait.tps_core.videos.steadied import steadied


def noisy(seed, level=0.02):
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + level * torch.randn(3, 24, 32, generator=generator)


def test_where_nothing_moves_noise_is_less():
    frames = [noisy(seed, 0.005) for seed in range(3)]
    steady = steadied(frames[1], [frames[0], frames[2]])
    assert (steady - 0.5).std() < 0.7 * (frames[1] - 0.5).std()


def test_what_moves_stays_as_it_is():
    frame, other = torch.full((3, 24, 32), 0.5), torch.full((3, 24, 32), 0.5)
    other[:, :, 16:] = 0.8  # something came into the right half
    steady = steadied(frame, [other, other])
    assert (steady - frame).abs().max() < 0.02


def test_a_frame_with_none_near_it_is_itself():
    assert torch.equal(steadied(noisy(0), []), noisy(0))


def test_light_stays_in_its_range():
    frames = [noisy(seed, 0.4).clamp(0, 1) for seed in range(3)]
    steady = steadied(frames[0], frames[1:])
    assert 0 <= float(steady.min()) <= float(steady.max()) <= 1 + 1e-6
