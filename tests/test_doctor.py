"""The doctor tells the truth, and how to get each thing that is missing."""

import json

import pytest

from tps_portrait.cli import doctor, main, painting
from tps_portrait.tps_core import folders, picture_formats


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    """An empty folder for models, and quick packages to look at."""
    monkeypatch.setattr(folders, "_host_folders", [])
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(doctor, "PACKAGES", {"numpy": "arithmetic", "absent_package": "nothing"})
    return tmp_path / "home"


def tell(capsys, *arguments):
    status = main(["doctor", *arguments])
    return status, capsys.readouterr().out


def test_it_tells_what_is_missing_and_how_to_get_it(capsys, home):
    status, text = tell(capsys)
    assert status == 0
    assert "embedded: ok" in text
    assert "absent_package (nothing): not installed; run: pip install absent_package" in text
    assert f"new models go to {home}" in text
    assert "SqueezeNet's weights: not here" in text
    assert "numpy" in text


def test_it_tells_which_formats_need_another_package(capsys, home, monkeypatch):
    monkeypatch.setattr(picture_formats, "_can_open", lambda extra: extra.name == "AVIF")
    _, text = tell(capsys)
    assert "AVIF: ok" in text
    assert "HEIC: needs pillow-heif; run: pip install --upgrade pillow-heif" in text
    formats = json.loads(tell(capsys, "--json")[1])["picture_formats"]
    assert formats["AVIF"] == ""
    assert "pillow-jxl-plugin" in formats["JPEG XL"]


def test_json_is_one_object_that_says_whether_portraits_can_be_made(capsys, monkeypatch, home):
    monkeypatch.setattr(doctor, "usable_detectors", lambda: {"embedded": "no", "mediapipe": "no"})
    status, text = tell(capsys, "--json")
    findings = json.loads(text)
    assert status == 0
    assert findings["ok"] is False
    assert findings["model_folder"] == str(home)
    assert findings["packages"]["numpy"]["wrong"] == ""
    assert findings["packages"]["numpy"]["version"]
    monkeypatch.setattr(doctor, "usable_detectors", lambda: {"embedded": "", "mediapipe": "no"})
    monkeypatch.setattr(doctor, "list_styles", lambda: {"oil": home / "oil.safetensors"})
    assert json.loads(tell(capsys, "--json")[1])["ok"] is True


def test_a_package_that_is_installed_but_does_not_import_is_not_usable(
    capsys, monkeypatch, tmp_path
):
    broken = tmp_path / "packages" / "broken_package"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise RuntimeError('operator nms does not exist')")
    monkeypatch.syspath_prepend(broken.parent)
    monkeypatch.setenv("PYTHONPATH", str(broken.parent))
    monkeypatch.setattr(doctor, "PACKAGES", {"broken_package": "a test"})
    _, text = tell(capsys)
    assert "can't be imported: RuntimeError: operator nms does not exist" in text


@pytest.mark.parametrize("place", ["home", "cache"])
def test_the_content_loss_is_found_in_the_models_folder_and_in_the_cache(
    capsys, monkeypatch, tmp_path, home, place
):
    if place == "home":
        file = home / "models" / doctor.BACKBONE
    else:
        file = tmp_path / "torch" / "hub" / "checkpoints" / doctor.TORCHVISION_BACKBONE
    file.parent.mkdir(parents=True)
    file.touch()
    assert "SqueezeNet's weights: ok" in tell(capsys)[1]


def test_it_says_what_paints_and_what_would_be_quicker(capsys, monkeypatch):
    missing = {"openvino": "not installed; run: pip install openvino onnx"}
    monkeypatch.setattr(painting, "best_backend", lambda device: "float32")
    monkeypatch.setattr(painting, "missing_backends", lambda device: missing)
    text = tell(capsys)[1]
    assert "cpu: float32\n" in text
    assert "openvino, which is quicker: not installed; run: pip install openvino onnx" in text
    found = json.loads(tell(capsys, "--json")[1])["painting"]["cpu"]
    assert found == {"backend": "float32", "wrong": missing}


@pytest.mark.slow
def test_every_real_package_is_looked_at(capsys, monkeypatch):
    monkeypatch.undo()
    findings = json.loads(tell(capsys, "--json")[1])
    assert set(findings["packages"]) == set(doctor.PACKAGES)
    assert {"lpips", "torchvision", "mediapipe"} <= set(findings["packages"])
