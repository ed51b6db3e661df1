import pytest
import torch

from tps_portrait.tps_core.geometry.boxes import overlap


def test_the_overlap_of_boxes():
    one = torch.tensor([0.0, 0, 10, 10])
    assert overlap(one, one) == 1
    assert overlap(one, torch.tensor([5.0, 0, 15, 10])) == pytest.approx(1 / 3)
    assert overlap(one, torch.tensor([10.0, 0, 20, 10])) == 0
    assert overlap(torch.zeros(4), torch.zeros(4)) == 0


def test_many_boxes_are_compared_at_once():
    boxes = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30]])
    assert overlap(boxes[:, None], boxes).shape == (3, 3)
    assert overlap(boxes[:1], boxes).tolist() == pytest.approx([1, 1 / 3, 0])
