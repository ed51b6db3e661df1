"""An exported style paints what the style paints, says what it is, and is written whole."""

import copy
import json
import math
from dataclasses import replace

import pytest
import torch

from tps_portrait.cli import main
from tps_portrait.tps_core import export
from tps_portrait.tps_core.export import export_style
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import to_tensor


@pytest.fixture(scope="module")
def photos(portrait):
    """Crops and mirrorings of a real portrait."""
    crops = [to_tensor(portrait.crop((x, 0, x + 256, 288))) for x in (60, 120, 180)]
    return crops + [crop.flip(2) for crop in crops]


def paint(path, pictures):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"picture": pictures.numpy()})[0])


def difference(path, style, pictures):
    return (paint(path, pictures) - style.generator(pictures)).abs()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_it_paints_the_same(any_style, photos, tmp_path, precision):
    path = tmp_path / "style.onnx"
    exported = export_style(any_style, path, precision=precision)
    found = difference(path, any_style, photos[0][None, :, :208])
    assert exported.checked_by == "onnxruntime"
    for mean, most in ((found.mean(), found.max()), (exported.mean, exported.most)):
        assert mean <= 1 / 255
        assert most <= 4 / 255
    assert [file.name for file in tmp_path.iterdir()] == ["style.onnx"]  # nothing temporary left


def test_in_half_precision_it_is_small(any_style, tmp_path):
    exported = export_style(any_style, tmp_path / "style.onnx", precision="float16")
    assert exported.bytes == (tmp_path / "style.onnx").stat().st_size < 4e6


def test_it_is_checked_with_the_photos_that_are_given(any_style, photos, tmp_path, monkeypatch):
    seen = []

    def run(file, picture):
        seen.append(picture)
        return any_style.generator(picture)

    monkeypatch.setattr(export, "RUNNERS", {"torch": run})
    export_style(any_style, tmp_path / "style.onnx", photos=photos)
    assert len(seen) == export.MOST_CHECKED
    assert torch.equal(seen[0], export._fitted(photos[0], seen[0].shape[-1]))


def test_the_callers_style_stays_where_it_is(any_style, tmp_path):
    style = replace(any_style, generator=copy.deepcopy(any_style.generator).to("meta"))
    with pytest.raises((NotImplementedError, RuntimeError)):  # there is nothing to be copied
        export_style(style, tmp_path / "style.onnx")
    assert style.device.type == "meta"


def test_a_fixed_size_is_in_the_file_and_others_are_refused(any_style, tmp_path):
    onnx = pytest.importorskip("onnx")
    export_style(any_style, tmp_path / "style.onnx", size=64)
    sides = onnx.load(tmp_path / "style.onnx").graph.input[0].type.tensor_type.shape.dim
    assert [side.dim_value for side in sides] == [1, 3, 64, 64]


def test_the_styles_record_is_inside(any_style, tmp_path):
    onnx = pytest.importorskip("onnx")
    export_style(any_style, tmp_path / "style.onnx")
    properties = onnx.load(tmp_path / "style.onnx").metadata_props
    metadata = {entry.key: entry.value for entry in properties}
    assert metadata["format"] == "tps-portrait-style/1"
    assert json.loads(metadata["record"]).items() >= any_style.record.items()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("style.pt", {}, "must end in .onnx"),
        ("style.onnx", {"size": 100}, "multiple of 16, 32 or more; the nearest is 96"),
        ("style.onnx", {"size": 16}, "the nearest is 32"),
        ("style.onnx", {"precision": "int8"}, "choose float32 or float16; .* no longer written"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(any_style, tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        export_style(any_style, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_without_a_program_to_run_it_it_is_written_and_says_so(any_style, tmp_path, monkeypatch):
    monkeypatch.setattr(
        export.importlib.util, "find_spec", lambda name: name if name == "onnx" else None
    )
    exported = export_style(any_style, tmp_path / "style.onnx")
    assert math.isnan(exported.mean)
    assert "not checked: that needs onnxruntime; run: pip install" in exported.describe()
    assert (tmp_path / "style.onnx").is_file()


def test_openvino_checks_it_where_onnxruntime_is_missing(
    any_style, tmp_path, monkeypatch, openvino
):
    monkeypatch.setattr(export, "RUNNERS", {"openvino": export.RUNNERS["openvino"]})
    exported = export_style(any_style, tmp_path / "style.onnx", precision="float16")
    assert exported.checked_by == "openvino"
    assert exported.most <= 4 / 255


def test_one_that_paints_something_else_is_not_written(any_style, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "RUNNERS", {"torch": lambda file, picture: 1 - picture})
    with pytest.raises(ValueError, match="was not written"):
        export_style(any_style, tmp_path / "style.onnx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_file_and_tells_machines_about_it(tmp_path, photos, capsys):
    pytest.importorskip("onnxruntime")
    for index, photo in enumerate(photos):
        write_picture(tmp_path / "photos" / f"{index}.png", photo)
    out = tmp_path / "oil.onnx"
    command = ["export", "impressionist oil", "-o", str(out), "--json"]
    assert main([*command, "--half", "--size", "128"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["written"], found["precision"]) == (str(out), "float16")
    assert found["bytes"] == out.stat().st_size
    assert found["max_difference"] < 0.01
    assert main([*command, "--overwrite", "--photos", str(tmp_path / "photos")]) == 0
    assert json.loads(capsys.readouterr().out)["precision"] == "float32"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no such", "-o", "a.onnx"], "no such style or file"),
        (["ink line", "-o", "a.txt"], "must end in .onnx"),
        (["ink line", "-o", "a.onnx", "--int8"], "int8 painted was up to 152"),
    ],
)
def test_bad_input_gives_the_command_one_line_and_status_2(
    arguments, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_without_the_onnx_package_a_sentence_says_how_to_get_it(monkeypatch, any_style, tmp_path):
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="needs the package onnx; run: pip install onnx"):
        export_style(any_style, tmp_path / "style.onnx")
