import json
import os
from contextlib import closing
from dataclasses import replace

import pytest
import torch

from faces import random_bank
from states import files, rewrite
from tps_portrait.training.learn import early_stopping, one_step, trainer
from tps_portrait.training.learn.early_stopping import Validation
from tps_portrait.training.learn.options import PRESETS, TrainingOptions
from tps_portrait.training.learn.state_folder import find_state
from tps_portrait.training.learn.trainer import train, training_device

pytestmark = pytest.mark.usefixtures("small_networks")

ERRORS = [0.0]  # the standard error that a validation finds
OPTIONS = TrainingOptions(steps=4, size=64, batch=1, content_loss="l1", pairs_weight=0.0)
LOCAL = replace(OPTIONS, local=True)
PAIRED = replace(OPTIONS, pairs_weight=1.0, pairs=2, branches_every=2)


@pytest.fixture(scope="module")
def banks():
    return random_bank(3, seed=1), random_bank(3, seed=2)


def weights(step):
    return step.style().generator.state_dict()


def test_it_yields_a_record_of_each_step(banks):
    steps = list(train(*banks, LOCAL))
    assert [(step.number, step.total) for step in steps] == [(n, 4) for n in (1, 2, 3, 4)]
    assert {"style", "photo", "local", "cycle", "invariance"} < set(steps[0].losses)
    assert steps[-1].paint(torch.rand(2, 3, 64, 64)).shape == (2, 3, 64, 64)


def test_four_steps_are_two_and_two_resumed_bit_for_bit(banks, tmp_path):
    *_, whole = train(*banks, LOCAL)
    with closing(train(*banks, LOCAL, state=tmp_path / "run")) as steps:
        next(steps)
        next(steps)
    torch.rand(3)  # the global random state plays no part
    resumed = list(train(*banks, LOCAL, state=tmp_path / "run"))
    assert [step.number for step in resumed] == [2, 3, 4]
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed[-1])[name]), name
    assert resumed[-1].losses == whole.losses


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes that it forks")
def test_a_training_that_is_killed_again_and_again_loses_nothing(tmp_path):
    """TPS_PORTRAIT_KILLS says how often; tests/kill_training.py does it by hand."""
    from kill_training import kill_often

    seen = kill_often(tmp_path / "run", int(os.environ.get("TPS_PORTRAIT_KILLS", 8)))
    assert seen["in training"] > 0


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

    class Validator:
        def validate(self, step, paint):
            return Validation(
                step, float(paint(torch.full((1, 3, 64, 64), 0.5)).mean()), ERRORS[-1]
            )

    ERRORS[:] = [9.0]  # no gain is larger than that
    monkeypatch.setattr(trainer, "VALIDATE_EVERY", 1)
    monkeypatch.setattr(early_stopping, "FEWEST_STEPS", 3)
    monkeypatch.setattr(early_stopping, "PATIENCE_VALIDATIONS", 2)
    monkeypatch.setattr(trainer, "find_validator", lambda *arguments: Validator())


def test_it_ends_when_more_steps_no_longer_help(banks, checked):
    steps = list(train(*banks, OPTIONS))
    assert [(step.number, step.is_last) for step in steps] == [(1, False), (2, False), (3, True)]
    assert [step.validation.step for step in steps] == [1, 2, 3]
    assert steps[-1].stop.startswith("stopped at step 3: the paintings have not come nearer")


def test_it_does_all_its_steps_where_that_is_switched_off(banks, checked):
    steps = list(train(*banks, replace(OPTIONS, early_stop=False)))
    assert [step.is_last for step in steps] == [False, False, False, True]
    assert [(step.validation, step.stop) for step in steps] == [(None, "")] * 4


@pytest.mark.slow
def test_a_stopped_run_gives_its_style_at_once_and_may_be_made_to_go_on(banks, checked, tmp_path):
    state = tmp_path / "run"
    *_, stopped = train(*banks, OPTIONS, state=state)
    (again,) = train(*banks, OPTIONS, state=state)
    assert (again.number, again.stop) == (3, stopped.stop)
    for name, tensor in weights(stopped).items():
        assert torch.equal(tensor, weights(again)[name]), name

    stubborn = replace(OPTIONS, early_stop=False)
    assert [step.number for step in train(*banks, stubborn, state=state)] == [3, 4]
    longer = replace(OPTIONS, steps=6)  # step 4 wasn't checked, so it goes on till the next
    assert [step.number for step in train(*banks, longer, state=state)] == [4]


