"""Files of ours that are damaged, hostile, or changed while they are in use."""

import json
import math
import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from faces import random_bank
from hostile import join_container, split_container
from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.container import build_network, read_container, write_container
from tps_portrait.tps_core.painting.generator import Generator
from tps_portrait.tps_core.style import FORMAT, Style, load_style, save_style
from tps_portrait.training.banks.bank import load_bank, save_bank

RECORD = {"crop": CROP, "size": 128, "steps": 3}


@pytest.fixture
def style_file(generator, tmp_path):
    path = tmp_path / "a.safetensors"
    save_style(Style(generator, RECORD | {"architecture": generator.architecture}), path)
    return path


@pytest.fixture
def bank_file(tmp_path):
    save_bank(random_bank(3, 16), tmp_path / "b.safetensors")
    return tmp_path / "b.safetensors"


def change(path, what):
    """Writes the file again after `what` has changed its header, with its record as an object."""
    header, numbers = split_container(path.read_bytes())
    numbers = bytearray(numbers)
    what(header["__metadata__"]["record"], header, numbers)
    path.write_bytes(join_container(header, bytes(numbers)))


def says(**values):
    return lambda record, header, numbers: record.update(values)


def built(**values):
    return lambda record, header, numbers: record["architecture"].update(values)


def with_nan(record, header, numbers):
    numbers[:2] = b"\xff\x7e"


def with_another_tensor(record, header, numbers):
    header["extra"] = {"dtype": "U8", "shape": [4], "data_offsets": [len(numbers)] * 2}
    header["extra"]["data_offsets"][1] += 4
    numbers += bytes(4)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (says(size=-1), "the style's size is -1, not a whole number from 16 to 4096"),
        (says(size=0), "the style's size is 0"),
        (says(size=20000), "the style's size is 20000"),
        (says(size="x"), "the style's size is 'x'"),
        (says(size=True), "the style's size is True"),
        (says(size=[3]), "the style's size is a list of 1"),
        (says(size=1e999), "Infinity is not a finite number"),
        (says(tones="no"), "the style's tones is 'no', neither true nor false"),
        (says(author=["me"]), "the style's author is a list of 1, not a text"),
        (says(architecture=[]), "made by a newer TPS Portrait"),
        (says(architecture={"name": []}), "newer TPS Portrait: update the pack"),
        (built(blocks=4000), "blocks is 4000, not a whole number from 0 to 64"),
        (built(blocks=60), r"the tensor trunk\.\d+\.layers.*is missing"),
        (built(blocks=True), "blocks is True"),
        (built(widths=[2000] * 4), r"has the shape \(4, 3, 3, 3\), not \(2000, 3, 3, 3\)"),
        (built(widths=[4, 4]), "widths is a list of 2, not a list of 4"),
        (built(widths=[4, 4, 4, -4]), "width is -4"),
        (built(mood=3), "damaged .*unexpected keyword argument 'mood'"),
        (with_nan, "holds numbers that are not finite"),
        (with_another_tensor, "the tensor extra belongs to no part of the network"),
    ],
)
def test_a_style_that_does_not_agree_with_itself_is_refused(style_file, what, message):
    change(style_file, what)
    with pytest.raises(ValueError, match=rf"a.safetensors: .*{message}") as caught:
        load_style(style_file)
    assert "\n" not in str(caught.value)


def entries(*values):
    return says(entries=list(values), details=[])


