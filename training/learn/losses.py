"""One training step, as the paper has it: what the networks make of a batch, and what it costs.

Names: p a portrait, s a style picture (art); G_p2s and G_s2p the generators. The paper's figure 2
and equations 3 to 9; the weights are in options.py.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...tps_core.painting.generator import binomial_blur, warp_features
from ...tps_core.tps import Spline, fit
from ...tps_core.warp import sample, spline_grid, with_border_anchors
from ..measure.perceptual import Eye
from .masks import art_valid, photo_valid, tones_match
from .networks import Networks
from .options import TrainingOptions
from .painted_pairs import Parts
from .pairs import PARTS, Batch, aligned_part, part_window
from .texture import map_distance, pixel_distance

REAL_SCORE, FAKE_SCORE = 1.0, -1.0  # the scores that discriminators are to give
BROAD_TONE_DIVISOR = 16  # tones are broad from a sixteenth of a picture on
LINE_GAIN = 2.0  # of the contrast of what is finer
COARSE_PX = 4  # a painting's strokes may lie elsewhere by less than so many pixels …
COARSE_WEIGHT = 4.0  # … but colours and masses should be those of its pair
FINE_PX = 2  # the same at eyes and mouth, by which a face is known
FEATURES_WEIGHT = 12.0
# What texture weighs, by pixels and by a network's maps: line art that is asked for more gets dots.
TEXTURE_WEIGHTS, TEXTURE_WEIGHTS_OF_LINES = (4.5, 5.0), (1.0, 1.75)
Distance = Callable[[Tensor, Tensor], Tensor]  # of pictures (b, 3, h, w): (b,)


@dataclass(frozen=True)
class Content:
    """What measures how far content was lost."""

    distance: Distance  # between a picture and the same picture there and back
    structure: Distance | None  # between a portrait and its painting; None without a network
    eye: Eye | None = None  # the network; `distance` is then its LPIPS


@dataclass(frozen=True)
class AdversarialPair:
    """What one discriminator compares: fake against real, in one geometry, within one mask."""

    discriminator: nn.Module
    fake: Tensor  # (b, 3, h, w)
    real: Tensor  # (b, 3, h, w)
    inside: Tensor  # (b, 1, h, w) in 0…1, where fake and real can be held against each other
    weight: float


def generator_step(
    networks: Networks, batch: Batch, content: Content, options: TrainingOptions
) -> tuple[Tensor, dict[str, Tensor], dict[str, list[AdversarialPair]]]:
    """The generators' loss, its terms, and the pairs that discriminators compare."""
    p, s = batch.photo.pictures, batch.art.pictures
    into_art, into_portrait = face_splines(batch, options.stiffness)

    features = networks.p2s.encode(p)
    p2s = networks.p2s.decode(features)  # invariant branch
    art_grid, portrait_grid = (spline_grid(s, p.shape[-2:]) for s in (into_art, into_portrait))
    p2s_warp = None
    if options.warp_features:  # warping branch: the portrait's content in the art's geometry
        p2s_warp = networks.p2s.decode(warp_features(features, into_art))
    s2p = networks.s2p(s)

    inside_both = batch.art.inside * batch.photo.inside
    adversarial = {
        "style": style_pairs(networks, batch, p2s, p2s_warp, art_grid, portrait_grid, options),
        "photo": [AdversarialPair(networks.photo_discriminator, s2p, p, inside_both, 1.0)],
        "local": local_pairs(networks, batch, p2s) if options.local else [],
    }
    for name in ("style", "photo"):
        adversarial[name] = [augment_pair(pair, batch) for pair in adversarial[name]]
    terms = {
        name: _sum(pair.weight * adversarial_loss(pair, pair.fake, REAL_SCORE) for pair in pairs)
        for name, pairs in adversarial.items()
        if pairs
    }

    def to_art(picture: Tensor, distance: Distance) -> Tensor:
        """How far the picture is from the art, where there is art."""
        return distance(
            apply_mask(picture, batch.art.inside), apply_mask(s, batch.art.inside)
        ).mean()

    back = networks.s2p(p2s)
    seen = luma_highpass if batch.is_line_art else downsample
    cycle_photo = content.distance(seen(back), seen(p)).mean()
    terms["cycle"] = cycle_photo + to_art(networks.p2s(s2p), content.distance)
    if content.structure and options.structure_weight:
        terms["structure"] = content.structure(p2s, p).mean()
    if options.identity_weight:
        # Art is art already: without this, dark hair may become white.
        terms["identity"] = to_art(networks.p2s(s), l1_distance)
    if p2s_warp is not None:
        # Deformation invariance: painting and warping may change places.
        terms["invariance"] = F.l1_loss(p2s_warp, sample(p2s, art_grid))
    weights = {
        "style": options.adversarial_weight,
        "photo": options.adversarial_weight,
        "local": options.local_weight,
        "cycle": options.cycle_weight,
        "structure": options.structure_weight,
        "identity": options.identity_weight,
        "invariance": options.invariance_weight,
    }
    return _sum(weights[name] * term for name, term in terms.items()), terms, adversarial


