"""The training loop, a generator of steps.

Its caller owns progress, cancelling and previews: it takes a step at a time, and closes the
generator when it has had enough. What was trained till then is saved.
"""

import copy
import logging
import math
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from ...tps_core.align import CROP
from ...tps_core.style import Style
from ..banks.bank import FaceBank
from .early_stopping import VALIDATE_EVERY, Validation, Validator, find_validator, stop_reason
from .losses import Content
from .one_step import start_run, train_step
from .options import TrainingOptions
from .painted_pairs import PaintedPairs, Progress, paint_pairs
from .pairs import Pairs
from .state import Run, is_finite, snapshot, unpack
from .state_folder import StateFolder

SAVE_EVERY = 250  # steps between two saves of the state
# Steps between two states that training goes back to when its numbers are no longer finite. Not one
# step: what ends so has mostly begun some steps before.
GOOD_EVERY = 50
MOST_SETBACKS = 3  # in a row, without such a state between them: then training ends
FEWEST_FACES = 2

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Step:
    """One training step that is done."""

    number: int  # 1 … total
    total: int
    losses: dict[str, float]
    validation: Validation | None  # made after this step; None after most
    stop: str  # why training ends here, in a sentence; "" if it doesn't, or was all done
    setback: str  # why training went back before this step, in a sentence; "" if it didn't
    _run: Run

    @property
    def is_last(self) -> bool:
        """Whether training ends with this step."""
        return self.number >= self.total or bool(self.stop)

    @property
    def history(self) -> list[dict[str, float]]:
        """The losses of each step that is done now."""
        return list(self._run.history)

    @property
    def validations(self) -> list[Validation]:
        """All validations that are made now."""
        return list(self._run.validations)

    def style(self) -> Style:
        """The style as it is now: the average of the generator's recent weights, a copy."""
        run = self._run
        generator = copy.deepcopy(run.networks.average).cpu()
        record = {
            "architecture": generator.architecture,
            "crop": CROP,
            "scheme": "ibug-68",
            "size": run.options.size,
            "steps": run.step,
            "seed": run.options.seed,
            "art": run.art,
            "tones": not run.profile.is_line_art,
            "licence": "",
            "author": "",
        }
        return Style(generator.eval().requires_grad_(False), record)

    @torch.no_grad()
    def paint(self, pictures: Tensor) -> Tensor:
        """Pictures (b, 3, h, w), 0…1, painted by the style as it is now: for previews."""
        device = next(self._run.networks.parameters()).device
        return self._run.networks.average(pictures.to(device)).to(pictures)


def training_device(device: torch.device) -> torch.device:
    """Where to train when this device is there: on it, or on the processor.

    Of Apple's graphics torch has no gradients of `grid_sample` and of antialiased resizing.
    """
    if device.type != "mps":
        return device
    log.info("training on the processor: torch has no gradients for Apple's graphics")
    return torch.device("cpu")


def train(
    art: FaceBank,
    photos: FaceBank,
    options: TrainingOptions,
    device: torch.device | str = "cpu",
    state: Path | str | None = None,
    resume: bool = True,
    on_pair: Progress = lambda done, total: None,
) -> Generator[Step, None, None]:
    """Trains a style; yields each step as it is done.

    Before the first step the pairs are painted, of which `on_pair` is told; what it raises ends the
    training before it has begun. With a `state` folder they are kept there.
    With the option `early_stop` it ends before the last step when more no longer help; that step
    says so.
    With a `state` folder the run is kept there, before the first step, every SAVE_EVERY steps, at
    the end, and when the caller closes the generator or an error ends it; with `resume`, a run that
    is there goes on, and yields its last step first, so that a finished one still gives its style.
    A step whose numbers aren't finite is not kept: training goes back some steps and on with half
    the rates, and the next step's record says so.
    Raises ValueError for banks too small, for a state of another run, for a folder that can't be
    used or that another training uses, and when numbers weren't finite MOST_SETBACKS times in a
    row; OSError when the run can't be saved. Whatever it raises, what was saved is there.
    """
    fewest_art = 1 if options.pairs_weight else FEWEST_FACES
    for bank, kind, fewest in ((art, "art", fewest_art), (photos, "photos", FEWEST_FACES)):
        if len(bank) < fewest:
            raise ValueError(
                f"the {kind} has {len(bank)} usable face; training needs at least {fewest}, "
                f"and looks good from about 34"
            )
    device = torch.device(device)
    with ExitStack() as held:
        # First what may not be there: a training that can't begin leaves no folder behind.
        run, content, network = start_run(art, photos, options, device)
        folder = held.enter_context(StateFolder(state)) if state else None
        if folder and resume and folder.load(run) and run.step:
            log.info("going on from step %d of %s", run.step, state)
        if folder and _has_steps_left(run):
            folder.save(run)  # shows before the first step whether it can be
        pairs, painted = Pairs(photos, art, options.size, device, run.profile), None
        if options.pairs_weight and _has_steps_left(run):
            painted = paint_pairs(art, photos, options.pairs, options.look, state, on_pair)
        validator = None
        if options.early_stop and options.steps >= VALIDATE_EVERY:
            validator = find_validator(art, photos, options.size, device, network)
        steps = _steps(run, pairs, painted, content, validator, folder)
        next(steps)  # begun, so that closing it gives the folder back even before the first step
        held.pop_all()
    return cast(Generator[Step, None, None], steps)  # its None is taken