USED = [[f"{i}.png", True, ""] for i in range(3)]


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (entries(*USED[:2]), r"2 faces are named, and there are pictures \(3, 3, 16, 16\)"),
        (entries(), "0 faces are named"),
        (entries(*USED[:2], 7), "file 3 is 7, not a list of 3"),
        (entries(*USED[:2], ["a", 1, ""]), "the use of file 3 is 1, neither true nor false"),
        (entries(*USED[:2], [[], True, ""]), "the name of file 3 is a list of 0"),
        (says(entries={}), "the list of files is an object"),
        (says(details=[{}]), "details of the files is a list of 1, not a list of 3"),
        (says(details=[{"score": "x"}] * 3), "file 1's score is 'x'"),
        (says(details=[{"yaw": 1e999}] * 3), "Infinity is not a finite number"),
        (says(details=[{"bucket": []}] * 3), "file 1's bucket is a list"),
        (says(crop=3), "cropped in another way"),
        (with_another_tensor, "other tensors than faces"),
    ],
)
def test_a_bank_that_does_not_agree_with_itself_is_refused(bank_file, what, message):
    change(bank_file, what)
    with pytest.raises(ValueError, match=rf"b.safetensors: .*{message}") as caught:
        load_bank(bank_file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"points": torch.full((3, 68, 2), math.nan)}, "points that are not finite, or far"),
        ({"points": torch.full((3, 68, 2), 1e6)}, "points that are not finite, or far"),
        ({"points": torch.zeros(3, 478, 2)}, "3 faces are named"),
        ({"points": torch.zeros(3, 68, 2, dtype=torch.int32)}, "numbers are of the wrong kind"),
        ({"faces": torch.zeros(3, 3, 16, 16)}, "numbers are of the wrong kind"),
        ({"faces": torch.zeros(3, 3, 16, 17, dtype=torch.uint8)}, "3 faces are named"),
        ({"faces": torch.zeros(0, dtype=torch.uint8)}, "3 faces are named"),
        ({"inside": torch.full((3, 1, 16, 16), 7, dtype=torch.uint8)}, "other numbers than 0"),
        ({"mood": torch.zeros(1)}, "other tensors than faces, inside and points"),
    ],
)
def test_a_bank_of_other_tensors_is_refused(bank_file, tensors, message):
    own, record = read_container(bank_file, "tps-portrait-bank/1", "a bank")
    write_container(bank_file, "tps-portrait-bank/1", own | tensors, record)
    with pytest.raises(ValueError, match=rf"b.safetensors: damaged .*{message}"):
        load_bank(bank_file)


def test_a_network_is_compared_with_its_file_before_it_takes_memory():
    with pytest.raises(ValueError, match="is missing"):  # of 130 GB, which no machine here has
        build_network(lambda: nn.Linear(180_000, 180_000), {"bias": torch.zeros(180_000)})


def test_a_network_is_built_without_touching_the_random_state(generator):
    before = torch.get_rng_state()
    built = build_network(lambda: Generator((4, 4, 4, 4), 1), generator.state_dict())
    assert torch.equal(torch.get_rng_state(), before)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(built(picture), generator(picture))


IN_USE = """
import sys
from pathlib import Path
import torch
from tps_portrait.tps_core.style import load_style
from tps_portrait.training.banks.bank import load_bank
from tps_portrait.tps_core.detectors.art_landmarker import read_art_network

style, bank, network = sys.argv[1:]
used = load_style(style), load_bank(bank), read_art_network(Path(network))

def content():
    picture = torch.linspace(0, 1, 3 * 48 * 64).view(1, 3, 48, 64)
    cut = torch.zeros(1, 3, 128, 128)
    return used[0](picture), used[1].digest, used[2](cut).points

before = content()
for path in (style, bank, network):
    {change}
after = content()
assert torch.equal(before[0], after[0]) and before[1] == after[1]
assert torch.equal(before[2], after[2])
print("unharmed")
"""
TRUNCATED = "open(path, 'wb').close()"
OVERWRITTEN = "f = open(path, 'r+b'); f.write(bytes([255]) * Path(path).stat().st_size); f.close()"


@pytest.mark.slow
@pytest.mark.parametrize("change", [TRUNCATED, OVERWRITTEN], ids=["truncated", "overwritten"])
def test_a_file_that_is_changed_in_place_while_it_is_used_changes_nothing(
    change, style_file, bank_file, tmp_path
):
    """Mapped into memory it would end the whole program (SIGBUS), or change what it computes."""
    from tps_portrait.tps_core.detectors.art_landmarker import FILE

    copy = tmp_path / "network.safetensors"
    copy.write_bytes(FILE.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", IN_USE.replace("{change}", change), style_file, bank_file, copy],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.strip() == "unharmed", (done.returncode, done.stderr[-500:])


@pytest.mark.parametrize(
    "record", ["7", "null", '"x"', "[]", "{", "9" * 5000, "[" * 5000, '{"size": NaN}']
)
def test_a_record_that_is_no_object_is_refused(record, style_file):
    header, numbers = split_container(style_file.read_bytes())
    header["__metadata__"] = {"format": FORMAT, "record": record}
    style_file.write_bytes(join_container(header, numbers))
    with pytest.raises(ValueError, match=r"a.safetensors: not a style .*, or damaged") as caught:
        load_style(style_file)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("header", [{"__metadata__": []}, {"__metadata__": {"format": 7}}, [], 7])
def test_metadata_that_is_none_is_refused(header, tmp_path):
    text = json.dumps(header).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(ValueError, match=r"a.safetensors: not a style"):
        load_style(tmp_path / "a.safetensors")