def pairs_step(
    networks: Networks, parts: Parts, content: Content, options: TrainingOptions
) -> tuple[Tensor, dict[str, Tensor]]:
    """What the generator loses on photos of which there are paintings, and its terms.

    One asks for the painting itself, the other for strokes like its own, wherever they lie.
    """
    painted, paintings = networks.p2s(parts.photos), parts.paintings
    near = parts.near_features
    coarse, wanted_coarse = (F.avg_pool2d(x, COARSE_PX) for x in (painted, paintings))
    fine, wanted_fine = (F.avg_pool2d(x * near, FINE_PX) for x in (painted, paintings))
    painted, paintings = parts.nudged(painted), parts.nudged(paintings)
    random = torch.Generator().manual_seed(parts.seed)
    of_pixels, of_maps = TEXTURE_WEIGHTS_OF_LINES if networks.is_line_art else TEXTURE_WEIGHTS
    texture = of_pixels * pixel_distance(painted, paintings, random)
    if content.eye:
        seen, wanted = content.eye.look(painted), content.eye.look(paintings)
        distance = content.eye.distance(seen, wanted)
        maps = content.eye.maps(seen), content.eye.maps(wanted)
        texture = texture + of_maps * map_distance(*maps, random)
    else:
        distance = content.distance(painted, paintings)
    terms = {
        "pairs": COARSE_WEIGHT * F.l1_loss(coarse, wanted_coarse)
        + FEATURES_WEIGHT * F.l1_loss(fine, wanted_fine)
        + distance.mean(),
        "texture": texture,
    }
    return options.pairs_weight * (terms["pairs"] + options.texture_weight * texture), terms


def discriminator_step(
    adversarial: dict[str, list[AdversarialPair]],
) -> tuple[Tensor, dict[str, Tensor]]:
    """The discriminators' loss on the same pictures, and its terms."""
    terms = {}
    for name, pairs in adversarial.items():
        if pairs:
            terms[f"{name}_discriminator"] = _sum(
                adversarial_loss(pair, pair.fake.detach(), FAKE_SCORE)
                + adversarial_loss(pair, pair.real, REAL_SCORE)
                for pair in pairs
            )
    return _sum(terms.values()), terms


def _sum(losses: Iterable[Tensor]) -> Tensor:
    return functools.reduce(torch.add, losses)


def face_splines(batch: Batch, stiffness: float) -> tuple[Spline, Spline]:
    """The backward splines that put a portrait into the art's geometry, and the art as it is into
    the portrait's; the crop's frame stays where it is."""
    portrait = with_border_anchors(batch.photo.points)
    art, unaugmented = (with_border_anchors(a.points) for a in (batch.art, batch.art_unaugmented))
    return fit(art, portrait, stiffness), fit(portrait, unaugmented, stiffness)


