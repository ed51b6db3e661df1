"""Cancel in the midst of long work."""

from collections.abc import Callable
from functools import wraps

from comfy.model_management import throw_exception_if_processing_interrupted
from torch.overrides import TorchFunctionMode


class CancelledAnywhere(TorchFunctionMode):
    """A context in which Cancel is noticed before each of torch's functions.

    For work of seconds that tells nobody how far it is. It costs two microseconds a function, which
    is 1.5 % of a training step on a processor, and more where a graphics card waits for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_over = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if not self._is_over:
            try:
                throw_exception_if_processing_interrupted()
            except BaseException:
                self._is_over = True  # a second press doesn't end what saves the work
                raise
        return func(*args, **(kwargs or {}))


def cancellable(execute: Callable) -> Callable:
    """A node's `execute`, ended by Cancel wherever it calls torch.

    Its progress bar looks for Cancel too, but only between two images, of which one may take long.
    """

    @wraps(execute)
    def watched(cls, *args, **kwargs):
        with CancelledAnywhere():
            return execute(cls, *args, **kwargs)

    return watched