@pytest.mark.slow
def test_a_resumed_run_is_checked_as_if_it_had_never_stopped(banks, checked, tmp_path):
    ERRORS[:] = [-9.0]  # all is gain
    *_, whole = train(*banks, OPTIONS, state=tmp_path / "whole")
    with closing(train(*banks, OPTIONS, state=tmp_path / "run")) as steps:
        next(steps)
        next(steps)
    *_, resumed = train(*banks, OPTIONS, state=tmp_path / "run")
    assert find_state(tmp_path / "run").validations == find_state(tmp_path / "whole").validations
    assert len(find_state(tmp_path / "run").validations) == 4
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


def test_a_check_that_was_cut_off_is_made_up_for(banks, checked, tmp_path, monkeypatch):
    class Cut:
        def validate(self, step, paint):
            raise KeyboardInterrupt

    state = tmp_path / "run"
    with monkeypatch.context() as cut:
        cut.setattr(trainer, "find_validator", lambda *arguments: Cut())
        with pytest.raises(KeyboardInterrupt):
            list(train(*banks, OPTIONS, state=state))
    assert (len(find_state(state).history), find_state(state).validations) == (1, [])
    *_, last = train(*banks, OPTIONS, state=state)
    assert [validation.step for validation in find_state(state).validations] == [1, 2, 3]
    assert last.stop


def test_without_squeezenet_it_trains_without_checks(banks, monkeypatch):
    def missing(device):
        raise ValueError("LPIPS needs SqueezeNet's weights")

    monkeypatch.setattr(trainer, "VALIDATE_EVERY", 1)
    monkeypatch.setattr(early_stopping, "FEWEST_FACES", 2)
    monkeypatch.setattr(early_stopping, "load_squeezenet", missing)
    steps = list(train(*banks, replace(OPTIONS, steps=2)))
    assert [(step.validation, step.stop) for step in steps] == [(None, "")] * 2


def test_a_training_that_cannot_begin_leaves_no_folder(banks, tmp_path, monkeypatch):
    def missing(device):
        raise ValueError("SqueezeNet's weights are missing")

    monkeypatch.setattr(one_step, "load_squeezenet", missing)
    with pytest.raises(ValueError, match="are missing"):
        train(*banks, replace(OPTIONS, content_loss="lpips"), state=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_state_from_before_there_were_checks_goes_on(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))

    def change(tensors, record):
        for name in ("checks", "rate", "setbacks"):
            del record[name]
        del record["options"]["early_stop"]

    rewrite(tmp_path / "run", change)
    assert find_state(tmp_path / "run").validations == []
    steps = list(train(*banks, replace(OPTIONS, steps=2), state=tmp_path / "run"))
    assert [step.number for step in steps] == [1, 2]


def test_a_state_of_other_networks_is_refused(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    rewrite(
        tmp_path / "run", lambda tensors, record: tensors.pop("networks.p2s.down_half.0.weight")
    )
    with pytest.raises(ValueError, match="made by another version of TPS Portrait; start over"):
        train(*banks, OPTIONS, state=tmp_path / "run")


def test_the_preset_good_is_what_is_done_unless_something_else_is_chosen():
    assert TrainingOptions(**PRESETS["good"]) == TrainingOptions()


def test_without_resume_it_starts_over(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    steps = train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run", resume=False)
    assert [step.number for step in steps] == [1]


def test_rates_fall_after_the_first_steps(banks, monkeypatch):
    fast = [weights(step) for step in train(*banks, replace(OPTIONS, steps=3))]
    monkeypatch.setattr(one_step, "FAST_STEPS", 1)
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
        (lambda art, photos, options: (art, photos, replace(options, local=True)), "local False"),
    ],
    ids=["other art", "other seed", "other method"],
)
def test_another_runs_state_is_refused(banks, tmp_path, change, message):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    with pytest.raises(ValueError, match=message):
        list(train(*change(*banks, OPTIONS), state=tmp_path / "run"))
    assert len(find_state(tmp_path / "run").history) == 1  # and left as it was


def test_a_damaged_state_is_refused_and_left_as_it_is(banks, tmp_path):
    list(train(*banks, replace(OPTIONS, steps=1), state=tmp_path / "run"))
    for save in (tmp_path / "run").glob("save-*"):
        save.write_bytes(b"short")
    before = files(tmp_path)
    with pytest.raises(ValueError, match="no whole training state"):
        train(*banks, OPTIONS, state=tmp_path / "run")
    assert files(tmp_path) == before


@pytest.fixture
def full(monkeypatch):
    """A switch: from then on the disk is full."""

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    def fill():
        monkeypatch.setattr("tps_portrait.training.learn.state_folder.write_container", fail)

    return fill


