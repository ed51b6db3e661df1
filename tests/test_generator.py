import pytest
import torch

from tps_portrait.tps_core.geometry.spline import fit
from tps_portrait.tps_core.painting.generator import (
    STRIDE,
    Generator,
    Grain,
    LineGenerator,
    Soften,
    warp_features,
)
from tps_portrait.training.learn.art_profile import ArtProfile
from tps_portrait.training.learn.networks import Networks
from tps_portrait.training.learn.options import TrainingOptions


@pytest.fixture(scope="module")
def generator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Generator().eval().requires_grad_(False)


def pictures(size=64, count=1):
    return torch.rand(count, 3, size, size, generator=torch.Generator().manual_seed(0))


def shift(amount):
    """A spline that reads everything from `amount` to the right."""
    points = torch.tensor([[[-1.0, -1], [1, -1], [-1, 1], [1, 1], [0, 0]]])
    return fit(points, points + torch.tensor([amount, 0.0]))


def test_it_is_as_small_as_promised(generator):
    assert sum(p.numel() for p in generator.parameters()) <= 1_800_000


@pytest.mark.parametrize(("h", "w"), [(64, 64), (2 * STRIDE, 5 * STRIDE)])
def test_the_result_has_the_inputs_shape_and_range(generator, h, w):
    painted = generator(torch.rand(2, 3, h, w, generator=torch.Generator().manual_seed(0)))
    assert painted.shape == (2, 3, h, w)
    assert painted.min() >= 0
    assert painted.max() <= 1


def test_a_warp_that_moves_nothing_changes_nothing(generator):
    picture = pictures()
    torch.testing.assert_close(
        generator(picture, shift(0.0)), generator(picture), atol=1e-4, rtol=0
    )


def test_every_feature_map_is_warped(generator):
    features = generator.encode(pictures(128))
    assert [f.shape[-1] for f in features] == [16, 64, 32, 16, 8]
    for before, after in zip(features, warp_features(features, shift(0.25)), strict=True):
        moved = before.shape[-1] // 8  # a quarter of −1…1 is an eighth of the width
        torch.testing.assert_close(after[..., :-moved], before[..., moved:], atol=1e-3, rtol=1e-3)


def test_an_untrained_one_gives_a_blurred_copy(generator):
    """Light stays light: an untrained network must not have to find that out."""
    picture = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
    correlation = torch.corrcoef(torch.stack([generator(picture).flatten(), picture.flatten()]))
    assert correlation[0, 1] > 0.98


def test_gradients_reach_every_weight():
    fresh = Generator()
    fresh.head.weight.data.fill_(0.1)  # it starts at zero, behind which nothing is seen
    fresh(pictures(64)).square().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in fresh.parameters())
    assert all(p.grad.abs().sum() > 0 for p in (fresh.down_half[0].weight, fresh.colors.weight))


def test_no_checkerboard_of_a_map_is_enlarged(generator):
    """At a quarter of the resolution it would lie over the painting as a weave."""
    for decode, width in ((generator.decode_fine, 24), (generator.decode_middle, 64)):
        seen = decode(torch.randn(1, width, 32, 32, generator=torch.Generator().manual_seed(0)))
        checkers = 1 - 2.0 * ((torch.arange(32)[:, None] + torch.arange(32)) % 2)
        inner = (seen * checkers)[..., 1:-1, 1:-1]
        assert inner.mean((2, 3)).abs().max() < 0.02 * seen.std()


def test_instance_norms_make_the_innermost_maps_alike_in_any_light(generator):
    """Of a picture with half of the contrast the trunk sees about the same."""
    norms = [m for m in generator.trunk.modules() if isinstance(m, torch.nn.InstanceNorm2d)]
    assert len(norms) == 4
    x = torch.randn(1, 144, 8, 8, generator=torch.Generator().manual_seed(0))
    for norm in norms:
        torch.testing.assert_close(norm(x), norm(0.5 * x + 3), atol=1e-3, rtol=1e-3)


def test_grain_is_the_same_every_time_and_goes_on_where_its_noise_ends():
    layer = Grain(3)
    layer.strength.data = torch.tensor([0.0, 1, -2]).view(1, 3, 1, 1)
    map_ = torch.rand(2, 3, 80, 150, generator=torch.Generator().manual_seed(0))
    added = layer(map_).detach() - map_
    assert added[:, 0].abs().max() == 0
    torch.testing.assert_close(added[:, 2], -2 * added[:, 1])
    torch.testing.assert_close(added[..., :16, :86], added[..., 64:, 64:])
    assert added[0, 1].std() == pytest.approx(1, abs=0.05)
    torch.testing.assert_close(Grain(3).noise, layer.noise, atol=0, rtol=0)


def test_an_untrained_ones_grain_is_faint_and_can_be_learned(generator):
    for part in (generator.decode_middle, generator.decode_fine):
        grain = part[0]
        assert isinstance(grain, Grain)
        assert grain.strength.std() == pytest.approx(0.05, rel=0.4)


def test_the_grain_of_a_file_is_taken_from_it(generator):
    weights = generator.state_dict()
    assert {name for name in weights if name.endswith("noise")} == {
        "decode_middle.0.noise",
        "decode_fine.0.noise",
    }


def test_line_art_is_painted_without_grain_and_sharply():
    assert not any(isinstance(module, Grain) for module in LineGenerator().modules())
    assert not any(isinstance(layer, Soften) for layer in LineGenerator().decode_half)
    profiles = {False: "unet16-grain", True: "unet16-soft"}
    for is_line_art, name in profiles.items():
        networks = Networks(TrainingOptions(), profile=ArtProfile(is_line_art))
        assert networks.p2s.architecture["name"] == name
