"""tps-portrait train: learns a style."""

import argparse
import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..tps_core.file_kinds import LOSSES, MARK, PICTURE, SHEET, STYLE
from ..tps_core.output_files import replace_file
from ..tps_core.picture_writer import write_picture
from ..tps_core.pictures import software_of
from ..tps_core.plain_text import shown
from ..tps_core.style import load_style, save_style
from ..tps_core.targets import Targets
from ..training.banks.bank import FaceBank, load_portraits
from ..training.learn.drive import drive
from ..training.learn.early_stopping import FEWEST_STEPS, PATIENCE_STEPS
from ..training.learn.eta import FORECAST_STEPS, Eta, Pace, in_words
from ..training.learn.options import PRESETS, PRESETS_IN_WORDS, TrainingOptions
from ..training.learn.samples import Samples
from ..training.learn.state_folder import find_state
from ..training.learn.trainer import Step, train, training_device
from .common import (
    add_detector_options,
    add_device_option,
    add_json_option,
    add_overwrite_option,
    find_device,
    finishing,
    load_or_build_bank,
)
from .terminal import add_number, say, say_json, show_progress, tell

SAMPLE_PHOTOS = 8  # photos in the sample strip
JSON_EVERY = 10  # steps between two lines of --json
WORTH_A_FORECAST = 30  # steps left; fewer are done before anybody has read it


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "train",
        help="learn a style from a folder of art",
        description="Learns a style. Ctrl-C keeps what was trained; the same command goes on. "
        "Beside the style: its sample strip (.samples.png) and losses (.losses.csv).",
    )
    parser.add_argument(
        "--art",
        required=True,
        metavar="FOLDER|BANK",
        help="pictures in the style, one or more; or a face bank",
    )
    parser.add_argument(
        "--photos",
        metavar="FOLDER|BANK",
        help="portrait photos of any people, 20 or more; or a face bank; default: those that come "
        "with TPS Portrait",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="STYLE.safetensors")
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="good",
        help=f"{PRESETS_IN_WORDS}; how long each takes here is said after the first steps; "
        "default: good",
    )
    steps, whole = 10_000_000, 2**63 - 1  # more than anybody waits for; what torch takes
    add_number(parser, "--steps", int, 1, steps, metavar="N", help="instead of the preset's")
    add_number(parser, "--size", int, 64, 512, metavar="N", help="instead of the preset's")
    add_number(
        parser,
        "--batch",
        int,
        1,
        1024,
        metavar="N",
        help="pairs of photo and art in a step, instead of the preset's",
    )
    add_number(parser, "--seed", int, -whole, whole, default=0, metavar="N", help="default: 0")
    parser.add_argument(
        "--no-early-stop",
        action="store_true",
        help=f"do all the steps; without it training ends, after {FEWEST_STEPS} or more, when the "
        f"paintings haven't come nearer to the art for {PATIENCE_STEPS}",
    )
    parser.add_argument(
        "--resume",
        default="auto",
        metavar="auto|PATH|never",
        help="go on with the training in the state folder if there is one (auto), "
        "with the one in PATH, or start over (never); default: auto",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="FOLDER",
        help="where the training is kept; default: STYLE.state",
    )
    parser.add_argument(
        "--look",
        default=TrainingOptions.look,
        metavar="NAME",
        help="file name of the picture of art that photos are painted like, before the first step, "
        "to learn from; default: a frontal, sharp one",
    )
    add_number(
        parser,
        "--pairs",
        int,
        1,
        10_000,
        default=TrainingOptions.pairs,
        metavar="N",
        help=f"how many photos are painted so, in some two seconds each; default: "
        f"{TrainingOptions.pairs}",
    )
    add_number(
        parser,
        "--pairs-weight",
        float,
        0,
        100,
        default=TrainingOptions.pairs_weight,
        metavar="W",
        help="how much is learned from them; with 0 none are painted, and the style is more of a "
        f"tint; default: {TrainingOptions.pairs_weight:g}",
    )
    parser.add_argument(
        "--no-warp-features", action="store_true", help="without the warping branch"
    )
    parser.add_argument("--no-warp-pixels", action="store_true", help="without warping the art")
    parser.add_argument(
        "--local",
        action=argparse.BooleanOptionalAction,
        default=TrainingOptions.local,
        help="discriminators of eyes, nose and mouth too: mouths get redder, and a step takes "
        "longer; default: no",
    )
    parser.add_argument(
        "--content-loss",
        choices=("lpips", "l1"),
        default="lpips",
        help="what holds the likeness; default: lpips",
    )
    add_overwrite_option(parser)
    parser.add_argument("--author", default="", help="written into the style")
    parser.add_argument("--licence", default="", help="written into the style")
    add_device_option(parser)
    add_detector_options(parser)
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    style_path = arguments.output
    if style_path.suffix != ".safetensors":
        raise ValueError(f"{style_path}: a style's file name must end in .safetensors")
    options = TrainingOptions(
        **PRESETS[arguments.preset] | _own(arguments),
        seed=arguments.seed,
        early_stop=not arguments.no_early_stop,
        warp_features=not arguments.no_warp_features,
        warp_pixels=not arguments.no_warp_pixels,
        local=arguments.local,
        content_loss=arguments.content_loss,
        look=arguments.look,
        pairs=arguments.pairs,
        pairs_weight=arguments.pairs_weight,
    )
    device = training_device(find_device(arguments.device))
    state = arguments.state or style_path.with_suffix(".state")
    if arguments.resume not in ("auto", "never"):
        state = Path(arguments.resume)
        if find_state(state) is None:
            raise ValueError(f"{state}: no such training state; --resume auto starts one")
    resume = arguments.resume != "never"
    going_on = resume and find_state(state) is not None
    _check_targets(arguments, going_on)
    art = _bank(arguments.art, options.size, arguments)
    photos = (
        _bank(arguments.photos, options.size, arguments) if arguments.photos else load_portraits()
    )
    if style_path.exists() and not arguments.overwrite:
        _check_same(style_path, art, options)

    samples = Samples(photos.pictures(SAMPLE_PHOTOS, options.size), state)
    record = {"author": arguments.author, "licence": arguments.licence}

    def on_step(step: Step, eta: Eta) -> None:
        if eta.timed_steps == FORECAST_STEPS and step.total - step.number >= WORTH_A_FORECAST:
            _tell_forecast(arguments, options, eta)
        _tell(step, eta, arguments.json)

    kept: list[Step] = []  # steps after which the style was saved early

    def keep(step: Step) -> None:
        _save(step, style_path, record)
        kept.append(step)

    try:
        steps = train(art, photos, options, device, state, resume, _tell_of_pairs())
        last, _ = drive(
            steps,
            samples,
            on_step,
            lambda strip: write_picture(_samples(style_path), strip, software=SHEET),
            keep=keep,
        )
    except KeyboardInterrupt:
        tell()
        if kept:
            tell(f"stopped; {style_path} holds the style so far, the same command goes on")
        else:
            tell("stopped before the first step; the same command starts again")
        return 130
    _save(last, style_path, record)
    if last.stop:
        tell(f"{last.stop}; --no-early-stop goes on")
    if arguments.json:
        say_json({"output": str(style_path), "steps": last.number, "stopped": last.stop})
    else:
        say(shown(style_path))
    return 0


