from dataclasses import dataclass, replace

import pytest

from tps_portrait.training.learn import eta as module
from tps_portrait.training.learn.eta import Eta, Pace, in_words
from tps_portrait.training.learn.options import TrainingOptions

OPTIONS = TrainingOptions(steps=100, size=64, batch=1)


@dataclass
class Step:
    number: int
    total: int = 100
    is_last: bool = False


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock."""
    return lambda seconds: monkeypatch.setattr(module.time, "monotonic", lambda: seconds)


def test_what_is_left_is_told_from_the_second_step_on_to_the_second_to_last(clock):
    eta, told = Eta(), []
    for number in range(1, 5):
        clock(1000.0 + 20 * number)
        eta.update(Step(number, 4, number == 4))
        told.append(str(eta))
    assert told == ["", "about 40 s left", "about 20 s left", ""]


def test_a_training_that_goes_on_is_timed_from_where_it_stood(clock):
    eta = Eta()
    for number, seconds in ((90, 0.0), (92, 60.0)):
        clock(seconds)
        eta.update(Step(number))
    assert str(eta) == "about 4 min left"


def test_a_training_that_went_back_before_its_first_step_tells_nothing(clock):
    eta = Eta()
    clock(0.0)
    eta.update(Step(10))
    eta.update(Step(5))
    assert str(eta) == ""


def test_like_pieces_of_work_are_timed_from_the_first_that_is_told(clock):
    pace, told = Pace(), []
    for done in range(1, 5):
        clock(1000.0 + 70 * done)
        told.append(pace.left(done, 4))
    assert told == ["", "about 2 min 20 s left", "about 70 s left", ""]


def test_other_options_are_forecast_by_their_pixels(clock):
    eta = Eta()
    for number, seconds in ((1, 0.0), (11, 60.0)):
        clock(seconds)
        eta.update(Step(number))
    assert eta.forecast(OPTIONS, OPTIONS) == pytest.approx(600)
    larger = replace(OPTIONS, steps=50, size=128, batch=2)
    assert eta.forecast(OPTIONS, larger) == pytest.approx(600 / 2 * 4 * 2)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.1, "1 s"),
        (45, "45 s"),
        (89.4, "89 s"),
        (90, "1 min 30 s"),
        (197, "3 min 20 s"),
        (239, "4 min"),
        (599, "10 min"),
        (754, "13 min"),
        (3599, "1 h"),
        (5720, "1 h 35 min"),
        (7190, "2 h"),
        (36_500, "10 h"),
        (90_000, "25 h"),
    ],
)
def test_times_are_told_in_words(seconds, words):
    assert in_words(seconds) == words
