"""Each back end paints the same picture, or says in a sentence why it can't."""

import logging
import sys
import threading

import pytest
import torch

from tps_portrait.tps_core.painting import backends
from tps_portrait.tps_core.painting.backends import (
    BackendFailed,
    Half,
    OpenVino,
    fast,
    prepare_best,
)
from tps_portrait.tps_core.pictures import to_tensor

CPU = torch.device("cpu")
BEST_BACKEND = backends.best_backend  # without what conftest.py puts in its place


@pytest.fixture(scope="module")
def pictures(portrait):
    """Two real pictures, (2, 3, 256, 192)."""
    both = [to_tensor(portrait.crop((x, 0, x + 192, 256))) for x in (120, 180)]
    return torch.stack(both)


@pytest.fixture
def best(monkeypatch):
    """The best back end of this machine is used, as outside the tests."""
    monkeypatch.setattr(backends, "best_backend", BEST_BACKEND)


def test_real_pictures_are_painted_as_by_the_network_that_was_trained(any_style, pictures, best):
    generator = any_style.generator
    for paint in (fast(generator), prepare_best(generator, fast(generator), pictures)):
        difference = (paint(pictures) - generator(pictures)).abs()
        assert difference.mean() <= 1 / 255
        assert difference.max() <= 4 / 255


def test_half_precision_paints_the_same_and_gives_single(any_style, pictures):
    """On a processor, slowly: what a graphics card would round."""
    painted = Half(any_style.generator)(pictures)
    difference = (painted - any_style.generator(pictures)).abs()
    assert painted.dtype == torch.float32
    assert difference.mean() <= 1 / 255


def test_openvino_paints_pictures_of_any_size_from_several_threads(any_style, pictures, openvino):
    paint = OpenVino(any_style.generator)
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


def test_what_is_absent_is_named_with_how_to_get_it(monkeypatch, any_style, pictures, best):
    monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: None)
    missing = backends.missing_backends(CPU)
    assert missing == {"openvino": "not installed; run: pip install openvino onnx"}
    plain = fast(any_style.generator)
    assert prepare_best(any_style.generator, plain, pictures) is plain


def test_an_openvino_that_does_not_import_is_explained(monkeypatch, any_style):
    monkeypatch.setitem(sys.modules, "openvino", None)  # importing it fails
    with pytest.raises(BackendFailed, match="can't be imported: .*pip install --force-reinstall"):
        OpenVino(any_style.generator)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda painted: painted + 1.1 / 255, "differs by 1.10 of 255 on average, 1.1 at most"),
        (lambda painted: painted.index_fill(3, torch.tensor([5]), 9.0), "at most"),
        (lambda painted: painted * float("nan"), "nan"),
    ],
    ids=["everywhere a little", "somewhere a lot", "no number"],
)
def test_one_that_paints_another_picture_is_not_used(
    any_style, pictures, monkeypatch, caplog, change, message
):
    plain = fast(any_style.generator)
    monkeypatch.setattr(backends, "best_backend", lambda device: "openvino")
    monkeypatch.setattr(backends, "OpenVino", lambda generator: lambda x: change(plain(x)))
    assert prepare_best(any_style.generator, plain, pictures) is plain
    assert "openvino is not used for painting" in caplog.text
    assert message in caplog.text


def test_openvino_is_imported_without_its_reporter(openvino):
    """In a process of its own: here it may be imported already."""
    import subprocess

    code = (
        "import sys; from tps_portrait.tps_core.painting.backends import _openvino; _openvino(); "
        "print([m for m in sys.modules if m.startswith('openvino_telemetry')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


class FakeGraph:
    """Stands for a recorded CUDA graph: painting again what is in the source."""

    def __init__(self, half, source, painted):
        self.half, self.source, self.painted = half, source, painted

    def replay(self):
        self.painted.copy_(self.half._network(self.source))


@pytest.fixture
def recording(monkeypatch, any_style):
    """A Half that believes it is on CUDA, and the shapes that it recorded."""
    half, recorded = Half(any_style.generator), []

    def record(pictures):
        recorded.append(tuple(pictures.shape))
        with torch.inference_mode(False):
            source = torch.zeros(pictures.shape, dtype=torch.half)
            painted = torch.zeros(pictures.shape, dtype=torch.half)
        return FakeGraph(half, source, painted), source, painted

    half._graphs = backends.OrderedDict()
    monkeypatch.setattr(half, "_record", record)
    monkeypatch.setattr(backends.torch.cuda, "device", lambda device: threading.Lock())
    return half, recorded


def test_graphs_are_recorded_once_a_shape_and_few_are_kept(recording, pictures):
    half, recorded = recording
    for side in (32, 32, 48, 64, 32, 80, 48):
        with torch.inference_mode(side == 48):
            painted = half(pictures[:1, :, :side, :side])
        wanted = half._network(pictures[:1, :, :side, :side].half()).float()
        torch.testing.assert_close(painted, wanted)
    assert [shape[-1] for shape in recorded] == [32, 48, 64, 80, 48]  # 48 had gone to make room
    assert len(half._graphs) == backends.GRAPHS


def test_a_result_stays_as_it_is_when_the_next_picture_is_painted(recording, pictures):
    half, _ = recording
    first = half(pictures[:1])
    before = first.clone()
    half(pictures[1:])
    assert torch.equal(first, before)


def test_where_graphs_fail_painting_goes_on_without(recording, pictures, monkeypatch, caplog):
    half, _ = recording

    def fail(pictures):
        raise RuntimeError("operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr(half, "_record", fail)
    with caplog.at_level(logging.WARNING, "tps_portrait"):
        painted = half(pictures)
    assert painted.shape == pictures.shape
    assert "CUDA graphs can't be used here: operation not permitted" in caplog.text
    assert half._graphs is None
