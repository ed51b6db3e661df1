"""Scans the files of a folder: is there a face in it, and what should a person know of it?"""

import io
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ...tps_core.align import Alignment, align
from ...tps_core.detect import detect
from ...tps_core.folder_contents import own_files
from ...tps_core.geometry.pixels import as_bytes
from ...tps_core.geometry.resize import resized
from ...tps_core.landmark_files.json_file import (
    faces_beside,
    is_sidecar,
    read_set_aside,
    sidecar_path,
)
from ...tps_core.landmarks import Landmarks
from ...tps_core.picture_formats import ENDINGS
from ...tps_core.pictures import picture_size, read_picture, to_image
from .duplicates import face_fingerprints, find_duplicates
from .entry import EXCLUDED, NO_FACE, TOO_SMALL, UNREADABLE, Entry
from .verdict import assess, mark_duplicate

SMALLEST_PX = 48  # side of the crop's square in the picture; below it there is nothing to learn
MOST_PIXELS = 24_000_000  # a larger picture is shrunk first: it would fill the memory
MOST_FACES = 10
PREVIEW_PX = 640
LOOK_EVERY_S = 0.2
LEADS_OUT = "a link that leads out of the folders that may be read; put a copy in its place"


@dataclass(frozen=True, kw_only=True)
class ScanResult:
    """What was found in one file: one that is `Accepted`, or `Rejected`."""

    entry: Entry
    size: tuple[int, int] | None = None  # (width, height) of the picture; None if it is none
    faces: list[Landmarks] = field(default_factory=list)  # all of it, the one in question first
    by_hand: bool = False  # whether a landmark file said which faces there are
    preview: bytes = b""  # the picture as a small JPEG, if that was asked for


@dataclass(frozen=True, kw_only=True)
class Accepted(ScanResult):
    """A file whose first face is used."""

    face: Tensor  # (3, s, s) uint8, the crop
    inside: Tensor  # (1, s, s) uint8, 1 where the crop lies in the picture
    points: Tensor  # (68, 2) in the crop's −1…1
    fingerprint: Tensor  # (k,), what duplicates are known by


@dataclass(frozen=True, kw_only=True)
class Rejected(ScanResult):
    """A file that is left out, for the reason in its entry."""

    is_broken: bool = False  # whether it, or its landmark file, is damaged or can't be opened


class NotUsed(ValueError):
    """Why a file is left out; `bucket` says which kind of reason it is."""

    def __init__(self, bucket: str, reason: str, is_broken: bool = False):
        super().__init__(reason)
        self.bucket, self.is_broken = bucket, is_broken


@dataclass(frozen=True)
class ScanOptions:
    """How files are scanned."""

    size: int = 256  # side of the crops in pixels
    detector: str = "auto"
    min_confidence: float = 0.5
    with_previews: bool = False
    # Whether a file or folder may be read: links lead anywhere, and a server has other people's.
    may_read: Callable[[Path], bool] = lambda path: True
    # Called several times a second while files are looked at; what it raises ends the work.
    on_wait: Callable[[], None] = lambda: None


def scan_folder(
    folder: Path | str,
    options: ScanOptions,
    on_entry: Callable[[int, int, Entry], None] = lambda done, total, entry: None,
) -> list[ScanResult]:
    """What each file of a person's in the folder and below it holds, but for sidecars.

    No file stops it. `on_entry` is told of each as it is done; what it raises ends the work.
    Raises ValueError when there is no folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")

    def may_read(path: Path) -> bool:
        options.on_wait()
        return options.may_read(path)

    files = [path for path in own_files(folder, may_read) if not is_sidecar(path)]
    results = []
    with _workers() as pool:
        scans = [
            pool.submit(scan_file, path, path.relative_to(folder).as_posix(), options)
            for path in files
        ]
        for scan in scans:
            while not wait([scan], LOOK_EVERY_S).done:
                options.on_wait()
            results.append(scan.result())
            on_entry(len(results), len(files), results[-1].entry)
    return mark_duplicates(results)


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """A thread for each core. Two networks as small as ours on two cores of their own are done
    sooner than one on both."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, initializer=partial(torch.set_num_threads, 1))
    try:
        yield pool
    finally:
        # A cancel waits neither for the rest of the folder nor for the files in work.
        pool.shutdown(wait=False, cancel_futures=True)
        torch.set_num_threads(threads)  # what a worker sets holds for threads begun later too


