"""OpenVINO paints what torch paints, or says in a sentence why it can't."""

import subprocess
import sys
import threading

import pytest
import torch

from tps_portrait.tps_core.painting.openvino import BackendFailed
from tps_portrait.tps_core.painting.painter import openvino as in_openvino


def test_openvino_paints_pictures_of_any_size_from_several_threads(any_style, photo, openvino):
    pictures = photo[None, :, :256, :192]
    paint = in_openvino(any_style.generator)
    sizes = [(32, 32), (64, 48), (256, 192), (48, 64)]
    painted = {}

    def work(size):
        h, w = size
        for _ in range(3):
            painted[size] = paint(pictures[..., :h, :w])

    threads = [threading.Thread(target=work, args=(size,)) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for h, w in sizes:
        wanted = any_style.generator(pictures[..., :h, :w])
        torch.testing.assert_close(painted[h, w], wanted, atol=1e-3, rtol=0)


def test_an_openvino_that_does_not_import_is_explained(monkeypatch, any_style):
    monkeypatch.setitem(sys.modules, "openvino", None)  # importing it fails
    with pytest.raises(BackendFailed, match="can't be imported: .*pip install --force-reinstall"):
        in_openvino(any_style.generator)


@pytest.mark.slow
def test_openvino_is_imported_without_its_reporter(openvino):
    """In a process of its own: here it may be imported already."""
    code = (
        "import sys; from tps_portrait.tps_core.painting.openvino import _openvino; _openvino(); "
        "print([m for m in sys.modules if m.startswith('openvino_telemetry')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
