"""What is wanted of a painting at each place: its light, and where the face and its parts are."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from ..detectors.person_mask import person_mask
from ..landmarks import eye_distance
from .artwork import Bent
from .canvas import Canvas
from .fields import gaussian, luma, moments, with_distribution

# Lengths in face crops.
BROAD = 0.02  # standard deviation from which on light counts as broad
PARTS = 0.035  # how far from eyes, brows, nose, mouth and jaw fine light still counts for more
# How far landmarks lie from the art's, on the mean and in half crops, from which on the face counts
# as turned, and from which on as much as it may.
TURNED, FAR_TURNED = 0.08, 0.16
FACE_EDGE = 0.03
LIPS_EDGE = 0.006
NECK = 0.15  # from there below the chin on clothes begin, in half crops; from twice that on all is
FOREHEAD = 0.18  # how far it goes above the brows, of the way from the chin to them
AROUND_FACE = 0.75  # within which light is compared, in half crops
LEAST_DETAIL, MOST_DETAIL = 0.25, 4.0  # of the photo's detail in art that has less, or more
USUAL_SPREAD = 0.15  # standard deviation of broad light in art; where it is less, it counts more,
MOST_LIGHT_WEIGHT = 8.0  # at most so many times: colourful art is often of one lightness
# Light of a face, below which its skin is painted darker than the art's, at most so many times.
USUAL_SKIN, LEAST_SKIN = 0.56, 0.5
LEAST_SHARE = 0.08  # of sitter or ground in what is compared, from which on it has its own light
LEAST_SPREAD = 0.03  # of broad light in a photo, below which it is not made stronger
DISTRIBUTION = 0.5  # how much of broad light's match is of its distribution; the rest linear
# The share of the eye distance by which a mouth must be wider open than the art's to be painted
# apart, and by which it is so in full.
OPENER, WIDE_OPEN = 0.02, 0.07
# Colours are near the face's by their distance from its usual one, in its own standard deviations.
SKIN_BLUR = 0.01  # standard deviation, in face crops
SKIN_NEAR = 0.15  # what is farther from the face's median colour is hair or shade …
SKIN_NOISE = 0.04  # … and what is nearer than this is the same
SKIN_REACH = 1.5
# Deviation of a photo's colours from those of its light, below which it is grey or brown, and skin
# can't be told by colour; and from which on it can.
ONE_COLOR, MANY_COLORS = 0.01, 0.03
FINER = 4  # polygons are drawn so many times larger, for their edges


@dataclass(frozen=True)
class Guides:
    """What is wanted, and what the bent art has; maps (1, h, w) of one canvas each."""

    light_weight: float  # of differences of light: the more, the less of it the art has
    skin_weight: float  # of differences of likeness to the face's colours, where there are any
    broad: Tensor  # broad light wanted, on the canvas of the photo
    fine: Tensor  # and fine light, around 0
    broad_of_art: list[Tensor]  # what each bent art has
    fine_of_art: list[Tensor]
    around: Tensor  # where light is compared, on the canvas of the photo
    around_of_art: Tensor  # and on that of art, where it shows something
    like_skin: Tensor  # how near colours are to those of the face, on the canvas of the photo
    like_skin_of_art: list[Tensor]
    person_weight: float  # of taking the sitter from the ground, or the ground from the sitter
    person: Tensor  # 1 on the sitter, on the canvas of the photo
    person_of_art: list[Tensor]
    setting: Tensor  # 1 in ground and clothes, which are the art's own
    face: Tensor  # 1 in the face
    parts: Tensor  # 1 at eyes, brows, nose, mouth and jaw
    held: Tensor  # 1 where the photo's drawing holds: there; in a face that is turned, everywhere
    parts_of_art: Tensor  # the same on the canvas of art: it is bent onto the portrait's parts
    shown: Tensor  # 1 where the art shows something at the same place
    open_mouth: Tensor  # 1 between lips that the art has closed


def guide(
    photo: Tensor,
    canvas: Canvas,
    points: Tensor,
    bent: list[Bent],
    art_canvas: Canvas,
    is_line_art: bool,
) -> Guides:
    """The guides for a photo (3, h, w) that fills its canvas, with landmarks (68, 2) in its crop.

    The light wanted is the photo's, in the range of the art's: the sitter's in that of the sitter,
    and dark skin stays dark.
    """
    sigma_px = BROAD * canvas.face_px
    light, lights = luma(photo), [luma(art.picture) for art in bent]
    around, around_art = (_around_face(c, points).to(photo) for c in (canvas, art_canvas))
    around_art = around_art * bent[0].shown + 1e-4
    skin_px = SKIN_BLUR * canvas.face_px
    face = _polygon(_outline(points), canvas, FACE_EDGE).to(photo)
    art_face = _polygon(_outline(points), art_canvas, FACE_EDGE).to(photo)
    person, persons = person_mask(photo), [torch.maximum(art.person, art_face) for art in bent]
    is_person_known = bool(person.any())
    person = torch.maximum(person, face) if is_person_known else person
    broad = _broad(light, person, sigma_px)
    broads = [_broad(own, p, sigma_px) for own, p in zip(lights, persons, strict=True)]
    fine, fines = light - broad, [own - low for own, low in zip(lights, broads, strict=True)]
    wanted = _in_range(broad, around, broads[0], around_art)
    if is_person_known:
        wanted = _by_sitter_and_ground(
            wanted, broad, around, person, broads[0], around_art, persons[0]
        )
    like_skin = _likeness(photo, face, skin_px)
    if not is_line_art:  # whose black would swallow the face
        face_light, _ = moments(broad, face + 1e-8)  # a face beyond the picture has no pixels
        darker = (face_light / USUAL_SKIN).clamp(LEAST_SKIN, 1)
        wanted = wanted.lerp(wanted * darker, like_skin * person)
    art_spread = moments(broads[0], around_art)[1]
    # Smooth art has no wrinkles: asked for a photo's, its brush strokes would crack.
    detail = moments(fines[0], around_art)[1] / moments(fine, around)[1].clamp_min(1e-4)
    parts, below = _near_parts(canvas, points).to(photo), _below(canvas, points).to(photo)
    return Guides(
        min(max(float(USUAL_SPREAD / art_spread.clamp_min(1e-3)) ** 2, 1.0), MOST_LIGHT_WEIGHT),
        0.0 if is_line_art else _has_colors(photo),
        wanted,
        fine * detail.clamp(LEAST_DETAIL, MOST_DETAIL),
        broads,
        fines,
        around,
        around_art,
        like_skin,
        [_likeness(art.picture, art_face * art.shown, skin_px) for art in bent],
        float(is_person_known),
        person,
        persons,
        torch.maximum(1 - person, below) if is_person_known else below,
        face,
        parts,
        torch.maximum(parts, _turned(points, bent[0].points) * face),
        _near_parts(art_canvas, points).to(photo),
        _seen_from(canvas, art_canvas, bent[0].shown),
        (_opener(points, bent[0].points) * _polygon(points[60:68], canvas, LIPS_EDGE)).to(photo),
    )


def _broad(light: Tensor, person: Tensor, sigma_px: float) -> Tensor:
    """The light (1, h, w) without detail; dark hair doesn't run into the ground."""

    def within(weights: Tensor) -> Tensor:
        return gaussian(light * weights, sigma_px) / gaussian(weights, sigma_px).clamp_min(1e-3)

    return within(1 - person).lerp(within(person), person)


