"""One training step is the paper's: what each discriminator compares lies in one geometry."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from faces import random_points, spotted_faces
from tps_portrait.tps_core.geometry.grid import spline_grid
from tps_portrait.tps_core.geometry.pixels import sample
from tps_portrait.tps_core.painting.generator import binomial_blur
from tps_portrait.training.learn.art_profile import ArtProfile
from tps_portrait.training.learn.losses import (
    AdversarialPair,
    Content,
    adversarial_loss,
    discriminator_step,
    face_splines,
    generator_step,
    l1_distance,
    luma_highpass,
    pairs_step,
)
from tps_portrait.training.learn.networks import Networks
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.painted_pairs import Parts
from tps_portrait.training.learn.pairs import PARTS, Batch, View, part_window
from tps_portrait.training.learn.texture import map_distance, pixel_distance

ALL_TERMS = {"style", "photo", "local", "cycle", "identity", "invariance"}
pytestmark = pytest.mark.usefixtures("small_networks")

OPTIONS = TrainingOptions(size=64, batch=2, local=True, content_loss="l1", stiffness=0.0)
CONTENT = Content(l1_distance, None)


@pytest.fixture(scope="module")
def batch():
    return Batch(*(spotted_faces(random_points(2, seed=seed)) for seed in (1, 2, 3, 4)))


class Clear(nn.Module):
    """A generator that gives its picture back, so that the pairs show what lies where."""

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def encode(self, picture):
        return [picture * self.gain]

    def decode(self, features):
        return features[0]

    def forward(self, picture):
        return self.decode(self.encode(picture))


@pytest.fixture(scope="module")
def networks():
    networks = Networks(OPTIONS)
    networks.p2s = Clear()
    return networks


def pairs_of(networks, batch, **switches):
    options = replace(OPTIONS, **switches)
    return generator_step(networks, batch, CONTENT, options)[2]


def brightness_at(pictures, points):
    """How bright pictures (b, 3, h, w) are, on average, at points (b, n, 2)."""
    values = torch.nn.functional.grid_sample(pictures, points[:, None], align_corners=False)
    spread = pictures.mean().item()
    return values.mean().item() / max(spread, 1e-6)


def lie_alike(pictures, points, other_points):
    """Whether the spots of the pictures lie at points rather than at other_points."""
    return brightness_at(pictures, points) > 1.3 * brightness_at(pictures, other_points)


def test_the_warping_branch_paints_the_portrait_in_the_arts_geometry(networks, batch):
    warped, _ = pairs_of(networks, batch)["style"]
    assert torch.equal(warped.real, binomial_blur(batch.art.pictures))
    assert lie_alike(warped.fake, batch.art.points, batch.photo.points)


def test_without_the_warp_the_portrait_stays_in_its_own_geometry(networks, batch):
    """The same check fails when the feature warp is taken out."""
    unwarped = networks.p2s(batch.photo.pictures)
    assert not lie_alike(unwarped, batch.art.points, batch.photo.points)


def test_the_feature_warp_is_inside_the_generator(batch):
    """Every feature map is warped before decoding; warping the result would be another thing."""
    real = Networks(OPTIONS)
    nn.init.normal_(real.p2s.head.weight, std=0.1)  # it starts at zero
    warped, plain = pairs_of(real, batch)["style"]
    into_art, _ = face_splines(batch, 0.0)
    torch.testing.assert_close(warped.fake, real.p2s(batch.photo.pictures, into_art))
    afterwards = sample(plain.fake, spline_grid(into_art, (64, 64)))
    assert (warped.fake - afterwards).abs().mean() > 1e-3


def test_the_invariant_branch_compares_with_art_bent_onto_the_portrait(networks, batch):
    _, invariant = pairs_of(networks, batch)["style"]
    assert lie_alike(invariant.real, batch.photo.points, batch.art_unaugmented.points)
    assert lie_alike(invariant.fake, batch.photo.points, batch.art_unaugmented.points)


def test_discriminators_see_art_and_photos_no_sharper_than_the_generators_paint_unless_in_lines(
    networks, batch
):
    """What is as fine as a checkerboard of pixels can't be painted, so it isn't asked for."""
    checkers = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    fine = replace(batch.art, pictures=checkers.float().expand(2, 3, -1, -1))
    batch = replace(batch, photo=replace(batch.photo, pictures=fine.pictures), art=fine)
    tones, lines = (
        pairs_of(networks, replace(batch, is_line_art=is_line_art)) for is_line_art in (False, True)
    )
    for name in ("style", "photo"):
        assert tones[name][0].real[..., 1:-1, 1:-1].std() < 1e-6
        assert lines[name][0].real.std() > 0.49


def test_without_the_pixel_warp_the_art_keeps_its_own_geometry(networks, batch):
    (only,) = pairs_of(networks, batch, warp_features=False, warp_pixels=False)["style"]
    assert torch.equal(only.real, binomial_blur(batch.art.pictures))
    assert not lie_alike(only.real, batch.photo.points, batch.art.points)


def test_the_local_discriminators_see_aligned_patches(networks, batch):
    pairs = pairs_of(networks, batch)["local"]
    assert [pair.discriminator for pair in pairs] == [
        networks.part_discriminators[part] for part in PARTS
    ]
    for part, pair in zip(PARTS, pairs, strict=True):
        window = part_window(batch.photo.points, part, 16)
        assert pair.fake.shape == pair.real.shape == (2, 3, 16, 16)
        expected = torch.nn.functional.grid_sample(
            spotted_faces(batch.photo.points).pictures, window, align_corners=False
        )
        cut = torch.nn.functional.grid_sample(
            batch.part_sources.pictures, window, align_corners=False
        )

        def likeness(picture, expected=expected):
            return torch.corrcoef(torch.stack([picture.flatten(), expected.flatten()]))[0, 1]

        assert likeness(pair.real) > likeness(cut) + 0.1, part  # bent, not only cut out
        assert likeness(pair.fake.detach()) > 0.6, part  # the portrait's own part


def test_patches_come_from_other_art_than_the_pair(networks, batch):
    other = replace(batch, part_sources=spotted_faces(random_points(2, seed=9)))
    ours, others = (pairs_of(networks, b)["local"][0].real for b in (batch, other))
    assert not torch.allclose(ours, others)


def test_discriminators_of_whole_faces_see_the_batchs_view(networks, batch):
    whole = pairs_of(networks, batch)
    part = pairs_of(networks, replace(batch, view=View(top=3, left=5, side=48)))
    for name in ("style", "photo"):
        for all_of_it, cut in zip(whole[name], part[name], strict=True):
            for picture in ("fake", "real", "inside"):
                expected = getattr(all_of_it, picture)[..., 3:51, 5:53]
                assert torch.equal(getattr(cut, picture), expected)


def test_a_structure_measure_is_asked_of_portrait_and_painting(networks, batch):
    seen = []

    def structure(a, b):
        seen.append((a, b))
        return l1_distance(a, b)

    content = Content(l1_distance, structure)
    _, terms, _ = generator_step(networks, batch, content, OPTIONS)
    assert "structure" in terms
    painting, portrait = seen[0]
    assert torch.equal(portrait, batch.photo.pictures)
    assert torch.equal(painting, networks.p2s(portrait))
    without = replace(OPTIONS, structure_weight=0.0)
    assert "structure" not in generator_step(networks, batch, content, without)[1]


@pytest.mark.parametrize(
    ("switches", "style_pairs", "local", "terms"),
    [
        ({}, 2, 4, ALL_TERMS),
        ({"warp_features": False}, 1, 4, ALL_TERMS - {"invariance"}),
        ({"warp_pixels": False}, 1, 4, ALL_TERMS),
        ({"local": False}, 2, 0, ALL_TERMS - {"local"}),
        (
            {"warp_features": False, "warp_pixels": False, "local": False},
            1, 0, {"style", "photo", "cycle", "identity"},
        ),
    ],
    ids=["full", "no feature warp", "no pixel warp", "no local", "plain CycleGAN"],
)  # fmt: skip
def test_each_part_can_be_switched_off(networks, batch, switches, style_pairs, local, terms):
    options = replace(OPTIONS, **switches)
    loss, found, adversarial = generator_step(networks, batch, CONTENT, options)
    assert (len(adversarial["style"]), len(adversarial["local"])) == (style_pairs, local)
    assert sum(pair.weight for pair in adversarial["style"]) == pytest.approx(1)
    assert set(found) == terms
    assert loss.isfinite()
    assert discriminator_step(adversarial)[0].isfinite()


def test_what_lies_outside_the_art_is_masked(networks, batch):
    """Art that is cut tightly has a rim of repeated edge, which must not be learned as style."""
    art = replace(batch.art, inside=torch.zeros_like(batch.art.inside))
    warped, invariant = pairs_of(networks, replace(batch, art=art, art_unaugmented=art))["style"]
    assert warped.inside.max() == 0
    assert invariant.inside.max() == 0


def test_nor_is_what_lies_outside_the_photo(networks, batch):
    photo = replace(batch.photo, inside=torch.zeros_like(batch.photo.inside))
    for pair in pairs_of(networks, replace(batch, photo=photo))["style"]:
        assert pair.inside.max() == 0


class Brightness(nn.Module):
    """A discriminator whose scores are how light each 4 x 4 pixels are, and all of them."""

    def forward(self, picture):
        fine = torch.nn.functional.avg_pool2d(picture[:, :1], 4)
        return [fine, fine.mean((2, 3), keepdim=True)]


def test_the_adversarial_loss_is_the_squared_distance_from_the_wanted_score_at_each_scale():
    picture = torch.zeros(1, 3, 64, 64)
    picture[..., :32] = 1
    pair = AdversarialPair(Brightness(), picture, picture, torch.ones(1, 1, 64, 64), 1.0)
    assert adversarial_loss(pair, picture, 1.0).item() == pytest.approx((0.5 + 0.25) / 2)
    assert adversarial_loss(pair, picture, -1.0).item() == pytest.approx((2.5 + 2.25) / 2)
    hidden = AdversarialPair(Brightness(), picture, picture, torch.zeros(1, 1, 64, 64), 1.0)
    assert adversarial_loss(hidden, picture, 1.0).item() == pytest.approx(0.25)  # of grey


def test_hair_on_skin_is_masked_unless_the_art_has_no_other_tones(networks, batch):
    """A portrait that is light all over, and art that is dark from the brows up."""
    photo = replace(batch.photo, pictures=torch.full_like(batch.photo.pictures, 0.8))
    art = replace(batch.art, pictures=torch.full_like(batch.art.pictures, 0.8))
    art.pictures[..., : art.pictures.shape[-2] // 3, :] = 0.1
    unlike = replace(batch, photo=photo, art=art, art_unaugmented=art)
    for of_art, of_lines in zip(
        pairs_of(networks, unlike)["style"],
        pairs_of(networks, replace(unlike, is_line_art=True))["style"],
        strict=True,
    ):
        assert (of_art.inside <= of_lines.inside).all()
        assert of_art.inside.sum() < 0.95 * of_lines.inside.sum()


def test_gradients_reach_the_generators_through_the_warp(networks, batch):
    warped, _ = pairs_of(networks, batch)["style"]
    (gradient,) = torch.autograd.grad(warped.fake.square().mean(), networks.p2s.gain)
    assert gradient.abs().sum() > 0


def test_lines_are_the_same_on_a_light_and_on_a_dark_face():
    light = torch.full((1, 3, 64, 64), 0.8)
    light[..., 30:32, :] -= 0.3  # a mouth
    dark = light - 0.4
    torch.testing.assert_close(luma_highpass(light), luma_highpass(dark))


def test_lines_tell_a_dark_stroke_from_a_light_one():
    stroke = torch.full((1, 3, 64, 64), 0.5)
    stroke[..., 30:32, :] = 0.2
    assert (
        luma_highpass(stroke)[..., 31, 32].max()
        < 0.4
        < 0.6
        < luma_highpass(1 - stroke)[..., 31, 32].min()
    )


class Asked(nn.Module):
    """A generator that notes what it is asked, and answers with something else each time."""

    def __init__(self, step):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))
        self.step, self.asked, self.given = step, [], []

    def encode(self, picture):
        self.asked.append(picture)
        return [(picture * 0.5 + self.step * len(self.asked)) * self.gain]

    def decode(self, features):
        self.given.append(features[0])
        return features[0]

    def forward(self, picture):
        return self.decode(self.encode(picture))


def recorded(batch, **options):
    """What both generators were asked, what was compared, and the terms."""
    networks = Networks(OPTIONS)
    networks.p2s, networks.s2p = Asked(0.01), Asked(0.03)
    compared = []

    def distance(a, b):
        compared.append((a, b))
        return l1_distance(a, b)

    _, terms, adversarial = generator_step(
        networks, batch, Content(distance, None), replace(OPTIONS, **options)
    )
    return networks.p2s, networks.s2p, compared, terms, adversarial


def test_there_and_back_begins_and_ends_with_the_same_picture(batch):
    p2s, s2p, compared, terms, _ = recorded(batch)
    p, s = batch.photo.pictures, batch.art.pictures
    painted, photographed = p2s.given[0], s2p.given[0]
    assert torch.equal(p2s.asked[0], p)
    assert torch.equal(s2p.asked[0], s)
    assert torch.equal(s2p.asked[1], painted)  # back from the painting
    assert torch.equal(p2s.asked[1], photographed)  # back from the photo of the art
    (back, portrait), (again, art) = compared
    half = torch.nn.functional.avg_pool2d
    torch.testing.assert_close(back, half(s2p.given[1], 2))
    torch.testing.assert_close(portrait, half(p, 2))
    torch.testing.assert_close(again, p2s.given[2])  # [1] is the same photo, warped
    torch.testing.assert_close(art, s)
    both = l1_distance(back, portrait).mean() + l1_distance(again, art).mean()
    torch.testing.assert_close(terms["cycle"], both)


def test_art_is_to_stay_as_it_is_and_photos_are_not(batch):
    p2s, _, _, terms, _ = recorded(batch)
    assert torch.equal(p2s.asked[2], batch.art.pictures)
    torch.testing.assert_close(
        terms["identity"], l1_distance(p2s.given[3], batch.art.pictures).mean()
    )


def test_painting_and_warping_into_the_arts_geometry_change_places(batch):
    networks = Networks(OPTIONS)
    nn.init.normal_(networks.p2s.head.weight, std=0.1)
    _, terms, _ = generator_step(networks, batch, CONTENT, OPTIONS)
    into_art, into_portrait = face_splines(batch, 0.0)
    painted = networks.p2s(batch.photo.pictures)
    warped = networks.p2s(batch.photo.pictures, into_art)
    expected, other = (
        (warped - sample(painted, spline_grid(spline, (64, 64)))).abs().mean()
        for spline in (into_art, into_portrait)
    )
    torch.testing.assert_close(terms["invariance"], expected)
    assert (terms["invariance"] - other).abs() > 1e-4


WEIGHTS = {
    "style": ("adversarial_weight", 2.0),
    "local": ("local_weight", 3.0),
    "cycle": ("cycle_weight", 5.0),
    "structure": ("structure_weight", 7.0),
    "identity": ("identity_weight", 11.0),
    "invariance": ("invariance_weight", 13.0),
}


def test_the_total_is_the_sum_of_the_terms_each_by_its_own_weight(networks, batch):
    options = replace(OPTIONS, **dict(WEIGHTS.values()))
    content = Content(l1_distance, l1_distance)
    loss, terms, _ = generator_step(networks, batch, content, options)
    weights = {name: weight for name, (_, weight) in WEIGHTS.items()} | {"photo": 2.0}
    assert set(terms) == set(weights)
    torch.testing.assert_close(loss, sum(weights[name] * term for name, term in terms.items()))


def test_every_part_of_the_method_counts_unless_it_is_switched_off():
    defaults = TrainingOptions()
    for name in ("style", "local", "cycle", "structure", "identity", "invariance"):
        option, _ = WEIGHTS[name]
        assert getattr(defaults, option) > 0, option
    assert min(defaults.pairs_weight, defaults.texture_weight) > 0


class Level(nn.Module):
    """A discriminator that gives every picture the same score."""

    def __init__(self, score):
        super().__init__()
        self.score = nn.Parameter(torch.tensor(score))

    def forward(self, picture):
        return [self.score.expand(1, 1, 1, 1)]


def test_generators_are_to_be_taken_for_real_and_discriminators_to_tell(batch):
    networks = Networks(OPTIONS)
    networks.style_discriminator, networks.photo_discriminator = Level(0.5), Level(0.25)
    _, terms, adversarial = generator_step(networks, batch, CONTENT, OPTIONS)
    assert terms["style"].item() == pytest.approx(0.5**2)  # 1 is real
    assert terms["photo"].item() == pytest.approx(0.75**2)
    _, of_discriminators = discriminator_step(adversarial)
    assert of_discriminators["style_discriminator"].item() == pytest.approx(
        2 * (1.5**2 + 0.5**2)
    )  # of two pairs
    assert of_discriminators["photo_discriminator"].item() == pytest.approx(1.25**2 + 0.75**2)


def test_discriminators_learn_on_which_side_the_real_ones_are():
    random = torch.Generator().manual_seed(0)
    noise = 0.3 * torch.rand(2, 2, 3, 64, 64, generator=random)
    real, fake = noise[0] + 0.6, noise[1]
    discriminator = Networks(OPTIONS).photo_discriminator
    pair = AdversarialPair(
        discriminator, fake.requires_grad_(), real, torch.ones(2, 1, 64, 64), 1.0
    )

    def scores(pictures):
        return torch.stack([scores.mean() for scores in discriminator(pictures)]).mean().item()

    before = scores(real), scores(fake)
    optimiser = torch.optim.Adam(discriminator.parameters(), 1e-3)
    for _ in range(10):
        optimiser.zero_grad()
        discriminator_step({"photo": [pair]})[0].backward()
        optimiser.step()
    assert scores(real) > before[0]
    assert scores(fake) < before[1]
    assert fake.grad is None  # the generator isn't taught here


def test_a_painted_pair_asks_for_its_painting_and_for_strokes_like_its_own():
    options = replace(OPTIONS, pairs_weight=3.0, texture_weight=5.0)
    networks = Networks(options)
    networks.p2s = Asked(0.1)
    random = torch.Generator().manual_seed(0)
    photos, paintings = torch.rand(2, 2, 3, 32, 32, generator=random)
    near = torch.rand(2, 1, 32, 32, generator=random)
    compared = []

    def distance(a, b):
        compared.append((a, b))
        return torch.full((2,), 0.125)

    parts, content = Parts(photos, paintings, near, (2, 5), seed=7), Content(distance, None)
    loss, terms = pairs_step(networks, parts, content, options)
    assert torch.equal(networks.p2s.asked[0], photos)
    painted = networks.p2s.given[0]
    nudged = (..., slice(2, 27), slice(5, 30))
    assert torch.equal(compared[0][0], painted[nudged])
    assert torch.equal(compared[0][1], paintings[nudged])
    pool = torch.nn.functional.avg_pool2d
    coarse = 4 * (pool(painted, 4) - pool(paintings, 4)).abs().mean()
    features = 12 * pool((painted - paintings) * near, 2).abs().mean()
    torch.testing.assert_close(terms["pairs"], coarse + features + 0.125)
    drawn = torch.Generator().manual_seed(7)
    texture = pixel_distance(painted[nudged], paintings[nudged], drawn)
    torch.testing.assert_close(terms["texture"], 4.5 * texture)
    torch.testing.assert_close(loss, 3 * (terms["pairs"] + 5 * terms["texture"]))


class Seeing:
    """An eye whose one map is twice the picture."""

    def look(self, pictures):
        return [2 * pictures]

    def distance(self, a, b):
        return torch.full((len(a[0]),), 0.25)

    def maps(self, seen):
        return seen


@pytest.mark.parametrize(("is_line_art", "pixels", "maps"), [(False, 4.5, 5.0), (True, 1.0, 1.75)])
def test_strokes_are_also_compared_as_a_network_sees_them(is_line_art, pixels, maps):
    """And line art is asked for fewer."""
    networks = Networks(OPTIONS, profile=ArtProfile(is_line_art=is_line_art))
    networks.p2s = Asked(0.1)
    random = torch.Generator().manual_seed(0)
    photos, paintings = torch.rand(2, 2, 3, 32, 32, generator=random)
    parts = Parts(photos, paintings, torch.zeros(2, 1, 32, 32), seed=7)
    _, terms = pairs_step(networks, parts, Content(l1_distance, None, Seeing()), OPTIONS)
    painted, wanted = parts.nudged(networks.p2s.given[0]), parts.nudged(paintings)
    drawn = torch.Generator().manual_seed(7)
    texture = pixels * pixel_distance(painted, wanted, drawn)
    texture = texture + maps * map_distance([2 * painted], [2 * wanted], drawn)
    torch.testing.assert_close(terms["texture"], texture)
