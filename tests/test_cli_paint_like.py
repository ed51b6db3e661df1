"""Painting like one picture of art on the command line."""

import json

import numpy as np
import pytest
from PIL import Image

from tps_portrait.cli import main
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.landmark_files.json_file import SIDECAR, write_sidecar
from tps_portrait.tps_core.paint_like import painter
from tps_portrait.tps_core.pictures import read_picture


@pytest.fixture
def here(portrait, tmp_path, monkeypatch):
    """A folder to be in, with a small photo and a picture of art: the same, mirrored and redder.

    The photo is so small that a painting takes a moment.
    """
    small = portrait.crop((60, 0, 420, 320)).resize((180, 160))
    small.save(tmp_path / "me.png")
    Image.fromarray(np.asarray(small)[:, ::-1, [0, 2, 2]] // 2 + 90).save(tmp_path / "art.png")
    Image.effect_noise((120, 90), 80).convert("RGB").save(tmp_path / "noise.png")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(painter, "SMALL", 64)
    return tmp_path


def paint(*arguments):
    return main(["paint-like", *map(str, arguments), "--device", "cpu"])


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image).astype(int)


def place(path, shift=0.0):
    """Writes the landmarks of the picture's face beside it, moved to the right by a share."""
    picture = read_picture(path)
    face = detect_face(picture, "picture")
    face.points[:, 0] += 2 * shift
    write_sidecar(path, [face], face.size)


@pytest.mark.slow
def test_a_portrait_is_painted_in_its_own_size_and_always_the_same(here, capsys):
    assert paint("me.png", "--art", "art.png", "-o", "out.png") == 0
    assert capsys.readouterr().out == "out.png\n"
    assert paint("me.png", "--art", "art.png", "-o", "again.png") == 0
    painted = pixels(here / "out.png")
    assert painted.shape == (160, 180, 3)
    assert np.array_equal(painted, pixels(here / "again.png"))
    # The art has hardly any green, which the photo has.
    art, photo = pixels(here / "art.png"), pixels(here / "me.png")[..., :3]

    def redness(picture):
        return (picture[..., 0] - picture[..., 1]).mean()

    assert abs(redness(painted) - redness(art)) < abs(redness(painted) - redness(photo))


@pytest.mark.slow
def test_a_folder_is_painted_and_what_could_not_be_is_named(here, capsys):
    (here / "photos").mkdir()
    (here / "me.png").rename(here / "photos" / "me.png")
    (here / "noise.png").rename(here / "photos" / "noise.png")
    (here / "photos" / "broken.jpg").write_bytes(b"no picture")
    assert paint("photos", "--art", "art.png", "-o", "out", "--json") == 2
    out, err = capsys.readouterr()
    said = json.loads(out)
    assert [path.name for path in (here / "out").iterdir()] == ["me.png"]
    assert len(said["failed"]) == 2
    assert "broken.jpg: can't be read" in err
    assert "noise.png: no face found at confidence 0.5" in err
    assert all(line.startswith("tps-portrait paint-like: ") for line in err.splitlines())


@pytest.mark.slow
def test_the_art_is_never_written_over_and_results_only_when_asked(here, capsys):
    before = (here / "art.png").read_bytes()
    assert paint("me.png", "--art", "art.png", "-o", "art.png", "--overwrite") == 2
    assert "art.png: is read by this command itself" in capsys.readouterr().err
    assert paint("me.png", "--art", "art.png", "-o", "noise.png") == 2
    assert "is there already; give another name, or replace it with --overwrite" in (
        capsys.readouterr().err
    )
    assert paint("me.png", "--art", "art.png", "-o", "noise.png", "--overwrite") == 0
    assert (here / "art.png").read_bytes() == before


@pytest.mark.slow
def test_the_options_of_finishing_reach_the_picture(here):
    assert paint("me.png", "--art", "art.png", "-o", "plain.png") == 0
    plain = pixels(here / "plain.png")
    for options in (["--strength", "0"], ["--keep-colors"], ["--face-only"]):
        assert paint("me.png", "--art", "art.png", "-o", "x.png", "--overwrite", *options) == 0
        assert np.abs(pixels(here / "x.png") - plain).mean() > 1
    assert paint("me.png", "--art", "art.png", "-o", "clear.png", "--ground", "transparent") == 0
    assert pixels(here / "clear.png").shape == (160, 180, 4)


@pytest.mark.slow
@pytest.mark.parametrize("moved", ["me", "art"])
def test_landmarks_beside_photo_and_art_win_over_the_detector(here, moved):
    for name in ("me", "art"):
        place(here / f"{name}.png")
    (here / "me.png").rename(here / "noise.png")  # what a detector would find doesn't count
    (here / f"me{SIDECAR}").rename(here / f"noise{SIDECAR}")
    assert paint("noise.png", "--art", "art.png", "-o", "one.png") == 0
    place(here / {"me": "noise.png", "art": "art.png"}[moved], shift=0.1)
    assert paint("noise.png", "--art", "art.png", "-o", "two.png") == 0
    assert np.abs(pixels(here / "one.png") - pixels(here / "two.png")).mean() > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["me.png", "--art", "nowhere.png"], "nowhere.png: no such file"),
        (["me.png", "--art", "."], "can't be read"),
        (
            ["me.png", "--art", "noise.png"],
            "noise.png: no face found in this picture of art; place its landmarks by hand",
        ),
        (["nobody.png", "--art", "art.png"], "nobody.png: no such file or folder"),
        (["film.mp4", "--art", "art.png"], "tps-portrait train --art art.png"),
        (["empty.png", "--art", "art.png"], f"empty{SIDECAR} says that no face is to be used"),
        (["other.png", "--art", "art.png"], "its landmark file is of a picture of 90 x 160"),
        (["me.png", "--art", "art.png", "--strength", "3"], "--strength must be between 0 and 2"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(here, arguments, message, capsys):
    (here / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    for name, size, count in (("empty", (180, 160), 0), ("other", (90, 160), 1)):
        face = detect_face(read_picture("me.png"), "me")
        (here / f"{name}.png").write_bytes((here / "me.png").read_bytes())
        write_sidecar(here / f"{name}.png", [face] * count, size)
    assert paint(*arguments, "-o", "out.png") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tps-portrait paint-like: ")
    assert message in line
    assert not (here / "out.png").exists()