def _in_range(broad: Tensor, around: Tensor, art: Tensor, around_art: Tensor) -> Tensor:
    """The broad light (1, h, w) in the range of the art's (1, h', w'), as weighted around."""
    (mean, spread), (art_mean, art_spread) = moments(broad, around), moments(art, around_art)
    linear = (broad - mean) / spread.clamp_min(LEAST_SPREAD) * art_spread + art_mean
    linear = linear.clamp(float(art.min()), float(art.max()))
    return linear.lerp(with_distribution(broad, around, art, around_art), DISTRIBUTION)


def _by_sitter_and_ground(
    wanted: Tensor,
    broad: Tensor,
    around: Tensor,
    person: Tensor,
    art: Tensor,
    around_art: Tensor,
    person_of_art: Tensor,
) -> Tensor:
    """The light wanted, but the sitter's in the range of the art's sitter, and the ground's around
    that of the art's ground. A plain ground stays plain.

    Where photo or art has next to nothing of the one or the other, it is as it is.
    """
    sitter, sitter_of_art = around * person, around_art * person_of_art
    ground, ground_of_art = around - sitter, around_art - sitter_of_art
    if min(sitter.sum() / around.sum(), sitter_of_art.sum() / around_art.sum()) > LEAST_SHARE:
        wanted = wanted.lerp(_in_range(broad, sitter, art, sitter_of_art), person)
    if min(ground.sum() / around.sum(), ground_of_art.sum() / around_art.sum()) > LEAST_SHARE:
        (mean, spread), (art_mean, art_spread) = moments(broad, ground), moments(art, ground_of_art)
        plain = art_mean + (broad - mean) * (art_spread / spread.clamp_min(1e-4)).clamp(max=1)
        wanted = plain.lerp(wanted, person)
    return wanted


