"""What a training will take on this machine: a few steps are tried, on noise, and thrown away."""

import contextlib
import time
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ...tps_core.landmarks import mean_face
from ..banks.bank import FaceBank
from .options import TrainingOptions
from .painted_pairs import PaintedPairs, painted_size
from .pairs import Pairs
from .state import Run
from .trainer import start_run, train_step

WARM_UP = 1  # steps that aren't timed: the first prepares much
TIMED = 2
WORTH_AN_ESTIMATE = 30  # steps; fewer are done before they are estimated
FACES = 4  # of noise, of either kind
LANDMARK_NOISE = 0.02  # in the crop's −1…1


@dataclass(frozen=True)
class Estimate:
    """What a training takes."""

    seconds: float  # for all its steps
    bytes: int  # of memory, at most at one time, beside the pictures and the program itself

    def __str__(self) -> str:
        """In words: about 1 h 35 min and 1.4 GB more memory."""
        return f"about {_time(self.seconds)} and {_memory(self.bytes)} more memory"

    def scaled(self, measured: TrainingOptions, wanted: TrainingOptions) -> "Estimate":
        """The estimate for other options than those it was measured with, by their pixels."""
        pixels = _pixels(wanted) / _pixels(measured)
        steps = wanted.steps / measured.steps
        return Estimate(self.seconds * pixels * steps, round(self.bytes * pixels))


def estimate(options: TrainingOptions, device: torch.device | str = "cpu") -> Estimate:
    """What training with these options takes here, measured with its own networks and losses.

    Memory is what the backward pass keeps and what the weights need; on CUDA, what was allocated.
    Raises ValueError, as training does, when SqueezeNet is needed and missing.
    """
    device = torch.device(device)
    art, photos = _noise(options.size, seed=1), _noise(options.size, seed=2)
    with _memory_meter(device) as meter:
        run, content, _ = start_run(art, photos, options, device)
        pairs, painted = Pairs(photos, art, options.size, device, run.profile), None
        if options.pairs_weight:
            faces = painted_size(photos.faces)
            painted = PaintedPairs(faces, faces, photos.points)
        for _ in range(WARM_UP):
            train_step(run, pairs, painted, content)
    # Beside pairs the paper's branches are in one step of so many: as many are timed of each kind.
    every = options.branches_every if painted else 1
    seconds = 0.0
    for with_branches, share in ((True, 1 / every), (False, 1 - 1 / every)):
        if share:
            begun = time.perf_counter()
            for _ in range(TIMED):  # its losses are read, so that a GPU is done with it
                train_step(run, pairs, painted, content, with_branches)
            seconds += share * (time.perf_counter() - begun) / TIMED * options.steps
    kept = meter.peak if device.type == "cuda" else meter.peak + _weights(run)
    return Estimate(seconds, kept)


def plan(name: str, options: TrainingOptions, estimate: Estimate) -> str:
    """The training and what it takes, in a line."""
    return f"{name}: {options.steps} steps at {options.size} px; {estimate} here"


class _Meter:
    """Counts the bytes that autograd keeps for the backward pass, each storage once."""

    def __init__(self):
        self.now = self.peak = 0
        self._holders: Counter[int] = Counter()

    def pack(self, tensor: Tensor) -> "_Kept":
        storage = tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if not self._holders[place]:
            self.now += size
            self.peak = max(self.peak, self.now)
        self._holders[place] += 1
        kept = _Kept(tensor)
        weakref.finalize(kept, self._release, place, size)
        return kept

    def _release(self, place: int, size: int) -> None:
        self._holders[place] -= 1
        if not self._holders[place]:
            self.now -= size


class _Kept:
    """What autograd holds in place of a tensor, so that it's seen when it lets go."""

    def __init__(self, tensor: Tensor):
        self.tensor = tensor


@contextlib.contextmanager
def _memory_meter(device: torch.device) -> Iterator[_Meter]:
    """Measures what is done inside; its `peak` is known afterwards."""
    meter = _Meter()
    if device.type == "cuda":
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        yield meter
        meter.peak = torch.cuda.max_memory_allocated(device) - before
    else:
        with torch.autograd.graph.saved_tensors_hooks(meter.pack, lambda kept: kept.tensor):
            yield meter


def _weights(run: Run) -> int:
    """The bytes of the networks' weights, their gradients and what the optimisers remember."""
    tensors: list[Tensor] = list(run.networks.parameters())
    tensors += [tensor.grad for tensor in run.networks.parameters() if tensor.grad is not None]
    for optimiser in (run.generator_optimiser, run.discriminator_optimiser):
        tensors += [tensor for entry in optimiser.state.values() for tensor in entry.values()]
    return sum(tensor.nbytes for tensor in tensors)


def _noise(size: int, seed: int) -> FaceBank:
    """A bank of noise with the landmarks of faces."""
    random = torch.Generator().manual_seed(seed)
    faces = torch.randint(0, 256, (FACES, 3, size, size), generator=random).to(torch.uint8)
    inside = torch.ones(FACES, 1, size, size, dtype=torch.uint8)
    nudge = torch.randn(FACES, 68, 2, generator=random)
    return FaceBank(faces, inside, mean_face("ibug-68") + LANDMARK_NOISE * nudge, [])


def _pixels(options: TrainingOptions) -> int:
    return options.batch * options.size**2


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(5 * round(minutes / 5), 60)
    if hours >= 10:
        return f"{round(seconds / 3600)} h"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _memory(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 0.95e9 else f"{max(10, 10 * round(size / 1e7))} MB"
