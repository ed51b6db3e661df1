"""Our safetensors files: each says in its metadata what it is, and is written whole or not at all.

A file's metadata holds `format`, such as "tps-portrait-style/1", and `record`, a JSON object.
Files are read, never mapped: one that is overwritten while it is in use changes nothing.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from .json_reading import named, one_line, parse_json, read_bytes, shown
from .output_files import replace_file

Network = TypeVar("Network", bound=nn.Module)

MOST_BYTES = 200_000_000  # of a network's file; ours have a few million
MOST_HEADER = 16_000_000  # bytes of names, shapes and metadata


def write_container(path: Path | str, format: str, tensors: dict[str, Tensor], record: dict):
    """Writes the file, and the folder that it lies in if need be."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"format": format, "record": json.dumps(record)}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    replace_file(path, save(tensors, metadata))


def read_container(
    path: Path | str, format: str, what: str, most_bytes: int = MOST_BYTES
) -> tuple[dict[str, Tensor], dict]:
    """The file's tensors and record, if it is of `format` ("name/major version").

    The record is an object; what is in it, and the tensors, the caller has to check.
    Raises ValueError for a file that is missing, broken, foreign, or of another major version;
    `what` names the kind that was asked for, such as "a style".
    """
    path = Path(path)
    tensors, metadata = read_tensors(path, format, what, most_bytes)
    try:
        return tensors, named(parse_json(named(metadata, "its metadata", "record")["record"]), "it")
    except ValueError as error:
        raise ValueError(f"{path}: {_damaged(what, error)}") from None


def read_tensors(
    path: Path, format: str, what: str, most_bytes: int = MOST_BYTES
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the metadata of a safetensors file of that `format`.

    Raises ValueError as `read_container` does.
    """
    content = read_bytes(path, most_bytes)
    try:
        metadata = _metadata(content)
    except ValueError as error:
        raise ValueError(f"{path}: {_damaged(what, error)}") from None
    _check_format(path, metadata.get("format", ""), format, what)
    try:
        # Ordinary tensors even if a host calls in inference mode: they outlive that call.
        with torch.inference_mode(False):
            return load(content), metadata
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError, AssertionError) as e:
        # All but the first are what safetensors meets in kinds of numbers that torch hasn't.
        raise ValueError(f"{path}: {_damaged(what, e)}") from None


def build_network(make: Callable[[], Network], tensors: dict[str, Tensor]) -> Network:
    """The network that `make` makes, with the tensors as its weights, in single precision.

    Nothing is taken for granted: names, shapes and kinds are compared before there is a network,
    so one that asks for more memory than its file holds is never made; and all must be finite.
    Raises ValueError.
    """
    with torch.device("meta"):  # shapes only, without memory
        network = make()
    wanted = network.state_dict()
    if wanted.keys() != tensors.keys():
        odd = min(wanted.keys() ^ tensors.keys())
        where = "is missing" if odd in wanted else "belongs to no part of the network"
        raise ValueError(f"the tensor {odd[:80]} {where}")
    weights = {name: _weight(name, tensors[name], like) for name, like in wanted.items()}
    network.load_state_dict(weights, assign=True)
    return network


def _weight(name: str, tensor: Tensor, like: Tensor) -> Tensor:
    if tensor.shape != like.shape:
        raise ValueError(
            f"the tensor {name} has the shape {tuple(tensor.shape)}, not {tuple(like.shape)}"
        )
    if tensor.is_floating_point() != like.is_floating_point() or tensor.is_complex():
        raise ValueError(f"the tensor {name} holds numbers of the wrong kind, {tensor.dtype}")
    tensor = tensor.to(like.dtype)
    if not tensor.isfinite().all():
        raise ValueError(f"the tensor {name} holds numbers that are not finite")
    return tensor


def _metadata(content: bytes) -> dict[str, str]:
    length = int.from_bytes(content[:8], "little")
    if not 2 <= length <= min(len(content) - 8, MOST_HEADER):
        raise ValueError("it is cut off, or no safetensors file")
    metadata = named(parse_json(content[8 : 8 + length]), "its header").get("__metadata__", {})
    if not all(isinstance(value, str) for value in named(metadata, "its metadata").values()):
        raise ValueError("its metadata is no text")
    return metadata


def _damaged(what: str, error: object) -> str:
    return f"not {what} of TPS Portrait, or damaged ({one_line(error)}); copy or train it again"


def _check_format(path: Path, found: str, wanted: str, what: str) -> None:
    name, _, version = wanted.rpartition("/")
    found_name, _, found_version = found.rpartition("/")
    if found_name != name:
        kind = f"it says {shown(found)}" if found else "it doesn't say what it is"
        raise ValueError(f"{path}: not {what} of TPS Portrait ({kind})")
    if found_version.split(".")[0] != version:
        raise ValueError(
            f"{path}: {what} of format version {shown(found_version)[1:-1]}; this TPS Portrait "
            f"reads version {version}: update the pack"
        )
