"""A training on disk: a folder of saves, of which the last two are kept.

Each save is one new file, written beside its place, put on the disk and renamed; only then are
older ones removed. So at any moment, whatever happens, a whole save is there. The folder holds our
mark, which is also what a training locks: a folder with other things in it is never touched.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ...tps_core.container import read_container, write_container
from ...tps_core.json_reading import parse_json
from ...tps_core.output_files import TEMPORARY, sync_folder
from .early_stopping import Validation
from .lock import lock
from .state import START_OVER, Run, checked_record, pack, unpack, with_new_names

FORMAT = "tps-portrait-state/2"
MARK = "tps-portrait-training.lock"
SAVE = re.compile(r"save-(\d+)\.safetensors")
MOST_BYTES = 2_000_000_000  # of a save
KEPT_SAVES = 2  # saves: should a disk have lied about the last one, the one before is there
# The first version wrote three files, under a temporary name of the folder's.
OLD_FORMAT = "tps-portrait-state/1"
OLD_RECORD = "record.json"
OLD_FILES = ("networks.safetensors", "optimisers.safetensors", OLD_RECORD)

log = logging.getLogger("tps_portrait")


@dataclass(frozen=True)
class Saved:
    """A state as it was read, and found to be whole."""

    path: Path
    tensors: dict[str, Tensor]
    record: dict
    damaged: str  # what is wrong with a later one; "" if this is the last

    @property
    def history(self) -> list[dict[str, float]]:
        """Each step's losses; its length is the step."""
        return self.record["history"]

    @property
    def validations(self) -> list[Validation]:
        return [Validation(**check) for check in self.record["checks"]]


def find_state(folder: Path | str) -> Saved | None:
    """The last whole state in the folder; None if none was ever saved there.

    States of the first version are found too, also where a crash left them beside the folder.
    Raises ValueError when all that are there are damaged.
    """
    damaged = ""
    for path in [*reversed(_saves(Path(folder))), *_old_places(Path(folder))]:
        try:
            tensors, record = _read_old(path) if path.is_dir() else _read(path)
            return Saved(path, *with_new_names(tensors, checked_record(record)), damaged)
        # RuntimeError and KeyError: tensors of kinds that torch doesn't know.
        except (OSError, ValueError, KeyError, RuntimeError, RecursionError) as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            reason = reason.removeprefix(f"{path}: ")
            damaged = damaged or f"{path}: no whole training state ({reason})"
    if damaged:
        raise ValueError(f"{damaged}; {START_OVER}")
    return None


class StateFolder:
    """The folder of a training that is going on: this process's alone until it is closed."""

    def __init__(self, folder: Path | str):
        """Makes the folder if need be, and takes it.

        Raises ValueError when it holds other things, when another training is going on in it, and
        when it can't be written to.
        """
        self._folder = Path(folder)
        _check_ours(self._folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._mark = (self._folder / MARK).open("ab")
        except OSError as error:
            raise ValueError(
                f"{folder}: a training can't be kept there ({error.strerror}); choose another "
                f"folder, or allow writing to it"
            ) from None
        if not lock(self._mark):
            self._mark.close()
            raise ValueError(
                f"{folder}: another training is going on there; wait for its end, or choose "
                f"another name or folder"
            )
        self._kept = _saves(self._folder)[-1:]  # of the files here: those that stay at a save
        self._old = list(_old_places(self._folder))

    def __enter__(self) -> "StateFolder":
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def close(self) -> None:
        """Gives the folder back."""
        self._mark.close()

    def load(self, run: Run) -> bool:
        """Puts the last whole state into the run; False if none was ever saved.

        Raises ValueError when all are damaged, and for the state of another run.
        """
        saved = find_state(self._folder)
        if saved is None:
            return False
        try:
            unpack(run, saved.tensors, saved.record)
        except ValueError as error:
            raise ValueError(f"{self._folder}: {error}") from None
        if saved.damaged:
            log.warning("%s; going on from an earlier one, of step %d", saved.damaged, run.step)
        self._kept = [path for path in _saves(self._folder) if path == saved.path]
        return True

    def save(self, run: Run) -> None:
        """Saves the run. Whatever goes wrong, the save before is still there.

        Raises OSError when it can't be written.
        """
        number = max(map(_number, _saves(self._folder)), default=0) + 1
        path = self._folder / f"save-{number:06d}.safetensors"
        tensors, record = pack(run)
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        # A long history is too much for a file's header.
        text = json.dumps(record, allow_nan=False).encode()
        tensors["record"] = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)  # should somebody have deleted it
            (self._folder / MARK).touch()
            # What a crash cut off while it was written.
            for cut_off in self._folder.glob(f"{TEMPORARY}.safetensors"):
                _remove(cut_off)
            write_container(path, FORMAT, tensors, {"digest": _digest(tensors)})
            sync_folder(self._folder)
        except OSError as error:
            raise OSError(
                f"{self._folder}: the training can't be saved ({error.strerror or error}); what "
                f"was saved before is whole: make room, or allow writing there, and the same "
                f"settings go on from it"
            ) from None
        self._kept = [*self._kept, path][-KEPT_SAVES:]
        for other in _saves(self._folder):
            if other not in self._kept:
                _remove(other)
        self._remove_old()

    def _remove_old(self) -> None:
        """Removes the first version's files, which the save that was just written replaces."""
        for place in self._old:
            if _says_it_is_old(place):
                for name in OLD_FILES:  # the record last: by it the others are known to be ours
                    _remove(place / name)
                if place != self._folder:
                    with suppress(OSError):  # something else is in it: it stays
                        place.rmdir()
        self._old = []


