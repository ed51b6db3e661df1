"""Small trainings for the tests of what keeps them: a step takes a millisecond."""

import json
from pathlib import Path

import torch
from safetensors.torch import save
from torch import nn

from tps_portrait.tps_core.container import read_container, write_container
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.state import Run, pack
from tps_portrait.training.learn.state_folder import (
    FORMAT,
    StateFolder,
    _bytes,
    _digest,
    find_state,
)


class TinyNetworks(nn.Module):
    """As much of Networks as a state knows of."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.p2s, self.discriminator = nn.Linear(3, 2), nn.Linear(2, 1)


def tiny_run(**options) -> Run:
    """A run before its first step, the same every time."""
    networks = TinyNetworks()
    return Run(
        TrainingOptions(**options),
        "art",
        "photos",
        networks,
        torch.optim.Adam(networks.p2s.parameters(), 0.1),
        torch.optim.Adam(networks.discriminator.parameters(), 0.1),
        torch.Generator().manual_seed(1),
        history=[],
        validations=[],
    )


def tiny_step(run: Run) -> None:
    """A step that depends on all of the state."""
    for parameter in run.networks.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=run.random) + 0.1 * parameter.data
    run.generator_optimiser.step()
    run.discriminator_optimiser.step()
    run.history.append({"style": float(run.networks.p2s.weight.detach().sum())})


def tiny_training(folder: Path, steps: int, saved: list[int] | None = None) -> Run:
    """Trains to so many steps, going on from what is in the folder, and saves each.

    `saved` is told of each step that is saved.
    """
    with StateFolder(folder) as state:
        run = tiny_run()
        state.load(run)
        state.save(run)
        while run.step < steps:
            tiny_step(run)
            state.save(run)
            if saved is not None:
                saved.append(run.step)
    return run


def same(run: Run, tensors: dict, history: list) -> bool:
    """Whether the run is bit for bit that of the tensors and the history."""
    own, record = pack(run)
    return (
        own.keys() == tensors.keys()
        and all(torch.equal(tensor, tensors[name]) for name, tensor in own.items())
        and record["history"] == history
    )


def save_as_first_version(run: Run, folder: Path) -> None:
    """What version 0.1.0 wrote."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors, record = pack(run)
    networks = {n.removeprefix("networks."): t for n, t in tensors.items() if "networks." in n}
    others = {name: t for name, t in tensors.items() if "networks." not in name}
    (folder / "networks.safetensors").write_bytes(save(networks))
    (folder / "optimisers.safetensors").write_bytes(save(others))
    names = ("options", "art", "photos", "history")
    record = {"format": "tps-portrait-state/1"} | {name: record[name] for name in names}
    (folder / "record.json").write_text(json.dumps(record), "utf-8")


def rewrite(folder: Path, change) -> None:
    """Changes the last save in the folder: `change(tensors, record)`, sealed as if it were ours."""
    path = find_state(folder).path
    tensors, _ = read_container(path, FORMAT, "a training state")
    record = json.loads(_bytes(tensors.pop("record")))
    replaced = change(tensors, record)
    text = replaced if isinstance(replaced, bytes) else json.dumps(record).encode()
    tensors["record"] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    write_container(path, FORMAT, tensors, {"digest": _digest(tensors)})


def files(folder: Path) -> dict[str, bytes]:
    """All files below the folder, with what is in them."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
