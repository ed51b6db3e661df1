"""Paints with a generator by the back end that is best on this machine."""

import logging
import threading
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from .backend_choice import choose, prepare_checked, remembered, wanted_backend
from .backends import PLAIN, BackendFailed, Paint, fast
from .generator import Generator

# So many pictures are painted by torch before anything else is made ready: that takes as long
# as a dozen pictures, and most runs paint one.
PATIENCE = 2

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
        self._best: Paint | None = None  # None as long as it isn't known
        self._patience = 0 if wanted_backend() else PATIENCE
        self._lock = threading.Lock()

    def paint(self, generator: Generator, pictures: Tensor) -> Tensor:
        if self._best is None and self._patience > 0:
            self._patience -= len(pictures)
            return self._plain(pictures)
        with self._lock:  # the first thread makes it ready, the others wait
            if self._best is None:
                self._best = self._choose(generator, pictures)
        try:
            return self._best(pictures)
        except BackendFailed as error:
            log.warning("Painting goes on with torch alone: %s", error)
            self._best = self._plain
            return self._plain(pictures)

    def _choose(self, generator: Generator, pictures: Tensor) -> Paint:
        name = wanted_backend()
        if not name:
            choice = remembered(pictures.device) or choose(generator, pictures)
            name = choice.backend
        if name == PLAIN:
            return self._plain
        try:
            return prepare_checked(name, generator, self._plain, pictures)
        except BackendFailed as error:
            log.warning("%s is not used for painting: %s", name, error)
            return self._plain


def _stamp(generator: Generator) -> tuple:
    """Equal as long as weights, device and the number of threads are the same."""
    weights = (
        (p.data_ptr(), -1 if p.is_inference() else p._version) for p in generator.parameters()
    )
    return (torch.get_num_threads(), *weights)
