import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save

from faces import random_bank
from tps_portrait.training import checks, trainer
from tps_portrait.training.checks import Check
from tps_portrait.training.options import PRESETS, TrainingOptions
from tps_portrait.training.state_folder import find_state
from tps_portrait.training.trainer import steps_left, train, training_device

ERRORS = [0.0]  # the standard error that a check finds
OPTIONS = TrainingOptions(steps=4, size=64, batch=1, local=True, content_loss="l1")


@pytest.fixture(scope="module")
def banks():
    return random_bank(3, seed=1), random_bank(3, seed=2)


def weights(step):
    return step.style().generator.state_dict()


def test_it_yields_a_record_of_each_step(banks):
    steps = list(train(*banks, OPTIONS))
    assert [(step.number, step.total) for step in steps] == [(n, 4) for n in (1, 2, 3, 4)]
    assert {"style", "photo", "local", "cycle", "invariance"} < set(steps[0].losses)
    assert steps[-1].paint(torch.rand(2, 3, 64, 64)).shape == (2, 3, 64, 64)


def test_four_steps_are_two_and_two_resumed_bit_for_bit(banks, tmp_path):
    *_, whole = train(*banks, OPTIONS)
    with closing(train(*banks, OPTIONS, state=tmp_path / "run")) as steps:
        next(steps)
        next(steps)
    torch.rand(3)  # the global random state plays no part
    resumed = list(train(*banks, OPTIONS, state=tmp_path / "run"))
    assert [step.number for step in resumed] == [2, 3, 4]
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed[-1])[name]), name
    assert resumed[-1].losses == whole.losses


