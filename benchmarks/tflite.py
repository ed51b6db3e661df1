"""Reads a TFLite file: its network as a list of steps, and its weights in PyTorch's layout.

Knows the operators that MediaPipe's models of faces and persons are made of, and refuses others.
Source: the FlatBuffers binary format and TensorFlow's schema.fbs (version 3), from which the
field numbers below come.
"""

import struct
from dataclasses import dataclass

import numpy as np

# schema.fbs: BuiltinOperator
OPERATORS = {
    0: "add",
    1: "mean",
    2: "concatenate",
    3: "conv",
    4: "depthwise",
    6: "dequantize",
    14: "sigmoid",
    17: "max_pool",
    18: "multiply",
    19: "relu",
    22: "reshape",
    23: "resize",
    32: "custom",
    34: "pad",
    54: "prelu",
    117: "hard_swish",
}
TRANSPOSED = "Convolution2DTransposeBias"  # the one custom operator known here
DTYPES = {0: np.float32, 1: np.float16, 2: np.int32}  # schema.fbs: TensorType


@dataclass(frozen=True)
class Table:
    """One table of a FlatBuffer: fields by number, read where they lie."""

    data: bytes
    start: int

    @classmethod
    def root(cls, data: bytes) -> "Table":
        """The file's outermost table."""
        return cls(data, struct.unpack_from("<I", data, 0)[0])

    def number(self, field: int, kind: str = "i", default: int = 0) -> int:
        """A scalar; `kind` is its letter in `struct`."""
        place = self._place(field)
        return struct.unpack_from("<" + kind, self.data, place)[0] if place else default

    def table(self, field: int) -> "Table":
        """A table within this one."""
        place = self._place(field)
        return Table(self.data, place + struct.unpack_from("<I", self.data, place)[0])

    def tables(self, field: int) -> list["Table"]:
        """The tables of a vector."""
        start, count = self._vector(field)
        places = range(start, start + 4 * count, 4)
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in places]

    def array(self, field: int, dtype: type = np.int32) -> np.ndarray:
        """The numbers of a vector: (n,)."""
        start, count = self._vector(field)
        return np.frombuffer(self.data, dtype, count, start)

    def text(self, field: int) -> str:
        """A string."""
        return self.array(field, np.uint8).tobytes().decode()

    def _vector(self, field: int) -> tuple[int, int]:
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + struct.unpack_from("<I", self.data, place)[0]
        return start + 4, struct.unpack_from("<I", self.data, start)[0]

    def _place(self, field: int) -> int:
        """The byte where a field lies, 0 if it is left out."""
        layout = self.start - struct.unpack_from("<i", self.data, self.start)[0]
        entry = 4 + 2 * field
        if entry >= struct.unpack_from("<H", self.data, layout)[0]:
            return 0
        offset = struct.unpack_from("<H", self.data, layout + entry)[0]
        return self.start + offset if offset else 0


