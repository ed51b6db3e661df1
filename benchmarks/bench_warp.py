"""Times warps by a thin-plate spline: ours, kornia's, scikit-image's, OpenCV's.

Prints Markdown tables. All of a table's contestants take turns in one run: quote the ratios, the
machine may be busy.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import torch

from timing import Times, add_patience_option, in_turn, machine, peak_mb, table
from tps_portrait.tps_core.geometry.grid import TAPS, first_stride, spline_grid
from tps_portrait.tps_core.geometry.pixels import pixel_centres
from tps_portrait.tps_core.geometry.spline import fit
from warp_contestants import CONTESTANTS, NOISE_PX, Problem, Work, ours, problem, sampling

SIZES = (128, 256, 512, 1024, 2048)
POINTS = (30, 68, 119, 239, 478)
BATCHES = (1, 2, 4, 8, 16, 32)


def side_by_side(patience: float, size: int = 512) -> Iterator[str]:
    """Everyone at one size."""
    everyone, two = list(CONTESTANTS), ["grid_sample alone", "ours", "kornia"]
    for points, batch, names in ((68, 1, everyone), (478, 1, everyone), (478, 8, two)):
        works, missing = {}, []
        for name in names:
            try:
                works[name] = CONTESTANTS[name](size, points, batch)
            except ImportError as error:
                missing.append((name, f"not installed ({error.name})", *["–"] * 5))
        times = in_turn(works, patience=patience)
        rows = []
        for name, own in times.items():
            peak = peak_mb(CONTESTANTS[name], (64, 30, 1), (size, points, batch))
            faster = own.over(times["ours"])
            rows.append((name, own.ms, own.cpu_ms, own.over(times["grid_sample alone"]), faster,
                         peak, len(own.wall)))  # fmt: skip
        yield f"{size} x {size}, {points} points, {batch} of 3 channels"
        yield table(
            ("warp", "ms", "CPU ms", "x grid_sample", "x ours", "peak MB", "rounds"),
            rows + missing,
        )


def roughness(patience: float, size: int = 512) -> Iterator[str]:
    """What a map costs that bends too sharply for a coarse grid."""
    rows = []
    for points in (68, 478):
        smooth, rough = (problem(size, points, 1, rough) for rough in (False, True))
        times = in_turn(
            {
                "sample": sampling(size, points, 1),
                "smooth": ours(size, points, 1),
                "rough": ours(size, points, 1, True),
                "every pixel exact": exact_grid(smooth),
                "fit": lambda p=smooth: fit(p.target, p.source),
            },
            patience=patience,
        )
        base = times["sample"]
        for name, p in (("smooth", smooth), ("rough", rough)):
            rows.append((points, name, *evaluated(p), times[name].ms, times[name].over(base)))
        for name in ("every pixel exact", "fit"):
            rows.append((points, f"{name} alone", "–", "–", times[name].ms, times[name].over(base)))
    yield f"Smooth maps, and the same with noise of {NOISE_PX} px in each landmark, {size} x {size}"
    yield table(
        ("points", "map", "evaluated at", "kernel values a pixel", "ms", "x grid_sample"), rows
    )


def growth(patience: float) -> Iterator[str]:
    """Cost against size, points and batch."""
    for title, column, problems in (
        ("Cost against size, 68 points", "size", [(size, 68, 1) for size in SIZES]),
        ("Cost against points, 512 x 512", "points", [(512, n, 1) for n in POINTS]),
        ("Cost against batch, 512 x 512, 68 points", "batch", [(512, 68, b) for b in BATCHES]),
    ):
        yield title
        varied = next(i for i in range(3) if len({p[i] for p in problems}) > 1)
        works = {f"{kind} {p[varied]}": make(*p) for p in problems
                 for kind, make in (("ours", ours), ("sample", sampling))}  # fmt: skip
        times = in_turn(works, patience=patience)
        rows = []
        for p in problems:
            own, base = times[f"ours {p[varied]}"], times[f"sample {p[varied]}"]
            pixels = p[0] ** 2 * p[2]
            rows.append((p[varied], evaluated(problem(*p))[0], own.ms, 1e6 * own.ms / pixels,
                         own.over(base), peak_mb(ours, (64, 30, 1), p)))  # fmt: skip
        yield table(
            (column, "evaluated at", "ms", "ns per pixel", "x grid_sample", "peak MB"), rows
        )


def plot(path: Path, patience: float) -> Iterator[str]:
    """Draws the cost of the grid, exact and as chosen, against pixels and against points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    varied = (
        ("pixels (68 points)", [size**2 for size in SIZES], [(size, 68, 1) for size in SIZES]),
        ("points (512 x 512)", POINTS, [(512, n, 1) for n in POINTS]),
    )
    for axis, (label, places, problems) in zip(axes, varied, strict=True):
        kinds = {"every pixel exact": exact_grid, "as chosen": chosen_grid, "the fit": fitting}
        times: dict[str, Times] = in_turn(
            {f"{kind} {p}": make(problem(*p)) for p in problems for kind, make in kinds.items()},
            patience=patience,
        )
        for kind in kinds:
            axis.loglog(places, [times[f"{kind} {p}"].ms for p in problems], "o-", label=kind)
        first = times[f"every pixel exact {problems[0]}"].ms
        axis.loglog(places, [first * n / places[0] for n in places], ":", color="grey",
                    label="linear")  # fmt: skip
        axis.set_xticks(places, [f"{n:,}" for n in places], fontsize="small")
        axis.minorticks_off()
        axis.set_xlabel(label)
    axes[0].set_ylabel("ms")
    axes[0].legend()
    figure.savefig(path, dpi=100)
    yield f"Drawn: {path}"


def exact_grid(p: Problem) -> Work:
    spline = fit(p.target, p.source)
    places = pixel_centres(p.pictures.shape[-2:], like=p.source).reshape(1, -1, 2)
    return lambda: spline(places)


def chosen_grid(p: Problem) -> Work:
    spline = fit(p.target, p.source)
    return lambda: spline_grid(spline, p.pictures.shape[-2:])


def fitting(p: Problem) -> Work:
    return lambda: fit(p.target, p.source)


def evaluated(p: Problem) -> tuple[str, float]:
    """Where the splines are evaluated at first, and how many kernel values a pixel that costs."""
    h, w = p.pictures.shape[-2:]
    stride = first_stride((h, w))
    if stride == 1:
        return "all", 1.0
    return f"every {stride} px", (h // stride + TAPS) * (w // stride + TAPS) / (h * w)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_patience_option(parser)
    parser.add_argument("--plot", type=Path, help="draw the cost to this picture, and no tables")
    parser.add_argument("--only", choices=("side-by-side", "roughness", "growth"))
    arguments = parser.parse_args()

    tables = {"side-by-side": side_by_side, "roughness": roughness, "growth": growth}
    if arguments.plot:
        parts = [partial(plot, arguments.plot)]
    else:
        parts = [tables[arguments.only]] if arguments.only else list(tables.values())
    print(machine(), flush=True)
    with torch.no_grad():
        for part in parts:
            for paragraph in part(patience=arguments.patience):
                print(f"\n{paragraph}", flush=True)


if __name__ == "__main__":
    main()