KILLED = """
import os, sys, torch
sys.path.insert(0, sys.argv[2])
from faces import random_bank
from tps_portrait.training import trainer
from tps_portrait.training.options import TrainingOptions
trainer.SAVE_EVERY = 2
options = TrainingOptions(steps=4, size=64, batch=1, local=True, content_loss="l1")
banks = random_bank(3, seed=1), random_bank(3, seed=2)
for step in trainer.train(*banks, options, state=sys.argv[1]):
    if step.number == 3:
        os._exit(9)  # no clean-up of any kind
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_from_its_last_save_bit_for_bit(banks, tmp_path, pytestconfig):
    state = tmp_path / "run"
    tests = str(pytestconfig.rootpath / "tests")
    done = subprocess.run([sys.executable, "-c", KILLED, str(state), tests], check=False)
    assert done.returncode == 9
    assert len(find_state(state).history) == 2  # the third step was never saved
    *_, whole = train(*banks, OPTIONS)
    *_, resumed = train(*banks, OPTIONS, state=state)
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


def test_an_error_in_the_callers_hands_loses_nothing(banks, tmp_path):
    steps = train(*banks, OPTIONS, state=tmp_path / "run")

    def stop_at_the_third():
        with closing(steps):
            for step in steps:
                if step.number == 3:
                    raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_at_the_third()
    assert len(find_state(tmp_path / "run").history) == 3


def test_a_finished_run_gives_its_style_at_once(banks, tmp_path):
    *_, last = train(*banks, OPTIONS, state=tmp_path / "run")
    (again,) = train(*banks, OPTIONS, state=tmp_path / "run")
    assert again.number == 4
    for name, tensor in weights(last).items():
        assert torch.equal(tensor, weights(again)[name]), name


@pytest.fixture
def checked(monkeypatch):
    """Every step is checked, by how bright it paints; a stop takes two steps without a gain."""

    class Examiner:
        def check(self, step, paint):
            return Check(step, float(paint(torch.full((1, 3, 64, 64), 0.5)).mean()), ERRORS[-1])

    ERRORS[:] = [9.0]  # no gain is larger than that
    monkeypatch.setattr(trainer, "CHECK_EVERY", 1)
    monkeypatch.setattr(checks, "FEWEST_STEPS", 3)
    monkeypatch.setattr(checks, "PATIENCE", 2)
    monkeypatch.setattr(trainer, "find_examiner", lambda *arguments: Examiner())


def test_it_ends_when_more_steps_no_longer_help(banks, checked):
    steps = list(train(*banks, OPTIONS))
    assert [(step.number, step.is_last) for step in steps] == [(1, False), (2, False), (3, True)]
    assert [step.check.step for step in steps] == [1, 2, 3]
    assert steps[-1].stop.startswith("stopped at step 3: the paintings have not come nearer")


def test_it_does_all_its_steps_where_that_is_switched_off(banks, checked):
    steps = list(train(*banks, replace(OPTIONS, early_stop=False)))
    assert [step.is_last for step in steps] == [False, False, False, True]
    assert [(step.check, step.stop) for step in steps] == [(None, "")] * 4


def test_a_stopped_run_gives_its_style_at_once_and_may_be_made_to_go_on(banks, checked, tmp_path):
    state = tmp_path / "run"
    *_, stopped = train(*banks, OPTIONS, state=state)
    assert steps_left(OPTIONS, state) == 0
    (again,) = train(*banks, OPTIONS, state=state)
    assert (again.number, again.stop) == (3, stopped.stop)
    for name, tensor in weights(stopped).items():
        assert torch.equal(tensor, weights(again)[name]), name

    stubborn = replace(OPTIONS, early_stop=False)
    assert steps_left(stubborn, state) == 1
    assert [step.number for step in train(*banks, stubborn, state=state)] == [3, 4]
    longer = replace(OPTIONS, steps=6)  # step 4 wasn't checked, so it goes on till the next check
    assert [step.number for step in train(*banks, longer, state=state)] == [4]


def test_a_resumed_run_is_checked_as_if_it_had_never_stopped(banks, checked, tmp_path):
    ERRORS[:] = [-9.0]  # all is gain
    *_, whole = train(*banks, OPTIONS, state=tmp_path / "whole")
    with closing(train(*banks, OPTIONS, state=tmp_path / "run")) as steps:
        next(steps)
        next(steps)
    *_, resumed = train(*banks, OPTIONS, state=tmp_path / "run")
    assert find_state(tmp_path / "run").checks == find_state(tmp_path / "whole").checks
    assert len(find_state(tmp_path / "run").checks) == 4
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


def test_a_check_that_was_cut_off_is_made_up_for(banks, checked, tmp_path, monkeypatch):
    class Cut:
        def check(self, step, paint):
            raise KeyboardInterrupt

    state = tmp_path / "run"
    with monkeypatch.context() as cut:
        cut.setattr(trainer, "find_examiner", lambda *arguments: Cut())
        with pytest.raises(KeyboardInterrupt):
            list(train(*banks, OPTIONS, state=state))
    assert (len(find_state(state).history), find_state(state).checks) == (1, [])
    *_, last = train(*banks, OPTIONS, state=state)
    assert [check.step for check in find_state(state).checks] == [1, 2, 3]
    assert last.stop


def test_without_squeezenet_it_trains_without_checks(banks, monkeypatch):
    def missing(device):
        raise ValueError("LPIPS needs SqueezeNet's weights")

    monkeypatch.setattr(trainer, "CHECK_EVERY", 1)
    monkeypatch.setattr(checks, "FEWEST_FACES", 2)
    monkeypatch.setattr(checks, "load_squeezenet", missing)
    steps = list(train(*banks, replace(OPTIONS, steps=2)))
    assert [(step.check, step.stop) for step in steps] == [(None, "")] * 2


def test_a_state_from_before_there_were_checks_goes_on(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    path = tmp_path / "run" / "record.json"
    record = json.loads(path.read_text())
    del record["checks"], record["options"]["early_stop"]
    path.write_text(json.dumps(record))
    assert find_state(tmp_path / "run").checks == []
    steps = list(train(*banks, replace(OPTIONS, steps=2), state=tmp_path / "run"))
    assert [step.number for step in steps] == [1, 2]


def test_a_state_of_other_networks_is_refused(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    path = tmp_path / "run" / "networks.safetensors"
    tensors = load_file(path)
    tensors.popitem()
    path.write_bytes(save(tensors))
    with pytest.raises(ValueError, match="made by another version of TPS Portrait; train anew:"):
        train(*banks, OPTIONS, state=tmp_path / "run")


def test_the_steps_that_are_left_are_those_of_the_state(banks, tmp_path):
    state = tmp_path / "run"
    assert steps_left(OPTIONS, state) == 4
    list(train(*banks, replace(OPTIONS, steps=1), state=state))
    assert steps_left(OPTIONS, state) == 3
    assert steps_left(OPTIONS, state, resume=False) == 4
    assert steps_left(replace(OPTIONS, steps=1), state) == 0


def test_the_preset_good_is_what_is_done_unless_something_else_is_chosen():
    assert TrainingOptions(**PRESETS["good"]) == TrainingOptions()


def test_without_resume_it_starts_anew(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    steps = train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run", resume=False)
    assert [step.number for step in steps] == [1]


def test_rates_fall_after_the_first_steps(banks, monkeypatch):
    fast = [weights(step) for step in train(*banks, replace(OPTIONS, steps=3))]
    monkeypatch.setattr(trainer, "FAST_STEPS", 1)
    slow = [weights(step) for step in train(*banks, replace(OPTIONS, steps=3))]
    name = "down_half.0.weight"
    assert torch.equal(fast[0][name], slow[0][name])
    changes = [(last[name] - first[name]).abs().sum() for first, _, last in (fast, slow)]
    assert changes[1] < 0.5 * changes[0]


def test_a_run_may_be_made_longer(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    steps = list(train(*banks, replace(OPTIONS, steps=2), state=tmp_path / "run"))
    assert [step.number for step in steps] == [1, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda art, photos, options: (random_bank(3, seed=7), photos, options), r"\(art\)"),
        (lambda art, photos, options: (art, photos, replace(options, seed=5)), "seed 0, now 5"),
        (lambda art, photos, options: (art, photos, replace(options, local=False)), "local True"),
    ],
    ids=["other art", "other seed", "other method"],
)
def test_another_runs_state_is_refused(banks, tmp_path, change, message):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    with pytest.raises(ValueError, match=message):
        list(train(*change(*banks, OPTIONS), state=tmp_path / "run"))
    assert len(find_state(tmp_path / "run").history) == 1  # and left as it was


def test_a_damaged_state_is_refused(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    (tmp_path / "run" / "networks.safetensors").write_bytes(b"short")
    with pytest.raises(ValueError, match="not a training state, or damaged"):
        list(train(*banks, OPTIONS, state=tmp_path / "run"))


def test_a_save_that_was_cut_off_leaves_the_last_one(banks, tmp_path, monkeypatch):
    state = tmp_path / "run"
    list(train(*banks, replace(OPTIONS, steps=1), state=state))

    def fail(*arguments, **options):
        raise OSError("disk full")

    monkeypatch.setattr("tps_portrait.training.state.save", fail)
    with pytest.raises(OSError, match="disk full"):
        list(train(*banks, replace(OPTIONS, steps=2), state=state))
    assert len(find_state(state).history) == 1


def test_the_global_random_state_is_left_alone(banks):
    torch.manual_seed(0)
    before = torch.get_rng_state()
    list(train(*banks, replace(OPTIONS, steps=1)))
    assert torch.equal(before, torch.get_rng_state())


def test_seeds_make_different_styles(banks):
    *_, a = train(*banks, replace(OPTIONS, steps=1))
    *_, b = train(*banks, replace(OPTIONS, steps=1, seed=1))
    assert any(not torch.equal(t, weights(b)[n]) for n, t in weights(a).items())


def test_the_styles_record_says_what_it_is(banks):
    *_, step = train(*banks, replace(OPTIONS, steps=1))
    record = step.style().record
    assert record["art"] == banks[0].digest
    assert (record["steps"], record["size"], record["seed"]) == (1, 64, 0)
    assert json.loads(json.dumps(record)) == record


def test_a_single_picture_is_too_few(banks):
    with pytest.raises(ValueError, match="the art has 1 usable face"):
        list(train(random_bank(1), banks[1], OPTIONS))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "at least 1"),
        ({"size": 100}, "multiple of 16"),
        ({"size": 1024}, "from 64 to 512"),
        ({"content_loss": "vgg"}, "lpips or l1"),
    ],
)
def test_impossible_options_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TrainingOptions(**settings)


@pytest.mark.slow
def test_training_brings_the_colours_of_the_art():
    """Art that is all red, photos that are not: a few dozen steps must show it."""
    art, photos = random_bank(4, seed=1), random_bank(4, seed=2)
    art = replace(art, faces=art.faces // torch.tensor([1, 4, 4], dtype=torch.uint8)[:, None, None])
    *_, last = train(art, photos, replace(OPTIONS, steps=60, batch=2))
    painted = last.paint(photos.pictures(4, 64)).mean((0, 2, 3))
    before = photos.pictures(4, 64).mean((0, 2, 3))
    assert (painted / before)[0] > 1.3 * (painted / before)[1:].mean()


def test_trainings_leave_apples_graphics_to_painting(caplog):
    caplog.set_level("INFO", "tps_portrait")
    assert training_device(torch.device("cuda:1")) == torch.device("cuda:1")
    assert caplog.text == ""
    assert training_device(torch.device("mps")) == torch.device("cpu")
    assert "training on the processor" in caplog.text
