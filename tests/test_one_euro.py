from itertools import pairwise

import pytest
import torch

from tps_portrait.tps_core.tracking.one_euro import SPEED_CUTOFF, one_euro, one_euro_both_ways

FILTERS = pytest.mark.parametrize("filtered", [one_euro, one_euro_both_ways])


def noise(count, seed=0):
    return torch.randn(count, 5, 2, generator=torch.Generator().manual_seed(seed))


def paper(x, cutoff, beta):
    """The filter as the paper's pseudo-code has it, for numbers, at one frame a second."""
    tau = 1 / (2 * torch.pi)
    alpha = lambda f: 1 / (1 + tau / f)  # noqa: E731 - as in the paper
    out, dx = [x[0]], 0.0
    for previous, value in pairwise(x):
        dx = alpha(SPEED_CUTOFF) * (value - previous) + (1 - alpha(SPEED_CUTOFF)) * dx
        a = alpha(cutoff + beta * abs(dx))
        out.append(a * value + (1 - a) * out[-1])
    return out


def test_one_way_it_is_the_papers_filter():
    values = noise(50)[:, :, :1]
    filtered = one_euro(values, 0.05, 0.3)
    for point in range(5):
        expected = paper(values[:, point, 0].tolist(), 0.05, 0.3)
        torch.testing.assert_close(filtered[:, point, 0], torch.tensor(expected))


@FILTERS
def test_what_rests_stays_exactly_where_it_is(filtered):
    values = noise(1).expand(30, -1, -1)
    torch.testing.assert_close(filtered(values, 0.05, 1.0), values)


@FILTERS
def test_noise_around_a_resting_point_becomes_small(filtered):
    values = 0.001 * noise(200)
    assert filtered(values, 0.05, 1.0).diff(dim=0).std() < 0.25 * values.diff(dim=0).std()


def test_both_ways_an_even_motion_passes_without_lag_from_the_first_frame_to_the_last():
    values = torch.arange(60.0)[:, None, None] * torch.tensor([0.01, -0.02])
    torch.testing.assert_close(one_euro_both_ways(values, 0.03, 0.0), values, atol=5e-3, rtol=0)
    assert (one_euro(values, 0.03, 0.0) - values).abs().max() > 0.05


def test_both_ways_the_direction_of_time_makes_no_great_difference():
    values = 0.02 * noise(60).cumsum(0)
    there = one_euro_both_ways(values, 0.05, 1.0)
    back = one_euro_both_ways(values.flip(0), 0.05, 1.0).flip(0)
    assert (there - back).square().mean().sqrt() < 0.1 * values.std()


@FILTERS
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_shortest_sequences_come_through(filtered, count):
    result = filtered(noise(count), 0.05, 1.0)
    assert result.shape == (count, 5, 2)
    assert result.isfinite().all()


def test_what_moves_fast_is_followed_better_for_its_speed():
    values = torch.zeros(40, 1, 2)
    values[20:] = 1.0
    slow, quick = (one_euro(values, 0.02, factor) for factor in (0.0, 4.0))
    assert quick[22, 0, 0] > 0.9 > 0.4 > slow[22, 0, 0]
