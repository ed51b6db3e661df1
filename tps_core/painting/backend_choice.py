"""Which back end paints: measured once on a machine, remembered, and never another picture."""

import json
import logging
import math
import os
import platform
import statistics
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from torch import Tensor

from ..folders import machine_folder
from ..json_reading import Checks, fields, named, number, parse_json, read_bytes, text, whole
from ..output_files import replace_file
from .backends import PLAIN, BackendFailed, Paint, backends, prepare
from .generator import Generator

VARIABLE = "TPS_PORTRAIT_BACKEND"
FILE = "backends.json"
REMEMBERED = 20  # machines and versions in the file
MEAN, MOST = 1 / 255, 4 / 255  # how far from float32 a picture may be, of 0…1
ROUNDS, RUNS = 3, 3  # back ends take turns: each runs this often, this many times
WORTH = 0.9  # another back end is taken where it needs at most this share of float32's time
MEASURED_PX = 512  # the side up to which a picture is measured with

MOST_BYTES = 1_000_000  # of the file

log = logging.getLogger("tps_portrait")


def _times(value: object, what: str) -> None:
    for time_ms in named(value, what).values():
        number(time_ms, what, 0, math.inf)


# What an entry of the file says.
ENTRY: Checks = {
    "backend": text,
    "milliseconds": _times,
    "pixels": lambda value, what: whole(value, what, 0, 10**12),
}


@dataclass(frozen=True)
class Choice:
    """A back end, and what it was chosen by."""

    backend: str
    milliseconds: dict[str, float]  # of each back end that paints the same picture; may be empty
    pixels: int  # of the picture that they painted


def wanted_backend() -> str:
    """The back end that the user's `$TPS_PORTRAIT_BACKEND` names; "" for the best one."""
    name = os.environ.get(VARIABLE, "").strip().lower()
    return "" if name == "auto" else name


def remembered(device: torch.device) -> Choice | None:
    """What was found best for the device, with these versions and this number of threads."""
    try:
        entry = named(_read().get(_key(device)), "it", *ENTRY)
        fields(entry, "it", ENTRY)
        choice = Choice(**entry)
    except (TypeError, ValueError):  # not there, or of another version
        return None
    return choice if choice.backend in backends(device) else None


def choose(generator: Generator, picture: Tensor) -> Choice:
    """Has all back ends paint the picture (1, 3, h, w), and remembers the fastest.

    Sides are multiples of STRIDE. Takes about two seconds.
    """
    device = picture.device
    picture = picture[:1, :, :MEASURED_PX, :MEASURED_PX]
    painters = {PLAIN: prepare(PLAIN, generator)}
    for name, wrong in backends(device).items():
        if name != PLAIN and not wrong:
            try:
                painters[name] = prepare_checked(name, generator, painters[PLAIN], picture)
            except BackendFailed as error:
                log.warning("%s is not used for painting: %s", name, error)
    milliseconds = _measure(painters, picture)
    best = min(milliseconds, key=lambda name: milliseconds[name])
    if milliseconds[best] > WORTH * milliseconds[PLAIN]:
        best = PLAIN
    choice = Choice(best, milliseconds, picture.shape[-2] * picture.shape[-1])
    _remember(device, choice)
    return choice


def prepare_checked(name: str, generator: Generator, plain: Paint, picture: Tensor) -> Paint:
    """The back end, after it painted the picture as `plain` does.

    Raises BackendFailed when it can't be used, and when it paints another picture.
    """
    paint = prepare(name, generator)
    try:
        painted = paint(picture[:1])
    except RuntimeError as error:
        raise BackendFailed(str(error).splitlines()[0]) from None
    difference = (painted - plain(picture[:1])).abs()
    mean, most = difference.mean().item(), difference.max().item()
    if not (mean <= MEAN and most <= MOST):  # so that NaN doesn't pass
        raise BackendFailed(
            f"its picture differs by {255 * mean:.2f} of 255 on average, {255 * most:.1f} at most"
        )
    return paint


def choice_file() -> Path:
    """The file in which the choices are remembered; it need not exist."""
    return machine_folder() / FILE


def _measure(painters: dict[str, Paint], picture: Tensor) -> dict[str, float]:
    """The median milliseconds that each takes."""
    seconds: dict[str, list[float]] = {name: [] for name in painters}
    for _ in range(ROUNDS):
        for name, paint in painters.items():
            paint(picture)  # after another one's turn the first is slow
            for _ in range(RUNS):
                begun = time.perf_counter()
                paint(picture)[0, 0, 0, 0].item()  # waits for the graphics card
                seconds[name].append(time.perf_counter() - begun)
    return {name: round(1000 * statistics.median(own), 2) for name, own in seconds.items()}


def _key(device: torch.device) -> str:
    """What the times depend on."""
    if device.type == "cuda":
        place = torch.cuda.get_device_name(device)
    else:
        place = f"{device.type} of {platform.node()}, {torch.get_num_threads()} threads"
    try:
        openvino = version("openvino")
    except PackageNotFoundError:
        openvino = "none"
    return f"{place}, torch {torch.__version__}, openvino {openvino}"


def _read() -> dict:
    try:
        return named(parse_json(read_bytes(choice_file(), MOST_BYTES)), "it")
    except ValueError:  # not there yet, or damaged: then it is measured again
        return {}


def _remember(device: torch.device, choice: Choice) -> None:
    key, path = _key(device), choice_file()
    others = {k: v for k, v in _read().items() if k != key}
    kept = dict(list(others.items())[1 - REMEMBERED :]) | {key: vars(choice)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(kept, indent=1).encode())
    except OSError as error:
        log.info("The fastest way to paint can't be remembered: %s", error)
