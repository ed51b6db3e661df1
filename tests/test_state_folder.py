import errno
import functools
import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from states import (
    files,
    rewrite,
    same,
    save_as_first_version,
    tiny_run,
    tiny_step,
    tiny_training,
)
from tps_portrait.training.learn.options import TrainingOptions
from tps_portrait.training.learn.state import snapshot
from tps_portrait.training.learn.state_folder import KEPT_SAVES, MARK, StateFolder, find_state

STEPS = 3


@functools.cache
def whole(step):
    """The tensors and the history of a training that nothing has stopped."""
    run = tiny_run()
    for _ in range(step):
        tiny_step(run)
    tensors, record = snapshot(run)
    return tensors, record["history"]


# What the system does: a process dies at one of its file operations, or one of them fails.


class Died(BaseException):
    """The process is no more: nothing of ours may catch it, or do anything after it."""


class Disk:
    """Counts the file operations in a folder, and lets the one numbered `at` go wrong.

    A "kill" and a "power cut" end the process: whatever operation follows fails too. With the
    current, what wasn't told to be on the disk is lost. "disk full" fails once, and life goes on.
    """

    EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
    now: "Disk | None" = None

    def __init__(self, folder, fault, at):
        self.folder, self.fault, self.at = folder, fault, at
        self.done, self.went_wrong, self.on_disk = 0, False, set()
        self.there_before = {p.stat().st_ino for p in folder.rglob("*")}

    def __enter__(self):
        Disk.now = self
        return self

    def __exit__(self, kind, *error):
        Disk.now = None
        if self.went_wrong and self.fault == "power cut":
            for path in self.folder.rglob("*"):
                node = path.stat().st_ino
                if path.is_file() and node not in self.on_disk | self.there_before:
                    os.truncate(path, path.stat().st_size // 2)
        return kind is Died

    def operate(self):
        self.done += 1
        if self.went_wrong and self.fault != "disk full":
            raise Died
        if self.done == self.at:
            self.went_wrong = True
            if self.fault == "disk full":
                raise OSError(errno.ENOSPC, "No space left on device")
            raise Died


def watch(event, arguments):
    if Disk.now and event in Disk.EVENTS and str(arguments[0]).startswith(str(Disk.now.folder)):
        Disk.now.operate()


sys.addaudithook(watch)  # it can't be taken away again, and does nothing while there is no Disk


@pytest.fixture(autouse=True)
def _syncing(monkeypatch):
    """Putting a file on the disk is counted, and not done: that takes long."""

    def fsync(handle):
        if Disk.now:
            Disk.now.operate()
            Disk.now.on_disk.add(os.fstat(handle).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)


def crashed(folder, fault, at, steps=STEPS):
    """A training that goes wrong at one operation: whether it did, and the last step it saved."""
    saved = [0]
    folder.parent.mkdir(exist_ok=True)
    with Disk(folder.parent, fault, at) as disk:
        try:
            tiny_training(folder, steps, saved)
        except (OSError, ValueError):
            assert fault == "disk full"
    return disk.went_wrong, saved[-1]


def check_whole(folder, at_least):
    """The state in the folder is that of a step, bit for bit, and of no earlier one."""
    state = find_state(folder)
    if state is None:
        assert at_least == 0
        return 0
    step = len(state.history)
    assert step >= at_least
    tensors, history = whole(step)
    assert state.history == history
    assert all(torch.equal(tensor, state.tensors[name]) for name, tensor in tensors.items())
    return step


@pytest.mark.parametrize("fault", ["kill", "power cut", "disk full"])
def test_a_crash_at_any_file_operation_loses_nothing_that_was_saved(tmp_path, fault):
    for at in itertools.count(1):
        folder = tmp_path / str(at) / "run"
        went_wrong, saved = crashed(folder, fault, at)
        check_whole(folder, at_least=saved)
        assert same(tiny_training(folder, STEPS), *whole(STEPS))
        assert len(list(folder.iterdir())) == KEPT_SAVES + 1  # and nothing is left lying about
        if not went_wrong:
            break
    assert at > 20  # all operations of four saves


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["kill", "power cut", "disk full"])
@pytest.mark.parametrize("earlier", ["kill", "power cut", "disk full"])
def test_nor_does_a_crash_after_an_earlier_one(tmp_path, earlier, fault):
    for first in itertools.count(4, 3):
        for second in itertools.count(1):
            folder = tmp_path / f"{first} {second}" / "run"
            went_wrong, _ = crashed(folder, earlier, first, steps=1)
            saved = check_whole(folder, at_least=0)
            again, saved_later = crashed(folder, fault, second, steps=2)
            check_whole(folder, at_least=max(saved, saved_later))
            assert same(tiny_training(folder, 2), *whole(2))
            if not again:
                break
        if not went_wrong:
            break
    assert first * second > 200  # pairs, of which every third is tried