def _check_ours(folder: Path) -> None:
    """Raises ValueError if the folder is none, or holds things that aren't a training's."""
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise ValueError(f"{folder}: not a folder; choose another for the training's state")
        return
    try:
        names = {path.name for path in folder.iterdir()}
    except OSError as error:
        raise ValueError(f"{folder}: can't be looked into ({error.strerror})") from None
    others = sorted(names - set(OLD_FILES))
    if others and MARK not in names and not _says_it_is_old(folder):
        raise ValueError(
            f"{folder}: holds other files ({others[0]} …) and no training; choose another name or "
            f"folder for the training, one that is new or empty"
        )


def _saves(folder: Path) -> list[Path]:
    """The folder's saves, the last one last."""
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if SAVE.fullmatch(p.name)), key=_number)


def _number(save: Path) -> int:
    return int(SAVE.findall(save.name)[0])


def _read(path: Path) -> tuple[dict[str, Tensor], object]:
    tensors, seal = read_container(path, FORMAT, "a training state", MOST_BYTES)
    if seal != {"digest": _digest(tensors)}:
        raise ValueError("its digest doesn't fit it")
    return tensors, parse_json(_bytes(tensors.pop("record")))


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(_bytes(tensors[name]))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    return tensor.reshape(-1).view(torch.uint8).numpy().tobytes()


def _old_places(folder: Path) -> Iterator[Path]:
    """Where a state of the first version may be, the newest first.

    It wrote to `.new`, the record last, put `.old` aside, and gave the new one its name.
    """
    folder = Path(os.path.abspath(folder))  # "." has no name
    if not folder.name:
        return
    new, old = (folder.with_name(f".{folder.name}.{end}") for end in ("new", "old"))
    if (new / OLD_RECORD).is_file():
        yield new
    if any((folder / name).is_file() for name in OLD_FILES):
        yield folder
    if (old / OLD_RECORD).is_file():
        yield old


def _read_old(folder: Path) -> tuple[dict[str, Tensor], object]:
    record = parse_json((folder / OLD_RECORD).read_bytes())
    if not isinstance(record, dict) or record.get("format") != OLD_FORMAT:
        raise ValueError("its record doesn't say that it is one")
    try:
        networks, others = (load((folder / name).read_bytes()) for name in OLD_FILES[:2])
    except SafetensorError as error:
        raise ValueError(str(error)) from None
    return {f"networks.{name}": t for name, t in networks.items()} | others, record


def _says_it_is_old(folder: Path) -> bool:
    try:
        record = parse_json((folder / OLD_RECORD).read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.get("format") == OLD_FORMAT


def _remove(path: Path) -> None:
    """Removes the file if that can be done; one that stays does no harm."""
    with suppress(OSError):
        path.unlink()
