"""The command evaluate: what it writes and prints, and that bad input gives one line, status 2."""

import csv
import json
import shutil

import pytest
import torch
import torch.nn.functional as F

from tps_portrait.cli import evaluate as command
from tps_portrait.cli import main
from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.painting.generator import Generator
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.pictures import read_picture, to_tensor
from tps_portrait.tps_core.style import Style, save_style
from tps_portrait.training.banks.bank import build_bank, save_bank
from tps_portrait.training.measure.features import EvaluationNetworks


@pytest.fixture(autouse=True)
def simple_networks(monkeypatch):
    """Networks that are none, so that no weights are needed."""
    networks = EvaluationNetworks(
        "Blur",
        "_blur",
        lambda pictures: F.adaptive_avg_pool2d(pictures, 4).flatten(1),
        lambda a, b: (a - b).abs().mean((1, 2, 3)),
        torch.device("cpu"),
    )
    monkeypatch.setattr(command, "load_evaluation_networks", lambda device: networks)


@pytest.fixture(scope="module")
def made(portrait, tmp_path_factory):
    """Photos, results (one dark, one grey), art, a bank of it, and a style."""
    tmp_path = tmp_path_factory.mktemp("made")
    photo = to_tensor(portrait.crop((60, 0, 420, 320)))
    for name in ("one", "two"):
        write_picture(tmp_path / "photos" / f"{name}.png", photo)
        write_picture(tmp_path / "art" / f"{name}.png", photo)
    write_picture(tmp_path / "photos" / "missing.png", photo)
    write_picture(tmp_path / "results" / "one.jpg", photo * 0.8)
    write_picture(tmp_path / "results" / "two.jpg", torch.full_like(photo, 0.5))
    save_bank(build_bank(tmp_path / "art", 64, "embedded"), tmp_path / "art.safetensors")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator().eval().requires_grad_(False)
    record = {"architecture": generator.architecture, "crop": CROP, "size": 128}
    save_style(Style(generator, record), tmp_path / "blur.safetensors")
    (tmp_path / "empty").mkdir()
    return tmp_path


@pytest.fixture
def folder(made, tmp_path):
    """A copy of what is made, to work in."""
    return shutil.copytree(made, tmp_path, dirs_exist_ok=True)


def run(folder, *arguments):
    return main(["evaluate", *(str(a).format(folder) for a in arguments)])


def test_results_are_measured_and_reported(folder, capsys):
    given = ("--photos", "{}/photos", "--art", "{}/art", "--results", "{}/results")
    assert run(folder, *given, "--report", "{}/report") == 0
    said = capsys.readouterr().out
    assert "found 50%: in 1 of 2 results" in said
    assert "missing.png: no results are called 'missing'" in said
    report = folder / "report"
    shown = {p.name for p in report.iterdir() if not p.name.startswith(".")}
    assert shown == {"contact_sheet.png", "report.txt", "pictures.csv"}
    assert (report / "report.txt").read_text("utf-8") == said
    with (report / "pictures.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["photo"], r["found"]) for r in rows] == [("two.png", "0"), ("one.png", "1")]
    assert rows[0]["mld"] == rows[0]["color_curve"] == rows[0]["own_photo_nearest"] == ""
    assert float(rows[1]["lpips_blur"]) > 0
    assert float(rows[1]["detail_correlation"]) > 0.98
    assert read_picture(report / "contact_sheet.png").shape[2] > 600


def test_machines_get_every_figure_and_nothing_that_json_lacks(folder, capsys):
    given = ("--photos", "{}/photos", "--art", "{}/art.safetensors", "--results", "{}/results")
    assert run(folder, *given, "--json") == 0

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    said = json.loads(capsys.readouterr().out, parse_constant=refuse)
    names = {"found", "mld", "mld_std", "mld_median", "lpips_blur", "lpips_blur_std", "kid_blur"}
    names |= {"kid_blur_error", "kid_blur_photos", "fid_blur", "fid_blur_photos"}
    names |= {"fid_blur_halves", "art_fid_blur"}
    names |= {"color_curve", "detail_correlation", "weave"}
    names |= {"color_curve_std", "detail_correlation_std", "weave_std"}
    assert said["figures"].keys() == names
    assert said["figures"]["fid_blur_halves"] is None  # two faces can't be halved
    assert (said["networks"], said["results"], said["art"]) == ("Blur", 2, 2)
    assert [(p["photo"], p["found"]) for p in said["pictures"]] == [
        ("one.png", True),
        ("two.png", False),
    ]
    dark, grey = said["pictures"]
    assert dark["color_curve"] > 0.98
    assert (grey["color_curve"], grey["own_photo_nearest"]) == (None, None)
    assert list(said["left_out"]) == ["missing.png"]


def test_a_style_paints_all_of_the_photos_first_unless_told_otherwise(folder, capsys):
    given = ("--photos", "{}/photos", "--art", "{}/art.safetensors", "--device", "cpu", "--json")
    lpips = {}
    for switch in ("", "--whole-image", "--no-whole-image"):
        switches = [switch] if switch else []
        assert run(folder, *given, "--style", "{}/blur.safetensors", *switches) == 0
        said = json.loads(capsys.readouterr().out)
        assert said["results"] == 3
        lpips[switch] = said["figures"]["lpips_blur"]
        assert said["painted"] == (
            "the face" if switch == "--no-whole-image" else "the whole image"
        )
    assert lpips[""] == lpips["--whole-image"] > lpips["--no-whole-image"] > 0.001


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--photos", "nowhere", "--results", "{}/results"], "nowhere: no such folder"),
        (["--photos", "{}/empty", "--results", "{}/results"], "empty: no pictures in it"),
        (["--photos", "{}/photos", "--results", "{}/empty"], "empty: no pictures in it"),
        (["--photos", "{}/photos", "--style", "nonsense"], "no such style or file"),
        (
            ["--photos", "{}/photos", "--results", "{}/results", "--whole-image"],
            "--no-whole-image go with --style",
        ),
        (
            ["--photos", "{}/photos", "--results", "{}/results", "--art", "{}/blur.safetensors"],
            "not a face bank",
        ),
        (
            ["--photos", "{}/photos", "--results", "{}/results", "--device", "cuda:99"],
            "can't be used here",
        ),
        (["--photos", "{}/results", "--results", "{}/results"], "1 of 2 photos can be evaluated"),
    ],
)
def test_bad_input_gives_one_line_and_status_2(arguments, message, folder, capsys):
    assert run(folder, "--art", "{}/art.safetensors", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tps-portrait evaluate: ")
    assert message in line


@pytest.mark.parametrize("made", [[], ["--results", "a", "--style", "b"]])
def test_it_needs_results_or_a_style_and_not_both(made):
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", "--photos", "a", "--art", "b", *made])
    assert exit.value.code == 2


def test_it_has_help(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["evaluate", "--help"])
    assert exit.value.code == 0
    assert "worst first" in capsys.readouterr().out