@pytest.mark.parametrize("fault", ["kill", "power cut"])
def test_nor_one_while_a_state_of_the_first_version_is_replaced(tmp_path, fault):
    run = tiny_run()
    tiny_step(run)
    for at in itertools.count(1):
        folder = tmp_path / str(at) / "run"
        save_as_first_version(run, folder)
        went_wrong, saved = crashed(folder, fault, at)
        check_whole(folder, at_least=max(1, saved))
        assert same(tiny_training(folder, STEPS), *whole(STEPS))
        if not went_wrong:
            break
    assert not (folder / "record.json").exists()
    assert not (folder / "networks.safetensors").exists()


def one_bit(content):
    """One bit of the first weight is another."""
    place = 8 + int.from_bytes(content[:8], "little")
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: bytes(len(content)),
        one_bit,
    ],
    ids=["empty", "half", "a byte short", "zeros", "one bit"],
)
def test_a_damaged_save_is_passed_over_for_the_one_before(tmp_path, damage, caplog):
    tiny_training(tmp_path / "run", 2)
    last = find_state(tmp_path / "run").path
    last.write_bytes(damage(last.read_bytes()))
    assert check_whole(tmp_path / "run", at_least=1) == 1
    assert same(tiny_training(tmp_path / "run", STEPS), *whole(STEPS))
    assert f"{last.name}: no whole training state" in caplog.text
    assert "going on from an earlier one, of step 1" in caplog.text


def test_a_state_of_which_all_is_damaged_is_refused_and_left_as_it_is(tmp_path):
    tiny_training(tmp_path / "run", 1)
    for path in (tmp_path / "run").glob("save-*"):
        path.write_bytes(b"damaged")
    before = files(tmp_path)
    with pytest.raises(
        ValueError, match="save-000002.safetensors: no whole training state .* start over"
    ):
        tiny_training(tmp_path / "run", 2)
    assert files(tmp_path) == before


# Folders.


def test_two_saves_are_kept_and_what_isnt_ours_stays(tmp_path):
    tiny_training(tmp_path, 2)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "save-the-date.safetensors").write_text("mine")
    tiny_training(tmp_path, 4)
    assert sorted(files(tmp_path)) == [
        "notes.txt",
        "save-000005.safetensors",
        "save-000006.safetensors",
        "save-the-date.safetensors",
        MARK,
    ]


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "art").mkdir()
    (tmp_path / "art" / "1.png").write_bytes(b"picture")
    (tmp_path / "save-000001.safetensors").write_bytes(b"somebody's")
    before = files(tmp_path)
    with pytest.raises(ValueError, match="holds other files .art …. and no training; choose"):
        StateFolder(tmp_path)
    assert files(tmp_path) == before


def test_the_folder_one_is_in_can_be_named_by_a_dot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny_training(Path(), 1)
    assert same(tiny_training(Path(), STEPS), *whole(STEPS))


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    tiny_training(tmp_path / "link", 1)
    assert (tmp_path / "link").is_symlink()
    check_whole(tmp_path / "elsewhere", at_least=1)


@pytest.mark.parametrize("kind", ["file", "link to nothing", "pipe"])
def test_what_is_no_folder_is_refused(tmp_path, kind):
    path = tmp_path / "run"
    if kind == "file":
        path.write_text("mine")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "nothing")
    with pytest.raises(ValueError, match="run: not a folder"):
        StateFolder(path)


