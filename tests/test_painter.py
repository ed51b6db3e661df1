"""Painting goes through the best back end, and always goes on."""

import copy
import gc
import logging
import threading
import weakref

import pytest
import torch

from tps_portrait.tps_core.painting import painter
from tps_portrait.tps_core.painting.backend_choice import VARIABLE, Choice
from tps_portrait.tps_core.painting.backends import BackendFailed
from tps_portrait.tps_core.painting.painter import PATIENCE, paint


@pytest.fixture
def picture():
    return torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def other(monkeypatch):
    """A back end "other" that is best here; what happened, and whether it fails."""
    state = {"made": 0, "painted": 0, "measured": 0, "fails": ""}

    def prepare_checked(name, generator, plain, picture):
        if state["fails"] == "at once":
            raise BackendFailed("it is broken")
        state["made"] += 1

        def paint(pictures):
            if state["fails"] == "later":
                raise BackendFailed("out of something")
            state["painted"] += len(pictures)
            return plain(pictures)

        return paint

    def choose(generator, pictures):
        state["measured"] += 1
        return Choice("other", {}, 1)

    monkeypatch.setenv(VARIABLE, "auto")
    monkeypatch.setattr(painter, "remembered", lambda device: None)
    monkeypatch.setattr(painter, "choose", choose)
    monkeypatch.setattr(painter, "prepare_checked", prepare_checked)
    return state


def test_the_first_pictures_are_painted_by_torch_at_once(generator, picture, other):
    for _ in range(PATIENCE):
        torch.testing.assert_close(paint(generator, picture), generator(picture))
    assert other["measured"] == other["made"] == 0


def test_after_them_the_best_is_found_once_and_paints(generator, picture, other):
    for _ in range(PATIENCE + 5):
        torch.testing.assert_close(paint(generator, picture), generator(picture))
    assert (other["measured"], other["made"], other["painted"]) == (1, 1, 5)


def test_what_is_remembered_is_not_measured_again(generator, picture, other, monkeypatch):
    monkeypatch.setattr(painter, "remembered", lambda device: Choice("float32", {}, 1))
    for _ in range(PATIENCE + 2):
        paint(generator, picture)
    assert other["measured"] == other["made"] == 0


def test_a_back_end_that_is_asked_for_paints_from_the_first_picture(
    generator, picture, other, monkeypatch
):
    monkeypatch.setenv(VARIABLE, "other")
    paint(generator, picture)
    assert (other["measured"], other["painted"]) == (0, 1)


@pytest.mark.parametrize("fails", ["at once", "later"])
def test_one_that_fails_is_dropped_with_a_sentence(generator, picture, other, caplog, fails):
    other["fails"] = fails
    with caplog.at_level(logging.WARNING, "tps_portrait"):
        for _ in range(PATIENCE + 3):
            torch.testing.assert_close(paint(generator, picture), generator(picture))
    assert len(caplog.records) == 1
    assert "broken" in caplog.text or "Painting goes on with torch alone: out of" in caplog.text


def test_changed_weights_are_seen(generator, picture):
    before = paint(generator, picture)
    generator.colors.bias.fill_(2.0)
    after = paint(generator, picture)
    torch.testing.assert_close(after, generator(picture), atol=1e-5, rtol=0)
    assert (after - before).abs().max() > 0.1


def test_another_number_of_threads_makes_it_ready_again(generator, picture, other, monkeypatch):
    monkeypatch.setenv(VARIABLE, "other")
    paint(generator, picture)
    monkeypatch.setattr(painter.torch, "get_num_threads", lambda: 77)
    paint(generator, picture)
    assert other["made"] == 2


def test_a_generator_that_is_gone_is_forgotten(generator, picture):
    own = copy.deepcopy(generator)
    paint(own, picture)
    assert own in painter._painters
    gone = weakref.ref(own)
    del own
    gc.collect()
    assert gone() is None


def test_several_threads_make_it_ready_once(generator, picture, other, monkeypatch):
    monkeypatch.setenv(VARIABLE, "other")
    threads = [threading.Thread(target=paint, args=(generator, picture)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (other["made"], other["painted"]) == (1, 6)


def test_in_inference_mode_and_outside_the_same_is_painted(generator, picture):
    outside = paint(generator, picture)
    with torch.inference_mode():
        torch.testing.assert_close(paint(generator, picture), outside)
        own = copy.deepcopy(generator)
        inside = paint(own, picture)
    torch.testing.assert_close(paint(own, picture), inside)


def test_openvino_paints_a_style_when_it_is_asked_for(
    any_style, photo, monkeypatch, caplog, openvino
):
    monkeypatch.setenv(VARIABLE, "openvino")
    own = copy.deepcopy(any_style.generator)
    pictures = photo[None, :, :160, :192]
    painted = paint(own, pictures)
    assert type(painter._painters[own]._best).__name__ == "OpenVino"
    torch.testing.assert_close(painted, any_style.generator(pictures), atol=1e-3, rtol=0)
    assert not caplog.records
