"""ONNX files: what is put into a graph arrives in its file."""

import numpy as np
import pytest

from tps_portrait.tps_core.painting.onnx_file import OnnxGraph

onnx = pytest.importorskip("onnx")


def file_of(graph, metadata=()):
    sides = (1, "height")
    return graph.to_bytes({"x": sides}, {"y": sides}, dict(metadata), "test")


def test_every_kind_of_attribute_and_constant_arrives():
    graph = OnnxGraph()
    constants = [
        np.array([[1.5, -2]], np.float32),
        np.array([0, 255], np.uint8),
        np.array([-128, 127], np.int8),
        np.array([-1, 2**40], np.int64),
        np.array(0.5, np.float16),
    ]
    for constant in constants:
        graph.constant(constant)
    graph.add("Some", "x", "", whole=-3, real=0.25, word="edge", several=[1, -2], output="y")
    model = onnx.load_from_string(file_of(graph))
    for constant, read in zip(constants, model.graph.initializer, strict=True):
        array = onnx.numpy_helper.to_array(read)
        assert array.dtype == constant.dtype
        np.testing.assert_array_equal(array, constant)
    (node,) = model.graph.node
    assert list(node.input) == ["x", ""]
    found = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    assert found == {"whole": -3, "real": 0.25, "word": b"edge", "several": [1, -2]}


def test_shapes_metadata_and_version_arrive():
    graph = OnnxGraph()
    graph.add("Relu", "x", output="y")
    model = onnx.load_from_string(file_of(graph, {"licence": "CC0 – öffentlich"}))
    onnx.checker.check_model(model, full_check=True)
    sides = model.graph.input[0].type.tensor_type.shape.dim
    assert (sides[0].dim_value, sides[1].dim_param) == (1, "height")
    assert model.metadata_props[0].value == "CC0 – öffentlich"
    assert model.opset_import[0].version == 17


def test_half_precision_is_for_storing_large_constants_only():
    graph = OnnxGraph(half=True)
    graph.constant(np.ones(1000, np.float32))
    graph.constant(np.ones(4, np.float32))
    model = onnx.load_from_string(file_of(graph))
    types = [tensor.data_type for tensor in model.graph.initializer]
    assert types == [onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT]
    assert [node.op_type for node in model.graph.node] == ["Cast"]
