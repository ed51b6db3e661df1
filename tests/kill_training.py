"""Kills a real training again and again, at random moments, and says what was lost: nothing.

    python tests/kill_training.py [kills] [seed]

Each time it goes on in a new process, which saves every step, until it is killed too. At the end
the rest is trained, and held against a training that nobody killed.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import torch

from faces import random_bank
from tps_portrait.tps_core.output_files import TEMPORARY
from tps_portrait.training.learn import trainer
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.state_folder import find_state

BANKS = random_bank(3, seed=1), random_bank(3, seed=2)
MOST_STEPS = 3  # that a process is left to do, before it is killed within the next


def options(steps: int) -> TrainingOptions:
    return TrainingOptions(steps=steps, size=64, batch=1, content_loss="l1")


def train_until_killed(state: Path, tell: int) -> None:
    """What each process does: trains, saves each step, tells of it."""
    trainer.SAVE_EVERY = 1
    with closing(trainer.train(*BANKS, options(100_000), state=state)) as steps:
        os.write(tell, b"0\n")
        for step in steps:
            os.write(tell, f"{step.number}\n".encode())


def kill_one(state: Path, chance: random.Random) -> tuple[int, bool]:
    """Begins a process and kills it: the last step it told of, and whether it had got so far."""
    heard, tell = os.pipe()
    child = os.fork()
    if not child:
        try:
            train_until_killed(state, tell)
        finally:
            os._exit(1)
    os.close(tell)
    with open(heard, "rb") as file:  # noqa: PTH123 (a handle)
        told, begun, pace = [], time.monotonic(), 1.0
        for _ in range(chance.randint(0, MOST_STEPS)):
            told.append(int(file.readline()))
            begun, pace = time.monotonic(), time.monotonic() - begun
        time.sleep(chance.uniform(0, pace))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told += [int(line) for line in file.read().split()]
    return max(told, default=0), bool(told)


def kill_often(state: Path, kills: int, seed: int = 0) -> Counter:
    """Kills so many; what was seen. Raises AssertionError when anything was lost."""
    torch.set_num_threads(1)  # threads don't survive a fork
    chance, seen, done = random.Random(seed), Counter(), 0
    for _ in range(kills):
        told, begun = kill_one(state, chance)
        seen["before the first step" if not begun else "in training"] += 1
        if state.is_dir():
            seen["while a file was written"] += any(state.glob(f"{TEMPORARY}.*"))
        found = find_state(state)
        step = len(found.history) if found else 0
        assert found is None or not found.damaged, found.damaged
        assert step >= max(told, done), f"step {max(told, done)} was saved, step {step} was found"
        done = step
    steps = done + 2
    *_, killed = trainer.train(*BANKS, options(steps), state=state)
    *_, whole = trainer.train(*BANKS, options(steps))
    seen["steps"] = steps
    assert killed.history == whole.history
    for name, tensor in whole.style().generator.state_dict().items():
        assert torch.equal(tensor, killed.style().generator.state_dict()[name]), name
    return seen


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        for what, times in kill_often(Path(folder) / "run", *(arguments or [50])).items():
            print(f"{what}: {times}")
    print("nothing was lost, and the result is bit for bit that of a training without a kill")
