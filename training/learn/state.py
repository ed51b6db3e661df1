"""A training run between two steps, and all that its next step depends on, taken out and put back.

What is taken out is a dict of tensors and a record of JSON values: `state_folder.py` keeps it on
disk, the trainer in memory, to go back to.
"""

import math
from dataclasses import asdict, dataclass, fields
from typing import TypeGuard

import torch
from torch import Tensor

from .art_profile import PAINTINGS, ArtProfile
from .early_stopping import Validation
from .networks import Networks
from .options import TrainingOptions

# What states of older versions call it: networks, options and losses. Digests are of the old names.
NEW_NETWORKS = {
    "judge_style": "style_discriminator",
    "judge_photo": "photo_discriminator",
    "judge_parts": "part_discriminators",
}
NEW_OPTIONS = {"judge_rate": "discriminator_lr"}
NEW_LOSS_ENDING = ("_judge", "_discriminator")
# Options that may differ when a run goes on: it is then simply made longer or shorter.
FREE_OPTIONS = {"steps", "early_stop"}
START_OVER = "start over, under another name or with resume off"
ADAM_STATE = ("exp_avg", "exp_avg_sq", "step")  # what it remembers of each parameter


@dataclass
class Run:
    """A training run between two steps."""

    options: TrainingOptions
    art: str  # the art bank's digest
    photos: str  # the photo bank's digest
    networks: Networks
    generator_optimiser: torch.optim.Optimizer
    discriminator_optimiser: torch.optim.Optimizer
    random: torch.Generator  # draws the batches
    history: list[dict[str, float]]  # each step's losses; its length is the step
    validations: list[Validation]
    profile: ArtProfile = PAINTINGS  # of the art
    rate: float = 1.0  # share of the options' rates, halved when numbers went wrong
    setbacks: int = 0  # how often they went wrong since there was a good state to go back to
    whole: bool = True  # False only while a step changes the weights

    @property
    def step(self) -> int:
        """How many steps are done."""
        return len(self.history)


def pack(run: Run) -> tuple[dict[str, Tensor], dict]:
    """The run's tensors (themselves, not copies) and its record."""
    tensors = {f"networks.{name}": t for name, t in run.networks.state_dict().items()}
    for name, optimiser in _optimisers(run).items():
        for index, entry in optimiser.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in entry.items()}
    tensors["random"] = run.random.get_state()
    return tensors, {
        "options": asdict(run.options),
        "art": run.art,
        "photos": run.photos,
        "rate": run.rate,
        "setbacks": run.setbacks,
        "history": list(run.history),
        "checks": [asdict(validation) for validation in run.validations],
    }


def unpack(run: Run, tensors: dict[str, Tensor], record: dict) -> None:
    """Puts copies of what `pack` gave, with the record as `checked_record` gives it, into the run.

    Raises ValueError, and changes nothing, when it isn't the same run: other pictures, other
    options, other networks; and for numbers that aren't finite.
    """
    _check_same(run, record)
    _check_fit(run, tensors)
    run.random.set_state(tensors["random"])
    names = run.networks.state_dict()
    run.networks.load_state_dict({name: tensors[f"networks.{name}"] for name in names})
    for name, optimiser in _optimisers(run).items():
        # The moments like their parameters in memory too, which optimisers are faster with.
        state = {
            index: {
                key: torch.empty_like(like).copy_(tensors[f"{name}.{index}.{key}"])
                for key, like in _adam(parameter).items()
            }
            for index, parameter in enumerate(_parameters(optimiser))
            if f"{name}.{index}.step" in tensors
        }
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
    run.rate, run.setbacks, run.whole = record["rate"], record["setbacks"], True
    run.history[:] = record["history"]
    run.validations[:] = [Validation(**validation) for validation in record["checks"]]


def snapshot(run: Run) -> tuple[dict[str, Tensor], dict]:
    """Copies of what `pack` gives."""
    tensors, record = pack(run)
    return {name: tensor.clone() for name, tensor in tensors.items()}, record


def is_finite(run: Run) -> bool:
    """Whether all numbers of the run's networks and optimisers are."""
    return _all_finite(pack(run)[0])


