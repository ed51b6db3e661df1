"""The ways to run a generator that paint the same picture: each in its own fast way.

"float32" is torch itself and works everywhere. On processors OpenVINO is quicker, where it is
installed; on CUDA, half precision with recorded kernels.
"""

import copy
import importlib.util
import logging
import os
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
OPENVINO = ("openvino", "onnx")  # it reads what onnx writes
HALF_SINCE = (7, 0)  # the compute capability from which half precision is quicker, not slower
GRAPHS = 3  # sizes of pictures for which a recorded sequence of kernels is kept
# How far from float32 a picture may be, of 0…1: on average, and anywhere.
MOST_MEAN_DIFFERENCE, MOST_DIFFERENCE = 1 / 255, 4 / 255

log = logging.getLogger("tps_portrait")


class BackendFailed(Exception):
    """A back end can't be used; the message says why."""


def best_backend(device: torch.device) -> str:
    """The name of the back end that is quickest on the device, of those that are installed."""
    if device.type == "cuda":
        return "half" if torch.cuda.get_device_capability(device) >= HALF_SINCE else PLAIN
    return "openvino" if device.type == "cpu" and not missing_backends(device) else PLAIN


def missing_backends(device: torch.device) -> dict[str, str]:
    """What would be quicker on the device, each with what is to be installed for it."""
    if device.type != "cpu" or all(map(importlib.util.find_spec, OPENVINO)):
        return {}
    return {"openvino": "not installed; run: pip install openvino onnx"}


def prepare_best(generator: Generator, plain: Paint, picture: Tensor) -> Paint:
    """The best back end for the generator's device, ready to paint; later changes don't count.

    It is `plain` where another can't be used, or paints the picture (b, 3, h, w) otherwise.
    """
    name = best_backend(picture.device)
    if name == PLAIN:
        return plain
    try:
        paint = OpenVino(generator) if name == "openvino" else Half(generator)
        _check(paint(picture[:1]), plain(picture[:1]))
    except (BackendFailed, RuntimeError) as error:
        log.warning("%s is not used for painting: %s", name, _first_line(error))
        return plain
    return paint


def _check(painted: Tensor, wanted: Tensor) -> None:
    """Raises BackendFailed for another picture than the one that is wanted."""
    mean, most = difference(painted, wanted)
    if not (mean <= MOST_MEAN_DIFFERENCE and most <= MOST_DIFFERENCE):  # so that NaN doesn't pass
        raise BackendFailed(
            f"its picture differs by {255 * mean:.2f} of 255 on average, {255 * most:.1f} at most"
        )


def difference(painted: Tensor, wanted: Tensor) -> tuple[float, float]:
    """How far apart two pictures are: on average, and at most."""
    apart = (painted - wanted).abs()
    return apart.mean().item(), apart.max().item()


def fast(generator: Generator) -> Generator | FastGenerator:
    """A copy of the generator that is quick in torch itself."""
    if isinstance(generator, OldGenerator):
        return copy.deepcopy(generator)  # its many norms are slower channels-last
    return FastGenerator(generator)


class OpenVino:
    """A generator compiled by OpenVINO: on processors, for pictures of any size.

    As many threads paint side by side as there are cores for, each with as many cores as torch
    has threads: a video's workers don't wait for each other.
    """

    def __init__(self, generator: Generator):
        threads = torch.get_num_threads()
        streams = max(1, (os.cpu_count() or 1) // threads)
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # some processors would take bfloat16
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams * threads,
        }
        self._model = _compiled(to_onnx(generator, (1, "height", "width")), options)
        self._own = threading.local()  # a request paints one picture at a time

    def __call__(self, pictures: Tensor) -> Tensor:
        """Raises BackendFailed."""
        try:
            if not hasattr(self._own, "request"):
                self._own.request = self._model.create_infer_request()
            painted = []
            for picture in pictures:
                array = picture[None].contiguous().numpy()
                (result,) = self._own.request.infer([array], share_inputs=True).values()
                painted.append(torch.from_numpy(result))
        except RuntimeError as error:
            raise BackendFailed(_first_line(error)) from None
        return painted[0] if len(painted) == 1 else torch.cat(painted)


def run_in_openvino(file: bytes, picture: Tensor) -> Tensor:
    """What the ONNX file makes of a picture. Raises BackendFailed."""
    model = _compiled(file, {"INFERENCE_PRECISION_HINT": "f32"})
    (result,) = model([picture.numpy()]).values()
    return torch.from_numpy(result)


def _compiled(file: bytes, options: dict):
    """OpenVINO's model of an ONNX file. Raises BackendFailed."""
    core = _openvino().Core()
    try:
        return core.compile_model(core.read_model(file), "CPU", options)
    except RuntimeError as error:
        raise BackendFailed(_first_line(error)) from None


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
                    return self._replay(pictures)
                except torch.cuda.OutOfMemoryError:
                    raise  # the host makes room and asks again
                except RuntimeError as error:
                    self._graphs = None
                    log.warning("CUDA graphs can't be used here: %s", _first_line(error))
        return self._network(pictures.half()).float()

    def _replay(self, pictures: Tensor) -> Tensor:
        graph, source, painted = self._graphs.get(pictures.shape) or self._record(pictures)
        self._graphs[pictures.shape] = graph, source, painted
        self._graphs.move_to_end(pictures.shape)
        if len(self._graphs) > GRAPHS:
            self._graphs.popitem(last=False)
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
        fix = "pip install --force-reinstall --no-deps openvino"
        raise BackendFailed(f"can't be imported: {_first_line(error)}; run: {fix}") from None
    finally:
        if hidden:
            del sys.modules[reporter]
    return openvino


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
