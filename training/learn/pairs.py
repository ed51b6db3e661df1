"""Drawing what one training step sees: portraits, art in a near pose, and art parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ...tps_core.landmarks import IBUG_MIRROR, IBUG_PARTS
from ...tps_core.light import skin_light
from ...tps_core.tps import fit
from ...tps_core.warp import pixel_centres, sample
from ..banks.bank import FaceBank
from .art_profile import PAINTINGS, ArtProfile
from .masks import art_valid

# Each part's window: the landmarks that place it and half its side, in the crop's −1…1. Brows go
# with their eyes, whose six points alone nearly lie on a line.
PARTS = {
    "left_eye": (("left_eye", "left_brow"), 0.26),
    "right_eye": (("right_eye", "right_brow"), 0.26),
    "nose": (("nose",), 0.28),
    "mouth": (("mouth",), 0.34),
}
# Every crop is turned, scaled and shifted a little, at random, and every photo's light changed:
# a few dozen pictures are soon known by heart, and sitters come in all lights and skins.
TURN_RADIANS = 0.15
ZOOM_LOG = 0.1  # of the logarithm of the scale
MOST_SHIFT = 0.06  # in the crop's −1…1
GAMMA_LOG = 0.5  # of the logarithm of the exponent
LINE_ART_GAMMA_LOG = 1.0  # line art leaves every skin white, however dark …
DARK_REPEATS = 2  # … and must see the darkest more often than they are among photos
DARKEST_SHARE = 0.25  # of the photos
LEAST_VIEW_SHARE = 0.85  # of its side that discriminators of whole faces see, at random
FULL_RESOLUTION_CHANCE = 0.5  # that they see every pixel; else at a share of the resolution from
LEAST_RESOLUTION = 0.5
# Of so many pieces of art and portraits, drawn at random, the two are paired whose poses are
# nearest: what needn't be bent far can be compared.
ART_CANDIDATES = 3
PHOTO_CANDIDATES = 24
# Parts are matched less strictly than faces: a few points hold them.
PART_STIFFNESS = 2e-3

Choice = tuple[int, bool]  # the index of one of a bank's faces, and whether it is mirrored


@dataclass(frozen=True)
class Faces:
    """Some of a bank's faces at the training size."""

    pictures: Tensor  # (b, 3, s, s) in 0…1
    inside: Tensor  # (b, 1, s, s), 1 where the crop lies in its picture
    points: Tensor  # (b, 68, 2)


@dataclass(frozen=True)
class View:
    """Which part of whole faces the discriminators see in one step, at which resolution."""

    top: int = 0  # of the part, in pixels
    left: int = 0
    side: int | None = None  # None for all
    scale: float = 1.0  # of the resolution

    def __call__(self, pictures: Tensor) -> Tensor:
        """That part of pictures (b, c, h, w), seen so."""
        side = self.side or pictures.shape[-1]
        part = pictures[..., self.top : self.top + side, self.left : self.left + side]
        if self.scale == 1:
            return part
        size = [round(self.scale * side)] * 2
        return F.interpolate(part, size, mode="bilinear", antialias=True)


@dataclass(frozen=True)
class Batch:
    """What one step sees."""

    photo: Faces
    art: Faces  # one for each portrait, in a near pose
    art_unaugmented: Faces  # the same, neither turned nor moved: what is bent is read only once
    part_sources: Faces  # more art, drawn at random, for the parts
    is_line_art: bool = False  # of which no tones are asked
    view: View = View()