def _seen_from(canvas: Canvas, art_canvas: Canvas, maps: Tensor) -> Tensor:
    """The maps (c, h', w') of the canvas of art on the other canvas: (c, h, w), 0 beyond."""
    x, y = (canvas.shift - art_canvas.shift).round().int().tolist()  # of art's corner on the other
    right, below = canvas.width - x - art_canvas.width, canvas.height - y - art_canvas.height
    return F.pad(maps, [x, right, y, below])  # cut off where that is negative


def _around_face(canvas: Canvas, points: Tensor) -> Tensor:
    """1 around the face, falling softly to 0: (1, h, w)."""
    away = (canvas.crop_places() - points.mean(0)).norm(dim=-1)
    return torch.exp(-((away / AROUND_FACE) ** 4))[None] + 1e-4


def _likeness(picture: Tensor, face: Tensor, sigma_px: float) -> Tensor:
    """How near the colours of the picture (3, h, w) are to those of its face (1, h, w): 0…1."""
    colors = gaussian(picture, sigma_px).flatten(1)
    within = colors[:, face.flatten() > 0.9]
    if not within.numel():  # the art shows nothing of a face that is turned away
        return torch.zeros_like(face)
    usual = within.median(1, keepdim=True).values
    skin = within[:, (within - usual).norm(dim=0) < SKIN_NEAR] - usual
    spread = skin @ skin.T / max(1, skin.shape[1]) + SKIN_NOISE**2 * torch.eye(3).to(colors)
    away = colors - usual
    distance = (away * torch.linalg.solve(spread, away)).sum(0)
    return torch.exp(-distance / (2 * SKIN_REACH**2)).view_as(face)


def _has_colors(photo: Tensor) -> float:
    """Whether the photo (3, h, w) has colours of its own, not one for each lightness: 0…1."""
    light = luma(photo)
    colors = (photo[::2] - light).flatten(1).T  # red and blue
    known = torch.cat([light**power for power in range(3)]).flatten(1).T
    beside = colors - known @ torch.linalg.lstsq(known, colors).solution
    return _between(float(beside.std()), ONE_COLOR, MANY_COLORS)


def _outline(points: Tensor) -> Tensor:
    """The face from chin to forehead: a polygon (27, 2)."""
    brows = points[17:27]
    return torch.cat([points[:17], (brows + FOREHEAD * (brows - points[8])).flip(0)])


def _below(canvas: Canvas, points: Tensor) -> Tensor:
    """1 where clothes are, falling softly to 0 below the chin: (1, h, w)."""
    away = canvas.crop_places()[..., 1] - points[8, 1]
    return (away / NECK - 1).clamp(0, 1)[None]


def _near_parts(canvas: Canvas, points: Tensor) -> Tensor:
    """1 at eyes, brows, nose, mouth and jaw, falling softly to 0: (1, h, w)."""
    parts = torch.cat([points[2:15], points[17:27], points[30:68]])
    away = torch.cdist(canvas.crop_places().flatten(0, 1), parts).amin(1)
    return torch.exp(-((away / (2 * PARTS)) ** 2)).view(1, canvas.height, canvas.width)


def _turned(points: Tensor, art_points: Tensor) -> float:
    """How much the face is turned another way than the art's: 0…1."""
    away = float((points - art_points).norm(dim=-1).mean())
    return _between(away, TURNED, FAR_TURNED)


def _opener(points: Tensor, art_points: Tensor) -> float:
    """How much wider open than the art's the mouth is: 0…1, 0 if it isn't."""
    excess = _opening(points) - 1.2 * _opening(art_points)
    return _between(excess, OPENER, WIDE_OPEN)


def _between(value: float, low: float, high: float) -> float:
    """Where the value is between low (0 up to there) and high (1 from there on)."""
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _opening(points: Tensor) -> float:
    """How far apart the lips are, in distances between the outer eye corners."""
    apart = (points[61:64] - points[[67, 66, 65]]).norm(dim=-1).mean()
    return float(apart / eye_distance(points))


def _polygon(points: Tensor, canvas: Canvas, edge: float) -> Tensor:
    """1 within the polygon (n, 2) of crop points, with a soft edge: (1, h, w)."""
    n = FINER
    image = Image.new("L", (canvas.width * n, canvas.height * n))
    ImageDraw.Draw(image).polygon((canvas.from_crop(points) * n).flatten().tolist(), fill=255)
    image = image.reduce(n)
    return gaussian(torch.from_numpy(np.array(image))[None].float() / 255, edge * canvas.face_px)
