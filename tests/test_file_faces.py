"""The landmark file beside a picture wins over any detector, in every command."""

import json

import pytest
import torch

from tps_portrait.cli import detect as detect_command
from tps_portrait.cli import evaluate as evaluate_command
from tps_portrait.cli import main
from tps_portrait.cli import stylize as stylize_command
from tps_portrait.tps_core import choose
from tps_portrait.tps_core.face_not_found import FaceNotFound
from tps_portrait.tps_core.file_faces import faces_in_file, known_faces
from tps_portrait.tps_core.landmark_files.json_file import SIDECAR, write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.training.measure import evaluate as evaluation

PICTURE = torch.full((3, 90, 120), 0.5)  # grey: no detector finds a face in it


def face(middle=60.0):
    points = mean_face("ibug-68") * 30 + torch.tensor([middle, 45.0])
    return Landmarks.from_pixels(points, (120, 90), "ibug-68", 1.0, "hand")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("me", "other"):
        write_picture(tmp_path / "photos" / f"{name}.png", PICTURE)
    return tmp_path / "photos"


@pytest.fixture
def no_detector(monkeypatch):
    for module in (choose, evaluation, detect_command):
        for name in ("detect", "detect_face", "detect_faces", "detect_most"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda *_: pytest.fail("a detector was asked"))


def place(here):
    for name in ("me", "other"):
        write_sidecar(here / f"{name}.png", [face(55.0), face()], (120, 90))


def test_detect_gives_the_faces_of_the_landmark_file_and_says_so(here, no_detector, capsys, caplog):
    place(here)
    assert main(["detect", "photos/me.png", "--json"]) == 0
    faces = json.loads(capsys.readouterr().out)["images"]["photos/me.png"]["faces"]
    assert [found["detector"] for found in faces] == ["hand", "hand"]
    assert caplog.messages == [f"photos/me.png: landmarks from me{SIDECAR}"]
    assert main(["detect", "photos/me.png", "--json", "--max-faces", "1"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["images"]["photos/me.png"]["faces"]
    assert found["points"] == faces[0]["points"]


def test_warp_uses_both_landmark_files(here, no_detector, caplog):
    place(here)
    assert main(["warp", "photos/me.png", "--to", "photos/other.png", "-o", "out.png"]) == 0
    assert caplog.text.count("landmarks from") == 2


def test_stylize_paints_all_faces_of_the_landmark_file(here, no_detector, monkeypatch, caplog):
    place(here)
    painted = []

    def stylize(photo, style, faces, **options):
        painted.extend(faces)
        raise ValueError("painted")

    monkeypatch.setattr(stylize_command, "stylize", stylize)
    assert main(["stylize", "photos/me.png", "--style", "ink line", "-o", "out.png"]) == 2
    assert len(painted) == 2
    assert "landmarks from" in caplog.text


def test_evaluate_measures_at_the_landmark_file(here, no_detector, monkeypatch):
    place(here)
    asked = {}

    def evaluate(photos, paint, art, networks, detector, least, progress, painted, known):
        asked.update({name: known(name, read()) for name, read in photos.items()})
        raise ValueError("enough")

    monkeypatch.setattr(evaluate_command, "evaluate", evaluate)
    monkeypatch.setattr(evaluate_command, "load_evaluation_networks", lambda device: None)
    monkeypatch.setattr(evaluate_command, "load_or_build_bank", lambda *_: None)
    arguments = ["--photos", "photos", "--art", "art", "--style", "ink line"]
    assert main(["evaluate", *arguments]) == 2
    assert {name: len(faces) for name, faces in asked.items()} == {"me.png": 2, "other.png": 2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "me.landmarks.json: not a landmark file"),
        ('{"size": [120, 90]}', "me.landmarks.json: not a landmark file"),
        (None, "its landmark file is of a picture of 90 x 120; place the points again, or delete"),
    ],
    ids=["cut off", "without faces", "of another picture"],
)
@pytest.mark.parametrize(
    "command",
    [
        ["detect", "photos/me.png"],
        ["warp", "photos/me.png", "--to", "photos/other.png", "-o", "out.png"],
        ["stylize", "photos/me.png", "--style", "ink line", "-o", "out.png"],
        ["paint-like", "photos/other.png", "--art", "photos/me.png", "-o", "out.png"],
    ],
    ids=lambda command: command[0],
)
def test_a_broken_landmark_file_is_named_in_one_line(here, command, content, message, capsys):
    if content is None:
        turned = Landmarks.from_pixels(mean_face("ibug-68") * 30 + 45, (90, 120), "ibug-68")
        write_sidecar(here / "me.png", [turned], (90, 120))
    else:
        (here / f"me{SIDECAR}").write_text(content)
    assert main(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_landmark_file_without_faces_says_that_none_is_used(here):
    write_sidecar(here / "me.png", [], (120, 90))
    assert known_faces(here / "me.png", PICTURE) == []
    with pytest.raises(FaceNotFound, match=f"me{SIDECAR} says that no face is to be used"):
        faces_in_file(here / "me.png", PICTURE)


def test_without_a_landmark_file_the_detector_looks(here, monkeypatch):
    found = face()
    monkeypatch.setattr(choose, "detect_face", lambda *_: found)
    assert known_faces(here / "me.png", PICTURE) is None
    assert faces_in_file(here / "me.png", PICTURE) == [found]
