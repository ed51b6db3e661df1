"""Paints with a generator by the back end that is best on this machine."""

import logging
import threading
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from .backends import BackendFailed, Paint, fast, prepare_best
from .generator import Generator

# So many pictures are painted by torch before anything else is made ready: that takes as long
# as a dozen pictures, and most runs paint one.
PATIENCE_PICTURES = 2

log = logging.getLogger("tps_portrait")

_painters: WeakKeyDictionary[Generator, "Painter"] = WeakKeyDictionary()
_lock = threading.Lock()


def paint(generator: Generator, pictures: Tensor) -> Tensor:
    """What the generator paints of pictures (b, 3, h, w) in 0…1, float32 on its device.

    Sides are multiples of STRIDE. What is made ready for a generator is kept as long as it lives,
    and made again when its weights, its device or the number of threads have changed.
    """
    stamp = _stamp(generator)
    with _lock:
        painter = _painters.get(generator)
        if painter is None or painter.stamp != stamp:
            painter = _painters[generator] = Painter(generator, stamp)
    return painter.paint(generator, pictures)


class Painter:
    """A generator made ready. Holds copies, not the generator itself."""

    def __init__(self, generator: Generator, stamp: tuple):
        self.stamp = stamp
        self._plain = fast(generator)
        self._best: Paint | None = None  # None as long as it isn't ready
        self._patience = PATIENCE_PICTURES
        self._making = threading.Lock()

    def paint(self, generator: Generator, pictures: Tensor) -> Tensor:
        best = self._best or self._make_ready(generator, pictures)
        try:
            return best(pictures)
        except BackendFailed as error:
            log.warning("Painting goes on with torch alone: %s", error)
            self._best = self._plain
            return self._plain(pictures)

    def _make_ready(self, generator: Generator, pictures: Tensor) -> Paint:
        """The best back end; torch itself for the first pictures, and while another makes ready."""
        if self._patience > 0:
            self._patience -= len(pictures)
            return self._plain
        if not self._making.acquire(blocking=False):
            return self._plain
        try:
            if self._best is None:
                self._best = prepare_best(generator, self._plain, pictures)
            return self._best
        finally:
            self._making.release()


def _stamp(generator: Generator) -> tuple:
    """Equal as long as weights, device and the number of threads are the same."""
    weights = (
        (p.data_ptr(), -1 if p.is_inference() else p._version) for p in generator.parameters()
    )
    return (torch.get_num_threads(), *weights)