def read_network(data: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """The network in a TFLite file as (graph, weights).

    graph: `{"input", "size", "outputs", "steps"}`; a step is `{"do", "inputs", "output", ...}`
    with its padding spelled out. weights: convolutions (out, in / groups, h, w), those that double
    a map (in, out, 2, 2), the rest (c,).
    Raises ValueError for another file, and for an operator or option that is not known here.
    """
    if data[4:8] != b"TFL3":
        raise ValueError("this is not a TFLite file")
    model = Table.root(data)
    codes = [max(code.number(0, "b"), code.number(3)) for code in model.tables(1)]
    names = [code.text(1) for code in model.tables(1)]  # of custom operators
    subgraph, buffers = model.tables(2)[0], model.tables(4)
    tensors = subgraph.tables(0)
    shapes = [tuple(tensor.array(0).tolist()) for tensor in tensors]
    inputs, outputs = subgraph.array(1).tolist(), subgraph.array(2).tolist()

    constants: dict[int, np.ndarray] = {}
    for i, tensor in enumerate(tensors):
        raw = buffers[tensor.number(2, "I")].array(0, np.uint8)
        if raw.size:
            constants[i] = raw.view(DTYPES[tensor.number(1, "b")]).reshape(shapes[i])

    steps, weights = [], {}
    for operator in subgraph.tables(3):
        code = codes[operator.number(0, "I")]
        if code not in OPERATORS:
            raise ValueError(f"this TFLite file uses operator {code}, which is not known here")
        kind = OPERATORS[code]
        takes, gives = operator.array(1).tolist(), operator.array(2).tolist()[0]
        if kind == "dequantize":
            constants[gives] = constants[takes[0]]  # half precision on disk, single when run
            continue
        flowing = [str(i) for i in takes if i not in constants]
        step = {"do": kind, "inputs": flowing, "output": str(gives)}
        fixed = [constants[i] for i in takes if i in constants]
        if kind in ("conv", "depthwise"):
            kernel, bias = fixed
            order = (0, 3, 1, 2) if kind == "conv" else (3, 0, 1, 2)
            weights[f"{gives}.weight"] = np.ascontiguousarray(kernel.transpose(order))
            weights[f"{gives}.bias"] = bias
            step |= _window(operator.table(4), kind, kernel.shape[1:3], shapes, takes[0], gives)
            step |= {"do": "conv", "groups": kernel.shape[3] if kind == "depthwise" else 1}
        elif kind == "prelu":
            weights[f"{gives}.weight"] = fixed[0].reshape(-1)
        elif kind == "max_pool":
            options = operator.table(4)
            size = (options.number(4), options.number(3))  # filter height, width
            step |= _window(options, kind, size, shapes, takes[0], gives) | {"size": size[0]}
        elif kind == "mean":
            if shapes[gives][1:3] != (1, 1):
                raise ValueError("this TFLite file has means over less than the whole map")
        elif kind == "resize":
            options = operator.table(4)
            if options.number(2, "b") or not options.number(3, "b"):
                raise ValueError("this TFLite file resizes with other than half-pixel centres")
            step["shape"] = shapes[gives][1:3]
        elif kind == "custom":
            kernel, bias = fixed
            doubled = tuple(2 * n for n in shapes[takes[0]][1:3])
            known = names[operator.number(0, "I")] == TRANSPOSED and kernel.shape[1:3] == (2, 2)
            if not known or shapes[gives][1:3] != doubled:
                raise ValueError("this TFLite file has a custom operator that is not known here")
            weights[f"{gives}.weight"] = np.ascontiguousarray(kernel.transpose(3, 0, 1, 2))
            weights[f"{gives}.bias"] = bias
            step["do"] = "double"
        elif kind == "pad":
            if np.any(fixed[0][:3]) or fixed[0][3, 0]:
                raise ValueError("this TFLite file pads other than after the last channel")
            step["channels"] = int(fixed[0][3, 1])
        elif kind == "reshape":
            step["shape"] = shapes[gives][1:]
        steps.append(step)
    graph = {
        "input": str(inputs[0]),
        "size": shapes[inputs[0]][1],
        "outputs": [str(i) for i in outputs],
        "steps": steps,
    }
    return graph, weights


def _window(options: Table, kind: str, size, shapes, source: int, target: int) -> dict:
    """The stride and padding (left, right, top, bottom) of a convolution or pooling."""
    stride = options.number(1)
    activation = options.number({"conv": 3, "depthwise": 4, "max_pool": 5}[kind], "b")
    if stride != options.number(2) or activation:
        raise ValueError(f"this TFLite file has a {kind} with options that are not known here")
    padding = []
    for axis in (2, 1):  # width, then height
        missing = (shapes[target][axis] - 1) * stride + size[axis - 1] - shapes[source][axis]
        before = max(missing, 0) // 2
        padding += [before, max(missing, 0) - before]
    return {"stride": stride, "padding": padding}
