"""What the benchmarks share: contestants timed in turn, peak memory, Markdown tables.

Absolute times depend on what else the machine does; so contestants take turns in one run, and what
is quoted is the median of their ratios round by round.
"""

import argparse
import multiprocessing
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

ROUNDS = 9
LEAST_ROUNDS = 3
PATIENCE = 240  # seconds
SHORT = 1.0  # seconds


@dataclass(frozen=True)
class Times:
    """What one contestant took, a figure for each round."""

    wall: tuple[float, ...]  # seconds
    cpu: tuple[float, ...]  # seconds, of all threads together

    @property
    def ms(self) -> float:
        """The median wall time in milliseconds."""
        return 1000 * statistics.median(self.wall)

    @property
    def cpu_ms(self) -> float:
        """The median CPU time in milliseconds."""
        return 1000 * statistics.median(self.cpu)

    def over(self, base: "Times") -> float:
        """How many times as long as `base`: the median of the rounds that both ran."""
        return statistics.median(a / b for a, b in zip(self.wall, base.wall, strict=False))

    def cpu_over(self, base: "Times") -> float:
        """The same of CPU time."""
        return statistics.median(a / b for a, b in zip(self.cpu, base.cpu, strict=False))


def in_turn(
    contestants: dict[str, Callable[[], object]], rounds: int = ROUNDS, patience: float = 60.0
) -> dict[str, Times]:
    """Times the contestants in turn, `rounds` times after a warm-up; each must wait for its result.

    Every other turn goes backwards, as it matters who ran before. In each turn one that takes less
    than SHORT is called once untimed before: what ran before it has left caches cold. One that
    would take longer than `patience` seconds in all runs fewer rounds, at least LEAST_ROUNDS.
    """
    warm = {name: _seconds(work)[0] for name, work in contestants.items()}
    own_rounds = {
        name: min(rounds, max(LEAST_ROUNDS, int(patience / seconds)))
        for name, seconds in warm.items()
    }
    order = list(contestants.items())
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for turn in range(rounds):
        for name, work in order:
            if turn < own_rounds[name]:
                if warm[name] < SHORT:
                    work()
                taken[name].append(_seconds(work))
        order.reverse()
    return {name: Times(*zip(*runs, strict=True)) for name, runs in taken.items()}


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def peak_mb(make: Callable[..., Callable[[], object]], small: tuple, large: tuple) -> float:
    """The memory that the work `make(*large)` needs beyond its input, at its peak, in MB.

    Measured in a process of its own, in which `make(*small)` has run before, so that neither
    imports nor what was done here count. `make` is a function of a module's top level; it makes the
    input and gives the work. NaN if the process was killed, as for want of memory.
    """
    context = multiprocessing.get_context("spawn")
    answer, ask = context.Pipe(duplex=False)
    child = context.Process(
        target=_send_peak, args=(ask, make, small, large, torch.get_num_threads())
    )
    child.start()
    ask.close()
    try:
        return answer.recv()
    except EOFError:
        return float("nan")
    finally:
        child.join()


def _send_peak(pipe, make, small: tuple, large: tuple, threads: int) -> None:
    torch.set_num_threads(threads)
    with torch.no_grad():
        make(*small)()
        work = make(*large)
        before = _peak_so_far_mb()
        work()
    pipe.send(_peak_so_far_mb() - before)


def _peak_so_far_mb() -> float:
    if sys.platform == "linux":  # getrusage would count the parent's memory: exec hands it on
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1.024e-3
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def add_patience_option(parser: argparse.ArgumentParser) -> None:
    """Adds --patience, for `in_turn`."""
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE,
        help=f"seconds for all {ROUNDS} rounds of one contestant; a slower one runs fewer, at "
        f"least {LEAST_ROUNDS}; default: {PATIENCE}",
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; floats are written with three digits, NaN as a dash."""
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    if value != value:
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """The machine in one line: processor, cores, threads, versions."""
    return (
        f"{_processor()}, {multiprocessing.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, Python {platform.python_version()}, {platform.system()}"
    )


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()
