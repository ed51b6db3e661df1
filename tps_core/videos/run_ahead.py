"""Works through an iterable in a thread of its own, some items ahead of who uses them."""

import queue
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

Item = TypeVar("Item")

_END = object()
WAIT_S = 0.1  # after which who waits looks whether it still makes sense


def run_ahead(items: Iterable[Item], most: int) -> Generator[Item, None, None]:
    """The items in order, at most so many worked out before they are asked for.

    What is raised in the thread is raised here. Closing the generator ends the thread.
    """
    ready: queue.Queue = queue.Queue(most)
    unwanted = threading.Event()

    def put(item: object) -> None:
        while not unwanted.is_set():
            try:
                return ready.put(item, timeout=WAIT_S)
            except queue.Full:
                continue
        return None

    def take() -> object:
        while True:  # a wait without an end could not be stopped by Ctrl-C on Windows
            try:
                return ready.get(timeout=WAIT_S)
            except queue.Empty:
                continue

    def work() -> None:
        try:
            for item in items:
                put(item)
                if unwanted.is_set():
                    return
        finally:
            put(_END)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            while (item := take()) is not _END:
                yield cast(Item, item)
            working.result()  # raises what ended it
        finally:
            unwanted.set()
