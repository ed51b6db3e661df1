"""Measures what the pack adds to a ComfyUI's start: seconds and memory.

Each time in a new process with ComfyUI's own modules loaded, as ComfyUI loads packs: by the
folder's path. What ComfyUI itself loads for the first pack that has a pyproject.toml, pydantic
above all, is loaded before.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

from comfyui import run_inside
from timing import ROUNDS, machine, table

LOAD = """
import gc, time, psutil
import comfy_config.config_parser
def memory_mb():
    gc.collect()
    return psutil.Process().memory_info().rss / 1e6
before, begun, cpu = memory_mb(), time.perf_counter(), time.process_time()
assert load_pack()
seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
print()
print(json.dumps([seconds, cpu, memory_mb() - before, before]))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default: {ROUNDS}")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [run_inside(LOAD, Path(folder)) for _ in range(arguments.rounds)]
    rows = []
    for name, figures in zip(
        ("import, s", "CPU time of it, s", "memory added, MB", "ComfyUI without it, MB"),
        zip(*runs, strict=True),
        strict=True,
    ):
        rows.append((name, float(statistics.median(figures)), min(figures), max(figures)))
    print(f"{machine()}\n")
    print(table(("the pack in ComfyUI", "median", "least", "most"), rows))


if __name__ == "__main__":
    main()
