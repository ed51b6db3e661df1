"""Paints with a generator in the way that is quickest on this machine.

"float32" is torch itself and works everywhere. On processors OpenVINO is quicker, where it is
installed; on CUDA, half precision. All of them paint the same picture.
"""

import copy
import importlib.util
import logging
import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from .fast_generator import FastGenerator
from .generator import Generator
from .old_generator import OldGenerator
from .onnx_file import to_onnx
from .openvino import BackendFailed, OpenVino, first_line

Paint = Callable[[Tensor], Tensor]  # pictures (b, 3, h, w), float32 on the device, to the same

PLAIN = "float32"
OPENVINO = ("openvino", "onnx")  # it reads what onnx writes
HALF_SINCE = (7, 0)  # the compute capability from which half precision is quicker, not slower
# How far from float32 a picture may be, of 0…1: on average, and anywhere.
MOST_MEAN_DIFFERENCE, MOST_DIFFERENCE = 1 / 255, 4 / 255
# So many pictures are painted by torch before anything else is made ready: that takes as long
# as a dozen pictures, and most runs paint one.
PATIENCE_PICTURES = 2

log = logging.getLogger("tps_portrait")

_painters: WeakKeyDictionary[Generator, "Painter"] = WeakKeyDictionary()
_lock = threading.Lock()


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


def paint(generator: Generator, pictures: Tensor) -> Tensor:
    """What the generator paints of pictures (b, 3, h, w) in 0…1, float32 on its device.

    Sides are multiples of STRIDE. What is made ready for a generator is kept as long as it lives,
    and made again when its weights, its device or the number of threads have changed.
    """
    weights = (
        (p.data_ptr(), -1 if p.is_inference() else p._version) for p in generator.parameters()
    )
    stamp = (torch.get_num_threads(), *weights)
    with _lock:
        painter = _painters.get(generator)
        if painter is None or painter.stamp != stamp:
            painter = _painters[generator] = Painter(generator, stamp)
    return painter.paint(generator, pictures)


def forget(generator: Generator) -> None:
    """Gives up what was made ready for the generator, and the memory that it holds."""
    with _lock:
        _painters.pop(generator, None)


class Painter:
    """A generator made ready. Holds copies, not the generator itself."""

    def __init__(self, generator: Generator, stamp: tuple):
        self.stamp = stamp
        self._plain = fast(generator)
        self._best: Paint | None = None  # None as long as it isn't ready
        self._patience = PATIENCE_PICTURES
        self._making = threading.Lock()

    def paint(self, generator: Generator, pictures: Tensor) -> Tensor:
        """By torch itself the first pictures, and while another back end is made ready."""
        if self._best is None:
            if self._patience > 0:
                self._patience -= len(pictures)
            elif self._making.acquire(blocking=False):
                try:
                    self._best = self._best or prepare_best(generator, self._plain, pictures)
                finally:
                    self._making.release()
        try:
            return (self._best or self._plain)(pictures)
        except BackendFailed as error:
            log.warning("Painting goes on with torch alone: %s", error)
            self._best = self._plain
            return self._plain(pictures)


def prepare_best(generator: Generator, plain: Paint, picture: Tensor) -> Paint:
    """The best back end for the generator's device, ready to paint; later changes don't count.

    It is `plain` where another can't be used, or paints the picture (b, 3, h, w) otherwise.
    """
    name = best_backend(picture.device)
    if name == PLAIN:
        return plain
    try:
        paint = openvino(generator) if name == "openvino" else half(generator)
        mean, most = difference(paint(picture[:1]), plain(picture[:1]))
    except (BackendFailed, RuntimeError) as error:
        log.warning("%s is not used for painting: %s", name, first_line(error))
        return plain
    if mean <= MOST_MEAN_DIFFERENCE and most <= MOST_DIFFERENCE:  # so that NaN doesn't pass
        return paint
    wrong = f"differs by {255 * mean:.2f} of 255 on average, {255 * most:.1f} at most"
    log.warning("%s is not used for painting: its picture %s", name, wrong)
    return plain


def difference(painted: Tensor, wanted: Tensor) -> tuple[float, float]:
    """How far apart two pictures are: on average, and at most."""
    apart = (painted - wanted).abs()
    return apart.mean().item(), apart.max().item()


def fast(generator: Generator) -> Generator | FastGenerator:
    """A copy of the generator that is quick in torch itself."""
    # The many norms of the old one are slower channels-last.
    is_old = isinstance(generator, OldGenerator)
    return copy.deepcopy(generator) if is_old else FastGenerator(generator)


def half(generator: Generator) -> Paint:
    """The generator in half precision, for graphics cards."""
    network = fast(generator).half()
    return lambda pictures: network(pictures.half()).float()


def openvino(generator: Generator) -> Paint:
    """The generator in OpenVINO, for processors. Raises BackendFailed."""
    return OpenVino(to_onnx(generator, (1, "height", "width")))
