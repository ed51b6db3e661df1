import subprocess
import sys

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from tps_portrait.tps_core.geometry import spline
from tps_portrait.tps_core.geometry.spline import CPU_BLOCK, fit, kernel, kernel_sum


def random_points(*shape, seed=0, dtype=torch.float64):
    return torch.rand(*shape, 2, generator=torch.Generator().manual_seed(seed), dtype=dtype) * 2 - 1


@pytest.mark.parametrize("stiffness", [0.0, 1e-3, 0.1])
@pytest.mark.parametrize("n", [4, 68, 478])
def test_it_equals_scipys_thin_plate_spline_everywhere(n, stiffness):
    from scipy.interpolate import RBFInterpolator

    source, target = random_points(1, n), random_points(1, n, seed=1)
    points = 1.2 * random_points(1, 500, seed=2)
    expected = RBFInterpolator(
        source[0].numpy(), target[0].numpy(), kernel="thin_plate_spline", smoothing=stiffness
    )(points[0].numpy())
    torch.testing.assert_close(
        fit(source, target, stiffness)(points)[0], torch.from_numpy(expected), rtol=1e-7, atol=1e-7
    )


def test_every_source_point_lands_on_its_target():
    source, target = random_points(3, 68), random_points(3, 68, seed=1)
    torch.testing.assert_close(fit(source, target)(source), target, rtol=0, atol=1e-9)


def test_an_affine_map_bends_nothing():
    source = random_points(2, 20)
    matrix = torch.tensor([[1.2, -0.3], [0.1, 0.8]], dtype=torch.float64)
    spline = fit(source, source @ matrix.T + 0.3)
    points = 3 * random_points(2, 50, seed=1)
    assert spline.weights.abs().max() < 1e-9
    torch.testing.assert_close(spline(points), points @ matrix.T + 0.3)


def test_much_stiffness_leaves_the_best_affine_map():
    source, target = random_points(1, 30), random_points(1, 30, seed=1)
    ones = torch.cat([torch.ones(30, 1, dtype=torch.float64), source[0]], 1)
    affine = torch.linalg.lstsq(ones, target[0]).solution
    torch.testing.assert_close(
        fit(source, target, stiffness=1e9)(source)[0], ones @ affine, rtol=0, atol=1e-5
    )


def test_the_result_has_the_inputs_dtype():
    source, target = random_points(1, 9).float(), random_points(1, 9, seed=1).float()
    moved = fit(source, target)(source)
    assert moved.dtype == torch.float32
    torch.testing.assert_close(moved, target, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_a_batch_of_splines_goes_through_many_points_whatever_the_number_of_threads():
    """In a process of its own: once their number is set, MKL fails at several large systems."""
    work = """
import torch
from tps_portrait.tps_core.geometry.spline import fit
torch.set_num_threads(2)
source, target = torch.rand(2, 3, 478, 2, dtype=torch.float64)
torch.testing.assert_close(fit(source, target)(source), target, rtol=0, atol=1e-6)
"""
    subprocess.run([sys.executable, "-c", work], check=True)


def test_blocks_leave_no_trace():
    source, target = random_points(1, 9), random_points(1, 9, seed=1)
    points = random_points(1, 2 * CPU_BLOCK // 9 + 3, seed=2)
    spline = fit(source, target)
    torch.testing.assert_close(spline(points)[:, -5:], spline(points[:, -5:]))


def test_gradients_flow_to_points_sources_and_targets():
    source, target, points = (
        random_points(2, n, seed=s).requires_grad_() for n, s in ((8, 0), (8, 1), (5, 2))
    )
    assert torch.autograd.gradcheck(
        lambda *x: fit(x[0], x[1], 1e-3)(x[2]), (source, target, points), atol=1e-4
    )


def test_gradients_are_finite_at_the_centres_themselves():
    source = random_points(1, 8)
    points = source.clone().requires_grad_()
    fit(source, random_points(1, 8, seed=1))(points).sum().backward()
    assert points.grad.isfinite().all()


TWICE = random_points(1, 5)
TWICE[0, 4] = TWICE[0, 1]
LINE = torch.linspace(-1, 1, 6, dtype=torch.float64)[None, :, None].expand(1, 6, 2).clone()
NAN = random_points(1, 5)
NAN[0, 2, 0] = torch.nan


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (TWICE, r"points 1 and 4 coincide at .* move or remove one of them"),
        (LINE, "lie on one line"),
        (NAN, "finite"),
        (random_points(1, 2), "at least 3 points, got 2"),
    ],
    ids=["duplicates", "collinear", "nan", "too few"],
)
def test_points_that_determine_no_map_are_refused(source, message):
    with pytest.raises(ValueError, match=message):
        fit(source, torch.zeros_like(source))


def test_a_degenerate_one_in_a_batch_is_found():
    with pytest.raises(ValueError, match="coincide"):
        fit(torch.cat([random_points(1, 5), TWICE]), random_points(2, 5, seed=1))


def test_different_shapes_are_refused():
    with pytest.raises(ValueError, match="same shape"):
        fit(random_points(1, 5), random_points(1, 6))


def test_negative_stiffness_is_refused():
    with pytest.raises(ValueError, match="stiffness must be 0 or more"):
        fit(random_points(1, 5), random_points(1, 5, seed=1), -1.0)


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


def test_a_kernel_sum_is_the_weighted_sum_of_the_kernel():
    points, centres, weights = problem(2, 50, 7)
    squared = (points[:, :, None] - centres[:, None]).square().sum(-1)
    torch.testing.assert_close(
        kernel_sum(points, centres, weights), 0.5 * squared * squared.log() @ weights
    )


def test_gradients_are_right_over_several_blocks(monkeypatch):
    monkeypatch.setattr(spline, "CPU_BLOCK", 2 * 3 * 4)
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
