"""What each part of the method does, and how far the art goes: one table, two styles.

Every variant trains the same steps from the same seeds with the same pictures. Measured on photos
and on art that no training saw. Trainings and figures are kept in the work folder: a second call
goes on, and only makes the table when all is there.
"""

import argparse
import hashlib
import json
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import torch

from collection import ART, SIZE, is_held_out, load_art, load_photos, test_photos, training_photos
from tps_portrait.tps_core.pictures import write_picture
from tps_portrait.tps_core.style import save_style
from tps_portrait.training.evaluate import evaluate
from tps_portrait.training.features import load_judge
from tps_portrait.training.options import TrainingOptions
from tps_portrait.training.trainer import train
from train_styles import CHANGES

PLAIN = {"warp_features": False, "warp_pixels": False, "structure_weight": 0.0}
# name: (options, whether with half of the art). "plain" is a light CycleGAN with our judges.
VARIANTS = {
    "full": ({}, False),
    "no feature warp": ({"warp_features": False}, False),
    "no pixel warp": ({"warp_pixels": False}, False),
    "no structure": ({"structure_weight": 0.0}, False),
    "local judges too": ({"local": True}, False),
    "plain": (PLAIN, False),
    "full, half the art": ({}, True),
}
FIGURES = ("found", "mld_median", "lpips_squeezenet", "kid_squeezenet", "kid_squeezenet_photos")


@dataclass(frozen=True)
class Trial:
    """One training of the table."""

    style: str
    variant: str
    seed: int
    steps: int
    size: int
    batch: int

    @property
    def name(self) -> str:
        return f"{self.style}, {self.variant}, seed {self.seed}, {self.steps} at {self.size}"


def run(trial: Trial, work: Path, photo_count: int, threads: int) -> dict[str, float]:
    """Trains, if that isn't done, and gives the figures."""
    figures = work / trial.name / "figures.json"
    if figures.exists():
        return json.loads(figures.read_text("utf-8"))
    torch.set_num_threads(threads)
    photos, art = load_photos(work), load_art(trial.style, work)
    changes, halved = VARIANTS[trial.variant]
    options = TrainingOptions(
        steps=trial.steps,
        size=trial.size,
        batch=trial.batch,
        seed=trial.seed,
        early_stop=False,
        **CHANGES[trial.style] | changes,
    )
    seen = art.select(lambda name: not is_held_out(name) and not (halved and _in_other_half(name)))
    steps = train(seen, training_photos(photos), options, state=work / trial.name / "state")
    *_, last = steps
    style = last.style()
    save_style(style, work / trial.name / "style.safetensors")

    unseen = test_photos(photos)
    sitters = unseen.pictures(photo_count, SIZE)
    evaluation = evaluate(
        {f"{i:03d}": partial(sitters.__getitem__, i) for i in range(len(sitters))},
        lambda name, photo, face: style(photo[None])[0],
        art.select(is_held_out),
        load_judge(),
    )
    write_picture(work / trial.name / "worst_first.png", evaluation.sheet())
    figures.write_text(json.dumps(evaluation.figures), "utf-8")
    return evaluation.figures


def table(results: dict[Trial, dict[str, float]]) -> str:
    """The figures as a Markdown table: the mean over the seeds, and their range if several."""
    lines = ["| style | variant | seeds | " + " | ".join(FIGURES) + " |"]
    lines.append("|---" * (3 + len(FIGURES)) + "|")
    groups: dict[tuple[str, str], list[dict[str, float]]] = {}
    for trial, figures in results.items():
        groups.setdefault((trial.style, trial.variant), []).append(figures)
    for (style, variant), runs in groups.items():
        cells = [_cell([run[figure] for run in runs]) for figure in FIGURES]
        lines.append(f"| {style} | {variant} | {len(runs)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder for banks, trainings and figures")
    parser.add_argument("--styles", nargs="+", choices=ART, default=list(ART))
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--photos", type=int, default=64, help="how many to measure with")
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time")
    arguments = parser.parse_args()

    arguments.work.mkdir(parents=True, exist_ok=True)
    load_photos(arguments.work)
    for style in arguments.styles:
        load_art(style, arguments.work)
    trials = [
        Trial(style, variant, seed, arguments.steps, arguments.size, arguments.batch)
        for seed, style, variant in product(arguments.seeds, arguments.styles, arguments.variants)
    ]
    threads = max(1, torch.get_num_threads() // arguments.jobs)
    work = partial(run, work=arguments.work, photo_count=arguments.photos, threads=threads)
    with ProcessPoolExecutor(arguments.jobs, get_context("spawn")) as pool:
        results = {}
        for trial, figures in zip(trials, pool.map(work, trials), strict=True):
            results[trial] = figures
            print(trial.name, {name: round(figures[name], 4) for name in FIGURES}, flush=True)
    print(table(results))


def _in_other_half(name: str) -> bool:
    """Whether the half of the art leaves the file out, by another part of the hash."""
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 1


def _cell(values: list[float]) -> str:
    text = f"{statistics.mean(values):.4f}"
    return text if len(values) == 1 else f"{text} ({min(values):.4f}…{max(values):.4f})"


if __name__ == "__main__":
    main()
