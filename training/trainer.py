"""The training loop, a generator of steps.

Its caller owns progress, cancelling and previews: it takes a step at a time, and closes the
generator when it has had enough. What was trained till then is saved.
"""

import copy
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..tps_core.align import CROP
from ..tps_core.style import Style
from .bank import FaceBank
from .losses import Distance, discriminator_step, generator_step, l1_distance
from .networks import Networks
from .options import TrainingOptions
from .pairs import Pairs
from .perceptual import load_lpips
from .state import Run, find_state, load_run, save_run

SAVE_EVERY = 250  # steps between two saves of the state
FEWEST_FACES = 2

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Step:
    """One training step that is done."""

    number: int  # 1 … total
    total: int
    losses: dict[str, float]
    _run: Run

    def style(self) -> Style:
        """The style as it is now: the average of the generator's recent weights, a copy."""
        run = self._run
        generator = copy.deepcopy(run.networks.average).cpu()
        record = {
            "architecture": generator.architecture,
            "crop": CROP,
            "scheme": "ibug-68",
            "size": run.options.size,
            "steps": self.number,
            "seed": run.options.seed,
            "art": run.art,
            "licence": "",
            "author": "",
        }
        return Style(generator.eval().requires_grad_(False), record)

    @torch.no_grad()
    def paint(self, pictures: Tensor) -> Tensor:
        """Pictures (b, 3, h, w), 0…1, painted by the style as it is now: for previews."""
        device = next(self._run.networks.parameters()).device
        return self._run.networks.average(pictures.to(device)).to(pictures)


def train(
    art: FaceBank,
    photos: FaceBank,
    options: TrainingOptions,
    device: torch.device | str = "cpu",
    state: Path | str | None = None,
    resume: bool = True,
) -> Iterator[Step]:
    """Trains a style; yields each step as it is done.

    With a `state` folder the run is kept there, every SAVE_EVERY steps, at the end, and when the
    caller closes the generator or an error ends it; with `resume`, a run that is there goes on,
    and yields its last step first, so that a finished one still gives its style.
    Raises ValueError for banks too small, and for a state of another run.
    """
    for bank, kind in ((art, "art"), (photos, "photos")):
        if len(bank) < FEWEST_FACES:
            raise ValueError(
                f"the {kind} has {len(bank)} usable face; training needs at least {FEWEST_FACES}, "
                f"and looks good from about 34"
            )
    device = torch.device(device)
    distance = l1_distance if options.content_loss == "l1" else load_lpips(device)
    run = _start(art, photos, options, device)
    saved = find_state(state) if state and resume else None
    if saved:
        load_run(run, saved)
        log.info("going on from step %d of %s", run.step, saved)
        yield Step(run.step, options.steps, run.history[-1], run)

    pairs = Pairs(photos, art, options.size, device)
    unsaved = False
    try:
        while run.step < options.steps:
            run.history.append(_train_step(run, pairs, distance))
            unsaved = True
            if state and run.step % SAVE_EVERY == 0:
                save_run(run, state)
                unsaved = False
            yield Step(run.step, options.steps, run.history[-1], run)
    finally:
        if state and unsaved:
            save_run(run, state)


def sample_steps(total: int) -> set[int]:
    """The steps after which a sample strip shows where training stands."""
    return {max(1, total * share // 8) for share in (1, 2, 4, 8)}


def _start(art: FaceBank, photos: FaceBank, options: TrainingOptions, device: torch.device) -> Run:
    networks = Networks(options).to(device)
    betas = (0.5, 0.99)
    return Run(
        options,
        art.digest,
        photos.digest,
        networks,
        torch.optim.Adam(networks.generators(), options.learning_rate, betas),
        torch.optim.Adam(networks.discriminators(), options.judge_rate, betas),
        torch.Generator().manual_seed(options.seed),
        [],
    )


def _train_step(run: Run, pairs: Pairs, distance: Distance) -> dict[str, float]:
    """One step of generators, discriminators and average; the losses."""
    options, networks = run.options, run.networks
    # The rates fall linearly to zero over the last half.
    share = min(1.0, 2 * (1 - run.step / options.steps))
    run.generator_optimiser.param_groups[0]["lr"] = options.learning_rate * share
    run.discriminator_optimiser.param_groups[0]["lr"] = options.judge_rate * share
    batch = pairs.draw(options.batch, run.random)

    loss, terms, judged = generator_step(networks, batch, distance, options)
    run.generator_optimiser.zero_grad()
    loss.backward(inputs=networks.generators())
    run.generator_optimiser.step()
    # A young average forgets faster, so that early previews aren't of the first random weights.
    networks.update_average(min(options.average, (1 + run.step) / (10 + run.step)))

    loss, judge_terms = discriminator_step(judged)
    run.discriminator_optimiser.zero_grad()
    loss.backward()
    run.discriminator_optimiser.step()
    return {name: float(term.detach()) for name, term in (terms | judge_terms).items()}
