"""The fastest back end is found by a measurement, once, and never if it paints another picture."""

import json
import logging

import pytest
import torch

from tps_portrait.tps_core.painting import backend_choice, backends
from tps_portrait.tps_core.painting.backend_choice import choose, remembered
from tps_portrait.tps_core.painting.backends import BackendFailed

CPU = torch.device("cpu")


@pytest.fixture
def picture():
    return torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def other(monkeypatch, tmp_path):
    """A second back end, "other"; what it does to torch's picture stands in the list given."""
    changes = [lambda picture: picture]
    prepare = backends.prepare

    def prepare_any(name, generator):
        plain = prepare(backends.PLAIN, generator)
        return plain if name == backends.PLAIN else lambda picture: changes[0](plain(picture))

    monkeypatch.setattr(backend_choice, "backends", lambda device: {"float32": "", "other": ""})
    monkeypatch.setattr(backend_choice, "prepare", prepare_any)
    monkeypatch.setattr(backend_choice, "machine_folder", lambda: tmp_path / "data")
    return changes


@pytest.fixture
def times(monkeypatch):
    """The milliseconds that the measurement finds, and how often it was made."""
    found = {"float32": 10.0, "other": 5.0, "made": 0}

    def measure(painters, picture):
        found["made"] += 1
        return {name: found[name] for name in painters}

    monkeypatch.setattr(backend_choice, "_measure", measure)
    return found


def test_the_fastest_is_taken_and_remembered(generator, picture, times):
    assert remembered(CPU) is None
    choice = choose(generator, picture)
    assert choice.backend == "other"
    assert remembered(CPU) == choice
    assert choice.milliseconds == {"float32": 10.0, "other": 5.0}


def test_what_is_hardly_faster_is_not_worth_it(generator, picture, times):
    times["other"] = 9.5
    assert choose(generator, picture).backend == "float32"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda painted: painted + 1.1 / 255, "differs by 1.10 of 255 on average, 1.1 at most"),
        (lambda painted: painted.index_fill(3, torch.tensor([5]), 9.0), "at most"),
        (lambda painted: painted * float("nan"), "nan"),
    ],
    ids=["everywhere a little", "somewhere a lot", "no number"],
)
def test_one_that_paints_another_picture_is_left_out_in_a_sentence(
    generator, picture, times, other, caplog, change, message
):
    other[0] = change
    with caplog.at_level(logging.WARNING, "tps_portrait"):
        choice = choose(generator, picture)
    assert choice.backend == "float32"
    assert choice.milliseconds == {"float32": 10.0}
    assert "other is not used for painting" in caplog.text
    assert message in caplog.text


def test_one_that_breaks_is_left_out_too(generator, picture, times, other):
    def broken(painted):
        raise RuntimeError("no kernel image is available\nfor execution")

    other[0] = broken
    assert choose(generator, picture).backend == "float32"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"x": 3}', b"\xff\xfe\x00"])
def test_a_damaged_file_is_measured_again(generator, picture, times, text):
    choose(generator, picture)
    backend_choice.choice_file().write_bytes(text if isinstance(text, bytes) else text.encode())
    assert remembered(CPU) is None
    choose(generator, picture)
    assert remembered(CPU).backend == "other"


def test_an_entry_of_another_form_counts_for_nothing(generator, picture, times):
    choose(generator, picture)
    file = backend_choice.choice_file()
    (key,) = json.loads(file.read_text())
    for entry in ({"backend": "other"}, {"backend": "gone", "milliseconds": {}, "pixels": 1}, [1]):
        file.write_text(json.dumps({key: entry}))
        assert remembered(CPU) is None


def test_other_versions_and_threads_are_measured_apart(generator, picture, times, monkeypatch):
    choose(generator, picture)
    monkeypatch.setattr(backend_choice.torch, "get_num_threads", lambda: 77)
    assert remembered(CPU) is None
    choose(generator, picture)
    assert len(json.loads(backend_choice.choice_file().read_text())) == 2


def test_the_file_does_not_grow_without_end(generator, picture, times, monkeypatch):
    for threads in range(backend_choice.REMEMBERED + 5):
        monkeypatch.setattr(backend_choice.torch, "get_num_threads", lambda n=threads: n)
        choose(generator, picture)
    entries = json.loads(backend_choice.choice_file().read_text())
    assert len(entries) == backend_choice.REMEMBERED
    assert remembered(CPU) is not None  # the last


def test_a_folder_that_cannot_be_written_costs_no_picture(generator, picture, times, tmp_path):
    (tmp_path / "data").write_text("a file, not a folder")
    assert choose(generator, picture).backend == "other"


def test_each_back_end_is_really_timed(generator, picture):
    choice = choose(generator, picture)
    assert set(choice.milliseconds) == {"float32", "other"}
    assert all(ms > 0 for ms in choice.milliseconds.values())
    assert choice.pixels == 64 * 64


def test_a_checked_back_end_that_differs_raises(generator, picture, other):
    other[0] = lambda painted: painted + 0.1
    plain = backends.prepare("float32", generator)
    with pytest.raises(BackendFailed, match="25.50 of 255"):
        backend_choice.prepare_checked("other", generator, plain, picture)


@pytest.mark.parametrize(
    ("value", "name"), [("", ""), ("auto", ""), (" OpenVINO ", "openvino"), ("float32", "float32")]
)
def test_the_users_wish_is_read_from_the_environment(monkeypatch, value, name):
    monkeypatch.setenv(backend_choice.VARIABLE, value)
    assert backend_choice.wanted_backend() == name
