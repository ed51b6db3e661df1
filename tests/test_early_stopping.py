import logging
import math

import pytest
import torch

from faces import random_bank
from tps_portrait.training.learn import early_stopping
from tps_portrait.training.learn.early_stopping import (
    FEWEST_FACES,
    FEWEST_STEPS,
    VALIDATE_EVERY,
    Validation,
    find_validator,
    last_gain,
    stop_reason,
)

CPU = torch.device("cpu")


def history(*kids, first=FEWEST_STEPS, error=0.01):
    """Checks of these distances, each VALIDATE_EVERY steps after the one before."""
    return [Validation(first + VALIDATE_EVERY * i, kid, error) for i, kid in enumerate(kids)]


@pytest.fixture
def banks():
    return random_bank(12, seed=1), random_bank(11, seed=2)


def test_paintings_that_come_nearer_are_painted_on():
    assert stop_reason(history(0.3, 0.28, 0.26, 0.24, 0.22, 0.2)) == ""


def test_a_standstill_ends_it_and_the_sentence_says_since_when():
    found = history(0.3, 0.2, 0.205, 0.198, 0.199, 0.21)
    assert stop_reason(found) == (
        "stopped at step 5500: the paintings have not come nearer to the art since step 3500 "
        "(KID 0.200 then, 0.210 now, ± 0.010)"
    )
    assert stop_reason(found[:-1]) == ""  # one validation before, there was hope


def test_a_gain_smaller_than_the_error_is_none():
    assert last_gain(history(0.3, 0.295, 0.291)).step == FEWEST_STEPS
    assert last_gain(history(0.3, 0.295, 0.289)).step == FEWEST_STEPS + 2 * VALIDATE_EVERY


def test_slow_gains_add_up():
    assert stop_reason(history(*(0.3 - 0.003 * i for i in range(20)))) == ""


def test_it_never_ends_before_the_fewest_steps():
    found = history(*[0.3] * (FEWEST_STEPS // VALIDATE_EVERY), first=VALIDATE_EVERY)
    assert stop_reason(found[:-1]) == ""
    assert stop_reason(found).startswith(f"stopped at step {FEWEST_STEPS}: ")


def test_a_training_that_broke_down_ends_too():
    assert "since step 3000" in stop_reason(history(0.3, *[math.nan] * 4))


def test_without_checks_it_goes_on():
    assert stop_reason([]) == ""


def test_art_is_nearer_to_itself_than_noise_is(weights, banks):
    flat = random_bank(12, seed=1)
    flat.faces[:] = flat.faces.float().mean((2, 3), keepdim=True).to(torch.uint8)
    validator = find_validator(flat, banks[1], 64, CPU)
    before = validator.validate(1, lambda pictures: pictures)
    after = validator.validate(2, lambda pictures: pictures.mean((2, 3), True).expand_as(pictures))
    assert (before.step, after.step) == (1, 2)
    assert after.kid < before.kid - before.error
    assert abs(after.kid) < 4 * after.error


def test_the_same_paintings_have_the_same_distance_and_no_random_state_moves(weights, banks):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    found = [find_validator(*banks, 64, CPU).validate(1, lambda p: p / 2) for _ in range(2)]
    assert found[0] == found[1]
    assert torch.equal(before, torch.get_rng_state())


def test_without_squeezenet_a_line_in_the_log_says_so(banks, monkeypatch, caplog):
    def missing(device):
        raise ValueError("LPIPS needs SqueezeNet's weights")

    monkeypatch.setattr(early_stopping, "load_squeezenet", missing)
    with caplog.at_level(logging.INFO, "tps_portrait"):
        assert find_validator(*banks, 64, CPU) is None
    (record,) = caplog.records
    assert "no longer help: LPIPS needs SqueezeNet's weights" in record.message


def test_a_handful_of_pictures_says_nothing_of_a_style(banks, caplog):
    with caplog.at_level(logging.INFO, "tps_portrait"):
        assert find_validator(random_bank(FEWEST_FACES - 1), banks[1], 64, CPU) is None
    assert "takes 10 faces of art and of photos" in caplog.text
