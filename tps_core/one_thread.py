"""Work that torch does in one thread."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Around work, or as a decorator: torch uses one thread for it, then as many as before.

    For networks that are small: several threads gain nothing there, and on a busy machine each
    waits for the others, at ten times the processor's time. And for what must come out the same
    to the last bit, since several threads add in another order.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
