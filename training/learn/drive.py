"""Driving a training: what the command, the node and the demo all do with its steps."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import cast

from torch import Tensor

from .eta import Eta
from .samples import Samples
from .trainer import Step, sample_steps


def drive(
    steps: Generator[Step, None, None],
    samples: Samples,
    on_step: Callable[[Step, Eta], None],
    on_strip: Callable[[Tensor], None] = lambda strip: None,
    keep: Callable[[Step], None] = lambda step: None,
) -> tuple[Step, Tensor]:
    """Takes all the steps of `train`: the last one, and the strip of samples (3, h, w).

    The strip shows the samples, and below them what the style made of them over time; `on_strip`
    is given it whenever it has grown, `on_step` then each step.
    Whatever ends the training early, an interrupt too, is raised again; before that `steps` is
    closed, which saves its state, and `keep` is given the last step, if there was one.
    """
    eta = Eta()
    last: Step | None = None
    try:
        with closing(steps):
            for step in steps:
                if last is None:
                    samples.begin(step)
                last = step
                eta.update(step)
                if step.is_last or step.number in sample_steps(step.total):
                    samples.add(step)
                    on_strip(samples.strip())
                on_step(step, eta)
    except BaseException:
        if last is not None:
            keep(last)
        raise
    return cast(Step, last), samples.strip()  # a training has one step at least