def style_pairs(
    networks: Networks,
    batch: Batch,
    p2s: Tensor,
    p2s_warp: Tensor | None,
    into_art: Tensor,
    into_portrait: Tensor,
    options: TrainingOptions,
) -> list[AdversarialPair]:
    """The pairs that D_s sees, each of one geometry, so that it can only learn texture and colour.

    Without a warp, its pair is what a plain CycleGAN compares.
    """
    p, s = batch.photo.pictures, batch.art.pictures
    pairs = []
    if p2s_warp is not None:
        bent_inside = sample(batch.photo.inside, into_art, padding="zeros")
        mask = photo_valid(batch.art.inside, into_art) * bent_inside
        if not batch.is_line_art:
            mask = mask * tones_match(sample(p, into_art), s, batch.art.points)
        pairs.append((p2s_warp, s, mask))
    if options.warp_pixels:
        unaugmented = batch.art_unaugmented
        mask = art_valid(unaugmented.inside, into_portrait) * batch.photo.inside
        bent = sample(unaugmented.pictures, into_portrait, mode="bicubic").clamp(0, 1)
        if not batch.is_line_art:
            mask = mask * tones_match(p, bent, batch.photo.points)
        pairs.append((p2s, bent, mask))
    elif p2s_warp is None:
        pairs.append((p2s, s, batch.art.inside * batch.photo.inside))
    return [
        AdversarialPair(networks.style_discriminator, fake, real, mask, 1 / len(pairs))
        for fake, real, mask in pairs
    ]


def local_pairs(networks: Networks, batch: Batch, p2s: Tensor) -> list[AdversarialPair]:
    """The painted portrait's eyes, nose and mouth, each against that of random art bent onto it."""
    size = p2s.shape[-1] // 4
    pairs = []
    for part in PARTS:
        window = part_window(batch.photo.points, part, size)
        real, inside = aligned_part(batch.part_sources, batch.photo.points, part, window)
        pairs.append(
            AdversarialPair(
                networks.part_discriminators[part], sample(p2s, window), real, inside, 1.0
            )
        )
    return pairs


def augment_pair(pair: AdversarialPair, batch: Batch) -> AdversarialPair:
    """The pair as the batch's view shows it, the real one as soft as a generator paints.

    Discriminators that see a picture always in one place and at one size teach what only they
    see: a grain as fine as pixels, which is gone when the painting is enlarged, and their own
    grid, as ripples.
    Asked for grain finer than it can paint, the generator paints a weave, as fine as it can.
    """
    real = pair.real if batch.is_line_art else binomial_blur(pair.real)  # lines are sharp
    fake, real, inside = (batch.view(x) for x in (pair.fake, real, pair.inside))
    return AdversarialPair(pair.discriminator, fake, real, inside, pair.weight)


def adversarial_loss(pair: AdversarialPair, pictures: Tensor, wanted: float) -> Tensor:
    """How far the pair's discriminator is from the wanted score, on its fake or real pictures.

    Seen within the mask; squared, and averaged over each scale's map, all scales weighted equally.
    Source: Mao et al., "Least Squares GANs", 2017.
    """
    scores = pair.discriminator(apply_mask(pictures, pair.inside))
    return sum((score - wanted).square().mean() for score in scores) / len(scores)


def downsample(pictures: Tensor) -> Tensor:
    """The pictures (b, 3, h, w) at half the resolution: as much as a painting keeps of a photo.

    Asked for pores and single hairs, it would be a photo in other colours.
    """
    return F.avg_pool2d(pictures, 2)


def luma_highpass(pictures: Tensor) -> Tensor:
    """The luma of pictures (b, 3, h, w) around 0.5, without broad tones: what line art can show.

    Were the way back from line art asked for the tone of a skin, it could be told only by painting
    the skin black.
    """
    grey = pictures.mean(1, keepdim=True)
    radius = pictures.shape[-1] // BROAD_TONE_DIVISOR
    side = 2 * radius + 1
    broad = F.avg_pool2d(F.pad(grey, [radius] * 4, mode="replicate"), side, 1)
    return (0.5 + LINE_GAIN * (grey - broad)).clamp(0, 1).expand(-1, 3, -1, -1)


def apply_mask(pictures: Tensor, inside: Tensor) -> Tensor:
    """The pictures (b, 3, h, w), grey where the mask (b, 1, h, w) is 0.

    Applied to fake and real, it leaves nothing to be learned from what only fills a crop.
    """
    return torch.lerp(torch.full_like(pictures, 0.5), pictures, inside)


def l1_distance(a: Tensor, b: Tensor) -> Tensor:
    """The mean absolute difference of pictures (b, 3, h, w): (b,)."""
    return (a - b).abs().mean((1, 2, 3))