def test_a_folder_that_cant_be_written_to_is_refused_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="a training can't be kept there .Not a directory"):
        StateFolder(tmp_path / "file" / "run")


def test_a_folder_deleted_meanwhile_is_made_again(tmp_path):
    with StateFolder(tmp_path / "run") as state:
        run = tiny_run()
        state.save(run)
        for path in (tmp_path / "run").iterdir():
            path.unlink()
        (tmp_path / "run").rmdir()
        tiny_step(run)
        state.save(run)
    check_whole(tmp_path / "run", at_least=1)
    assert same(tiny_training(tmp_path / "run", STEPS), *whole(STEPS))


def test_a_second_training_is_told_and_the_first_goes_on(tmp_path):
    with StateFolder(tmp_path) as state:
        state.save(tiny_run())
        before = files(tmp_path)
        with pytest.raises(ValueError, match="another training is going on there"):
            StateFolder(tmp_path)
        assert files(tmp_path) == before
        assert find_state(tmp_path)  # it can be looked at
    StateFolder(tmp_path).close()


HOLDER = """
import sys
from tps_portrait.training.learn.state_folder import StateFolder
held = StateFolder(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
def test_the_folder_of_a_process_that_is_killed_is_free_again(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(ValueError, match="another training is going on there"):
            StateFolder(tmp_path)
        holder.kill()
    StateFolder(tmp_path).close()


# States of the first version.


@pytest.fixture
def old(tmp_path):
    """Saves the state of a step as the first version did, under a name."""

    def make(step, name="run"):
        run = tiny_run()
        for _ in range(step):
            tiny_step(run)
        save_as_first_version(run, tmp_path / name)

    return make


def test_a_state_of_the_first_version_goes_on_and_is_replaced(tmp_path, old):
    old(2)
    (tmp_path / "run" / "notes.txt").write_text("mine")
    assert check_whole(tmp_path / "run", at_least=2) == 2
    assert same(tiny_training(tmp_path / "run", STEPS), *whole(STEPS))
    names = ["notes.txt", "save-000001.safetensors", "save-000002.safetensors", MARK]
    assert sorted(files(tmp_path / "run")) == names


@pytest.mark.parametrize(
    ("left", "found"),
    [
        ({".run.old": 1}, 1),
        ({".run.new": 2}, 2),
        ({".run.old": 1, ".run.new": 2}, 2),
        ({"run": 2, ".run.old": 1}, 2),
        ({"run": 1, ".run.new": 2}, 2),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_what_the_first_version_left_in_a_crash_is_found(tmp_path, old, left, found):
    for name, step in left.items():
        old(step, name)
    assert check_whole(tmp_path / "run", at_least=found) == found
    assert same(tiny_training(tmp_path / "run", STEPS), *whole(STEPS))
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_half_written_state_of_the_first_version_is_passed_over(tmp_path, old):
    old(1)
    old(2, ".run.new")
    (tmp_path / ".run.new" / "record.json").unlink()
    assert check_whole(tmp_path / "run", at_least=1) == 1
    old(2, ".run.new")
    (tmp_path / ".run.new" / "networks.safetensors").write_bytes(b"")
    assert check_whole(tmp_path / "run", at_least=1) == 1


@pytest.mark.parametrize("name", ["record.json", "networks.safetensors", "optimisers.safetensors"])
def test_one_with_a_file_missing_is_refused_and_left_as_it_is(tmp_path, old, name):
    old(1)
    (tmp_path / "run" / name).unlink()
    before = files(tmp_path / "run")
    with pytest.raises(ValueError, match="run: no whole training state .*; start over"):
        tiny_training(tmp_path / "run", 2)
    assert before.items() <= files(tmp_path / "run").items()
    assert find_state_fails(tmp_path / "run")


# Readers believe nothing.


def find_state_fails(folder):
    """Whether reading the state, or putting it into a run, ends with a sentence, nothing done."""
    run = tiny_run()
    try:
        with StateFolder(folder) as state:
            state.load(run)
    except ValueError as error:
        sentence = str(error)
    else:
        return False
    return len(sentence.splitlines()) == 1 and str(folder) in sentence and same(run, *whole(0))


def at(*path, value):
    """A change of the record at the path."""

    def change(tensors, record):
        *owners, last = path
        for key in owners:
            record = record[key]
        record[last] = value

    return change


def without(name):
    return lambda tensors, record: record.pop(name)


def tensor(name, value):
    return lambda tensors, record: tensors.update({name: value})


HOSTILE = {
    "history no list": at("history", value="long"),
    "a number of steps": at("history", value=7),
    "losses no object": at("history", 0, value=[1.0]),
    "losses empty": at("history", 0, value={}),
    "loss NaN": at("history", 0, "style", value=float("nan")),
    "loss infinite": at("history", 0, "style", value=float("inf")),
    "loss huge": at("history", 0, "style", value=10**400),
    "loss null": at("history", 0, "style", value=None),
    "loss text": at("history", 0, "style", value="1.0"),
    "no history": without("history"),
    "no options": without("options"),
    "no art": without("art"),
    "options a list": at("options", value=[]),
    "another seed": at("options", "seed", value={"deep": [1]}),
    "a long option": at("options", "seed", value="x" * 10_000),
    "art a number": at("art", value=5),
    "other photos": at("photos", value="others"),
    "rate 0": at("rate", value=0.0),
    "rate 2": at("rate", value=2.0),
    "rate NaN": at("rate", value=float("nan")),
    "rate true": at("rate", value=True),
    "setbacks -1": at("setbacks", value=-1),
    "setbacks text": at("setbacks", value="x"),
    "checks null": at("checks", value=None),
    "a check of a later step": at("checks", value=[{"step": 9, "kid": 0.1, "error": 0.1}]),
    "a check twice": at("checks", value=2 * [{"step": 1, "kid": 0.1, "error": 0.1}]),
    "a check NaN": at("checks", value=[{"step": 1, "kid": float("nan"), "error": 0.1}]),
    "a check with more": at("checks", value=[{"step": 1, "kid": 0.1, "error": 0.1, "x": 1}]),
    "a list": lambda tensors, record: b"[]",
    "no JSON": lambda tensors, record: b"{",
    "empty": lambda tensors, record: b" ",
    "no UTF-8": lambda tensors, record: b'{"a": "\xff\xfe\xfa"}',
    "nested": lambda tensors, record: b"[" * 100_000,
    "5000 digits": lambda tensors, record: b'{"history": ' + b"9" * 5000 + b"}",
    "another shape": tensor("networks.p2s.weight", torch.zeros(2, 4)),
    "another kind": tensor("networks.p2s.weight", torch.zeros(2, 3, dtype=torch.float16)),
    "NaN in the weights": tensor("networks.p2s.weight", torch.full((2, 3), float("nan"))),
    "infinite moments": tensor("generators.0.exp_avg", torch.full((2, 3), float("inf"))),
    "one more": tensor("networks.p2s.more", torch.zeros(1)),
    "one of an optimiser more": tensor("generators.7.exp_avg", torch.zeros(1)),
    "no number": tensor("generators.x.exp_avg", torch.zeros(1)),
    "no dots": tensor("x", torch.zeros(1)),
    "one fewer": lambda tensors, record: tensors.pop("networks.p2s.bias"),
    "a moment fewer": lambda tensors, record: tensors.pop("generators.0.exp_avg"),
    "no random state": lambda tensors, record: tensors.pop("random"),
    "a short random state": tensor("random", torch.zeros(3, dtype=torch.uint8)),
    "no random state's numbers": tensor("random", torch.full((5056,), 255, dtype=torch.uint8)),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_a_state_that_no_training_wrote_is_refused_with_a_sentence(tmp_path, change):
    tiny_training(tmp_path / "run", 1)
    for path in sorted((tmp_path / "run").glob("save-*"))[:-1]:
        path.unlink()
    assert not find_state_fails(tmp_path / "run")
    rewrite(tmp_path / "run", change)
    assert find_state_fails(tmp_path / "run")


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", "[" * 100_000, "9" * 5000, '{"format": 1}', "\ufeff{}"]
)
def test_so_is_one_of_the_first_version(tmp_path, old, text):
    old(1)
    (tmp_path / "run" / "record.json").write_text(text, "utf-8")
    assert find_state_fails(tmp_path / "run")


def test_bytes_changed_anywhere_are_noticed(tmp_path):
    """Also where they leave the file a safetensors file."""
    tiny_training(tmp_path / "run", 1)
    for path in sorted((tmp_path / "run").glob("save-*"))[:-1]:
        path.unlink()
    path = find_state(tmp_path / "run").path
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(300):
        changed = bytearray(content)
        place = chance.randrange(len(changed))
        changed[place] ^= 1 << chance.randrange(8)
        path.write_bytes(changed)
        assert find_state_fails(tmp_path / "run")


def test_records_of_any_kind_are_refused_or_make_sense(tmp_path):
    """Nothing else is raised than a sentence; what is taken is a training."""
    tiny_training(tmp_path / "run", 1)
    for path in sorted((tmp_path / "run").glob("save-*"))[:-1]:
        path.unlink()
    path = find_state(tmp_path / "run").path
    good, chance = path.read_bytes(), random.Random(0)
    values = [None, True, -1, 0, 1.5, float("nan"), 10**400, "x", [], [1], {"a": 1}, [[]]]

    def change(tensors, record):
        owner, key = record, chance.choice(list(record))
        while isinstance(owner[key], dict | list) and owner[key] and chance.random() < 0.7:
            owner = owner[key]
            key = chance.choice(list(owner) if isinstance(owner, dict) else range(len(owner)))
        owner[key] = chance.choice(values)

    refused = 0
    for _ in range(300):
        path.write_bytes(good)
        rewrite(tmp_path / "run", change)
        refused += find_state_fails(tmp_path / "run")
    assert refused > 200


def test_a_state_with_the_names_of_an_older_version_has_todays(tmp_path):
    tiny_training(tmp_path / "run", 1)

    def change(tensors, record):
        tensors["networks.judge_style.head.bias"] = torch.ones(1)
        record["options"]["judge_rate"] = record["options"].pop("discriminator_lr")
        record["history"] = [{"style": 1.0, "style_judge": 2.0}]

    rewrite(tmp_path / "run", change)
    state = find_state(tmp_path / "run")
    assert "networks.style_discriminator.head.bias" in state.tensors
    assert not any("judge" in name for name in state.tensors)
    assert state.record["options"]["discriminator_lr"] == TrainingOptions.discriminator_lr
    assert state.history == [{"style": 1.0, "style_discriminator": 2.0}]


def test_a_state_without_an_option_that_came_later_goes_on(tmp_path):
    tiny_training(tmp_path / "run", 1)
    rewrite(tmp_path / "run", lambda tensors, record: record["options"].pop("stiffness"))
    assert same(tiny_training(tmp_path / "run", STEPS), *whole(STEPS))


def test_also_with_another_value_of_it_which_holds_from_there_on(tmp_path):
    """As drawings get one, whose defaults are adapted."""
    tiny_training(tmp_path / "run", 1)
    rewrite(tmp_path / "run", lambda tensors, record: record["options"].pop("stiffness"))
    run = tiny_run(stiffness=0.5)
    with StateFolder(tmp_path / "run") as state:
        assert state.load(run)
    assert (run.step, run.options.stiffness) == (1, 0.5)


def test_but_not_with_another_value_of_an_option_that_it_knows(tmp_path):
    tiny_training(tmp_path / "run", 1)
    run = tiny_run(stiffness=0.5)
    with (
        StateFolder(tmp_path / "run") as state,
        pytest.raises(ValueError, match=r"begun with other settings .*stiffness 0.001, now 0.5"),
    ):
        state.load(run)


def test_a_long_history_is_not_in_the_files_header(tmp_path):
    """It holds 100 MB at most; a million steps are more."""
    run = tiny_run()
    run.history += [{f"loss {i}": 0.123456789 for i in range(10)}] * 2000
    with StateFolder(tmp_path) as state:
        state.save(run)
    content = find_state(tmp_path).path.read_bytes()
    assert int.from_bytes(content[:8], "little") < 10_000
    assert len(content) > 400_000
    assert find_state(tmp_path).history == run.history
