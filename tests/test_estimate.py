import time
from dataclasses import replace

import pytest
import torch

from faces import random_bank
from tps_portrait.training.learn.estimate import Estimate, _memory_meter, estimate, plan
from tps_portrait.training.learn.options import PRESETS, TrainingOptions
from tps_portrait.training.learn.trainer import train

OPTIONS = TrainingOptions(steps=100, size=64, batch=1, content_loss="l1")


def test_it_is_about_what_the_steps_take(monkeypatch):
    """By the processor's time: by the clock's, a busy machine takes now longer, now shorter."""
    monkeypatch.setattr("time.perf_counter", time.process_time)
    steps = train(random_bank(3, seed=1), random_bank(3, seed=2), replace(OPTIONS, steps=6))
    next(steps)
    begun = time.process_time()
    count = len(list(steps))
    seconds = (time.process_time() - begun) / count * OPTIONS.steps
    assert 1 / 2 < estimate(OPTIONS).seconds / seconds < 2


def test_twice_the_pictures_need_more_memory_but_no_more_weights():
    one, two = estimate(OPTIONS).bytes, estimate(replace(OPTIONS, batch=2)).bytes
    assert 1.1 * one < two < 2 * one


def test_it_touches_no_global_random_state():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    estimate(OPTIONS)
    assert torch.equal(before, torch.get_rng_state())


def test_memory_is_what_the_backward_pass_keeps_each_storage_once():
    x = torch.rand(1000, requires_grad=True)
    with _memory_meter(torch.device("cpu")) as meter:
        y = x.exp()  # keeps its result, 4000 bytes
        (y * y.flip(0).view(-1)).sum().backward()  # keeps y, kept already, and its mirror image
        x.exp().sum().backward()  # by now the others are let go
    assert (meter.peak, meter.now) == (8000, 0)


def test_other_options_are_estimated_by_their_pixels():
    here = Estimate(600.0, 1000).scaled(OPTIONS, replace(OPTIONS, steps=50, size=128, batch=2))
    assert here == Estimate(600.0 / 2 * 4 * 2, 8000)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.1, "1 s"),
        (45, "45 s"),
        (754, "13 min"),
        (3599, "1 h"),
        (5720, "1 h 35 min"),
        (7190, "2 h"),
        (36_500, "10 h"),
        (90_000, "25 h"),
    ],
)
def test_times_are_told_in_words(seconds, words):
    assert str(Estimate(seconds, 1)).startswith(f"about {words} and")


@pytest.mark.parametrize(
    ("size", "words"),
    [(1000, "10 MB"), (304_000_000, "300 MB"), (960_000_000, "1.0 GB"), (1_440_000_000, "1.4 GB")],
)
def test_memory_is_told_in_words(size, words):
    assert str(Estimate(1, size)).endswith(f"and {words} more memory")


def test_a_plan_is_one_line():
    options = TrainingOptions(**PRESETS["good"])
    assert plan("good", options, Estimate(5720, 304_000_000)) == (
        "good: 6000 steps at 256 px; about 1 h 35 min and 300 MB more memory here"
    )
