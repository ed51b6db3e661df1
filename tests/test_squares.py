import math

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.tps_core.geometry.pixels import pixel_centres, sample
from tps_portrait.tps_core.geometry.squares import cut_square, cut_squares, tiles

# In the middle, over an edge, over a corner, wholly beside, and larger than the picture.
CENTRES = [(90, 60), (5, 60), (190, 118), (260, 60), (-400, 50)]


def square(scale, centre, angle=0.3):
    """A square 2 * scale pixels wide: linear and shift."""
    cosine, sine = math.cos(angle), math.sin(angle)
    linear = scale * torch.tensor([[cosine, -sine], [sine, cosine]])
    return linear, torch.tensor([float(n) for n in centre])


@pytest.fixture(scope="module")
def picture():
    coarse = torch.rand(3, 40, 67, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse[None], (120, 200), mode="bicubic")[0].clamp(0, 1)


def cut_from_all(picture, linear, shift, size, padding):
    """What `cut_square` says it gives, without regard to the time it takes."""
    height, width = picture.shape[-2:]
    shrink = size / (2 * float(linear[:, 0].norm()))
    if shrink < 1:
        size_px = [max(1, round(n * shrink)) for n in (height, width)]
        picture = F.interpolate(picture[None], size_px, mode="bilinear", antialias=True)[0]
    places_px = pixel_centres((size, size), like=shift) @ linear.T + shift
    grid = 2 * places_px / torch.tensor([width, height]) - 1
    return sample(picture[None], grid[None], padding)[0]


@pytest.mark.parametrize("padding", ["reflection", "border"])
@pytest.mark.parametrize("centre", CENTRES)
@pytest.mark.parametrize(("scale", "size"), [(20, 64), (40, 32), (43, 37), (33, 10), (150, 50)])
def test_what_is_cut_out_of_a_part_is_cut_out_of_all(picture, centre, scale, size, padding):
    linear, shift = square(scale, centre)
    cut = cut_square(picture, linear, shift, size, padding)
    difference = (cut - cut_from_all(picture, linear, shift, size, padding)).abs() * 255
    assert difference.mean() < 0.2
    assert difference.max() < 3


def test_many_squares_are_cut_as_each_alone(picture):
    squares = [square(40, (90, 60)), square(40, (50, 70)), square(20, (150, 40), -0.4)]
    linear, shift = (torch.stack(parts) for parts in zip(*squares, strict=True))
    for one, (own, place) in zip(cut_squares(picture, linear, shift, 32), squares, strict=True):
        difference = (one - cut_square(picture, own, place, 32)).abs() * 255
        assert difference.mean() < 0.2
        assert difference.max() < 3


@pytest.mark.parametrize(("scale", "factor"), [(20, 1), (31, 1), (40, 2), (70, 4)])
def test_in_whole_steps_a_picture_is_shrunk_by_a_whole_number(picture, scale, factor):
    linear, shift = square(scale, (90, 60))
    (cut,) = cut_squares(picture, linear[None], shift[None], 32, whole_steps=True)
    small = F.interpolate(
        picture[None], (120 // factor, 200 // factor), mode="bilinear", antialias=True
    )
    places_px = pixel_centres((32, 32), like=shift) @ linear.T + shift
    expected = sample(small, (2 * places_px / torch.tensor([200, 120]) - 1)[None])[0]
    torch.testing.assert_close(cut, expected, atol=0.01, rtol=0)


def test_bytes_are_cut_as_floats_are(picture):
    levels = (picture * 255).round().byte()
    linear, shift = square(40, (90, 60))
    of_bytes = cut_square(levels, linear, shift, 24)
    assert (of_bytes - cut_square(levels / 255, linear, shift, 24)).abs().max() < 1.5 / 255


def test_a_square_of_whole_pixels_is_the_picture_itself(picture):
    linear, shift = 16 * torch.eye(2), torch.tensor([50.0, 40.0])
    torch.testing.assert_close(
        cut_square(picture, linear, shift, 32), picture[:, 24:56, 34:66], atol=1e-5, rtol=0
    )


def test_tiles_reach_from_edge_to_edge_and_one_alone_lies_midway():
    linear, shift = tiles((200, 120), 60.0, [3, 1])
    assert shift.tolist() == [[30, 60], [100, 60], [170, 60]]
    assert linear.shape == (3, 2, 2)
    assert (linear == 30 * torch.eye(2)).all()
