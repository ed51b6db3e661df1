"""One long work at a time, in a thread that outlives the page and the reloading of the UI.

Knows neither gradio nor what the work is. A page asks for what is shown whenever it likes.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

log = logging.getLogger("tps_portrait")

# What a work may end with that is no fault of the pack.
EXPECTED = (ValueError, OSError, MemoryError, RuntimeError)


class Stopped(Exception):
    """The user pressed Stop."""


@dataclass(frozen=True)
class Shown:
    """What of a work can be seen now."""

    text: str = ""
    picture: Image.Image | None = None
    drawn: int = 0  # the version of the job in which the picture came


class Job:
    """The place where a work is done, and what the last one of each kind left to be seen."""

    def __init__(self):
        self.version = 0  # grows whenever there is something new to see
        self.kind = ""  # of the work that is being done, or was done last
        self._shown: dict[str, Shown] = {}
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._starting = threading.Lock()

    @property
    def is_busy(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def shown(self, kind: str) -> Shown:
        """What the last work of that kind shows."""
        return self._shown.get(kind, Shown())

    def start(self, kind: str, work: Callable[["Job"], None]) -> None:
        """Does the work in a thread. Raises ValueError while another one is being done."""
        with self._starting:
            if self.is_busy:
                raise ValueError(f"busy with the {self.kind}; stop that first, or wait")
            self.kind = kind
            self._stop.clear()
            self._show(Shown("begins …", drawn=self.version + 1))
            self._thread = threading.Thread(target=self._run, args=[work], daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Asks the work to end, which it does when it next looks."""
        if self.is_busy:
            self._stop.set()
            self.tell("stopping …")

    def check(self) -> None:
        """For the work, as often as it can: raises Stopped when it is to end."""
        if self._stop.is_set():
            raise Stopped

    def tell(self, text: str, picture: Image.Image | None = None) -> None:
        """For the work: shows the text, and the picture or that of before."""
        if picture is None:
            self._show(replace(self.shown(self.kind), text=text))
        else:
            self._show(Shown(text, picture, self.version + 1))

    def _run(self, work: Callable[["Job"], None]) -> None:
        ended = False
        try:
            work(self)
            ended = True
        except Stopped:
            self.tell("stopped")
            ended = True
        except EXPECTED as error:
            log.error("the %s ended: %s", self.kind, error)
            self.tell(f"ended: {str(error) or 'there is not enough memory'}")
            ended = True
        finally:
            if not ended:  # a fault of ours; the thread's own last words are in the console
                self.tell("ended by a fault; the console says which")
            self.version += 1  # it is no longer busy

    def _show(self, shown: Shown) -> None:
        self._shown[self.kind] = shown
        self.version += 1


JOB = Job()  # lives as long as the pack is loaded