class Pairs:
    """Draws batches from two banks; the random state is a value that can be kept and set."""

    def __init__(
        self,
        photos: FaceBank,
        art: FaceBank,
        size: int,
        device: torch.device,
        profile: ArtProfile = PAINTINGS,
    ):
        self._photos, self._art = photos, art
        self._is_line_art = profile.is_line_art
        self._sitters = list(range(len(photos)))  # indices of photos, each drawn as often as listed
        if self._is_line_art:
            self._sitters += DARK_REPEATS * darkest(photos)
        self._size, self._device = size, device

    def draw(self, count: int, random: torch.Generator) -> Batch:
        """A batch of `count` pairs, from the random state (which moves on)."""
        sources = _draw(len(self._art), count, random)
        art, photo = zip(*(self._near_pair(random) for _ in range(count)), strict=True)
        faces = _jitter(self._faces(self._photos, photo), random)
        unaugmented = self._faces(self._art, art)
        most = LINE_ART_GAMMA_LOG if self._is_line_art else GAMMA_LOG
        gamma = (most * _uniform(random, count, 1, 1, 1)).exp().to(self._device)
        return Batch(
            replace(faces, pictures=faces.pictures**gamma),
            _jitter(unaugmented, random),
            unaugmented,
            self._faces(self._art, sources),
            self._is_line_art,
            _view(self._size, random),
        )

    def _near_pair(self, random: torch.Generator) -> tuple[Choice, Choice]:
        """A piece of art and a portrait in a near pose."""
        art = _draw(len(self._art), ART_CANDIDATES, random)
        drawn = _draw(len(self._sitters), PHOTO_CANDIDATES, random)
        photos = [(self._sitters[i], mirrored) for i, mirrored in drawn]
        art_poses, photo_poses = (
            torch.stack([_points(bank, *choice) for choice in choices]).flatten(1)
            for bank, choices in ((self._art, art), (self._photos, photos))
        )
        nearest = int(torch.cdist(art_poses, photo_poses).argmin())
        return art[nearest // len(photos)], photos[nearest % len(photos)]

    def _faces(self, bank: FaceBank, choices: Sequence[Choice]) -> Faces:
        index = [i for i, _ in choices]
        flip = torch.tensor([mirrored for _, mirrored in choices])[:, None, None, None]
        pictures = bank.faces[index].float() / 255
        inside = bank.inside[index].float()
        pictures, inside = (torch.where(flip, x.flip(-1), x) for x in (pictures, inside))
        if bank.size != self._size:
            size = (self._size, self._size)
            pictures = F.interpolate(pictures, size, mode="bilinear", antialias=True)
            inside = F.interpolate(inside, size, mode="bilinear", antialias=True)
        points = torch.stack([_points(bank, *choice) for choice in choices])
        return Faces(*(x.to(self._device) for x in (pictures, inside, points)))


def darkest(photos: FaceBank) -> list[int]:
    """The photos whose faces are darkest, between the eyes and the mouth."""
    light = torch.tensor(
        [
            skin_light(face.float() / 255, points)
            for face, points in zip(photos.faces, photos.points, strict=True)
        ]
    )
    return light.argsort()[: round(DARKEST_SHARE * len(light))].tolist()


def part_window(points: Tensor, part: str, size: int) -> Tensor:
    """Where the pixels of a part's window lie in a face with these points: (b, size, size, 2).

    A square of fixed size around the part; points (b, 68, 2) and result in the face's −1…1.
    """
    _, half = PARTS[part]
    centre = _part_points(points, part).mean(1)[:, None, None]
    return centre + half * pixel_centres((size, size), like=points)


def aligned_part(
    sources: Faces, points: Tensor, part: str, window: Tensor
) -> tuple[Tensor, Tensor]:
    """The sources' part, bent onto the part of faces with `points` (b, 68, 2), seen in `window`.

    Gives pictures (b, 3, k, k) and where they are inside the source's picture (b, 1, k, k).
    """
    _, half = PARTS[part]
    here, there = _part_points(points, part), _part_points(sources.points, part)
    # The window's corners travel with the part as a whole, so that its frame isn't bent.
    corners = half * torch.tensor([[-1.0, -1], [1, -1], [-1, 1], [1, 1]]).to(points)
    here_centre, there_centre = here.mean(1, keepdim=True), there.mean(1, keepdim=True)
    scale = (there - there_centre).norm(dim=(1, 2)) / (here - here_centre).norm(dim=(1, 2))
    here = torch.cat([here, here_centre + corners], 1)
    there = torch.cat([there, there_centre + scale[:, None, None] * corners], 1)
    grid = fit(here, there, PART_STIFFNESS)(window.flatten(1, 2)).unflatten(1, window.shape[1:3])
    return sample(sources.pictures, grid), art_valid(sources.inside, grid)


def _jitter(faces: Faces, random: torch.Generator) -> Faces:
    """The faces a little turned, scaled and shifted, their landmarks with them."""
    count = len(faces.points)
    angle, zoom = TURN_RADIANS * _uniform(random, count), (ZOOM_LOG * _uniform(random, count)).exp()
    cosine, sine = zoom * angle.cos(), zoom * angle.sin()
    linear = torch.stack([torch.stack([cosine, -sine], 1), torch.stack([sine, cosine], 1)], 1)
    shift = MOST_SHIFT * _uniform(random, count, 1, 2)
    linear, shift = linear.to(faces.points), shift.to(faces.points)
    centres = pixel_centres(faces.pictures.shape[-2:], like=shift).flatten(0, 1)
    # Pixels are read backwards: what lies at `centres @ linear + shift` comes to lie at `centres`.
    grid = (centres @ linear + shift).unflatten(1, faces.pictures.shape[-2:])
    return Faces(
        sample(faces.pictures, grid, "reflection", "bicubic").clamp(0, 1),
        sample(faces.inside, grid, padding="zeros"),
        (faces.points - shift) @ torch.linalg.inv(linear),
    )


def _view(size: int, random: torch.Generator) -> View:
    share, top, left, close, scale = torch.rand(5, generator=random).tolist()
    side = round((LEAST_VIEW_SHARE + (1 - LEAST_VIEW_SHARE) * share) * size)
    room = size - side + 1
    scale = (
        1.0 if close < FULL_RESOLUTION_CHANCE else LEAST_RESOLUTION + (1 - LEAST_RESOLUTION) * scale
    )
    return View(int(top * room), int(left * room), side, scale)


def _uniform(random: torch.Generator, *shape: int) -> Tensor:
    """Numbers between −1 and 1."""
    return 2 * torch.rand(shape, generator=random) - 1


def _part_points(points: Tensor, part: str) -> Tensor:
    names, _ = PARTS[part]
    return torch.cat([points[:, IBUG_PARTS[name]] for name in names], 1)


def _draw(total: int, count: int, random: torch.Generator) -> list[Choice]:
    """`count` of `total` faces, each as it is or mirrored."""
    index = torch.randint(total, (count,), generator=random).tolist()
    mirrored = torch.randint(2, (count,), generator=random).bool().tolist()
    return list(zip(index, mirrored, strict=True))


def _points(bank: FaceBank, index: int, mirrored: bool) -> Tensor:
    points = bank.points[index]
    return points[IBUG_MIRROR] * torch.tensor([-1.0, 1.0]) if mirrored else points
