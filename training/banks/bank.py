"""The face bank: a folder's faces, each in the face crop with its landmarks.

A bank of art is also where the local discriminators' eyes, noses and mouths come from: a part is
a window of a face's crop, found by its landmarks, so it needs no copy of its own.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.align import CROP
from ...tps_core.container import read_container, write_container
from ...tps_core.folders import files_by_name
from ...tps_core.json_reading import one_line
from .entry import Entry, entries_from, report
from .packed import pack, unpack
from .pose import estimate_pose
from .scan import Accepted, ScanOptions, ScanResult, scan_folder

FORMAT = "tps-portrait-bank/1"
# Comes with the pack, for those who have art and no photos: portraits.md says whose they are.
PORTRAITS = Path(__file__).with_name("portraits.safetensors")
PORTRAITS_NAME = "portraits of the pack"
MOST_BYTES = 4_000_000_000  # of a file; 340 faces of 256 pixels have 90 million
SIDES_PX = range(8, 2049)  # of the faces, in pixels
MOST_POINT_COORDINATE = 10.0  # of a face's points, in its crop's −1…1


@dataclass(frozen=True)
class FaceBank:
    """Faces to train on."""

    faces: Tensor  # (n, 3, s, s) uint8
    inside: Tensor  # (n, 1, s, s) uint8, 1 where the crop lies in its picture
    points: Tensor  # (n, 68, 2) in the crop's −1…1
    entries: list[Entry]  # one for each file of the folder but sidecars, used or not

    def __len__(self) -> int:
        return len(self.faces)

    @property
    def size(self) -> int:
        return self.faces.shape[-1]

    def pictures(self, count: int, size: int) -> Tensor:
        """`count` of the faces (fewer if there are fewer), evenly spread: (n, 3, size, size)."""
        index = torch.linspace(0, len(self) - 1, min(count, len(self))).round().long()
        faces = self.faces[index].float() / 255
        return F.interpolate(faces, (size, size), mode="bilinear", antialias=True)

    def select(self, wanted: Callable[[str], bool]) -> "FaceBank":
        """The bank of those faces whose file names are wanted."""
        used = [entry for entry in self.entries if entry.used]
        index = [i for i, entry in enumerate(used) if wanted(entry.name)]
        entries = [used[i] for i in index]
        return FaceBank(self.faces[index], self.inside[index], self.points[index], entries)

    @property
    def poses(self) -> Tensor:
        """Yaw and pitch (n, 2) of the faces in degrees, as `estimate_pose` has them."""
        return estimate_pose(self.points)

    @property
    def digest(self) -> str:
        """A hash of the faces and their landmarks: the same art, the same digest."""
        content = self.faces.numpy().tobytes() + self.points.numpy().tobytes()
        return hashlib.sha256(content).hexdigest()

    @property
    def report(self) -> str:
        """What became of the files, as `entry.report` has it."""
        return report(self.entries)


def build_bank(
    folder: Path | str,
    size: int = 256,
    detector: str = "auto",
    min_confidence: float = 0.5,
    on_entry: Callable[[int, int, Entry], None] = lambda done, total, entry: None,
    may_read: Callable[[Path], bool] = lambda path: True,
    on_wait: Callable[[], None] = lambda: None,
) -> FaceBank:
    """The bank of all faces in the folder and below it, one (the largest) a picture.

    No file stops it: what can't be used is in the entries with its reason. `on_entry` is told of
    each file as it is done, `may_read` is asked about each before, and `on_wait` is called several
    times a second; what the first and the last raise ends the work.
    Raises ValueError when there is no folder, or no usable face in it.
    """
    options = ScanOptions(size, detector, min_confidence, may_read=may_read, on_wait=on_wait)
    return bank_of(scan_folder(folder, options, on_entry), folder)


def bank_of(results: list[ScanResult], folder: Path | str) -> FaceBank:
    """The bank of the folder's accepted faces, in the order of the files.

    Raises ValueError when no face is usable.
    """
    entries = [result.entry for result in results]
    used = [result for result in results if isinstance(result, Accepted)]
    if not used:
        reasons = "; ".join(f"{e.name}: {e.reason}" for e in entries[:3]) or "it is empty"
        raise ValueError(f"{folder}: no usable face in {len(entries)} files ({reasons})")
    return FaceBank(
        torch.stack([result.face for result in used]),
        torch.stack([result.inside for result in used]),
        torch.stack([result.points for result in used]),
        entries,
    )


def save_bank(bank: FaceBank, path: Path | str, packed: bool = False) -> None:
    """Writes the bank to a *.safetensors file.

    packed: as JPEG, which version 0.1 can't read, and as if all of each crop lay in its picture.
    """
    faces = pack(bank.faces) if packed else {"faces": bank.faces, "inside": bank.inside}
    tensors = faces | {"points": bank.points}
    entries = [[e.name, e.used, e.reason] for e in bank.entries]
    record = {"crop": CROP, "entries": entries, "details": [e.details for e in bank.entries]}
    write_container(path, FORMAT, tensors, record)


def load_bank(path: Path | str) -> FaceBank:
    """The bank in the file.

    Raises ValueError for a file that is missing, damaged, foreign or of another version.
    """
    tensors, record = read_container(path, FORMAT, "a face bank", MOST_BYTES)
    if record.get("crop") != CROP:
        raise ValueError(f"{path}: its faces are cropped in another way; build the bank again")
    try:
        entries = entries_from(record.get("entries"), record.get("details", []))
        return FaceBank(**_checked(tensors, sum(entry.used for entry in entries)), entries=entries)
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({one_line(error)}); build the bank again") from None


def _checked(tensors: dict[str, Tensor], count: int) -> dict[str, Tensor]:
    """The tensors of a bank of `count` faces. Raises ValueError if they are of none."""
    if tensors.keys() == {"jpegs", "ends", "points"}:
        faces = unpack(tensors["jpegs"], tensors["ends"], SIDES_PX)
        inside = torch.ones_like(faces[:, :1])
        tensors = {"faces": faces, "inside": inside, "points": tensors["points"]}
    if tensors.keys() != {"faces", "inside", "points"}:
        raise ValueError("it holds other tensors than faces, inside and points")
    faces, inside, points = tensors["faces"], tensors["inside"], tensors["points"]
    size = faces.shape[-1] if faces.ndim == 4 else 0
    shapes = [(count, 3, size, size), (count, 1, size, size), (count, 68, 2)]
    if count < 1 or size not in SIDES_PX or [faces.shape, inside.shape, points.shape] != shapes:
        raise ValueError(
            f"{count} faces are named, and there are pictures {tuple(faces.shape)}, masks "
            f"{tuple(inside.shape)} and points {tuple(points.shape)}"
        )
    if faces.dtype != torch.uint8 or inside.dtype != torch.uint8 or not points.is_floating_point():
        raise ValueError("its numbers are of the wrong kind")
    points = points.float()
    if not (points.abs() <= MOST_POINT_COORDINATE).all():  # so that NaN doesn't pass
        raise ValueError("there are points that are not finite, or far from their faces")
    if inside.max() > 1:
        raise ValueError("its masks hold other numbers than 0 and 1")
    return {"faces": faces, "inside": inside, "points": points}


def list_banks() -> dict[str, Path]:
    """The face banks that can be used by name, sorted: each name with its file."""
    return dict(sorted(({PORTRAITS_NAME: PORTRAITS} | files_by_name("banks")).items()))


def load_portraits() -> FaceBank:
    """The bank of portrait photos that comes with the pack."""
    return load_bank(PORTRAITS)


def find_bank(name: str) -> Path:
    """The file of the face bank of that name.

    Raises ValueError, listing the names there are.
    """
    banks = list_banks()
    if name not in banks:
        raise ValueError(f"{name}: no such face bank; face banks: {', '.join(banks)}")
    return banks[name]
