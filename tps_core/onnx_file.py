"""ONNX files, written without the onnx package: a graph of nodes, and its bytes.

An ONNX file is a protobuf message of few fields (onnx.proto3 of the ONNX project lists them), and
writing one needs little more than lengths and numbers. So exporting, and the back ends that read
such files, depend on no version of any package.
"""

import struct
from dataclasses import dataclass, field

import numpy as np

OPSET = 17
IR_VERSION = 8  # the file format's version that goes with it
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7, "float16": 10}


@dataclass
class OnnxGraph:
    """A graph under construction. A value is known by the name that its maker returned."""

    half: bool = False  # store large constants in half precision; reckoning stays in single
    _nodes: list[bytes] = field(default_factory=list)
    _constants: list[bytes] = field(default_factory=list)
    _count: int = 0

    def add(self, operation: str, *inputs: str, output: str = "", **attributes) -> str:
        """Adds a node with one output, and gives that output's name; "" leaves an input out."""
        name = self._new_name(operation)
        output = output or name
        self._nodes.append(
            b"".join(_text(1, i) for i in inputs)
            + _text(2, output)
            + _text(3, name)
            + _text(4, operation)
            + b"".join(_message(5, _attribute(k, v)) for k, v in attributes.items())
        )
        return output

    def constant(self, array: np.ndarray) -> str:
        """Adds a constant of a type in TYPES."""
        array = np.ascontiguousarray(array)
        halved = self.half and array.dtype == np.float32 and array.size > 64
        if halved:
            array = array.astype(np.float16)
        name = self._new_name("constant")
        self._constants.append(_tensor(name, array))
        return self.add("Cast", name, to=TYPES["float32"]) if halved else name

    def to_bytes(
        self,
        inputs: dict[str, tuple[int | str, ...]],
        outputs: dict[str, tuple[int | str, ...]],
        metadata: dict[str, str],
        producer: str,
    ) -> bytes:
        """The file. Inputs and outputs are float32, of these shapes; a side may be a word."""
        graph = (
            b"".join(_message(1, node) for node in self._nodes)
            + _text(2, producer)
            + b"".join(_message(5, constant) for constant in self._constants)
            + b"".join(_message(11, _value(*item)) for item in inputs.items())
            + b"".join(_message(12, _value(*item)) for item in outputs.items())
        )
        return (
            _number(1, IR_VERSION)
            + _text(2, producer)
            + _message(7, graph)
            + _message(8, _text(1, "") + _number(2, OPSET))
            + b"".join(_message(14, _text(1, k) + _text(2, v)) for k, v in metadata.items())
        )

    def _new_name(self, kind: str) -> str:
        self._count += 1
        return f"{kind.lower()}_{self._count}"


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    sides = (_text(2, n) if isinstance(n, str) else _number(1, n) for n in shape)
    tensor = _number(1, TYPES["float32"]) + _message(2, b"".join(_message(1, s) for s in sides))
    return _text(1, name) + _message(2, _message(1, tensor))


def _tensor(name: str, array: np.ndarray) -> bytes:
    sides = b"".join(_number(1, n) for n in array.shape)
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return sides + _number(2, TYPES[array.dtype.name]) + _text(8, name) + _message(9, data)


def _attribute(name: str, value: int | float | str | list[int]) -> bytes:
    if isinstance(value, int):
        content, kind = _number(3, value), 2
    elif isinstance(value, float):
        content, kind = _key(2, 5) + struct.pack("<f", value), 1
    elif isinstance(value, str):
        content, kind = _text(4, value), 3
    else:
        content, kind = b"".join(_number(8, n) for n in value), 7
    return _text(1, name) + content + _number(20, kind)


def _text(place: int, text: str) -> bytes:
    return _message(place, text.encode())


def _message(place: int, content: bytes) -> bytes:
    return _key(place, 2) + _varint(len(content)) + content


def _number(place: int, number: int) -> bytes:
    return _key(place, 0) + _varint(number % 2**64)  # negative ones as their complement


def _key(place: int, wire_type: int) -> bytes:
    return _varint(place << 3 | wire_type)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the low ones first; the eighth says that more follow."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
