import math

import torch

from tps_portrait.tps_core.geometry.similarity import fit_similarity, rotation


def test_a_similarity_is_found_exactly():
    points = torch.rand(20, 2, generator=torch.Generator().manual_seed(0))
    linear = torch.tensor([[0.0, -2.0], [2.0, 0.0]])
    found, shift = fit_similarity(points, points @ linear.T + 3)
    torch.testing.assert_close(found, linear, atol=1e-5, rtol=0)
    torch.testing.assert_close(shift, torch.tensor([3.0, 3.0]), atol=1e-5, rtol=0)


def test_a_quarter_of_a_rotation_takes_x_to_y():
    turned = rotation(math.pi / 2) @ torch.tensor([1.0, 0.0])
    torch.testing.assert_close(turned, torch.tensor([0.0, 1.0]), atol=1e-6, rtol=0)
