"""MediaPipe works in silence."""

import os
import subprocess
import sys

import pytest

from tps_portrait.tps_core.detectors.mediapipe_detector import STDERR, quiet, what_is_missing

DETECT = """
from tps_portrait.tps_core.detect import detect
from skimage.data import astronaut
import torch
picture = torch.from_numpy(astronaut()).permute(2, 0, 1) / 255
print(len(detect(picture, "mediapipe")))
"""


def test_what_is_said_within_is_not_seen(capfd):
    os.write(STDERR, b"before ")
    with quiet():
        os.write(STDERR, b"chatter")
    os.write(STDERR, b"after")
    assert capfd.readouterr().err == "before after"


def fail_in_silence():
    with quiet():
        os.write(STDERR, b"the cause")
        raise RuntimeError("no")


def test_what_was_said_before_an_error_is_seen_after_all(capfd):
    with pytest.raises(RuntimeError, match="no"):
        fail_in_silence()
    assert capfd.readouterr().err == "the cause"


def test_a_program_without_a_terminal_has_nothing_to_silence(monkeypatch):
    def no_stream(number):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(os, "dup", no_stream)
    with quiet():
        pass


@pytest.mark.slow
def test_mediapipe_says_nothing_of_its_own():
    pytest.importorskip("mediapipe")
    if what_is_missing():
        pytest.skip(what_is_missing())
    done = subprocess.run(
        [sys.executable, "-c", DETECT], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
