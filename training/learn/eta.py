"""How long a training still takes, by what of it is done."""

import time

from .options import TrainingOptions
from .trainer import Step

# A forecast of the whole needs so many: the paper's branches are in one step of 16.
FORECAST_STEPS = 16


class Eta:
    """Times the steps from the first that it is told of."""

    def __init__(self) -> None:
        self._first: int | None = None
        self.timed_steps = 0
        self.seconds = 0.0  # that these took
        self._steps_left = 0

    def update(self, step: Step) -> None:
        """Tells it of a step that was just done."""
        if self._first is None:
            self._first, self._begun = step.number, time.monotonic()
        self.timed_steps = max(0, step.number - self._first)
        self.seconds = time.monotonic() - self._begun
        self._steps_left = 0 if step.is_last else step.total - step.number

    def __str__(self) -> str:
        """In words: about 3 min 20 s left; "" before there is anything to tell."""
        if not self.timed_steps or not self._steps_left:
            return ""
        return _left(self._steps_left * self.seconds / self.timed_steps)

    def forecast(self, timed: TrainingOptions, wanted: TrainingOptions) -> float:
        """Seconds for all steps of a training with `wanted` options, by their pixels.

        `timed` are the options of the steps that it was told of.
        """
        pixels = _pixels(wanted) / _pixels(timed)
        return self.seconds / self.timed_steps * pixels * wanted.steps


class Pace:
    """How long the rest of like pieces of work takes, timed from the first that it is told of."""

    def __init__(self) -> None:
        self._first = 0
        self._begun = 0.0

    def left(self, done: int, total: int) -> str:
        """In words, as `Eta` has it, after so many of all; "" before there is anything to tell."""
        if not self._first:
            self._first, self._begun = done, time.monotonic()
        if done in (self._first, total):
            return ""
        each = (time.monotonic() - self._begun) / (done - self._first)
        return _left((total - done) * each)


def in_words(seconds: float) -> str:
    """A span of time, rounded: 45 s, 3 min 20 s, 13 min, 1 h 35 min, 25 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 600:
        minutes, seconds = divmod(10 * round(seconds / 10), 60)
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    if hours >= 10:
        return f"{round(seconds / 3600)} h"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _left(seconds: float) -> str:
    return f"about {in_words(seconds)} left"


def _pixels(options: TrainingOptions) -> int:
    return options.batch * options.size**2
