"""Painting goes through the best back end, which paints the same picture, and always goes on."""

import copy
import gc
import logging
import threading
import weakref

import pytest
import torch

from tps_portrait.tps_core.painting import painter
from tps_portrait.tps_core.painting.openvino import BackendFailed
from tps_portrait.tps_core.painting.painter import PATIENCE_PICTURES, paint
from tps_portrait.tps_core.pictures import to_tensor

CPU = torch.device("cpu")
BEST_BACKEND = painter.best_backend  # without what conftest.py puts in its place


@pytest.fixture
def picture():
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def with_openvino(monkeypatch, openvino):
    monkeypatch.setattr(painter, "best_backend", lambda device: "openvino")


class Quick:
    """A back end that paints as torch does, a little lighter, until it is broken."""

    made = 0
    broken = False
    begun = None  # this event it sets, and …
    wait = None  # … for this one it waits, while it is made ready

    def __init__(self, generator):
        type(self).made += 1
        self.plain = painter.fast(generator)
        if self.wait:
            self.begun.set()
            self.wait.wait(20)

    def __call__(self, pictures):
        if self.broken:
            raise BackendFailed("out of something")
        return self.plain(pictures) + 0.5 / 255


@pytest.fixture
def quick(monkeypatch):
    """A back end that is the best one here."""
    own = type("Own", (Quick,), {})
    monkeypatch.setattr(painter, "best_backend", lambda device: "openvino")
    monkeypatch.setattr(painter, "openvino", own)
    return own


def is_quick(painted, generator, picture):
    """Whether the quick back end painted it."""
    lighter = float((painted - generator(picture)).mean() * 255)
    assert lighter == pytest.approx(0, abs=0.05) or lighter == pytest.approx(0.5, abs=0.05)
    return lighter > 0.25


def test_torch_paints_the_first_pictures_and_the_best_the_others(generator, picture, quick):
    painted = [is_quick(paint(generator, picture), generator, picture) for _ in range(5)]
    assert painted == [False] * PATIENCE_PICTURES + [True] * (5 - PATIENCE_PICTURES)
    assert quick.made == 1


def test_one_that_breaks_is_dropped_with_a_sentence(generator, picture, quick, caplog):
    for _ in range(PATIENCE_PICTURES + 1):
        paint(generator, picture)
    quick.broken = True
    with caplog.at_level(logging.WARNING, "tps_portrait"):
        for _ in range(3):
            torch.testing.assert_close(paint(generator, picture), generator(picture))
    assert caplog.messages == ["Painting goes on with torch alone: out of something"]


def test_while_the_best_is_made_ready_other_threads_go_on_painting(generator, picture, quick):
    quick.begun, quick.wait = threading.Event(), threading.Event()
    for _ in range(PATIENCE_PICTURES):
        paint(generator, picture)
    slow = threading.Thread(target=paint, args=(generator, picture))
    slow.start()
    try:
        assert quick.begun.wait(20)
        assert not is_quick(paint(generator, picture), generator, picture)
        assert slow.is_alive()
    finally:
        quick.wait.set()
        slow.join()
    assert is_quick(paint(generator, picture), generator, picture)
    assert quick.made == 1


def test_changed_weights_are_seen(generator, picture):
    before = paint(generator, picture)
    generator.colors.bias.fill_(2.0)
    after = paint(generator, picture)
    torch.testing.assert_close(after, generator(picture), atol=1e-5, rtol=0)
    assert (after - before).abs().max() > 0.1


def test_another_number_of_threads_makes_it_ready_again(generator, picture, quick, monkeypatch):
    for _ in range(PATIENCE_PICTURES + 1):
        paint(generator, picture)
    monkeypatch.setattr(painter.torch, "get_num_threads", lambda: 77)
    for _ in range(PATIENCE_PICTURES + 1):
        paint(generator, picture)
    assert quick.made == 2


def test_a_generator_that_is_gone_is_forgotten(generator, picture):
    own = copy.deepcopy(generator)
    paint(own, picture)
    assert own in painter._painters
    gone = weakref.ref(own)
    del own
    gc.collect()
    assert gone() is None


def test_in_inference_mode_and_outside_the_same_is_painted(generator, picture):
    outside = paint(generator, picture)
    with torch.inference_mode():
        torch.testing.assert_close(paint(generator, picture), outside)
        own = copy.deepcopy(generator)
        inside = paint(own, picture)
    torch.testing.assert_close(paint(own, picture), inside)


def test_openvino_paints_a_style_where_it_is_installed(any_style, photo, caplog, with_openvino):
    own = copy.deepcopy(any_style.generator)
    pictures = photo[None, :, :160, :192]
    for _ in range(PATIENCE_PICTURES + 1):
        painted = paint(own, pictures)
    assert type(painter._painters[own]._best).__name__ == "OpenVino"
    torch.testing.assert_close(painted, any_style.generator(pictures), atol=1e-3, rtol=0)
    assert not caplog.records


@pytest.fixture(scope="module")
def pictures(portrait):
    """Two real pictures, (2, 3, 256, 192)."""
    both = [to_tensor(portrait.crop((x, 0, x + 192, 256))) for x in (120, 180)]
    return torch.stack(both)


@pytest.fixture
def best(monkeypatch):
    """The best back end of this machine is used, as outside the tests."""
    monkeypatch.setattr(painter, "best_backend", BEST_BACKEND)


def test_real_pictures_are_painted_as_by_the_network_that_was_trained(any_style, pictures, best):
    generator = any_style.generator
    for quick in (
        painter.fast(generator),
        painter.prepare_best(generator, painter.fast(generator), pictures),
    ):
        difference = (quick(pictures) - generator(pictures)).abs()
        assert difference.mean() <= 1 / 255
        assert difference.max() <= 4 / 255


def test_half_precision_paints_the_same_and_gives_single(any_style, pictures):
    """On a processor, slowly: what a graphics card would round."""
    painted = painter.half(any_style.generator)(pictures)
    difference = (painted - any_style.generator(pictures)).abs()
    assert painted.dtype == torch.float32
    assert difference.mean() <= 1 / 255


def test_what_is_absent_is_named_with_how_to_get_it(monkeypatch, any_style, pictures, best):
    monkeypatch.setattr(painter.importlib.util, "find_spec", lambda name: None)
    missing = painter.missing_backends(CPU)
    assert missing == {"openvino": "not installed; run: pip install openvino onnx"}
    plain = painter.fast(any_style.generator)
    assert painter.prepare_best(any_style.generator, plain, pictures) is plain


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
    plain = painter.fast(any_style.generator)
    monkeypatch.setattr(painter, "best_backend", lambda device: "openvino")
    monkeypatch.setattr(painter, "openvino", lambda generator: lambda x: change(plain(x)))
    assert painter.prepare_best(any_style.generator, plain, pictures) is plain
    assert "openvino is not used for painting" in caplog.text
    assert message in caplog.text
