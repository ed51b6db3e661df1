"""The command that trains: presets, the forecast, the stop."""

import csv
import json
import re

import pytest

from faces import random_bank
from states import files
from tps_portrait.cli import main
from tps_portrait.tps_core.style import load_style
from tps_portrait.training.banks.bank import load_portraits, save_bank
from tps_portrait.training.learn import one_step, state_folder, trainer
from tps_portrait.training.learn.early_stopping import Validation
from tps_portrait.training.learn.state_folder import StateFolder, find_state

pytestmark = pytest.mark.usefixtures("small_networks")

STEPS = 8


class Validator:
    """Finds the paintings no nearer, ever."""

    def validate(self, step, paint):
        return Validation(step, 0.25, 0.01)


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Runs the command at a size for tests, checked every other step."""
    monkeypatch.setattr("tps_portrait.training.learn.trainer.VALIDATE_EVERY", 2)
    monkeypatch.setattr("tps_portrait.training.learn.early_stopping.FEWEST_STEPS", 4)
    monkeypatch.setattr("tps_portrait.training.learn.early_stopping.PATIENCE_VALIDATIONS", 2)
    monkeypatch.setattr(
        "tps_portrait.training.learn.trainer.find_validator", lambda *arguments: Validator()
    )
    bank = tmp_path / "bank.safetensors"
    save_bank(random_bank(3), bank)

    def run(*arguments):
        common = f"train --art {bank} --photos {bank} -o {tmp_path / 'out.safetensors'}"
        small = f"--size 64 --batch 1 --content-loss l1 --steps {STEPS} --device cpu"
        return main([*common.split(), *small.split(), *arguments])

    return run


def test_without_photos_it_learns_from_those_of_the_pack(tmp_path):
    save_bank(random_bank(3), tmp_path / "art.safetensors")
    command = f"train --art {tmp_path / 'art.safetensors'} -o {tmp_path / 'out.safetensors'}"
    small = "--size 64 --batch 1 --content-loss l1 --steps 1 --pairs-weight 0 --device cpu"
    assert main([*command.split(), *small.split()]) == 0
    assert find_state(tmp_path / "out.state").record["photos"] == load_portraits().digest


def losses(folder):
    with (folder / "out.losses.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_it_stops_when_more_steps_no_longer_help_and_says_how_to_go_on(train, tmp_path, capsys):
    assert train() == 0
    assert "stopped at step 6: the paintings have not come nearer to the art since step 2" in (
        stderr := capsys.readouterr().err
    )
    assert stderr.endswith("; --no-early-stop goes on\n")
    assert load_style(tmp_path / "out.safetensors").record["steps"] == 6

    assert train("--json") == 0  # once more: it gives its style at once
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["stopped"]
    assert load_style(tmp_path / "out.safetensors").record["steps"] == 6

    assert train("--no-early-stop", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["stopped"] == ""
    assert load_style(tmp_path / "out.safetensors").record["steps"] == STEPS


def test_the_losses_file_has_a_column_for_the_checks(train, tmp_path):
    assert train() == 0
    rows = losses(tmp_path)
    assert [row["step"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [row["kid_squeezenet"] for row in rows] == ["", "0.25"] * 3
    assert [row["kid_squeezenet_error"] for row in rows] == ["", "0.01"] * 3
    assert None not in rows[0]  # no row is longer than the header
    assert all(row["pairs"] for row in rows)
    assert [bool(row["cycle"]) for row in rows] == [True, *5 * [False]]


def test_json_lines_tell_of_the_checks_at_their_steps(train, capsys, monkeypatch):
    monkeypatch.setattr("tps_portrait.cli.train.JSON_EVERY", 1)
    assert train("--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("kid_squeezenet") for line in lines[:-1]] == [None, 0.25] * 3


def test_what_it_takes_is_said_after_the_first_steps_and_not_on_stdout(train, capsys, monkeypatch):
    monkeypatch.setattr("tps_portrait.cli.train.WORTH_A_FORECAST", 1)
    monkeypatch.setattr("tps_portrait.cli.train.FORECAST_STEPS", 2)
    assert train("--json") == 0
    out, err = capsys.readouterr()
    lines = [line.strip() for line in err.splitlines() if " steps at " in line]
    assert [line.split(":")[0] for line in lines] == ["this training", "quick", "good", "best"]
    assert re.fullmatch(r"this training: 8 steps at 64 px; about \d+ s here", lines[0])
    assert re.fullmatch(r"best: 20000 steps at 256 px; about .* here", lines[3])
    assert all(json.loads(line) for line in out.splitlines())

    assert train() == 0  # stopped already: there is nothing to tell
    assert " steps at " not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("preset", "expected"),
    [("quick", (1500, 256, 1)), ("good", (6000, 256, 1)), ("best", (20000, 256, 2))],
)
def test_a_preset_sets_steps_size_and_batch(preset, expected, tmp_path, monkeypatch):
    bank = tmp_path / "bank.safetensors"
    save_bank(random_bank(3), bank)

    class Seen(Exception):
        pass

    def see(art, photos, options, *rest):
        raise Seen(options)

    monkeypatch.setattr("tps_portrait.cli.train.train", see)
    command = f"train --art {bank} --photos {bank} -o {tmp_path / 'out.safetensors'}"
    with pytest.raises(Seen) as seen:
        main([*command.split(), "--preset", preset])
    options = seen.value.args[0]
    assert (options.steps, options.size, options.batch) == expected
    assert options.early_stop


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(train, tmp_path, capsys):
    folder = tmp_path / "art"
    folder.mkdir()
    (folder / "painting.png").write_bytes(b"a painting")
    assert train("--state", str(folder), "--resume", "never") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tps-portrait train: {folder}: holds other files (painting.png …)")
    assert files(tmp_path).keys() == {"bank.safetensors", "art/painting.png"}


@pytest.mark.parametrize("work", ["paint_pairs", "train_step"])
def test_ctrl_c_before_the_first_step_promises_no_style(work, train, tmp_path, capsys, monkeypatch):
    def stop(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(trainer, work, stop)
        assert train() == 130
    said = capsys.readouterr().err.strip()
    assert said == "stopped before the first step; the same command starts again"
    assert not (tmp_path / "out.safetensors").exists()
    assert train() == 0


def test_ctrl_c_later_says_where_the_style_so_far_is(train, tmp_path, capsys, monkeypatch):
    def stop(run, validator):
        if run.step == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "_validate", stop)
    assert train() == 130
    path = tmp_path / "out.safetensors"
    said = f"stopped; {path} holds the style so far, the same command goes on"
    assert said in capsys.readouterr().err
    assert load_style(path).record["steps"] == 3


def test_a_second_training_with_the_same_state_is_told(train, tmp_path, capsys):
    with StateFolder(tmp_path / "out.state"):
        assert train() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "out.state: another training is going on there" in line
    assert not (tmp_path / "out.safetensors").exists()


def test_numbers_that_go_wrong_leave_the_style_as_it_was_before(
    train, tmp_path, capsys, monkeypatch
):
    real = one_step._find_gradients

    def find_gradients(run, *arguments):
        losses = real(run, *arguments)
        if run.step == 3 or (run.step == 1 and run.rate == 1):
            losses["style"] = float("inf")
        return losses

    monkeypatch.setattr(trainer, "GOOD_EVERY", 1)
    monkeypatch.setattr(one_step, "_find_gradients", find_gradients)
    assert train("--json") == 2
    out, err = capsys.readouterr()
    (told,) = [line for line in map(json.loads, out.splitlines()) if "setback" in line]
    assert (told["step"], told["setback"][:6]) == (2, "step 2")
    assert "step 4 had the loss style inf, and that was the third time in a row" in err
    assert load_style(tmp_path / "out.safetensors").record["steps"] == 3
    assert [row["step"] for row in losses(tmp_path)] == ["1", "2", "3"]


def test_a_disk_that_fills_up_still_leaves_the_style(train, tmp_path, capsys, monkeypatch):
    real = state_folder.write_container

    def write(path, *rest):
        if path.name > "save-000001.safetensors":  # that was before the first step
            raise OSError(28, "No space left on device")
        real(path, *rest)

    monkeypatch.setattr(state_folder, "write_container", write)
    assert train() == 2
    assert "out.state: the training can't be saved (No space left" in capsys.readouterr().err
    assert load_style(tmp_path / "out.safetensors").record["steps"] == 6