def test_a_disk_that_fills_up_leaves_the_last_save(banks, tmp_path, full):
    state = tmp_path / "run"
    list(train(*banks, replace(OPTIONS, steps=1), state=state))
    steps = train(*banks, replace(OPTIONS, steps=2), state=state)
    next(steps)
    full()
    with pytest.raises(OSError, match="run: the training can't be saved .No space left.*make room"):
        list(steps)
    assert len(find_state(state).history) == 1


def test_a_full_disk_is_found_before_the_first_step(banks, tmp_path, full):
    full()
    with pytest.raises(OSError, match="can't be saved"):
        train(*banks, OPTIONS, state=tmp_path / "run")


def test_another_training_on_its_state_is_told_before_the_first_step(banks, tmp_path):
    with (
        closing(train(*banks, OPTIONS, state=tmp_path / "run")),  # not a step is taken yet
        pytest.raises(ValueError, match="another training is going on there"),
    ):
        train(*banks, OPTIONS, state=tmp_path / "run")
    *_, last = train(*banks, OPTIONS, state=tmp_path / "run")
    assert last.number == 4


def interrupt(monkeypatch, owner, name, at):
    """Ctrl-C at the call of that number."""
    real, calls = getattr(owner, name), []

    def call(*arguments, **options):
        calls.append(name)
        if len(calls) == at:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, call)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("owner", "name", "kept"),
    [
        (one_step, "generator_step", 2),
        (one_step, "discriminator_step", 2),
        (
            one_step.Networks,
            "update_average",
            0,
        ),  # back to a good state: there is one every 50 steps
    ],
    ids=["among the generators", "among the discriminators", "while weights change"],
)
def test_ctrl_c_in_the_midst_of_a_step_keeps_whole_ones(
    banks, tmp_path, monkeypatch, owner, name, kept
):
    with monkeypatch.context() as context:
        interrupt(context, owner, name, at=3)
        with pytest.raises(KeyboardInterrupt):
            list(train(*banks, OPTIONS, state=tmp_path / "run"))
    assert len(find_state(tmp_path / "run").history) == kept
    *_, resumed = train(*banks, OPTIONS, state=tmp_path / "run")
    *_, whole = train(*banks, OPTIONS)
    assert resumed.history == whole.history
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


@pytest.fixture
def broken(monkeypatch):
    """Makes what goes on in a training not a number: `broken(when)`, of the run before a step."""
    real = one_step._find_gradients

    def make(when, what="loss"):
        def find_gradients(run, *arguments):
            losses = real(run, *arguments)
            if when(run):
                if what == "loss":
                    losses["style"] = float("nan")
                elif what == "gradient":
                    run.networks.generators()[0].grad[0] = float("inf")
                else:
                    run.networks.p2s.half()
            return losses

        monkeypatch.setattr(trainer, "GOOD_EVERY", 1)
        monkeypatch.setattr(one_step, "_find_gradients", find_gradients)

    return make


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_a_step_that_is_not_a_number_is_taken_back_and_the_rate_halved(
    banks, tmp_path, broken, caplog, what
):
    broken(lambda run: run.step == 2 and run.rate == 1, what)
    steps = list(train(*banks, OPTIONS, state=tmp_path / "run"))
    assert [step.number for step in steps] == [1, 2, 3, 4]
    assert [bool(step.setback) for step in steps] == [False, False, True, False]
    assert steps[2].setback.startswith("step 3 had ")
    assert steps[2].setback.endswith("; back to step 2, with half the rates")
    assert steps[2].setback in caplog.text
    state = find_state(tmp_path / "run")
    assert (state.record["rate"], state.record["setbacks"]) == (0.5, 0)
    assert all(tensor.isfinite().all() for tensor in state.tensors.values())


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_training_that_went_back_is_resumed_bit_for_bit(banks, tmp_path, broken, stop):
    broken(lambda run: (run.step, run.rate) in {(2, 1.0), (3, 0.5)})
    *_, whole = train(*banks, OPTIONS)
    with closing(train(*banks, OPTIONS, state=tmp_path / "run")) as steps:
        for _ in range(stop):
            next(steps)
    *_, resumed = train(*banks, OPTIONS, state=tmp_path / "run")
    assert find_state(tmp_path / "run").record["rate"] == 0.25
    assert resumed.history == whole.history
    for name, tensor in weights(whole).items():
        assert torch.equal(tensor, weights(resumed)[name]), name


def test_the_third_time_in_a_row_it_ends_with_the_good_state(banks, tmp_path, broken):
    broken(lambda run: run.step == 2)
    seen = []
    with pytest.raises(ValueError, match="step 3 had the loss style nan, and that was the third"):
        seen.extend(train(*banks, OPTIONS, state=tmp_path / "run"))
    state = find_state(tmp_path / "run")
    assert len(state.history) == 2
    assert all(tensor.isfinite().all() for tensor in state.tensors.values())
    broken(lambda run: False)
    assert [step.number for step in train(*banks, OPTIONS, state=tmp_path / "run")] == [2, 3, 4]


