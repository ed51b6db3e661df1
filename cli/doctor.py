"""tps-portrait doctor: says what works here, what is missing and what to do about each."""

import argparse
import importlib.metadata
import importlib.util
import platform

# Imports packages of a fixed list.
import subprocess  # nosec B404
import sys
from pathlib import Path

import torch

from ..tps_core.detect import usable_detectors
from ..tps_core.folders import find_model, folders_of, model_folder, model_folders
from ..tps_core.picture_formats import EXTRAS
from ..tps_core.plain_text import shown
from ..tps_core.style import list_styles
from ..tps_core.version import version
from ..training.measure.perceptual import BACKBONE
from .common import add_json_option
from .painting import describe_painting, examine_painting
from .terminal import say, say_json

# What each optional package is for.
PACKAGES = {
    "lpips": "the content loss of training, and the measures",
    "torchvision": "lpips needs it",
    "kornia": "colour matching",
    "mediapipe": "the second landmark detector",
    "av": "paints videos",
    "openvino": "paints faster on processors",
    "onnx": "exports styles",
    "onnxruntime": "checks exported styles",
}
TORCHVISION_BACKBONE = "squeezenet1_1-b8a52dc0.pth"
IMPORT_SECONDS = 120
# openvino brings a package by which it reports to its makers that it was imported.
WITHOUT_REPORTER = "import sys; sys.modules['openvino_telemetry'] = None"


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "doctor",
        help="say what works here and what is missing",
        description="Says what is installed, which detectors and devices can be used, which "
        "models are missing, and how to get each.",
    )
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prints the findings. 0 whatever they are: `ok` in the JSON says if portraits can be made."""
    findings = examine()
    if arguments.json:
        say_json(findings)
    else:
        for line in describe(findings):
            say(shown(line))
    return 0


def examine() -> dict:
    """Everything there is to tell, as JSON; a text that says what is wrong is "" if nothing is."""
    detectors = usable_detectors()
    return {
        "ok": not all(detectors.values()) and bool(list_styles()),
        "version": version(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "torch": torch.__version__,
        "devices": _devices(),
        "painting": examine_painting(_devices()),
        "detectors": detectors,
        "packages": _packages(),
        "picture_formats": {extra.name: extra.what_is_missing() for extra in EXTRAS},
        "lpips_backbone": _backbone(),
        "model_folder": str(model_folder()),
        "model_folders": [str(folder) for folder in model_folders()],
        "style_folders": [str(folder) for folder in folders_of("styles")],
        "styles": {name: str(path) for name, path in list_styles().items()},
    }


def describe(findings: dict) -> list[str]:
    """The findings as lines for a person."""
    lines = [
        f"TPS Portrait {findings['version']}, Python {findings['python']}, "
        f"torch {findings['torch']}, {findings['system']}",
        "",
        "devices",
        *(f"  {name}: {what}" for name, what in findings["devices"].items()),
        "painting",
        *(f"  {line}" for line in describe_painting(findings["painting"])),
        "landmark detectors",
        *(_line(name, wrong) for name, wrong in findings["detectors"].items()),
        "optional packages",
        *(
            _line(f"{name} {found['version']}".strip(), found["wrong"], PACKAGES[name])
            for name, found in findings["packages"].items()
        ),
        "picture formats, beside JPEG, PNG, WebP, TIFF, GIF and BMP",
        *(_line(name, wrong) for name, wrong in findings["picture_formats"].items()),
        "content loss",
        _line("SqueezeNet's weights", findings["lpips_backbone"]),
        "folders",
        f"  new models go to {findings['model_folder']}",
        *(f"  models are looked for in {folder}" for folder in findings["model_folders"]),
        *(f"  styles are looked for in {folder}" for folder in findings["style_folders"]),
        "styles",
        *(f"  {name}: {path}" for name, path in findings["styles"].items()),
    ]
    if not findings["styles"]:
        lines.append("  none yet; run: tps-portrait train --art FOLDER -o STYLE.safetensors")
    verdict = "ready" if findings["ok"] else "not ready: see what is missing above"
    return [*lines, "", f"{verdict} to make portraits" if findings["ok"] else verdict]


def _line(name: str, wrong: str, purpose: str = "") -> str:
    note = f" ({purpose})" if purpose else ""
    return f"  {name}{note}: {wrong or 'ok'}"


def _devices() -> dict[str, str]:
    devices = {"cpu": f"{torch.get_num_threads()} threads"}
    for i in range(torch.cuda.device_count()):
        devices[f"cuda:{i}"] = torch.cuda.get_device_name(i)
    if torch.backends.mps.is_available():
        devices["mps"] = "Apple graphics, which paint; trainings run on the cpu"
    return devices


def _packages() -> dict[str, dict[str, str]]:
    """The version of each optional package and what is wrong with it.

    One that is installed is imported, in a process of its own: that alone shows whether it fits
    the torch that is here.
    """
    found = {name: {"version": "", "wrong": ""} for name in PACKAGES}
    processes = {}
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            wanted = '"mediapipe>=1"' if name == "mediapipe" else name
            found[name]["wrong"] = f"not installed; run: pip install {wanted}"
            continue
        found[name]["version"] = _version(name)
        # Names of our own list, and no shell.
        processes[name] = subprocess.Popen(  # noqa: S603  # nosec B603
            [sys.executable, "-c", f"{WITHOUT_REPORTER}; import {name}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    for name, process in processes.items():
        try:
            _, said = process.communicate(timeout=IMPORT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            said = f"it takes longer than {IMPORT_SECONDS} seconds"
            process.communicate()
        if process.returncode:
            reason = (said.strip().splitlines() or ["it gave no reason"])[-1]
            found[name]["wrong"] = f"installed, but can't be imported: {reason}; {_cure(name)}"
    return found


def _cure(name: str) -> str:
    if name in ("torchvision", "lpips"):
        return f"install the torchvision that fits torch {torch.__version__}"
    return f"run: pip install --force-reinstall --no-deps {name}"


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""  # a copy without its metadata, or installed under another name


def _backbone() -> str:
    """What is wrong with the content loss's network, "" if its weights are here."""
    cached = Path(torch.hub.get_dir()) / "checkpoints" / TORCHVISION_BACKBONE
    if find_model(BACKBONE) or cached.is_file():
        return ""
    return (
        f"not here; the first training fetches them, or put {BACKBONE} into {model_folder()}, "
        "or train with --content-loss l1"
    )
