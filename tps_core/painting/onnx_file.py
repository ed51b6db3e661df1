"""A graph of ONNX nodes under construction, and its file; by the onnx package, an optional one."""

from dataclasses import dataclass, field

import numpy as np

OPSET = 17
IR_VERSION = 8  # the file format's version that goes with it


@dataclass
class OnnxGraph:
    """A graph under construction. A value is known by the name that its maker returned."""

    half: bool = False  # store large constants in half precision; arithmetic stays in single
    _nodes: list = field(default_factory=list)
    _constants: list = field(default_factory=list)
    _count: int = 0

    def add(self, operation: str, *inputs: str, output: str = "", **attributes) -> str:
        """Adds a node with one output, and gives that output's name; "" leaves an input out."""
        from onnx.helper import make_node

        name = self._new_name(operation)
        output = output or name
        self._nodes.append(make_node(operation, inputs, [output], name, **attributes))
        return output

    def constant(self, array: np.ndarray) -> str:
        """Adds a constant."""
        from onnx import TensorProto
        from onnx.numpy_helper import from_array

        array = np.ascontiguousarray(array)
        halved = self.half and array.dtype == np.float32 and array.size > 64
        name = self._new_name("constant")
        self._constants.append(from_array(array.astype(np.float16) if halved else array, name))
        return self.add("Cast", name, to=TensorProto.FLOAT) if halved else name

    def to_bytes(
        self,
        inputs: dict[str, tuple[int | str, ...]],
        outputs: dict[str, tuple[int | str, ...]],
        metadata: dict[str, str],
        producer: str,
    ) -> bytes:
        """The file. Inputs and outputs are float32, of these shapes; a side may be a word."""
        from onnx import TensorProto, helper

        ins, outs = (
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends]
            for ends in (inputs.items(), outputs.items())
        )
        graph = helper.make_graph(self._nodes, producer, ins, outs, self._constants)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name=producer
        )
        helper.set_model_props(model, metadata)
        return model.SerializeToString()

    def _new_name(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}_{self._count}"
