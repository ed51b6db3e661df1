"""OpenVINO, which paints quicker than torch on processors; an optional package."""

import os
import sys
import threading

import torch
from torch import Tensor


class BackendFailed(Exception):
    """A back end can't be used; the message says why."""


class OpenVino:
    """An ONNX file of ours in OpenVINO, for pictures of any size.

    As many threads paint side by side as there are cores for, each with as many cores as torch
    has threads: a video's workers don't wait for each other.
    """

    def __init__(self, file: bytes):
        """Raises BackendFailed."""
        threads = torch.get_num_threads()
        streams = max(1, (os.cpu_count() or 1) // threads)
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # some processors would take bfloat16
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams * threads,
        }
        core = _openvino().Core()
        try:
            self._model = core.compile_model(core.read_model(file), "CPU", options)
        except RuntimeError as error:
            raise BackendFailed(first_line(error)) from None
        self._own = threading.local()  # a request paints one picture at a time

    def __call__(self, pictures: Tensor) -> Tensor:
        """What is painted of pictures (b, 3, h, w). Raises BackendFailed."""
        try:
            if not hasattr(self._own, "request"):
                self._own.request = self._model.create_infer_request()
            painted = []
            for picture in pictures:
                array = picture[None].contiguous().numpy()
                (result,) = self._own.request.infer([array], share_inputs=True).values()
                painted.append(torch.from_numpy(result))
        except RuntimeError as error:
            raise BackendFailed(first_line(error)) from None
        return painted[0] if len(painted) == 1 else torch.cat(painted)


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
        raise BackendFailed(f"can't be imported: {first_line(error)}; run: {fix}") from None
    finally:
        if hidden:
            del sys.modules[reporter]
    return openvino


def first_line(error: Exception) -> str:
    """What the error says, in one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
