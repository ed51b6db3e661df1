"""The generator rewritten for painting paints what the generator paints."""

import pytest
import torch

from tps_portrait.tps_core.painting.fast_generator import FastGenerator
from tps_portrait.tps_core.painting.generator import Generator


def rough(generator):
    """The generator with a last layer that isn't zero, as after a training."""
    torch.nn.init.normal_(generator.head.weight, std=0.2)
    torch.nn.init.normal_(generator.head.bias, std=0.2)
    torch.nn.init.normal_(generator.colors.weight)
    torch.nn.init.normal_(generator.colors.bias)
    return generator.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def generator():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return rough(Generator((8, 12, 16, 20), 1))


@pytest.mark.parametrize("shape", [(1, 32, 32), (2, 48, 80), (1, 16, 64)])
def test_it_paints_the_same_to_the_last_pixel_of_the_border(generator, shape):
    b, h, w = shape
    pictures = torch.rand(b, 3, h, w, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        FastGenerator(generator)(pictures), generator(pictures), atol=1e-5, rtol=0
    )


def test_the_picture_given_stays_as_it_is(generator):
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    before = picture.clone()
    FastGenerator(generator)(picture)
    assert torch.equal(picture, before)


def test_the_generator_stays_as_it_is(generator):
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    FastGenerator(generator)(torch.rand(1, 3, 32, 32))
    after = generator.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not any(getattr(module, "inplace", False) for module in generator.modules())


def test_made_in_inference_mode_it_paints_outside_too(generator):
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        fast = FastGenerator(generator)
        inside = fast(picture)
    with torch.no_grad():
        torch.testing.assert_close(fast(picture), inside)
