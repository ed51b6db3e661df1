"""What each part of the method does, and how far the art goes: a table, and a sheet for each style.

Every variant trains the same steps from the same seeds with the same pictures. Measured on photos
and on art that no training saw. Trainings and figures are kept in the work folder: a second call
goes on, and only makes table and sheets when all is there.
"""

import argparse
import hashlib
import json
import math
import statistics
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import torch
from torch import Tensor

from collection import (
    ART,
    SIZE,
    filtered_photos,
    is_held_out,
    load_art,
    load_photos,
    portraits_to_show,
    test_photos,
    training_photos,
)
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.style import Style, load_style, save_style
from tps_portrait.training.banks.contact_sheet import sample_strip
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.trainer import train
from tps_portrait.training.measure.evaluate import evaluate
from tps_portrait.training.measure.features import (
    EvaluationNetworks,
    inner,
    load_evaluation_networks,
)

PLAIN = {"warp_features": False, "warp_pixels": False, "structure_weight": 0.0}
# name: (options, whether with half of the art). "plain": a light CycleGAN with our discriminators.
VARIANTS = {
    "full": ({}, False),
    "no feature warp": ({"warp_features": False}, False),
    "no pixel warp": ({"warp_pixels": False}, False),
    "no structure": ({"structure_weight": 0.0}, False),
    "local discriminators too": ({"local": True}, False),
    "plain": (PLAIN, False),
    "full, half the art": ({}, True),
}
SHOWN = 8  # portraits on a sheet
PAIRED = "watercolour"  # the style of which the true paintings are known: they are a filter's
TRUTH = "lpips_squeezenet_truth"  # of the paintings' faces to the true ones
FIGURES = (
    "found",
    "mld_median",
    "lpips_squeezenet",
    "kid_squeezenet",
    "kid_squeezenet_photos",
    TRUTH,
)


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
        **changes,
    )
    seen = art.select(lambda name: not is_held_out(name) and not (halved and _in_other_half(name)))
    steps = train(seen, training_photos(photos), options, state=work / trial.name / "state")
    *_, last = steps
    style = last.style()
    save_style(style, work / trial.name / "style.safetensors")

    unseen = test_photos(photos)
    sitters, networks = unseen.pictures(photo_count, SIZE), load_evaluation_networks()
    evaluation = evaluate(
        {f"{i:03d}": partial(sitters.__getitem__, i) for i in range(len(sitters))},
        lambda name, photo, face: paint(style, photo, face),
        art.select(is_held_out),
        networks,
    )
    write_picture(work / trial.name / "worst_first.png", evaluation.sheet())
    truth = _from_truth(style, networks) if trial.style == PAIRED else math.nan
    found = evaluation.figures | {TRUTH: truth}
    figures.write_text(json.dumps(found), "utf-8")
    return found


def paint(style: Style, photo: Tensor, face: Landmarks) -> Tensor:
    """The photo (3, h, w) of a face, painted; in the light that line art needs."""
    return style(style.lit(photo, face.shape68)[None])[0]


def sheet(trials: list[Trial], work: Path) -> Tensor:
    """The same portraits in a row, and below them what each trial's style made of them."""
    photos = portraits_to_show(load_photos(work))
    index = torch.linspace(0, len(photos) - 1, SHOWN).round().long()
    faces = photos.faces[index].float() / 255
    rows = [faces]
    for trial in trials:
        style = load_style(work / trial.name / "style.safetensors")
        painted = [
            paint(style, face, Landmarks(points, "ibug-68", (SIZE, SIZE)))
            for face, points in zip(faces, photos.points[index], strict=True)
        ]
        rows.append(torch.stack(painted))
    return sample_strip(rows)


def table(results: dict[Trial, dict[str, float]]) -> str:
    """The figures as a Markdown table: the mean over the seeds, and each seed's if several."""
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
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--size", type=int, default=TrainingOptions.size)
    parser.add_argument("--batch", type=int, default=TrainingOptions.batch)
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
    for style, seed in product(arguments.styles, arguments.seeds):
        shown = [trial for trial in trials if (trial.style, trial.seed) == (style, seed)]
        path = arguments.work / f"{style}, seed {seed}.jpg"
        write_picture(path, sheet(shown, arguments.work))
        print(f"{path}: photos, {', '.join(trial.variant for trial in shown)}")


def _from_truth(style: Style, networks: EvaluationNetworks) -> float:
    """How far the style's paintings of faces are from the true ones, on average."""
    photos, truth = filtered_photos()
    return float(networks.distance(inner(style(photos)), inner(truth)).mean())


def _in_other_half(name: str) -> bool:
    """Whether the half of the art leaves the file out, by another part of the hash."""
    return hashlib.sha256(name.encode()).digest()[-1] % 2 == 1


def _cell(values: list[float]) -> str:
    if any(math.isnan(value) for value in values):
        return ""
    text = f"{statistics.mean(values):.4f}"
    return text if len(values) == 1 else f"{text} ({', '.join(f'{value:.4f}' for value in values)})"


if __name__ == "__main__":
    main()
