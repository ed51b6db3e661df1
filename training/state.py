"""A training run on disk: everything that the next step depends on, in one folder.

The folder is written under a temporary name and then renamed, so a run that is killed while it
saves still has its last state.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from .checks import Check
from .networks import Networks
from .options import TrainingOptions

FORMAT = "tps-portrait-state/1"
# Options that may differ when a run goes on: it is then simply made longer or shorter.
FREE = {"steps", "early_stop"}
ANEW = "train anew: under another name, or with resume switched off (--resume never)"


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
    checks: list[Check]
    tones: bool = True  # whether the art has any

    @property
    def step(self) -> int:
        """How many steps are done."""
        return len(self.history)


def save_run(run: Run, folder: Path | str) -> None:
    """Writes the run to the folder, replacing what was there."""
    folder = Path(folder)
    temporary, old = _neighbours(folder)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    _write(temporary / "networks.safetensors", run.networks.state_dict())
    optimisers = {
        f"{name}.{index}.{key}": value
        for name, optimiser in _optimisers(run).items()
        for index, entry in optimiser.state_dict()["state"].items()
        for key, value in entry.items()
    }
    optimisers["random"] = run.random.get_state()
    _write(temporary / "optimisers.safetensors", optimisers)
    record = {
        "format": FORMAT,
        "options": asdict(run.options),
        "art": run.art,
        "photos": run.photos,
        "history": run.history,
        "checks": [asdict(check) for check in run.checks],
    }
    (temporary / "record.json").write_text(json.dumps(record), "utf-8")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    temporary.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def find_state(folder: Path | str) -> Path | None:
    """The folder that holds the run's last whole state, if there is one."""
    folder = Path(folder)
    _, old = _neighbours(folder)  # left alone for a moment between two renames
    return next((path for path in (folder, old) if (path / "record.json").is_file()), None)


def read_history(folder: Path | str) -> list[dict[str, float]]:
    """Each step's losses of the run in the folder."""
    return json.loads((Path(folder) / "record.json").read_text("utf-8"))["history"]


def read_checks(folder: Path | str) -> list[Check]:
    """The checks of the run in the folder; none if it was made before there were any."""
    record = json.loads((Path(folder) / "record.json").read_text("utf-8"))
    return _checks(record)


def load_run(run: Run, folder: Path | str) -> None:
    """Puts the saved run into a fresh one.

    Raises ValueError when it isn't the same run: other pictures, other options, another format;
    and when the folder is damaged.
    """
    folder = Path(folder)
    try:
        record = json.loads((folder / "record.json").read_text("utf-8"))
        networks = load_file(folder / "networks.safetensors")
        optimisers = load_file(folder / "optimisers.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ValueError(f"{folder}: not a training state, or damaged ({error}); {ANEW}") from None
    _check_same(run, record, folder)
    try:
        run.networks.load_state_dict(networks)
    except RuntimeError:  # the weights of other networks
        raise ValueError(_other_version(folder)) from None
    run.random.set_state(optimisers.pop("random"))
    for name, optimiser in _optimisers(run).items():
        state: dict[int, dict[str, Tensor]] = {}
        for full, value in optimisers.items():
            owner, index, key = full.split(".")
            if owner == name:
                state.setdefault(int(index), {})[key] = value
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
    run.history[:] = record["history"]
    run.checks[:] = _checks(record)


def _checks(record: dict) -> list[Check]:
    return [Check(**check) for check in record.get("checks", [])]


def _check_same(run: Run, record: dict, folder: Path) -> None:
    if record.get("format") != FORMAT:
        raise ValueError(_other_version(folder))
    different = [what for what in ("art", "photos") if record[what] != getattr(run, what)]
    options = asdict(run.options)
    different += [
        f"{name} {record['options'].get(name)}, now {value}"
        for name, value in options.items()
        if name not in FREE and record["options"].get(name) != value
    ]
    if different:
        raise ValueError(
            f"{folder}: this training was begun with other settings or pictures "
            f"({', '.join(different)}); use the same ones, or {ANEW}"
        )


def _other_version(folder: Path) -> str:
    return f"{folder}: made by another version of TPS Portrait; {ANEW}"


def _optimisers(run: Run) -> dict[str, torch.optim.Optimizer]:
    return {
        "generators": run.generator_optimiser,
        "discriminators": run.discriminator_optimiser,
    }


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    path.write_bytes(save({name: t.detach().cpu().contiguous() for name, t in tensors.items()}))


def _neighbours(folder: Path) -> tuple[Path, Path]:
    """Where the new state is written, and where the old one stands while names change."""
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
