"""The samples of a training: some photos, and what the style made of them over time."""

import hashlib
import logging
from pathlib import Path

import torch
from torch import Tensor

from ...tps_core.container import read_container, write_container
from ...tps_core.geometry.pixels import as_bytes
from ..banks.contact_sheet import sample_strip
from .trainer import Step

FORMAT = "tps-portrait-samples/1"
FILE = "samples.safetensors"  # in a training's state folder

log = logging.getLogger("tps_portrait")


class Samples:
    """Photos (n, 3, s, s), 0…1, and their paintings by step.

    With a folder they are kept there, so that a training that goes on shows how it came along from
    its beginning.
    """

    def __init__(self, photos: Tensor, folder: Path | str | None = None):
        self.photos = photos
        self._path = Path(folder) / FILE if folder else None
        self._painted: dict[int, Tensor] = {}  # uint8

    def begin(self, step: Step) -> None:
        """Takes what was kept of the training whose first step this is now."""
        self._painted = {n: row for n, row in self._kept().items() if n < step.number}

    def add(self, step: Step) -> None:
        """Adds what the style makes of the photos after this step."""
        self._painted[step.number] = as_bytes(step.paint(self.photos)).cpu()
        if self._path:
            rows = {str(number): row for number, row in self._painted.items()}
            try:
                write_container(self._path, FORMAT, rows, {"photos": self._digest})
            except OSError as error:
                log.warning("%s: can't be written (%s)", self._path, error.strerror or error)

    def strip(self, step: Step | None = None) -> Tensor:
        """The photos, below them their paintings, and last those of this step: (3, h, w)."""
        rows = [painted / 255 for _, painted in sorted(self._painted.items())]
        if step and step.number not in self._painted:
            rows.append(step.paint(self.photos).cpu())
        return sample_strip([self.photos, *rows])

    def _kept(self) -> dict[int, Tensor]:
        """The paintings that the folder has of these photos; none if it has other things there."""
        if self._path is None or not self._path.is_file():
            return {}
        try:
            rows, record = read_container(self._path, FORMAT, "samples")
        except ValueError:
            return {}  # they are only shown
        whole = all(
            number.isdecimal() and row.shape == self.photos.shape and row.dtype == torch.uint8
            for number, row in rows.items()
        )
        if not whole or record != {"photos": self._digest}:
            return {}
        return {int(number): row for number, row in rows.items()}

    @property
    def _digest(self) -> str:
        return hashlib.sha256(as_bytes(self.photos).cpu().numpy().tobytes()).hexdigest()
