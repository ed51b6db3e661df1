"""Our safetensors files: each says in its metadata what it is, and is written whole or not at all.

A file's metadata holds `format`, such as "tps-portrait-style/1", and `record`, a JSON object.
"""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .output_files import replace_file


def write_container(path: Path | str, format: str, tensors: dict[str, Tensor], record: dict):
    """Writes the file, and the folder that it lies in if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"format": format, "record": json.dumps(record)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    replace_file(path, save(tensors, metadata))


def read_container(path: Path | str, format: str, what: str) -> tuple[dict[str, Tensor], dict]:
    """The file's tensors and record, if it is of `format` ("name/major version").

    Raises ValueError for a file that is missing, broken, foreign, or of another major version;
    `what` names the kind that was asked for, such as "a style".
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            _check_format(path, metadata.get("format", ""), format, what)
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            return tensors, json.loads(metadata["record"])
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path}: not {what} of TPS Portrait, or damaged ({error}); copy or train it anew"
        ) from None


def _check_format(path: Path, found: str, wanted: str, what: str) -> None:
    name, _, version = wanted.rpartition("/")
    found_name, _, found_version = found.rpartition("/")
    if found_name != name:
        kind = f"it says {found!r}" if found else "it doesn't say what it is"
        raise ValueError(f"{path}: not {what} of TPS Portrait ({kind})")
    if found_version.split(".")[0] != version:
        raise ValueError(
            f"{path}: {what} of format version {found_version}; this TPS Portrait reads "
            f"version {version}: update the pack"
        )
