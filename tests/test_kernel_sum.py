import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tps_portrait.tps_core.geometry import kernel_sum as module
from tps_portrait.tps_core.geometry.kernel_sum import CPU_BLOCK, kernel, kernel_sum


def problem(b, m, n, dtype=torch.float64):
    random = torch.Generator().manual_seed(0)
    shapes = (b, m, 2), (b, n, 2), (b, n, 2)
    return [torch.randn(shape, generator=random, dtype=dtype) for shape in shapes]


class LargestTensor(TorchDispatchMode):
    """Notes how many values the largest tensor has that is made inside."""

    values = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        sizes = [x.untyped_storage().nbytes() // x.element_size() for x in _tensors(made)]
        self.values = max([self.values, *sizes])
        return made


def _tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def test_it_is_the_weighted_sum_of_the_kernel():
    points, centres, weights = problem(2, 50, 7)
    squared = (points[:, :, None] - centres[:, None]).square().sum(-1)
    torch.testing.assert_close(
        kernel_sum(points, centres, weights), 0.5 * squared * squared.log() @ weights
    )


def test_gradients_are_right_over_several_blocks(monkeypatch):
    monkeypatch.setattr(module, "CPU_BLOCK", 2 * 3 * 4)
    inputs = [part.requires_grad_() for part in problem(2, 10, 3)]
    assert torch.autograd.gradcheck(kernel_sum, inputs)


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_the_gradient_of_one_input_alone_is_that_of_all(wanted):
    alone, together = problem(1, 10, 3), [part.requires_grad_() for part in problem(1, 10, 3)]
    alone[wanted].requires_grad_()
    kernel_sum(*alone).square().sum().backward()
    kernel_sum(*together).square().sum().backward()
    torch.testing.assert_close(alone[wanted].grad, together[wanted].grad)


def test_at_a_centre_itself_value_and_slope_are_zero():
    points, _, weights = problem(1, 1, 1)
    points.requires_grad_()
    value = kernel_sum(points, points.detach(), weights)
    value.sum().backward()
    assert value.abs().max() == 0
    assert points.grad.abs().max() == 0
    assert kernel(torch.zeros(1)) == 0


def test_nothing_of_size_points_times_centres_is_held_with_gradients_either():
    points, centres, weights = (part.requires_grad_() for part in problem(2, 40_000, 30))
    with LargestTensor() as largest:
        sums = kernel_sum(points, centres, weights)
        sums.sum().backward()
    assert largest.values <= CPU_BLOCK < points.shape[1] * 30
