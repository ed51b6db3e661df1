"""Which pixel of the bent art each pixel of the painting is taken from.

From coarse to fine. At the coarsest scales each patch is compared with every patch of the art; from
then on with those around the place where the scale before found it. A patch is the better, the
nearer it is to the painting so far, to the light that is wanted, and to its own place; the sitter
is painted with the sitter, and ground and clothes are the art's, whatever the photo has there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ..geometry.resize import resized
from .artwork import Bent
from .fields import box
from .guides import Guides

FACE_AT_FIRST = 32  # pixels of the face crop's side at the coarsest scale
FACE_AT_LAST = 64  # and at the last at which all patches are compared
MOST_COMPARISONS = 100_000_000  # of patches at such a scale; beyond, only those around
COMPARED_AT_ONCE = 8_000_000
# Of a patch, in pixels: where all are compared, and at the finer scales, where a stroke is longer.
RADIUS, FINER_RADIUS = 2, 4
STEP = 2  # how far around a place is searched, in pixels
ROUNDS = 2  # of searching and putting together, at each scale

FINE, FINE_HELD = 3.0, 13.5  # what differences of light weigh; those of colour weigh 1
BROAD, BROAD_IN_FACE = 0.2, 0.5
SETTING = 0.9  # how much less light weighs in ground and clothes, where the art shows its own
# Squared distances from the own place, in face crops, weigh this much.
PLACE, PLACE_IN_FACE, PLACE_HELD, PLACE_IN_SETTING = 1.5, 0.5, 4.8, 4.0
PLACE_NOT_SHOWN = 0.05  # where the art shows nothing at that place, it hardly matters
NOT_SHOWN = 0.3
SKIN, SKIN_IN_FACE = 1.0, 2.0  # likeness to the face's colours
PERSON = 4.0  # of the sitter where the ground is, or the other way round
PARTS = 0.5  # of an eye where there is none, or the other way round
FIRST_COLORS = 0.0  # the painting so far counts for nothing while it is only the bent art
SHARPNESS = 4.0  # by which patches that fit better count for more where several cover a pixel


@dataclass(frozen=True)
class Matches:
    """For each pixel of the painting the pixel of the art: which of the bent ones, its y and x."""

    art: Tensor  # (h, w) int64
    y: Tensor
    x: Tensor

    def of(self, pictures: Tensor, down: int = 0, right: int = 0) -> Tensor:
        """The pixels of the bent pictures (k, c, h', w'), or those beside them: (c, h, w)."""
        y = (self.y + down).clamp(0, pictures.shape[-2] - 1)
        x = (self.x + right).clamp(0, pictures.shape[-1] - 1)
        return pictures.permute(0, 2, 3, 1)[self.art, y, x].permute(2, 0, 1)

    def finer(self) -> "Matches":
        """The same at twice the size."""
        art, y, x = (
            part.repeat_interleave(2, 0).repeat_interleave(2, 1)
            for part in (self.art, 2 * self.y, 2 * self.x)
        )
        odd_y = torch.arange(len(y), device=y.device)[:, None] % 2
        return Matches(art, y + odd_y, x + torch.arange(x.shape[1], device=x.device) % 2)


@dataclass(frozen=True)
class Found:
    """What the search has found at one scale."""

    painting: Tensor  # (3, h, w) in 0…1
    matches: Matches


@dataclass(frozen=True)
class _Scale:
    """All maps at one scale."""

    art: Tensor  # (k, h', w', 9): colour, fine and broad light, skin, person, parts, not shown
    wanted: Tensor  # (h, w, 6): the same but for the colour
    weights: Tensor  # (h, w, 9)
    place: Tensor  # (h, w) weight of squared pixels away from the own place
    own_y: Tensor  # (h, 1) the own places of pixels, on the canvas of art
    own_x: Tensor  # (1, w)
    everywhere: bool  # whether all patches are compared

    def target(self, painting: Tensor) -> Tensor:
        """What a pixel of art should be like: (h, w, 9)."""
        return torch.cat([painting.permute(1, 2, 0), self.wanted], -1)


def search(
    bent: list[Bent], guides: Guides, face_px: int, origin: tuple[int, int]
) -> Iterator[Found]:
    """Yields what is found at each scale; the last is that of the guides.

    `origin` is where (x, y) = (0, 0) of the art's canvas lies on that of the painting.
    Sides and origin are multiples of face_px / FACE_AT_FIRST, a power of two.
    """
    factor = face_px // FACE_AT_FIRST
    matches = None
    painting: Tensor | None = None
    while factor >= 1:
        scale = _scale(bent, guides, face_px, origin, factor)
        if matches is None or painting is None:
            h, w = scale.wanted.shape[:2]
            matches = Matches(
                torch.zeros(h, w, dtype=torch.long, device=scale.art.device),
                scale.own_y.clamp(0, scale.art.shape[1] - 1).expand(h, w).long(),
                scale.own_x.clamp(0, scale.art.shape[2] - 1).expand(h, w).long(),
            )
            painting, colors = matches.of(scale.art.permute(0, 3, 1, 2))[:3], FIRST_COLORS
        else:
            matches, colors = matches.finer(), 1.0
            doubled = F.interpolate(painting[None], scale_factor=2, mode="bicubic")
            painting = doubled[0].clamp(0, 1)
        for round_ in range(ROUNDS):
            target = scale.target(painting)
            if scale.everywhere:
                matches, costs = _compare_all(scale, target, colors)
            else:
                matches, costs = _compare_around(scale, target, matches)
            painting, matches = _put_together(scale, matches, costs, round_ == ROUNDS - 1)
            colors = 1.0
        yield Found(painting, matches)
        factor //= 2


def _scale(bent: list[Bent], guides: Guides, face_px, origin, factor: int) -> _Scale:
    """The maps made `factor` times smaller."""

    def at(maps: Tensor) -> Tensor:
        return resized(maps, (maps.shape[-2] // factor, maps.shape[-1] // factor))

    parts_of_art = at(guides.parts_of_art)
    art = torch.stack(
        [
            torch.cat(
                [
                    at(view.picture),
                    at(fine),
                    at(broad),
                    at(skin),
                    at(person),
                    parts_of_art,
                    1 - at(view.shown),
                ]
            )
            for view, fine, broad, skin, person in zip(
                bent,
                guides.fine_of_art,
                guides.broad_of_art,
                guides.like_skin_of_art,
                guides.person_of_art,
                strict=True,
            )
        ]
    ).permute(0, 2, 3, 1)
    wanted = torch.cat(
        [
            at(guides.fine),
            at(guides.broad),
            at(guides.like_skin),
            at(guides.person),
            at(guides.parts),
        ]
    )
    wanted = torch.cat([wanted, torch.zeros_like(wanted[:1])]).permute(1, 2, 0)
    face, held, shown = at(guides.face)[0], at(guides.held)[0], at(guides.shown)[0]
    ones, setting = torch.ones_like(face), at(guides.setting)[0] * shown
    light = guides.light_weight * (1 - SETTING * setting)
    weights = torch.stack(
        [
            ones / 3,
            ones / 3,
            ones / 3,
            light * (FINE + (FINE_HELD - FINE) * held),
            light * (BROAD + (BROAD_IN_FACE - BROAD) * face),
            guides.skin_weight * (SKIN + (SKIN_IN_FACE - SKIN) * face),
            guides.person_weight * PERSON * ones,
            PARTS * ones,
            NOT_SHOWN * ones,
        ],
        -1,
    )
    own = PLACE + (PLACE_IN_FACE - PLACE) * face + PLACE_HELD * held
    own = own + (PLACE_IN_SETTING - PLACE) * setting
    own = PLACE_NOT_SHOWN + (own - PLACE_NOT_SHOWN) * shown
    h, w = face.shape
    device = face.device
    patches = h * w * art[..., 0].numel()
    return _Scale(
        art.contiguous(),
        wanted,
        weights,
        own / (face_px / factor) ** 2,
        torch.arange(h, device=device)[:, None] - origin[1] // factor,
        torch.arange(w, device=device)[None] - origin[0] // factor,
        face_px // factor <= FACE_AT_LAST and patches <= MOST_COMPARISONS,
    )


def _compare_all(scale: _Scale, target: Tensor, colors: float) -> tuple[Matches, Tensor]:
    """The best of all patches for each pixel, and what it costs.

    The cost is a sum of squared differences, times weights of the pixel; multiplied out it is one
    matrix product. So is the distance from the own place.
    """
    area = (2 * RADIUS + 1) ** 2
    views, rows, columns, _ = scale.art.shape
    weights = scale.weights.flatten(0, 1).clone() / area  # (n, 9)
    weights[:, :3] *= colors
    wanted = _patches(target)  # (n, 9, area)
    have = torch.cat([_patches(view) for view in scale.art])  # (m, 9, area)
    place = scale.place.flatten()[:, None]  # (n, 1)
    h, w = scale.place.shape
    own = torch.stack(
        [scale.own_y.expand(h, w).flatten(), scale.own_x.expand(h, w).flatten()], 1
    ).to(have)
    y, x = torch.meshgrid(
        torch.arange(rows, device=own.device), torch.arange(columns, device=own.device),
        indexing="ij",
    )  # fmt: skip
    there = torch.stack([y, x], -1).to(have).flatten(0, 1).repeat(views, 1)
    usable = (scale.art[..., -1].flatten() < 0.5).nonzero()[:, 0]
    have, there = have[usable], there[usable]
    left = torch.cat(
        [(-2 * weights[..., None] * wanted).flatten(1), weights, -2 * place * own, place], 1
    )
    right = torch.cat(
        [have.flatten(1), have.square().sum(2), there, there.square().sum(1, keepdim=True)], 1
    )
    parts = left.split(max(1, COMPARED_AT_ONCE // len(right)))
    costs, best = (torch.cat(p) for p in zip(*((q @ right.T).min(1) for q in parts), strict=True))
    costs = costs + (weights * wanted.square().sum(2)).sum(1)
    costs = costs + (place * own.square()).sum(1)
    best = usable[best]
    view, place_in_view = best // (rows * columns), best % (rows * columns)
    found = Matches(
        *(t.view(h, w) for t in (view, place_in_view // columns, place_in_view % columns))
    )
    return found, costs.clamp_min(0).view(h, w)


def _patches(maps: Tensor) -> Tensor:
    """The patch around each pixel of maps (h, w, c): (h w, c, area)."""
    padded = F.pad(maps.permute(2, 0, 1)[None], [RADIUS] * 4, mode="replicate")
    return F.unfold(padded, 2 * RADIUS + 1)[0].T.unflatten(1, (maps.shape[-1], -1))


def _compare_around(scale: _Scale, target: Tensor, matches: Matches) -> tuple[Matches, Tensor]:
    """The best of the patches around the matches, STEP pixels each way, and what it costs."""
    _, rows, columns, _ = scale.art.shape
    pixels = scale.art.flatten(0, 2)
    y, x = matches.y.clamp(STEP, rows - 1 - STEP), matches.x.clamp(STEP, columns - 1 - STEP)
    index = (matches.art * rows + y) * columns + x
    away_y, away_x = (y - scale.own_y).to(target), (x - scale.own_x).to(target)
    best = torch.full_like(scale.place, torch.inf)
    best_y, best_x = y, x
    for down in range(-STEP, STEP + 1):
        for right in range(-STEP, STEP + 1):
            have = pixels[index + (down * columns + right)]
            differences = (have.sub_(target).square_() * scale.weights).sum(-1)
            away = (away_y + down).square() + (away_x + right).square()
            cost = box(differences[None], FINER_RADIUS)[0] + scale.place * away
            better = cost < best
            best = torch.where(better, cost, best)
            best_y = torch.where(better, y + down, best_y)
            best_x = torch.where(better, x + right, best_x)
    return Matches(matches.art, best_y, best_x), best


def _put_together(
    scale: _Scale, matches: Matches, costs: Tensor, crisp: bool
) -> tuple[Tensor, Matches]:
    """The painting of the patches, and the pixels that it is made of.

    A pixel has as many colours as patches cover it. The best patch's is taken where the painting is
    to be crisp; else their mean, which lets them come to terms.
    """
    _, rows, columns, _ = scale.art.shape
    radius = RADIUS if scale.everywhere else FINER_RADIUS
    h, w = costs.shape
    padded = [
        F.pad(part[None, None].float(), [radius] * 4, mode="replicate")[0, 0]
        for part in (matches.art, matches.y, matches.x, costs)
    ]
    colors = scale.art[..., :3].flatten(0, 2)
    typical = costs.median() + 1e-6
    best = torch.full_like(costs, torch.inf)
    found = matches
    total, weight = torch.zeros_like(scale.art[0, :1, :1, :3]), torch.zeros_like(costs)
    for down in range(2 * radius + 1):
        for right in range(2 * radius + 1):
            art, y, x, cost = (part[down : down + h, right : right + w] for part in padded)
            art = art.long()
            y = (y.long() + radius - down).clamp(0, rows - 1)
            x = (x.long() + radius - right).clamp(0, columns - 1)
            better = cost < best
            best = torch.where(better, cost, best)
            found = Matches(
                *(
                    torch.where(better, new, old)
                    for new, old in ((art, found.art), (y, found.y), (x, found.x))
                )
            )
            if not crisp:
                share = torch.exp(-SHARPNESS * cost / typical)
                total = total + share[..., None] * colors[(art * rows + y) * columns + x]
                weight = weight + share
    if crisp:
        return found.of(scale.art.permute(0, 3, 1, 2))[:3], found
    return (total / weight.clamp_min(1e-9)[..., None]).permute(2, 0, 1), found
