"""A generator as an ONNX file paints what it paints in torch, run by others' programs."""

import numpy as np
import pytest
import torch

from tps_portrait.tps_core.painting.onnx_file import INPUT, OUTPUT, to_onnx
from tps_portrait.tps_core.pictures import to_tensor

onnx = pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def picture(portrait):
    return to_tensor(portrait.crop((140, 0, 332, 176)))[None]  # 192 x 176


def test_onnx_holds_it_for_right(any_style):
    for shape in (("batch", "height", "width"), (1, 256, 256)):
        model = onnx.load_from_string(to_onnx(any_style.generator, shape, {"format": "x"}))
        onnx.checker.check_model(model, full_check=True)
        assert [i.name for i in model.graph.input] == [INPUT]
        assert [o.name for o in model.graph.output] == [OUTPUT]


def test_shape_metadata_and_version_are_in_it(generator):
    metadata = {"licence": "CC0 – öffentlich"}
    model = onnx.load_from_string(to_onnx(generator, (1, "height", 64), metadata))
    sides = model.graph.input[0].type.tensor_type.shape.dim
    assert [side.dim_value or side.dim_param for side in sides] == [1, 3, "height", 64]
    assert {entry.key: entry.value for entry in model.metadata_props} == metadata
    assert model.opset_import[0].version == 17


def test_half_precision_is_for_storing_large_weights_only(generator):
    model = onnx.load_from_string(to_onnx(generator, (1, 64, 64), half=True))
    whole = onnx.load_from_string(to_onnx(generator, (1, 64, 64)))
    kinds = {(tensor.data_type, np.prod(tensor.dims) > 64) for tensor in model.graph.initializer}
    kind = onnx.TensorProto
    assert kinds == {(kind.FLOAT16, True), (kind.FLOAT, False), (kind.INT64, False)}
    assert {node.op_type for node in model.graph.node} - {"Cast"} == {
        node.op_type for node in whole.graph.node
    }


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


def test_what_other_threads_paint_meanwhile_is_not_in_it(generator):
    before = to_onnx(generator, (1, 64, 64))
    from threading import Event, Thread

    begun, enough = Event(), Event()

    def paint():
        while not enough.is_set():
            generator(torch.rand(1, 3, 32, 32))
            begun.set()

    other = Thread(target=paint)
    other.start()
    try:
        assert begun.wait(60)
        assert to_onnx(generator, (1, 64, 64)) == before
    finally:
        enough.set()
        other.join()
