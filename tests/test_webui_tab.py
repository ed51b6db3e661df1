"""What the tab's controls do, with stand-ins for the WebUI and gradio."""

import re
import time
from types import SimpleNamespace

import pytest
from PIL import Image

import webui_stand_ins
from tps_portrait.training.learn.options import PRESETS
from tps_portrait.webui.job import Job

# As the page has them: art, photos, name, preset, steps, size, batch, seed, pairs, content, early,
# resume.
VALUES = ["art", "photos", "my style", "custom", 20, 64, 2, 7, 0, "l1", False, True]
PRESET = 3


@pytest.fixture
def tab(tmp_path, monkeypatch):
    """The tab in a WebUI, with a job of its own."""
    monkeypatch.setenv("TPS_PORTRAIT_HOME", "")
    webui_stand_ins.lend(monkeypatch, tmp_path)
    found = webui_stand_ins.load("tab")
    monkeypatch.setattr(found, "JOB", Job())
    monkeypatch.setattr(found, "listed", lambda name, files, kind: tmp_path / name)
    monkeypatch.setattr(found, "readable_folder", lambda name: tmp_path / name)
    return found


def clicks(tab) -> list:
    """What the tab's buttons call when they are clicked."""
    tab.gr.Button.return_value.click.reset_mock()
    tab.make_tab()
    return tab.gr.Button.return_value.click.call_args_list


def wait(job: Job) -> None:
    end = time.monotonic() + 60
    while job.is_busy and time.monotonic() < end:
        time.sleep(0.005)
    assert not job.is_busy


@pytest.mark.parametrize("is_gradio_4", [False, True])
def test_what_is_asked_while_a_work_goes_on_does_not_wait_in_gradio_3_s_queue(
    tab, monkeypatch, is_gradio_4
):
    """Its server never closes while something stands there: no Reload UI."""
    monkeypatch.setattr(tab, "IS_GRADIO_4", is_gradio_4)
    found = [click for click in clicks(tab) if click.args[0] in (tab._how_it_goes, tab.JOB.stop)]
    assert len(found) == 4
    assert all(click.kwargs.get("queue") is is_gradio_4 for click in found)


def test_the_heartbeat_has_an_update_for_each_of_its_outputs(tab):
    (outputs,) = (click.args[2] for click in clicks(tab) if click.args[0] is tab._how_it_goes)
    first = tab._how_it_goes(tab.NEVER)
    again = tab._how_it_goes(first[0])
    assert len(first) == len(again) == len(outputs)
    assert again[0] == first[0]
    tab.JOB.tell("half")
    assert tab._how_it_goes(first[0])[0] != first[0]


def test_a_picture_is_sent_to_a_page_once(tab, monkeypatch):
    nothing = object()
    monkeypatch.setattr(tab.gr, "update", lambda **_: nothing)
    tab.JOB.kind, sample = tab.TRAINING, Image.new("RGB", (4, 4))
    seen = tab._how_it_goes(tab.NEVER)[0]
    tab.JOB.tell("step 1", sample)
    seen, *first = tab._how_it_goes(seen)
    assert sample in first
    tab.JOB.tell("step 2")
    _, *second = tab._how_it_goes(seen)
    assert "step 2" in second
    assert sample not in second
    assert sample in tab._how_it_goes(tab.NEVER)  # a page that has just been opened


def test_a_folder_that_could_not_be_looked_through_leaves_nothing_to_save(tab, monkeypatch):
    def fail(*arguments):
        raise ValueError("no pictures in it")

    monkeypatch.setattr(tab.works, "scan", fail)
    tab.reviews.begin(SimpleNamespace())
    tab._scan("other", 256, "auto", 0.5)
    wait(tab.JOB)
    assert tab.JOB.shown(tab.BANK).text == "ended: no pictures in it"
    tab._save_bank("other")
    assert "nothing to save yet" in tab.gr.Warning.call_args.args[0]


@pytest.fixture
def trained(tab, monkeypatch):
    """What the training would have been started with."""
    started = {}
    monkeypatch.setattr(tab.JOB, "start", lambda kind, work: started.update(work.keywords))
    return started


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_steps_size_and_batch_and_nothing_else(tab, trained, name):
    tab._train(*VALUES[:PRESET], name, *VALUES[PRESET + 1 :])
    options = trained["options"]
    assert {key: getattr(options, key) for key in PRESETS[name]} == PRESETS[name]
    assert (options.seed, options.content_loss, options.pairs_weight) == (7, "l1", 0.0)


def test_custom_takes_what_the_controls_say(tab, trained):
    tab._train(*VALUES)
    options = trained["options"]
    assert (options.steps, options.size, options.batch, options.early_stop) == (20, 64, 2, False)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (PRESET, "fast", "preset is 'fast'; choose custom or one of quick"),
        (4, None, "steps is None, not a whole number"),
        (4, 2.5, "steps is 2.5, not a whole number"),
        (4, 0, "steps and batch must be at least 1"),
        (5, 65, "size must be a multiple of 16"),
        (9, "vgg", "the content loss is lpips or l1"),
        (2, "../x", "name"),
    ],
    ids=str,
)
def test_values_that_cannot_be_start_no_training_and_are_said(tab, trained, place, value, reason):
    tab._train(*VALUES[:place], value, *VALUES[place + 1 :])
    assert trained == {}
    tab.gr.Warning.assert_called_once()
    assert re.search(reason, tab.gr.Warning.call_args.args[0])
