"""What reaches the terminal, and what numbers the commands take."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tps_portrait.cli import main, terminal
from tps_portrait.tps_core.plain_text import shown

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202egnp.exe\u2066"
UNTOUCHED = "Porträt 漢字 🎨 👩\u200d🎨 a'b\"c.png"


def test_what_a_terminal_would_obey_is_spelled_out():
    text = shown(HOSTILE)
    assert text.startswith(r"\x1b]0;owned\x07\x1b[2J\r\n\x9b31m\u202egnp")
    assert text.isprintable()
    assert shown(UNTOUCHED) == UNTOUCHED
    assert shown(os.fsdecode(b"a\xffb")) == r"a\udcffb"


def test_all_that_is_said_is_spelled_out_and_json_is_exact(capsys):
    terminal.say(HOSTILE)
    terminal.tell(HOSTILE)
    terminal.say_json({HOSTILE: UNTOUCHED})
    out, err = capsys.readouterr()
    # A report has lines; an error is one.
    assert out.splitlines()[:2] == shown(HOSTILE).split(r"\n")
    assert err == shown(HOSTILE) + "\n"
    assert json.loads(out.splitlines()[2]) == {HOSTILE: UNTOUCHED}
    assert out.splitlines()[2].isascii()


def test_progress_shows_names_plainly(monkeypatch):
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", stream)
    terminal.show_progress(1, 2, HOSTILE)
    assert stream.getvalue() == f"\r\033[K1/2 {shown(HOSTILE)}"


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect", HOSTILE],
        ["stylize", HOSTILE, "--style", "ink line", "-o", "x.png"],
        ["stylize", "x.png", "--style", HOSTILE, "-o", "x.png"],
        ["warp", HOSTILE, "--to", HOSTILE, "-o", "x.png"],
        ["bank", HOSTILE, "-o", "x.safetensors"],
        ["evaluate", "--photos", HOSTILE, "--art", "x", "--results", "x"],
        ["export", HOSTILE, "-o", "x.onnx"],
        ["train", "--art", HOSTILE, "--photos", HOSTILE, "-o", "x.safetensors"],
        ["stylize", "x", "--style", "x", "-o", "x", HOSTILE, "--" + HOSTILE],
        ["bank", "x", "--size", HOSTILE],
    ],
    ids=" ".join,
)
def test_errors_are_one_plain_line(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as exit:
        status = exit.code
    assert status == 2
    (line,) = capsys.readouterr().err.split("\n")[:-1]
    assert line.isprintable()
    assert line.startswith("tps-portrait")
    assert list(tmp_path.iterdir()) == []


NUMBERS = {
    "detect x": {"--min-confidence": "float", "--max-faces": "int"},
    "warp x --to x -o x.png": {
        "--strength": "float",
        "--stiffness": "float",
        "--min-confidence": "float",
    },
    "bank x -o x": {"--size": "int", "--min-confidence": "float"},
    "train --art x --photos x -o x.safetensors": {
        "--steps": "int",
        "--size": "int",
        "--batch": "int",
        "--seed": "int",
        "--min-confidence": "float",
    },
    "stylize x --style x -o x": {
        "--strength": "float",
        "--color-match": "float",
        "--min-confidence": "float",
    },
    "paint-like x --art x -o x": {
        "--strength": "float",
        "--color-match": "float",
        "--min-confidence": "float",
    },
    "evaluate --photos x --art x --style x": {"--min-confidence": "float"},
    "export x -o x.onnx": {"--size": "int"},
    "demo": {"--steps": "int"},
}
SENSELESS = ["nan", "inf", "1e999", "-1e30", "9" * 30, "9" * 5000, "-" + "9" * 30, "", "x", "0x10"]


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option) for command, options in NUMBERS.items() for option in options],
)
def test_no_number_is_taken_that_makes_no_sense(command, option, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    senseless = [*SENSELESS, *(["1.5"] if NUMBERS[command][option] == "int" else [])]
    for value in senseless:
        try:
            status = main([*command.split(), f"{option}={value}"])
        except SystemExit as exit:
            status = exit.code
        assert status == 2, value
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"tps-portrait {command.split()[0]}: ")
        assert option in line, value
        assert len(line) < 200
    assert list(tmp_path.iterdir()) == []


def test_every_number_of_every_command_is_in_this_table(capsys):
    for command, options in NUMBERS.items():
        with pytest.raises(SystemExit):
            main([command.split()[0], "--help"])
        text = capsys.readouterr().out
        for option in ("--size", "--steps", "--batch", "--seed", "--strength", "--stiffness"):
            assert (f" {option} " in text) == (option in options), (command, option)


def test_a_number_out_of_its_range_is_told_with_it(capsys):
    assert main(["bank", "x", "-o", "x", "--size", "-5"]) == 2
    assert capsys.readouterr().err == (
        "tps-portrait bank: --size must be a whole number from 16 to 2048, got -5\n"
    )


def run(arguments, **environment):
    code = "import sys; from tps_portrait.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_name_that_the_stream_cannot_hold_ends_nothing(encoding):
    """As on Windows, where a pipe holds 256 characters."""
    done = run(["detect", "🎨.png"], PYTHONIOENCODING=f"{encoding}:strict")
    assert done.returncode == 2
    name = "🎨" if encoding == "utf-8" else r"\U0001f3a8"
    assert done.stderr.decode(encoding).strip() == (
        f"tps-portrait detect: {name}.png: no such file or folder"
    )


def test_nothing_is_printed_but_in_one_file():
    for file in Path(terminal.__file__).parent.glob("*.py"):
        assert file.name == "terminal.py" or "print(" not in file.read_text("utf-8"), file.name
