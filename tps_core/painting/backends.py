"""The ways to run a generator that paint the same picture: each in its own fast way.

"float32" is torch itself and works everywhere; the others are tried where they can be.
"""

import copy
import importlib.util
import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor

from .fast_generator import FastGenerator
from .generator import Generator
from .old_generator import OldGenerator
from .onnx_generator import to_onnx

Paint = Callable[[Tensor], Tensor]  # pictures (b, 3, h, w), float32 on the device, to the same

PLAIN = "float32"
GRAPHS = 3  # sizes of pictures for which a recorded sequence of kernels is kept
OPENVINO = ("openvino", "onnx")  # it reads what onnx writes
OPENVINO_CURE = "not installed; run: pip install openvino onnx"

log = logging.getLogger("tps_portrait")


class BackendFailed(Exception):
    """A back end can't be used; the message says why."""


def backends(device: torch.device) -> dict[str, str]:
    """The back ends for a device; each with "", or what it needs and how to get it."""
    found = {PLAIN: ""}
    if device.type == "cpu":
        found["openvino"] = "" if all(map(importlib.util.find_spec, OPENVINO)) else OPENVINO_CURE
    else:
        found["half"] = ""
    return found


def prepare(name: str, generator: Generator) -> Paint:
    """The generator made ready to paint on its device. Later changes of it don't count.

    Raises BackendFailed when that back end can't be used here.
    """
    device = next(generator.parameters()).device
    wrong = backends(device).get(name, f"there is no such back end for {device.type}")
    if wrong:
        raise BackendFailed(wrong)
    if name == "openvino":
        return OpenVino(generator)
    return Half(generator) if name == "half" else fast(generator)


def fast(generator: Generator) -> Generator | FastGenerator:
    """A copy of the generator that is quick in torch itself."""
    if isinstance(generator, OldGenerator):
        return copy.deepcopy(generator)  # its many norms are slower channels-last
    return FastGenerator(generator)


class OpenVino:
    """A generator compiled by OpenVINO: on processors, for pictures of any size."""

    def __init__(self, generator: Generator):
        core = _openvino().Core()
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # some processors would take bfloat16
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        try:
            model = core.read_model(to_onnx(generator, (1, "height", "width")))
            self._request = core.compile_model(model, "CPU", options).create_infer_request()
        except RuntimeError as error:
            raise BackendFailed(_first_line(error)) from None
        self._lock = threading.Lock()  # a request paints one picture at a time

    def __call__(self, pictures: Tensor) -> Tensor:
        """Raises BackendFailed."""
        painted = []
        for picture in pictures:
            array = picture[None].contiguous().numpy()
            try:
                with self._lock:
                    (result,) = self._request.infer([array], share_inputs=True).values()
            except RuntimeError as error:
                raise BackendFailed(_first_line(error)) from None
            painted.append(torch.from_numpy(result))
        return painted[0] if len(painted) == 1 else torch.cat(painted)


def run_in_openvino(file: bytes, picture: Tensor) -> Tensor:
    """What the ONNX file makes of a picture. Raises BackendFailed."""
    core = _openvino().Core()
    try:
        model = core.compile_model(
            core.read_model(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
        )
        (result,) = model([picture.numpy()]).values()
    except RuntimeError as error:
        raise BackendFailed(_first_line(error)) from None
    return torch.from_numpy(result)


class Half:
    """A generator in half precision, for graphics cards.

    On CUDA the kernels for pictures of one shape are recorded once and replayed in one go: they
    are so small that starting them one by one takes longer than running them.
    """

    def __init__(self, generator: Generator):
        self._network = fast(generator).half()
        # Graph and pictures in and out, by shape, the last used at the end; None: not by graphs.
        self._graphs: OrderedDict[torch.Size, tuple] | None = None
        if next(generator.parameters()).is_cuda:
            self._graphs = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, pictures: Tensor) -> Tensor:
        if self._graphs is not None:
            with self._lock, torch.cuda.device(pictures.device):
                try:
                    return self._replay(self._graphs, pictures)
                except torch.cuda.OutOfMemoryError:
                    raise  # the host makes room and asks again
                except RuntimeError as error:
                    self._graphs = None
                    log.warning("CUDA graphs can't be used here: %s", _first_line(error))
        return self._network(pictures.half()).float()

    def _replay(self, graphs: OrderedDict[torch.Size, tuple], pictures: Tensor) -> Tensor:
        graph, source, painted = graphs.get(pictures.shape) or self._record(pictures)
        graphs[pictures.shape] = graph, source, painted
        graphs.move_to_end(pictures.shape)
        if len(graphs) > GRAPHS:
            graphs.popitem(last=False)
        source.copy_(pictures)
        graph.replay()
        return painted.float()

    # What is made in inference mode can't be written to outside it, so it isn't made there.
    @torch.inference_mode(False)
    @torch.no_grad()
    def _record(self, pictures: Tensor) -> tuple:
        source = torch.zeros(pictures.shape, dtype=torch.half, device=pictures.device)
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # libraries set themselves up in the first runs
            for _ in range(3):
                self._network(source)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # Other threads may use the card meanwhile.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            painted = self._network(source)
        return graph, source, painted


def _openvino():
    """The package openvino, imported without the one by which it reports each import.

    Raises BackendFailed.
    """
    reporter = "openvino_telemetry"
    hidden = "openvino" not in sys.modules and reporter not in sys.modules
    try:
        if hidden:
            sys.modules[reporter] = None  # it does without
        import openvino
    except (ImportError, AttributeError, OSError, RuntimeError) as error:
        cure = "pip install --force-reinstall --no-deps openvino"
        raise BackendFailed(f"can't be imported: {_first_line(error)}; run: {cure}") from None
    finally:
        if hidden:
            del sys.modules[reporter]
    return openvino


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
