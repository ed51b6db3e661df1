"""One step of a training: what it learns from, and how that moves the networks.

And the run before its first step.
"""

import math

import torch
from torch import Tensor, nn

from ..banks.bank import FaceBank
from ..measure.perceptual import (
    Eye,
    feature_maps,
    load_squeezenet,
    lpips_distance,
    structure_distance,
)
from .art_profile import ArtProfile
from .losses import (
    AdversarialPair,
    Content,
    discriminator_step,
    generator_step,
    l1_distance,
    pairs_step,
)
from .networks import Networks
from .options import TrainingOptions
from .painted_pairs import PaintedPairs
from .pairs import Pairs
from .state import Run

PARTS_A_STEP = 2  # of painted pairs
# The rates fall once, after so many steps, to this share of themselves. By the steps that are done,
# not by those asked for: a training can be ended or made longer at any of them.
FAST_STEPS = 900
SLOW_RATE_SHARE = 0.3


def start_run(
    art: FaceBank, photos: FaceBank, options: TrainingOptions, device: torch.device
) -> tuple[Run, Content, nn.Module | None]:
    """A run before its first step, what measures content in it, and the frozen network for that.

    Its options are adapted to the art. (With the content loss l1 there is no such network.)
    """
    network = None if options.content_loss == "l1" else _load_network(device)
    profile = ArtProfile.of(art, photos, network)
    options = profile.adapt_options(options)
    maps = None
    if network:
        maps = feature_maps(network)
        content = Content(lpips_distance(network), structure_distance(maps), Eye(network))
    else:
        content = Content(l1_distance, None)
    networks = Networks(options, maps, profile)
    networks.to(device)
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch has it
    betas = (0.5, 0.99)
    run = Run(
        options,
        art.digest,
        photos.digest,
        networks,
        torch.optim.Adam(networks.generators(), options.learning_rate, betas),
        torch.optim.Adam(networks.discriminators(), options.discriminator_lr, betas),
        torch.Generator().manual_seed(options.seed),
        history=[],
        validations=[],
        profile=profile,
    )
    return run, content, network


def _load_network(device: torch.device) -> nn.Module:
    """SqueezeNet, which measures content and helps the discriminators."""
    try:
        return load_squeezenet(device)
    except ValueError as error:
        raise ValueError(f"{error}, or train with the content loss l1") from None


def train_step(
    run: Run,
    pairs: Pairs,
    painted: PaintedPairs | None,
    content: Content,
    with_branches: bool | None = None,
) -> dict[str, float]:
    """One step of generators, discriminators and average; the losses.

    It learns from painted pairs, if there are any, and with or without the paper's branches; None
    has them in one step of `branches_every`, and in each without painted pairs.

    Raises FloatingPointError when a loss or a gradient isn't finite. Then, and whatever goes wrong
    before the weights change, the run stays as it was; except that the draws of a step that isn't
    finite are not repeated.
    """
    drawn = run.random.get_state()
    if with_branches is None or not painted:
        with_branches = not painted or run.step % run.options.branches_every == 0
    try:
        losses = _find_gradients(run, pairs if with_branches else None, painted, content)
    except BaseException:
        run.random.set_state(drawn)
        raise
    _check_finite(run, losses)

    options, networks = run.options, run.networks
    share = run.rate * (1.0 if run.step < FAST_STEPS else SLOW_RATE_SHARE)
    run.generator_optimiser.param_groups[0]["lr"] = share * options.learning_rate
    run.discriminator_optimiser.param_groups[0]["lr"] = share * options.discriminator_lr
    run.whole = False
    run.generator_optimiser.step()
    # A young average forgets faster, so that early previews aren't of the first random weights.
    networks.update_average(min(options.average, (1 + run.step) / (10 + run.step)))
    run.discriminator_optimiser.step()
    run.history.append(losses)
    run.whole = True
    return losses


def _find_gradients(
    run: Run, pairs: Pairs | None, painted: PaintedPairs | None, content: Content
) -> dict[str, float]:
    """Draws what is learned from and leaves its gradients in the parameters; the losses."""
    options, networks = run.options, run.networks
    loss = torch.zeros(())
    terms: dict[str, Tensor] = {}
    adversarial: dict[str, list[AdversarialPair]] = {}
    if painted:
        device = next(networks.parameters()).device
        drawn = painted.draw(PARTS_A_STEP, run.random, device)
        loss, terms = pairs_step(networks, drawn, content, options)
    if pairs:
        batch = pairs.draw(options.batch, run.random)
        branches = generator_step(networks, batch, content, options)
        loss, terms, adversarial = (
            loss + branches[0],
            terms | branches[1],
            adversarial | branches[2],
        )
    run.generator_optimiser.zero_grad()
    loss.backward(inputs=networks.generators())

    run.discriminator_optimiser.zero_grad()
    if adversarial:
        loss, discriminator_terms = discriminator_step(adversarial)
        loss.backward()
        terms |= discriminator_terms
    return {name: float(term.detach()) for name, term in terms.items()}


def _check_finite(run: Run, losses: dict[str, float]) -> None:
    """Raises FloatingPointError, saying what, unless the losses and all gradients are finite."""
    for name, value in losses.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"step {run.step + 1} had the loss {name} {value}")
    groups = run.generator_optimiser.param_groups + run.discriminator_optimiser.param_groups
    parameters = [parameter for group in groups for parameter in group["params"]]
    norms = torch._foreach_norm([p.grad for p in parameters if p.grad is not None])
    if not torch.stack(norms).isfinite().all():
        raise FloatingPointError(f"step {run.step + 1} had gradients that are infinite, or none")
