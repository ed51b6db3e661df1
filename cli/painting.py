"""What the doctor says of the ways to paint: which back end, why, and how fast it is."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F

from ..tps_core.painting.backend_choice import (
    VARIABLE,
    Choice,
    choice_file,
    choose,
    remembered,
    wanted_backend,
)
from ..tps_core.painting.backends import backends
from ..tps_core.style import list_styles, load_style


def examine_painting(devices: Iterable[str]) -> dict[str, dict]:
    """For each kind of device the back end that paints, and how long each of them takes.

    Where that isn't known yet it is measured, with the first style: two seconds.
    """
    return {
        kind: _examine(torch.device(kind))
        for kind in dict.fromkeys(name.partition(":")[0] for name in devices)
    }


def describe_painting(findings: dict[str, dict]) -> list[str]:
    """The findings as lines for a person."""
    lines = [f"{kind}: {_describe(found)}" for kind, found in findings.items()]
    measured = [found for found in findings.values() if found["milliseconds"]]
    return lines + [f"measured once; remembered in {choice_file()}" for _ in measured[:1]]


def _examine(device: torch.device) -> dict:
    wanted, known = wanted_backend(), remembered(device)
    styles = list_styles()
    if not known and not wanted and styles:
        style = load_style(next(iter(styles.values()))).to(device)
        known = choose(style.generator, _picture().to(device))
    known = known or Choice("", {}, 0)
    return {
        "backend": wanted or known.backend,
        "chosen_by": VARIABLE if wanted else "measurement",
        "milliseconds": known.milliseconds,
        "pixels": known.pixels,
        "wrong": {name: wrong for name, wrong in backends(device).items() if wrong},
    }


def _describe(found: dict) -> str:
    side = round(found["pixels"] ** 0.5)
    times = ", ".join(f"{name} {ms:.0f} ms" for name, ms in found["milliseconds"].items())
    text = found["backend"] or "not known without a style"
    if found["chosen_by"] == VARIABLE:
        text += f", as {VARIABLE} says"
    return f"{text} ({times} for {side} x {side} pixels)" if times else text


def _picture() -> torch.Tensor:
    """A picture (1, 3, 512, 512) of soft patches, the same every time."""
    coarse = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, (512, 512), mode="bilinear")
