"""Pairs of a photo and a painting of it, made by the aligned painter before the first step.

One picture of art teaches all of them. Were each photo taught by another, their looks would
contradict each other, and what is learned is their average, which is a grey photo.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.container import read_container, write_container
from ...tps_core.paint_like.artwork import Artwork, artwork_of_crop
from ...tps_core.paint_like.painter import paint_crop
from ...tps_core.pictures import as_bytes
from ...tps_core.warp import pixel_centres, sample
from ..banks.bank import FaceBank

FORMAT = "tps-portrait-pairs/1"
FILE = "pairs.safetensors"  # in a training's state folder
LARGEST = 256  # side of the faces that are painted, in pixels
# What is learned from is a part of a face, turned and mirrored at random: a few dozen pictures are
# soon known by heart.
MOST_PART_PX = 160
PART = (0.5, 0.85)  # side of a part, as a share of the face crop's
CLOSE_PART = (0.4, 0.6)  # of one around an eye or the mouth …
CLOSE = 0.35  # … which so many are: they are small, and all look at them
TURN = 0.2  # radians
GAMMA = 0.3  # of the logarithm of the exponent that changes a photo's light
FEATURES = ((36, 42), (42, 48), (48, 68))  # iBUG's points of the eyes and of the mouth
# How a look is chosen: degrees of yaw and pitch that are as bad as half of the crop not shown.
TURNED = 40.0

Progress = Callable[[int, int], None]  # how many photos are painted, and of how many


@dataclass(frozen=True)
class PaintedPairs:
    """Photos and their paintings."""

    photos: Tensor  # (n, 3, s, s) uint8
    paintings: Tensor  # (n, 3, s, s) uint8
    points: Tensor  # (n, 68, 2), the photos' landmarks

    def draw(
        self, count: int, random: torch.Generator, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """`count` parts of photos and the same parts of their paintings: (count, 3, k, k) each."""
        side = self.photos.shape[-1]
        part = min(MOST_PART_PX, side * 3 // 4)
        index = torch.randint(len(self.photos), (count,), generator=random)
        grid = _part_grid(self.points[index], part, random)
        photos, paintings = (
            sample(x[index].float() / 255, grid, "reflection", "bicubic").clamp(0, 1).to(device)
            for x in (self.photos, self.paintings)
        )
        gamma = (GAMMA * _uniform(random, count, 1, 1, 1)).exp().to(device)
        return photos**gamma, paintings


def paint_pairs(
    art: FaceBank,
    photos: FaceBank,
    count: int,
    look: str = "",
    folder: Path | str | None = None,
    on_pair: Progress = lambda done, total: None,
) -> PaintedPairs:
    """At most `count` of the photos, evenly spread, painted like the art's picture named `look`.

    With the look "", `choose_look` chooses. With a folder the pairs are kept there, and not painted
    again for the same pictures. `on_pair` is told of each as it is done; what it raises ends the
    work.
    Raises ValueError for a look that isn't among the art.
    """
    teacher = find_look(art, look)
    path = Path(folder) / FILE if folder else None
    count = min(count, len(photos))
    record = {"art": art.digest, "photos": photos.digest, "teacher": teacher, "count": count}
    kept = _kept(path, record)
    if kept:
        return kept
    artwork = look_of(art, teacher)
    index = torch.linspace(0, len(photos) - 1, count).round().long()
    faces, points = painted_size(photos.faces[index]), photos.points[index]
    paintings = []
    for done, (face, at) in enumerate(zip(faces, points, strict=True), 1):
        paintings.append(as_bytes(paint_crop(face.float() / 255, at, artwork)))
        on_pair(done, count)
    pairs = PaintedPairs(faces, torch.stack(paintings), points)
    if path:
        tensors = {"photos": pairs.photos, "paintings": pairs.paintings, "points": pairs.points}
        write_container(path, FORMAT, tensors, record)
    return pairs


def find_look(art: FaceBank, name: str) -> int:
    """The index of the art's face with that file name, with or without its ending.

    Raises ValueError when there is none. With the name "" it is what `choose_look` chooses.
    """
    if not name:
        return choose_look(art)
    names = [entry.name for entry in art.entries if entry.used]
    for index, other in enumerate(names):
        if name in (other, Path(other).name, Path(other).stem):
            return index
    raise ValueError(
        f"{name}: no usable picture of that name in the art; there are "
        f"{', '.join(names[:5])}{' …' if len(names) > 5 else ''}"
    )


def choose_look(art: FaceBank) -> int:
    """The index of the face that can teach best: frontal, sharp, with much of the crop shown."""
    turned = art.poses.abs().sum(1) / TURNED
    missing = 1 - art.inside.float().mean((1, 2, 3))
    sharp = torch.stack([_detail(face.float()) for face in art.faces])
    blurred = 1 - sharp / sharp.max().clamp_min(1e-9)
    return int((turned + 2 * missing + blurred).argmin())


def look_of(art: FaceBank, index: int) -> Artwork:
    """The art's face with that index, ready to be painted like."""
    return artwork_of_crop(
        art.faces[index].float() / 255, art.points[index], art.inside[index].float()
    )


def _detail(face: Tensor) -> Tensor:
    """How much of the face (3, s, s) is finer than some three pixels."""
    return (face - F.avg_pool2d(face, 3, 1, 1)).abs().mean()


def _kept(path: Path | None, record: dict) -> PaintedPairs | None:
    """The pairs in the file, if it is there, whole, and of this record."""
    if path is None or not path.is_file():
        return None
    try:
        tensors, found = read_container(path, FORMAT, "painted pairs")
    except ValueError:
        return None  # they can be painted again
    return PaintedPairs(**tensors) if found == record else None


def painted_size(faces: Tensor) -> Tensor:
    """The faces (n, 3, s, s), uint8, at a side that the painter paints: a power of two."""
    side = min(LARGEST, 2 ** int(math.log2(faces.shape[-1])))
    if side == faces.shape[-1]:
        return faces
    small = F.interpolate(faces.float() / 255, (side, side), mode="bilinear", antialias=True)
    return as_bytes(small)


def _part_grid(points: Tensor, part: int, random: torch.Generator) -> Tensor:
    """Where the pixels of random parts lie in faces with these points: (n, part, part, 2)."""
    count = len(points)
    close = torch.rand(count, generator=random) < CLOSE
    which = torch.randint(len(FEATURES), (count,), generator=random).tolist()
    centres = torch.stack(
        [face[slice(*FEATURES[i])].mean(0) for face, i in zip(points, which, strict=True)]
    )
    share = (1 + _uniform(random, count)) / 2
    low = torch.where(close, CLOSE_PART[0], PART[0])
    high = torch.where(close, CLOSE_PART[1], PART[1])
    scale = low + (high - low) * share
    nudge = _uniform(random, count, 2)
    shift = torch.where(close[:, None], centres + 0.15 * nudge, (1.05 - scale)[:, None] * nudge)
    angle = TURN * _uniform(random, count)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    mirror = torch.rand(count, generator=random) < 0.5
    flip = torch.where(mirror, -1.0, 1.0)[:, None] * torch.tensor([1.0, 0]) + torch.tensor([0, 1.0])
    here = pixel_centres((part, part), like=points).flatten(0, 1)
    return ((here * flip[:, None]) @ linear + shift[:, None]).unflatten(1, (part, part))


def _uniform(random: torch.Generator, *shape: int) -> Tensor:
    """Numbers between −1 and 1."""
    return 2 * torch.rand(shape, generator=random) - 1