def checked_record(record: object) -> dict:
    """The record, with what came later added as it was before there was any.

    Raises ValueError when something in it can't be of a training; it says what.
    """
    if not isinstance(record, dict):
        raise ValueError("its record is no JSON object")
    record = {"rate": 1.0, "setbacks": 0, "checks": []} | record
    history, rate, setbacks = (record.get(name) for name in ("history", "rate", "setbacks"))
    steps = len(history) if isinstance(history, list) else 0
    sound = {
        "options": isinstance(record.get("options"), dict),
        "art": isinstance(record.get("art"), str),
        "photos": isinstance(record.get("photos"), str),
        "rate": _is_float(rate) and 0 < rate <= 1,
        "setbacks": type(setbacks) is int and 0 <= setbacks < 100,
        "history": isinstance(history, list) and all(map(_are_losses, history)),
        "checks": _are_validations(record["checks"], steps),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise ValueError(f"no training has such {', '.join(wrong)}")
    return record


def with_new_names(tensors: dict[str, Tensor], record: dict) -> tuple[dict[str, Tensor], dict]:
    """A state of any version, its record checked, by the names of this one."""
    old, new = NEW_LOSS_ENDING
    return {_new_network(name): tensor for name, tensor in tensors.items()}, record | {
        "options": {NEW_OPTIONS.get(n, n): value for n, value in record["options"].items()},
        "history": [
            {n.removesuffix(old) + new if n.endswith(old) else n: x for n, x in losses.items()}
            for losses in record["history"]
        ],
    }


def _new_network(name: str) -> str:
    """The name of a tensor in `networks.<network>.…`, of the present version."""
    kind, _, rest = name.partition(".")
    network, dot, rest = rest.partition(".")
    return f"{kind}.{NEW_NETWORKS[network]}{dot}{rest}" if network in NEW_NETWORKS else name


def _is_float(value: object) -> TypeGuard[float]:
    return type(value) is float and math.isfinite(value)


def _are_losses(losses: object) -> bool:
    return isinstance(losses, dict) and bool(losses) and all(map(_is_float, losses.values()))


def _are_validations(validations: object, steps: int) -> bool:
    names = {field.name for field in fields(Validation)}
    if not isinstance(validations, list) or not all(
        isinstance(c, dict) and set(c) == names for c in validations
    ):
        return False
    at = [validation["step"] for validation in validations]
    return (
        all(type(step) is int and 0 < step <= steps for step in at)
        and at == sorted(set(at))
        and all(
            _is_float(validation["kid"]) and _is_float(validation["error"])
            for validation in validations
        )
    )


def _check_same(run: Run, record: dict) -> None:
    different = [what for what in ("art", "photos") if record[what] != getattr(run, what)]
    for field in fields(run.options):
        now = getattr(run.options, field.name)
        # An option that is newer than the state can't differ from it: it holds from here on.
        then = record["options"].get(field.name, now)
        if field.name not in FREE_OPTIONS and then != now:
            different.append(f"{field.name} {str(then)[:40]}, now {now}")
    if different:
        raise ValueError(
            "this training was begun with other settings or pictures "
            f"({', '.join(different)}); use the same ones, or {START_OVER}"
        )


def _check_fit(run: Run, tensors: dict[str, Tensor]) -> None:
    """Raises ValueError unless the tensors are all that this run has, and nothing else."""
    needed = {f"networks.{name}": t for name, t in run.networks.state_dict().items()}
    needed["random"] = run.random.get_state()
    for name, optimiser in _optimisers(run).items():
        for index, parameter in enumerate(_parameters(optimiser)):
            # A parameter that nothing has moved yet has no entries.
            if any(f"{name}.{index}.{key}" in tensors for key in ADAM_STATE):
                needed |= {f"{name}.{index}.{key}": t for key, t in _adam(parameter).items()}
    if set(needed) != set(tensors) or any(
        (tensor.shape, tensor.dtype) != (needed[name].shape, needed[name].dtype)
        for name, tensor in tensors.items()
    ):
        raise ValueError(f"made by another version of TPS Portrait; {START_OVER}")
    try:
        torch.Generator().set_state(tensors["random"].cpu())
    except RuntimeError:
        raise ValueError(f"its random state is damaged; {START_OVER}") from None
    if not _all_finite(tensors):
        raise ValueError(f"numbers in it are infinite, or none; {START_OVER}")


def _all_finite(tensors: dict[str, Tensor]) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors.values())


def _adam(parameter: Tensor) -> dict[str, Tensor]:
    """Tensors like those that Adam remembers of the parameter."""
    return dict(
        zip(ADAM_STATE, (parameter.detach(), parameter.detach(), torch.zeros(())), strict=True)
    )


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _optimisers(run: Run) -> dict[str, torch.optim.Optimizer]:
    return {
        "generators": run.generator_optimiser,
        "discriminators": run.discriminator_optimiser,
    }
