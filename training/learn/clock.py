"""How long the rest of a training takes."""

import time

from .trainer import Step


class Clock:
    """Estimates it from the steps since the first that it was asked about."""

    def __init__(self):
        self._first: int | None = None

    def minutes_left(self, step: Step) -> float:
        """Minutes from this step to the last; 0 at the first call, which starts the clock."""
        if self._first is None:
            self._first, self._begun = step.number, time.monotonic()
        pace = (time.monotonic() - self._begun) / max(1, step.number - self._first)
        return 0.0 if step.is_last else (step.total - step.number) * pace / 60