def _tell_of_pairs() -> Callable[[int, int], None]:
    pace = Pace()

    def tell_of_pair(done: int, total: int) -> None:
        show_progress(done, total, f"photos painted, to learn from  {pace.left(done, total)}")

    return tell_of_pair


def _check_targets(arguments: argparse.Namespace, going_on: bool) -> None:
    """Raises ValueError where the style, its samples or its losses may not be written.

    A training that goes on replaces its own.
    """
    style = arguments.output
    samples, losses = _samples(style), _losses(style)
    sources = [source for source in (arguments.art, arguments.photos) if source]
    targets = Targets(sources, arguments.overwrite)
    targets.file(style, STYLE, going_on)
    targets.file(samples, PICTURE, going_on or (software_of(samples).startswith(MARK)))
    targets.file(losses, LOSSES, ours=True)


def _check_same(path: Path, art: FaceBank, options: TrainingOptions) -> None:
    """Raises ValueError when the style in the file is of another training."""
    record = load_style(path).record
    ours = {"art": art.digest, "seed": options.seed, "size": options.size}
    if any(record.get(name) != value for name, value in ours.items()):
        raise ValueError(
            f"{path}: is there already, and is the style of another training; give another name, "
            "or replace it with --overwrite"
        )


def _samples(style: Path) -> Path:
    return style.with_suffix(".samples.png")


def _losses(style: Path) -> Path:
    return style.with_suffix(".losses.csv")


def _save(last: Step, path: Path, record: dict) -> None:
    """Writes the style as it is after this step, and its losses."""
    style = last.style()
    save_style(replace(style, record=style.record | record), path)
    validations = {
        validation.step: {
            "kid_squeezenet": validation.kid,
            "kid_squeezenet_error": validation.error,
        }
        for validation in last.validations
    }
    # A training that goes on in a newer version may have got more losses.
    losses = dict.fromkeys(name for losses in last.history for name in losses)
    columns = ["step", *losses, "kid_squeezenet", "kid_squeezenet_error"]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, columns)
    writer.writeheader()
    for number, of_step in enumerate(last.history, 1):
        writer.writerow({"step": number, **of_step, **validations.get(number, {})})
    with finishing([path]):
        replace_file(_losses(path), file.getvalue().encode())


def _bank(source: str, size: int, arguments: argparse.Namespace) -> FaceBank:
    bank = load_or_build_bank(source, size, arguments)
    if Path(source).is_dir():
        tell(f"{source}: {bank.report.splitlines()[0]}")
    return bank


def _own(arguments: argparse.Namespace) -> dict[str, Any]:
    """What of a preset the command line sets itself."""
    chosen = {name: getattr(arguments, name) for name in ("steps", "size", "batch")}
    return {name: value for name, value in chosen.items() if value is not None}


def _tell_forecast(arguments: argparse.Namespace, options: TrainingOptions, eta: Eta) -> None:
    """Says what the training, and each of the presets, takes on this machine."""
    name = "this training" if _own(arguments) else arguments.preset
    tell(_forecast(name, options, options, eta))
    for other, preset in PRESETS.items():
        if other != name:
            tell(f"  {_forecast(other, replace(options, **preset), options, eta)}")


def _forecast(name: str, wanted: TrainingOptions, timed: TrainingOptions, eta: Eta) -> str:
    takes = in_words(eta.forecast(timed, wanted))
    return f"{name}: {wanted.steps} steps at {wanted.size} px; about {takes} here"


def _tell(step: Step, eta: Eta, as_json: bool) -> None:
    if as_json and (step.number % JSON_EVERY == 0 or step.is_last or step.setback):
        validation = {"kid_squeezenet": step.validation.kid} if step.validation else {}
        back = {"setback": step.setback} if step.setback else {}
        say_json(
            {"step": step.number, "of": step.total, "losses": step.losses, **validation, **back}
        )
    losses = " ".join(f"{name} {value:.2f}" for name, value in step.losses.items())
    total = step.number if step.is_last else step.total
    show_progress(step.number, total, f"{eta}  {losses}")
