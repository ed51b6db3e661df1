"""Bad files by the thousand: each is refused in a sentence, or is what it says. See fuzz.py.

$TPS_PORTRAIT_FUZZ is how many (1,200), $TPS_PORTRAIT_FUZZ_SEED which ones.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).with_name("fuzz.py")
COUNT = int(os.environ.get("TPS_PORTRAIT_FUZZ", "1200"))
SEED = os.environ.get("TPS_PORTRAIT_FUZZ_SEED", "0")
# Of each of these many cases must be read as well as refused: else too little of them is harmed.
BOTH = {"bank", "landmark model", "sidecar", "points", "pose", "picture"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result():
    """What became of the cases; they run in a program of their own, which may crash."""
    done = subprocess.run(
        [sys.executable, FUZZ, str(COUNT), SEED],
        capture_output=True,
        text=True,
        check=False,
        timeout=120 + COUNT / 5,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, f"it ended at {done.stderr[-2000:]}"
    return json.loads(done.stdout)


def test_every_bad_file_is_refused_in_a_sentence_or_is_what_it_says(result):
    faults = {name: own["faults"] for name, own in result["readers"].items() if own["faults"]}
    assert not faults, "\n".join(f"{n}: {text}" for n, own in faults.items() for text in own)


def test_every_reader_had_its_share(result):
    cases = {n: own["accepted"] + own["refused"] for n, own in result["readers"].items()}
    assert sum(cases.values()) == COUNT
    assert min(cases.values()) >= COUNT // len(cases)
    for name in BOTH:
        assert result["readers"][name]["accepted"] > 0, name
        assert result["readers"][name]["refused"] > 0, name


def test_none_took_long_or_much_memory(result):
    assert max(own["slowest"] for own in result["readers"].values()) < 10
    assert result["memory"] < 1.5e9  # with torch and all that belongs to it
