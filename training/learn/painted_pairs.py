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
from ...tps_core.detectors.person_mask import person_mask
from ...tps_core.geometry.pixels import as_bytes
from ...tps_core.light import light_for_lines
from ...tps_core.paint_like.artwork import Artwork, artwork_of_crop
from ...tps_core.paint_like.painter import paint_crop
from ...tps_core.warp import pixel_centres, sample
from ..banks.bank import FaceBank

FORMAT = "tps-portrait-pairs/2"
FILE = "pairs.safetensors"  # in a training's state folder
MOST_PAINTED_PX = 256  # side of the faces that are painted, in pixels
# What is learned from is most of a face, turned and mirrored at random: a few dozen pictures are
# soon known by heart. Not enlarged: strokes are to be as large as the painter's.
MOST_PART_PX = 192
PART_SIDES = (0.7, 1.0)  # side of a part, as a share of the face crop's
TURN_RADIANS = 0.2  # radians
# Paintings have their own palette and ground, whatever the light and the wall behind the sitter.
GAMMA_LOG = 0.15  # of the logarithm of the exponent that changes a photo's light
TINT_LOG = 0.15  # the same for each of its colours
OTHER_GROUND_SHARE = 0.5  # share of the photos that get another ground
BLOTS_PER_SIDE = 3  # per side of such a ground, of colours that differ by less than …
BLOT_CONTRAST = 0.4
MOST_NUDGE_PX = 7
FEATURES = slice(36, 68)  # iBUG's points of eyes and mouth, which are small and all look at
FEATURE_REACH = 0.07  # how far from these it is near them, in half face crops
# How a look is chosen: degrees of yaw and pitch that are as bad as half of the crop not shown.
TURN_DEGREES = 40.0

Progress = Callable[[int, int], None]  # how many photos are painted, and of how many


@dataclass(frozen=True)
class PaintedPairs:
    """Photos and their paintings."""

    photos: Tensor  # (n, 3, s, s) uint8
    paintings: Tensor  # (n, 3, s, s) uint8
    people: Tensor  # (n, 1, s, s) uint8, 255 where the photos show a person
    points: Tensor  # (n, 68, 2), the photos' landmarks

    def draw(self, count: int, random: torch.Generator, device: torch.device) -> "Parts":
        """`count` parts of photos, most in another light or before another ground."""
        side = min(MOST_PART_PX, self.photos.shape[-1] * 3 // 4)
        index = torch.randint(len(self.photos), (count,), generator=random)
        grid = _part_grid(count, side, random)
        photos, paintings, people = (
            sample(x[index].float() / 255, grid, "reflection", "bicubic").clamp(0, 1)
            for x in (self.photos, self.paintings, self.people)
        )
        photos = _in_other_light(_before_other_grounds(photos, people, random), random)
        away = torch.cdist(grid.flatten(1, 2), self.points[index, FEATURES]).amin(2)
        near = torch.exp(-((away / FEATURE_REACH) ** 2)).view(count, 1, side, side)
        down, right = torch.randint(MOST_NUDGE_PX + 1, (2,), generator=random).tolist()
        seed = int(torch.randint(2**31, (1,), generator=random))
        return Parts(photos.to(device), paintings.to(device), near.to(device), (down, right), seed)


@dataclass(frozen=True)
class Parts:
    """Parts of photos and the same parts of their paintings."""

    photos: Tensor  # (b, 3, k, k) in 0…1
    paintings: Tensor  # (b, 3, k, k)
    near_features: Tensor  # (b, 1, k, k), 1 at eyes and mouth, falling softly to 0
    nudge: tuple[int, int] = (0, 0)  # pixels down and right
    seed: int = 0  # of what else is drawn for them

    def nudged(self, pictures: Tensor) -> Tensor:
        """The pictures (b, c, k, k), a few pixels smaller, not always beginning at the same place.

        A network that sees them so doesn't teach its own grid, as a weave.
        """
        side = pictures.shape[-1] - MOST_NUDGE_PX
        down, right = self.nudge
        return pictures[..., down : down + side, right : right + side]


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
    points = photos.points[index]
    made: list[tuple[Tensor, ...]] = []
    for face, at in zip(painted_size(photos.faces[index]), points, strict=True):
        picture = face.float() / 255
        if artwork.is_line_art:
            picture = light_for_lines(picture, at)  # as at use
        painting = paint_crop(picture, at, artwork)
        made.append(tuple(as_bytes(x) for x in (picture, painting, person_mask(picture))))
        on_pair(len(made), count)
    faces, paintings, people = (torch.stack(kind) for kind in zip(*made, strict=True))
    pairs = PaintedPairs(faces, paintings, people, points)
    if path:
        write_container(path, FORMAT, vars(pairs), record)
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
    turned = art.poses.abs().sum(1) / TURN_DEGREES
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
    side = min(MOST_PAINTED_PX, 2 ** int(math.log2(faces.shape[-1])))
    if side == faces.shape[-1]:
        return faces
    small = F.interpolate(faces.float() / 255, (side, side), mode="bilinear", antialias=True)
    return as_bytes(small)


def _part_grid(count: int, part: int, random: torch.Generator) -> Tensor:
    """Where the pixels of random parts lie in face crops: (count, part, part, 2)."""
    scale = PART_SIDES[0] + (PART_SIDES[1] - PART_SIDES[0]) * torch.rand(count, generator=random)
    shift = (1.05 - scale)[:, None] * _uniform(random, count, 2)
    angle = TURN_RADIANS * _uniform(random, count)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    mirror = torch.rand(count, generator=random) < 0.5
    flip = torch.where(mirror, -1.0, 1.0)[:, None] * torch.tensor([1.0, 0]) + torch.tensor([0, 1.0])
    here = pixel_centres((part, part), like=scale).flatten(0, 1)
    return ((here * flip[:, None]) @ linear + shift[:, None]).unflatten(1, (part, part))


def _before_other_grounds(photos: Tensor, people: Tensor, random: torch.Generator) -> Tensor:
    """The photos (b, 3, k, k), some before a ground of another light and colours."""
    count, size = len(photos), photos.shape[-2:]
    light = 0.5 + 0.6 * _uniform(random, count, 1, 1, 1)
    color = 0.25 * _uniform(random, count, 3, 1, 1) * torch.rand(count, 1, 1, 1, generator=random)
    blots = _uniform(random, count, 3, BLOTS_PER_SIDE, BLOTS_PER_SIDE)
    blots = blots * torch.rand(count, 1, 1, 1, generator=random)
    blots = F.interpolate(BLOT_CONTRAST / 2 * blots, size, mode="bicubic", align_corners=True)
    other = torch.rand(count, 1, 1, 1, generator=random) < OTHER_GROUND_SHARE
    return photos.lerp((light + color + blots).clamp(0, 1), (1 - people) * other)


def _in_other_light(photos: Tensor, random: torch.Generator) -> Tensor:
    """The photos (b, 3, k, k) lighter or darker, and with a tint."""
    gamma = GAMMA_LOG * _uniform(random, len(photos), 1, 1, 1)
    tint = TINT_LOG * _uniform(random, len(photos), 3, 1, 1)
    return photos ** (gamma + tint).exp()


def _uniform(random: torch.Generator, *shape: int) -> Tensor:
    """Numbers between −1 and 1."""
    return 2 * torch.rand(shape, generator=random) - 1