def test_good_steps_between_them_begin_the_count_again(banks, broken):
    broken(lambda run: run.rate > 0.5 ** (run.step + 1))  # once before each step
    assert [step.number for step in train(*banks, OPTIONS)] == [1, 2, 3, 4]


def test_weights_that_are_not_numbers_are_never_saved(banks, tmp_path, monkeypatch):
    """Whatever brought them about."""
    steps = train(*banks, OPTIONS, state=tmp_path / "run")
    with closing(steps):
        step = next(steps)
        with torch.no_grad():
            step._run.networks.average.state_dict()["down_half.0.weight"][0] = float("nan")
    state = find_state(tmp_path / "run")
    assert all(tensor.isfinite().all() for tensor in state.tensors.values())


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


@pytest.fixture(scope="module")
def paired(banks, tmp_path_factory):
    """A training with painted pairs, of its whole state: its steps, and what was painted when."""
    told, state = [], tmp_path_factory.mktemp("paired") / "run"
    steps = list(
        train(*banks, PAIRED, state=state, on_pair=lambda done, total: told.append((done, total)))
    )
    return steps, told, state


def test_every_step_learns_from_painted_pairs_and_some_from_the_papers_branches(paired):
    steps, told, _ = paired
    assert told == [(1, 2), (2, 2)]
    assert all({"pairs", "texture"} <= set(step.losses) for step in steps)
    assert ["cycle" in step.losses for step in steps] == [True, False, True, False]


def test_pairs_that_were_painted_are_kept_with_the_training(paired, banks):
    _, _, state = paired
    told = []
    resumed = list(
        train(*banks, replace(PAIRED, steps=5), state=state, on_pair=lambda *a: told.append(a))
    )
    assert not told
    whole = list(train(*banks, replace(PAIRED, steps=5)))
    for name, tensor in weights(whole[-1]).items():
        assert torch.equal(tensor, weights(resumed[-1])[name]), name


def test_with_pairs_one_picture_of_art_is_enough(banks):
    *_, step = train(random_bank(1), banks[1], replace(PAIRED, steps=1))
    assert step.losses["pairs"] > 0


def test_without_a_weight_there_are_no_pairs(banks):
    told = []
    *_, step = train(*banks, replace(OPTIONS, steps=1), on_pair=lambda *a: told.append(a))
    assert not told
    assert not {"pairs", "texture"} & set(step.losses)


def test_who_stops_the_painting_can_train_again(banks, tmp_path):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(*banks, PAIRED, state=tmp_path / "run", on_pair=stop)
    *_, step = train(*banks, replace(PAIRED, steps=1), state=tmp_path / "run")
    assert step.number == 1


@pytest.mark.parametrize("options", [OPTIONS, PAIRED], ids=["branches", "pairs"])
def test_a_step_moves_every_network_and_the_average_follows_slowly(banks, options):
    """The average is what is kept: young, it is a weighted mean of the weights there were."""
    steps = train(*banks, replace(options, steps=2))
    first = next(steps)
    networks = first._run.networks
    before = {name: tensor.clone() for name, tensor in networks.state_dict().items()}
    second = next(steps)
    moved = {
        name.split(".")[0]
        for name, tensor in networks.state_dict().items()
        if not torch.equal(tensor, before[name])
    }
    if options is OPTIONS:  # each second step only the pairs' are moved
        assert moved == {name.split(".")[0] for name in before}
    else:
        assert moved == {"p2s", "average"}
    decay = 2 / 11  # (1 + steps done) / (10 + steps done)
    for name, tensor in networks.p2s.state_dict().items():
        expected = decay * before[f"average.{name}"] + (1 - decay) * tensor
        torch.testing.assert_close(networks.average.state_dict()[name], expected)
        assert torch.equal(weights(second)[name], networks.average.state_dict()[name]), name
    assert any(
        not torch.equal(tensor, networks.p2s.state_dict()[name])
        for name, tensor in weights(second).items()
    )


def test_discriminators_learn_at_a_rate_of_their_own(banks):
    options = replace(PAIRED, steps=1, discriminator_lr=1e-3, learning_rate=3e-3)
    *_, step = train(*banks, options)
    assert step._run.discriminator_optimiser.param_groups[0]["lr"] == 1e-3
    assert step._run.generator_optimiser.param_groups[0]["lr"] == 3e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "at least 1"),
        ({"pairs": 0}, "at least 1"),
        ({"pairs_weight": -1.0}, "at least 0"),
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
