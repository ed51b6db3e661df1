"""The face bank: a folder's faces, each in the face crop with its landmarks.

A bank of art is also where the local discriminators' eyes, noses and mouths come from: a part is
a window of a face's crop, found by its landmarks, so it needs no copy of its own.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..tps_core.align import CROP, Alignment, align
from ..tps_core.container import read_container, write_container
from ..tps_core.detect import detect
from ..tps_core.landmark_file import is_sidecar, read_sidecar
from ..tps_core.pictures import ENDINGS, list_files, read_picture

FORMAT = "tps-portrait-bank/1"
SMALLEST_PX = 48  # side of the crop's square in the picture; below it there is nothing to learn


@dataclass(frozen=True)
class Entry:
    """What became of one file."""

    name: str  # path below the folder
    used: bool
    reason: str  # why not; or what to know of it, "" if nothing


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
    def digest(self) -> str:
        """A hash of the faces and their landmarks: the same art, the same digest."""
        content = self.faces.numpy().tobytes() + self.points.numpy().tobytes()
        return hashlib.sha256(content).hexdigest()

    @property
    def report(self) -> str:
        """How many files were used, and each that wasn't, with its reason."""
        total = Counter(entry.used for entry in self.entries)
        lines = [f"{total[True]} faces from {len(self.entries)} files"]
        lines += [f"{e.name}: {e.reason}" for e in self.entries if e.reason]
        return "\n".join(lines)


def build_bank(
    folder: Path | str,
    size: int = 256,
    detector: str = "auto",
    min_confidence: float = 0.5,
    on_entry: Callable[[int, int, Entry], None] = lambda done, total, entry: None,
) -> FaceBank:
    """The bank of all faces in the folder and below it, one (the largest) a picture.

    No file stops it: what can't be used is in the entries with its reason. `on_entry` is told of
    each file as it is done; what it raises ends the work.
    Raises ValueError when there is no folder, or no usable face in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    files = [path for path in list_files(folder) if not is_sidecar(path)]
    faces, inside, points, entries = [], [], [], []
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            picture, alignment, remark = _find_face(path, detector, min_confidence)
        except ValueError as error:
            entries.append(Entry(name, False, str(error).removeprefix(f"{path}: ")))
        else:
            faces.append((alignment.crop(picture, size) * 255 + 0.5).to(torch.uint8))
            inside.append(alignment.inside(size).to(torch.uint8))
            points.append(alignment.points)
            entries.append(Entry(name, True, remark))
        on_entry(len(entries), len(files), entries[-1])
    if not faces:
        reasons = "; ".join(f"{e.name}: {e.reason}" for e in entries[:3]) or "it is empty"
        raise ValueError(f"{folder}: no usable face in {len(files)} files ({reasons})")
    return FaceBank(torch.stack(faces), torch.stack(inside), torch.stack(points), entries)


def _find_face(path: Path, detector: str, min_confidence: float) -> tuple[Tensor, Alignment, str]:
    """The picture, its largest face's alignment, and a remark; ValueError says why not."""
    if path.suffix.lower() not in ENDINGS:
        raise ValueError("not a picture")
    picture = read_picture(path)
    found = read_sidecar(path)
    if found is None:
        found = detect(picture, detector=detector, min_confidence=min_confidence)
    if not found:
        raise ValueError("no face found")
    alignment = align(found[0])
    if alignment.extent_px < SMALLEST_PX:
        raise ValueError(f"the face is too small ({alignment.extent_px:.0f} px)")
    remark = "" if len(found) == 1 else f"{len(found)} faces, the largest used"
    return picture, alignment, remark


def save_bank(bank: FaceBank, path: Path | str) -> None:
    """Writes the bank to a *.safetensors file."""
    tensors = {"faces": bank.faces, "inside": bank.inside, "points": bank.points}
    entries = [[e.name, e.used, e.reason] for e in bank.entries]
    write_container(path, FORMAT, tensors, {"crop": CROP, "entries": entries})


def load_bank(path: Path | str) -> FaceBank:
    """The bank in the file.

    Raises ValueError for a file that is missing, damaged, foreign or of another version.
    """
    tensors, record = read_container(path, FORMAT, "a face bank")
    if record.get("crop") != CROP:
        raise ValueError(f"{path}: its faces are cropped in another way; build the bank anew")
    return FaceBank(**tensors, entries=[Entry(*entry) for entry in record["entries"]])
