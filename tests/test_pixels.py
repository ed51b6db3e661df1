import torch

from tps_portrait.tps_core.geometry.pixels import (
    as_bytes,
    as_float,
    from_pixels,
    pixel_centres,
    to_pixels,
)


def test_pixel_centres_put_the_outer_edges_at_one():
    centres = pixel_centres((2, 4), like=torch.zeros(()))
    assert centres[0, :, 0].tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert centres[:, 0, 1].tolist() == [-0.5, 0.5]


def test_points_come_back_from_pixels_as_they_were():
    points = torch.tensor([[-1.0, -1.0], [0.0, 0.5], [1.0, 1.0]])
    in_pixels = to_pixels(points, (40, 20))
    assert in_pixels.tolist() == [[0, 0], [20, 15], [40, 20]]
    assert torch.equal(from_pixels(in_pixels, (40, 20)), points)


def test_every_level_of_a_byte_survives_as_a_float():
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    assert torch.equal(as_bytes(as_float(levels)), levels)