def scan_file(path: Path, name: str, options: ScanOptions) -> ScanResult:
    """What the file holds; `name` is what it is called in the entry."""
    picture, size, preview = None, None, b""
    faces, by_hand, score, detector = [], False, None, ""
    try:
        picture = _read(path, options)
        size = picture_size(path)
        preview = _preview(picture) if options.with_previews else b""
        found = _read_sidecar(path, picture, options)
        by_hand = found is not None
        if found is None:
            found = detect(picture, options.detector, MOST_FACES, options.min_confidence)
        # A person who looks at an excluded picture wants to see what was set aside.
        faces = [replace(face, size=size) for face in found + _set_aside(path)]
        if not found:
            raise _no_face(by_hand, options.min_confidence)
        score, detector = found[0].score, found[0].detector
        alignment = _align(replace(found[0], size=(picture.shape[2], picture.shape[1])))
    except NotUsed as error:
        entry = Entry(name, False, str(error), error.bucket, score and round(score, 4), detector)
        return Rejected(
            entry=entry,
            size=size,
            faces=faces,
            by_hand=by_hand,
            preview=preview,
            is_broken=error.is_broken,
        )
    # OSError: the file is gone since it was listed; RecursionError: a landmark file of brackets.
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        reason = str(error).removeprefix(f"{path}: ")
        entry = Entry(name, False, reason, UNREADABLE if picture is None else NO_FACE)
        return Rejected(entry=entry, size=size, preview=preview, is_broken=True)
    face = as_bytes(alignment.crop(picture, options.size))
    return Accepted(
        entry=assess(name, found, alignment.points, by_hand),
        size=size,
        faces=faces,
        by_hand=by_hand,
        preview=preview,
        face=face,
        inside=alignment.inside(options.size).to(torch.uint8),
        points=alignment.points,
        fingerprint=face_fingerprints(face[None])[0],
    )


def mark_duplicates(results: list[ScanResult]) -> list[ScanResult]:
    """The results, each that looks like an earlier one with a word about it."""
    accepted = {i: result for i, result in enumerate(results) if isinstance(result, Accepted)}
    if not accepted:
        return results
    fingerprints = torch.stack([result.fingerprint for result in accepted.values()])
    points = torch.stack([result.points for result in accepted.values()])
    results, places = list(results), list(accepted)
    for i, earlier in zip(places, find_duplicates(fingerprints, points), strict=True):
        name = "" if earlier is None else results[places[earlier]].entry.name
        results[i] = replace(results[i], entry=mark_duplicate(results[i].entry, name))
    return results


def _read(path: Path, options: ScanOptions) -> Tensor:
    """The picture; NotUsed says why there is none."""
    if not options.may_read(path):
        raise NotUsed(UNREADABLE, LEADS_OUT)
    if path.is_dir():
        raise NotUsed(UNREADABLE, "the folder can't be opened; check its permissions", True)
    if path.is_symlink() and not path.exists():
        raise NotUsed(
            UNREADABLE, "a link to a file that is not there; delete it or set it right", True
        )
    if path.suffix.lower() not in ENDINGS:
        kind = f"its name ends in {path.suffix}" if path.suffix else "its name has no ending"
        raise NotUsed(UNREADABLE, f"not a picture ({kind}); a picture has to be PNG, JPEG or WebP")
    if not path.is_file():
        raise NotUsed(UNREADABLE, "not a file that can be read; move it out of the folder")
    return read_picture(path, MOST_PIXELS)


def _read_sidecar(path: Path, picture: Tensor, options: ScanOptions) -> list[Landmarks] | None:
    if not options.may_read(sidecar_path(path)):
        raise NotUsed(NO_FACE, f"its landmark file is {LEADS_OUT}")
    try:
        return faces_beside(path, (picture.shape[2], picture.shape[1]))
    except ValueError as error:
        # It begins with where the folder lies, which the person knows.
        reason = str(error).removeprefix(f"{path}: ").removeprefix(str(path.parent))
        raise NotUsed(NO_FACE, reason.lstrip("/\\"), True) from None


def _set_aside(path: Path) -> list[Landmarks]:
    try:
        return read_set_aside(path)
    except ValueError:  # of a broken file `_read_sidecar` has spoken
        return []


def _no_face(by_hand: bool, min_confidence: float) -> NotUsed:
    if by_hand:
        return NotUsed(
            EXCLUDED,
            "excluded by you: its landmark file holds no face; bring it back in the review, "
            "or delete the file",
        )
    return NotUsed(
        NO_FACE,
        f"no face found at confidence {min_confidence:g}; place the points by hand, or lower the "
        "minimum confidence",
    )


def _align(face: Landmarks) -> Alignment:
    alignment = align(face)
    if not math.isfinite(alignment.extent_px) or alignment.extent_px < 1:
        raise NotUsed(NO_FACE, "its landmark file holds no face; place the points again")
    if (face.points.abs() <= 1).all(-1).float().mean() < 0.5:
        raise NotUsed(NO_FACE, "the face lies outside the picture; place the points again")
    if alignment.extent_px < SMALLEST_PX:
        raise NotUsed(
            TOO_SMALL,
            f"the face is too small ({alignment.extent_px:.0f} px, at least {SMALLEST_PX}); use a "
            "larger copy of the picture",
        )
    return alignment


def _preview(picture: Tensor) -> bytes:
    shrink = min(1, PREVIEW_PX / max(picture.shape[-2:]))
    size = [max(1, round(n * shrink)) for n in picture.shape[-2:]]
    return to_jpeg(resized(picture, size))


def to_jpeg(picture: Tensor) -> bytes:
    """The picture (3, h, w), 0…1, as the bytes of a JPEG file."""
    file = io.BytesIO()
    to_image(picture).save(file, "JPEG", quality=85)
    return file.getvalue()
