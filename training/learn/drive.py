"""Driving a training: what the command, the node and the demo all do with its steps."""

from collections.abc import Callable, Generator
from contextlib import closing

from torch import Tensor

from ..banks.contact_sheet import sample_strip
from .eta import Eta
from .trainer import Step, sample_steps


def drive(
    steps: Generator[Step, None, None],
    samples: Tensor,
    on_step: Callable[[Step, Eta], None],
    on_strip: Callable[[Tensor], None] = lambda strip: None,
    keep: Callable[[Step], None] = lambda step: None,
) -> tuple[Step, Tensor]:
    """Takes all the steps of `train`: the last one, and the strip of samples (3, h, w).

    The strip shows the `samples` (n, 3, s, s), 0…1, and below them what the style made of them
    over time; `on_strip` is given it whenever it has grown, `on_step` then each step.
    Whatever ends the training early, an interrupt too, is raised again; before that `steps` is
    closed, which saves its state, and `keep` is given the last step, if there was one.
    """
    rows, last, eta = [samples], None, Eta()
    try:
        with closing(steps):
            for last in steps:
                eta.update(last)
                if last.is_last or last.number in sample_steps(last.total):
                    rows.append(last.paint(samples))
                    on_strip(sample_strip(rows))
                on_step(last, eta)
    except BaseException:
        if last is not None:
            keep(last)
        raise
    return last, sample_strip(rows)
