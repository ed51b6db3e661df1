import pytest
import torch

from tps_portrait.training.banks.contact_sheet import sample_strip
from tps_portrait.training.learn.drive import drive
from tps_portrait.training.learn.samples import Samples

PHOTOS = torch.zeros(2, 3, 8, 8)


class Step:
    def __init__(self, number, total, stop=""):
        self.number, self.total = number, total
        self.is_last = number == total or bool(stop)

    def paint(self, pictures):
        return pictures + self.number / 255


class Training:
    """Stands for `train`: its steps, and whether they were closed."""

    def __init__(self, total, stop_at=None):
        self.is_closed = False
        self.steps = self._steps(total, stop_at)

    def _steps(self, total, stop_at):
        try:
            for number in range(1, total + 1):
                yield Step(number, total, "no gain" if number == stop_at else "")
                if number == stop_at:
                    return
        finally:
            self.is_closed = True


def ignore(step, eta):
    pass


def test_the_strip_shows_the_samples_and_what_was_painted_of_them_till_the_last_step():
    strips = []
    last, strip = drive(Training(16, stop_at=5).steps, Samples(PHOTOS), ignore, strips.append)
    assert last.number == 5
    painted = [PHOTOS + step / 255 for step in (0, 2, 4, 5)]
    assert torch.equal(strip, sample_strip(painted))
    assert [s.shape for s in strips] == [sample_strip(painted[:n]).shape for n in (2, 3, 4)]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError, RuntimeError])
def test_what_ends_it_is_raised_after_the_last_step_was_kept_of_a_closed_training(kind):
    training, kept = Training(9), []

    def stop(step, eta):
        if step.number == 3:
            raise kind("enough")

    with pytest.raises(kind, match="enough"):
        drive(
            training.steps,
            Samples(PHOTOS),
            stop,
            keep=lambda step: kept.append((step.number, training.is_closed)),
        )
    assert kept == [(3, True)]


def test_a_training_that_ends_by_itself_is_not_kept_by_it():
    kept = []
    drive(Training(2).steps, Samples(PHOTOS), ignore, keep=kept.append)
    assert kept == []


def test_nothing_is_kept_of_a_training_that_never_took_a_step():
    def broken():
        raise ValueError("no room")
        yield

    kept = []
    with pytest.raises(ValueError, match="no room"):
        drive(broken(), Samples(PHOTOS), ignore, keep=kept.append)
    assert kept == []
