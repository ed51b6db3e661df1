import itertools

import pytest

from tps_portrait.training.learn.loss_curve import loss_curve


def test_losses_that_stay_are_their_sum():
    assert loss_curve([{"style": 1.0, "cycle": 0.5}] * 3) == [1.5] * 3


def test_a_loss_that_few_steps_have_makes_no_jumps():
    history = [{"pairs": 1.0} | ({"cycle": 4.0} if step % 16 == 0 else {}) for step in range(64)]
    assert loss_curve(history) == [5.0] * 64


def test_noise_is_smoothed_and_a_trend_is_followed():
    history = [{"style": (3.0 if step < 200 else 1.0) + (-1) ** step} for step in range(400)]
    curve = loss_curve(history)
    assert curve[199] == pytest.approx(3, abs=0.05)
    assert curve[399] == pytest.approx(1, abs=0.05)
    assert max(abs(a - b) for a, b in itertools.pairwise(curve[100:200])) < 0.1


def test_no_history_is_no_curve():
    assert loss_curve([]) == []
