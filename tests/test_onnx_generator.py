"""A generator written as ONNX paints what it paints in torch, run by others' programs."""

import numpy as np
import pytest
import torch

from tps_portrait.tps_core.painting.onnx_generator import INPUT, OUTPUT, to_onnx
from tps_portrait.tps_core.pictures import to_tensor


@pytest.fixture(scope="module")
def picture(portrait):
    return to_tensor(portrait.crop((140, 0, 332, 176)))[None]  # 192 x 176


def test_onnx_holds_it_for_right(any_style):
    onnx = pytest.importorskip("onnx")
    for shape in (("batch", "height", "width"), (1, 256, 256)):
        model = onnx.load_from_string(to_onnx(any_style.generator, shape, {"format": "x"}))
        onnx.checker.check_model(model, full_check=True)
        assert [i.name for i in model.graph.input] == [INPUT]
        assert [o.name for o in model.graph.output] == [OUTPUT]


def test_onnxruntime_paints_the_same_at_any_size(any_style, picture):
    onnxruntime = pytest.importorskip("onnxruntime")
    file = to_onnx(any_style.generator, ("batch", "height", "width"))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for pictures in (picture, picture[..., :32, :48], torch.cat([picture, picture.flip(3)])):
        (painted,) = session.run(None, {INPUT: pictures.numpy()})
        np.testing.assert_allclose(painted, any_style.generator(pictures).numpy(), atol=1e-4)


def test_grain_is_laid_over_as_large_a_picture_as_there_is(generator):
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.nn.init.normal_(generator.head.weight, generator=torch.Generator().manual_seed(0))
    file = to_onnx(generator, ("batch", "height", "width"))
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for sides in ((48, 592), (592, 48)):  # 64 pixels of a map are 256 or 512 of the picture
        pictures = torch.rand(1, 3, *sides, generator=torch.Generator().manual_seed(0))
        (painted,) = session.run(None, {INPUT: pictures.numpy()})
        np.testing.assert_allclose(painted, generator(pictures).numpy(), atol=1e-4)


def test_weights_in_half_precision_paint_the_same_as_styles_are_stored_so(any_style, picture):
    onnxruntime = pytest.importorskip("onnxruntime")
    file = to_onnx(any_style.generator, (1, *picture.shape[-2:]), half=True)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (painted,) = session.run(None, {INPUT: picture.numpy()})
    difference = np.abs(painted - any_style.generator(picture).numpy())
    assert difference.mean() < 1 / 255
    assert difference.max() < 4 / 255