def sample_steps(total: int) -> set[int]:
    """The steps after which a sample strip shows where training stands."""
    return {max(1, total * share // 8) for share in (1, 2, 4, 8)}


def _steps(
    run: Run,
    pairs: Pairs,
    painted: PaintedPairs | None,
    content: Content,
    validator: Validator | None,
    folder: StateFolder | None,
) -> Generator[Step | None, None, None]:
    """None at first; then the steps of the run from where it stands, the one done last first."""
    good = snapshot(run)
    setback, unsaved = "", False
    try:
        yield None
        if run.step:
            if run.step < run.options.steps:
                _validate(run, validator)  # unless it was cut off, this has been done
            yield _step(run)
        while _has_steps_left(run):
            unsaved = True
            try:
                train_step(run, pairs, painted, content)
                if run.step % GOOD_EVERY == 0 and not is_finite(run):
                    raise FloatingPointError(
                        f"step {run.step} left weights that are infinite, or none"
                    )
            except FloatingPointError as error:
                setback = _go_back(run, good, str(error))
                continue
            _validate(run, validator)
            if run.step % GOOD_EVERY == 0:
                run.setbacks = 0
                good = snapshot(run)
            if folder and run.step % SAVE_EVERY == 0:
                folder.save(run)
                unsaved = False
            yield _step(run, setback)
            setback = ""
    finally:
        with ExitStack() as held:
            if folder:
                held.enter_context(folder)
            if not run.whole or not is_finite(run):
                unpack(run, *good)
            if folder and unsaved:
                folder.save(run)


def _go_back(run: Run, good: tuple[dict[str, Tensor], dict], reason: str) -> str:
    """Puts the run back to the good state, with half the rates and other draws; says so.

    Raises ValueError, the run being in the good state, if it was MOST_SETBACKS times in a row.
    """
    rate, setbacks, random = run.rate / 2, run.setbacks + 1, run.random.get_state()
    unpack(run, *good)
    if setbacks >= MOST_SETBACKS:
        raise ValueError(
            f"{reason}, and that was the third time in a row: training "
            f"ends, and what it was after step {run.step} is kept; look for damaged pictures, or "
            f"train under another name with another seed or size"
        )
    run.rate, run.setbacks = rate, setbacks
    run.random.set_state(random)  # what was drawn may be the reason
    setback = f"{reason}; back to step {run.step}, with half the rates"
    log.warning("%s", setback)
    return setback


def _step(run: Run, setback: str = "") -> Step:
    """The step that was done last."""
    validation = (
        run.validations[-1] if run.validations and run.validations[-1].step == run.step else None
    )
    stop = _stop(run.options, run.step, run.validations)
    return Step(run.step, run.options.steps, run.history[-1], validation, stop, setback, run)


def _has_steps_left(run: Run) -> bool:
    return run.step < run.options.steps and not _stop(run.options, run.step, run.validations)


def _stop(options: TrainingOptions, step: int, validations: list[Validation]) -> str:
    """Why a run with these options and validations ends after this step; "" if it goes on."""
    if (
        not options.early_stop
        or step >= options.steps
        or not validations
        or validations[-1].step != step
    ):
        return ""
    return stop_reason(validations)


def _validate(run: Run, validator: Validator | None) -> None:
    """Checks where the run stands, if that is due and not done."""
    done = bool(run.validations) and run.validations[-1].step == run.step
    if validator and run.step % VALIDATE_EVERY == 0 and not done:
        validation = validator.validate(run.step, _step(run).paint)
        if math.isfinite(validation.kid) and math.isfinite(validation.error):
            run.validations.append(validation)
