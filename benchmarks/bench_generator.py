"""Times the generator of a bundled style against CycleGAN's, in plain torch.

Prints Markdown tables. All of a table's contestants take turns in one run: quote the ratios, the
machine may be busy.
"""

import argparse
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cyclegan import cyclegan_generator
from timing import add_patience_option, in_turn, machine, peak_mb, table
from tps_portrait.tps_core.style import find_style, load_style

STYLE = "ink line"
SIZES = (128, 256, 512, 1024, 2048)
BATCHES = (1, 2, 4, 8, 16, 32)


def ours() -> nn.Module:
    return load_style(find_style(STYLE)).generator


def cyclegan() -> nn.Module:
    return cyclegan_generator().eval()


def narrow_cyclegan() -> nn.Module:
    """As wide as makes about as many parameters as the paper's light variant has."""
    return cyclegan_generator(width=25).eval()


NETWORKS = {"ours": ours, "CycleGAN, width 64": cyclegan, "CycleGAN, width 25": narrow_cyclegan}


def painting(name: str, size: int, batch: int) -> Callable[[], object]:
    """The work of painting a batch of square pictures."""
    network = NETWORKS[name]()
    pictures = torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0))
    return lambda: network(pictures)


def multiplications(name: str, size: int) -> float:
    """How many multiplications and additions painting one picture takes, in 10⁹ pairs."""
    with FlopCounterMode(display=False) as counter:
        painting(name, size, 1)()
    return counter.get_total_flops() / 2e9


def side_by_side(patience: float, size: int = 512) -> Iterator[str]:
    times = in_turn({name: painting(name, size, 1) for name in NETWORKS}, patience=patience)
    rows = []
    for name, own in times.items():
        parameters = sum(p.numel() for p in NETWORKS[name]().parameters()) / 1e6
        peak = peak_mb(painting, (name, 64, 1), (name, size, 1))
        rows.append((name, parameters, multiplications(name, size), own.ms, 1000 / own.ms,
                     own.over(times["ours"]), own.cpu_over(times["ours"]), peak,
                     len(own.wall)))  # fmt: skip
    yield f"One picture of {size} x {size}, eager torch"
    yield table(
        ("generator", "M parameters", "GMAC", "ms", "pictures/s", "x ours", "CPU time x ours",
         "peak MB", "rounds"),
        rows,
    )  # fmt: skip


def growth(patience: float) -> Iterator[str]:
    """Cost of ours against size and batch."""
    for title, column, problems in (
        ("Ours against size", "size", [(size, 1) for size in SIZES]),
        ("Ours against batch, 256 x 256", "batch", [(256, batch) for batch in BATCHES]),
    ):
        times = in_turn({str(p): painting("ours", *p) for p in problems}, patience=patience)
        rows = []
        for size, batch in problems:
            own = times[str((size, batch))]
            rows.append((size if column == "size" else batch, own.ms, own.ms / batch,
                         1e6 * own.ms / (size**2 * batch),
                         peak_mb(painting, ("ours", 64, 1), ("ours", size, batch))))  # fmt: skip
        yield title
        yield table((column, "ms", "ms per picture", "ns per pixel", "peak MB"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_patience_option(parser)
    parser.add_argument("--only", choices=("side-by-side", "growth"))
    arguments = parser.parse_args()

    tables = {"side-by-side": side_by_side, "growth": growth}
    print(machine(), flush=True)
    with torch.no_grad():
        for name, part in tables.items():
            if arguments.only in (None, name):
                for paragraph in part(patience=arguments.patience):
                    print(f"\n{paragraph}", flush=True)


if __name__ == "__main__":
    main()
