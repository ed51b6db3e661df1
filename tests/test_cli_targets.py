"""Commands in folders as people have them: nothing is lost, and no file stops the others."""

import errno
import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from clips import face_at
from faces import noise, random_bank
from tps_portrait.cli import detect as detect_command
from tps_portrait.cli import main
from tps_portrait.cli import paint_each as paint_each_command
from tps_portrait.cli import stylize as stylize_command
from tps_portrait.cli import video as video_command
from tps_portrait.tps_core import choose
from tps_portrait.tps_core.landmark_files.json_file import SIDECAR
from tps_portrait.tps_core.output_files import NotWritten
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.tps_core.stylize import unpainted
from tps_portrait.tps_core.videos.stylize_video import VideoReport
from tps_portrait.training.banks.bank import save_bank

NOT_TEXT = os.fsdecode(b"\xff\xfe.png")


@pytest.fixture
def here(here, monkeypatch):
    """With a third picture in its folder; `detect` finds no face either."""
    monkeypatch.setattr(detect_command, "detect_most", lambda *_: ([], False))
    noise().save(here / "photos" / "c.png")
    return here


def run(*arguments):
    return main([str(argument) for argument in arguments])


def stylize(*arguments):
    return run("stylize", *arguments, "--style", "style.safetensors", "--whole-image")


def content(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def is_kept(before, folder):
    return before.items() <= content(folder).items()


def test_a_picture_without_a_face_is_reported_or_written_as_it_is(here, capsys):
    command = ("stylize", "photos", "--style", "style.safetensors", "--face-only")
    assert run(*command, "-o", "out") == 2
    assert len(capsys.readouterr().err.splitlines()) == 3
    assert run(*command, "-o", "out", "--no-face", "skip") == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "tps-portrait stylize: photos/a.png: no face found; written as it is"
    assert len(said) == 3
    for name in ("a", "c"):
        written, photo = (read_picture(Path(f"{d}/{name}.png")) for d in ("out", "photos"))
        assert torch.equal(written, photo)


def test_no_face_can_be_an_error_even_where_all_of_it_could_be_painted(here, capsys):
    command = ("stylize", "me.png", "--style", "style.safetensors", "-o", "out.png")
    assert run(*command, "--no-face", "error") == 2
    assert run(*command, "--faces", "2") == 2
    assert "me.png: no face found" in capsys.readouterr().err
    assert run(*command) == 0


def test_several_styles_paint_all_faces_from_left_to_right(here, monkeypatch):
    seen = {}

    def stylize(photo, styles, faces, **_):
        seen.update(styles=len(styles), faces=faces)
        return unpainted(photo)

    left, right = (face_at(x, 16, 10, picture=(40, 32)) for x in (10, 30))
    monkeypatch.setattr(choose, "detect_faces", lambda *_: [right, left])
    monkeypatch.setattr(stylize_command, "stylize", stylize)
    styles = ("--style", "style.safetensors") * 2
    assert run("stylize", "me.png", *styles, "-o", "out.png") == 0
    assert seen == {"styles": 2, "faces": [left, right]}
    assert run("stylize", "me.png", *styles, "--faces", "2,1", "-o", "other.png") == 0
    assert seen == {"styles": 2, "faces": [right, left]}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ([], ("auto", (1,), None)),
        (["--faces", "largest", "--no-face", "skip"], ("largest", (1,), "skip")),
        (["--style", "style.safetensors"], ("all", (1,), None)),
        (["--faces", "2,1"], ("left to right", (2, 1), None)),
        (["--faces", "1", "--face-order", "score"], ("score", (1,), None)),
    ],
)
def test_videos_have_the_same_choice_of_faces_as_pictures(here, monkeypatch, more, expected):
    seen = []

    def stylize_video(source, target, styles, options, *_):
        seen.append((len(styles), (options.faces, options.numbers, options.no_face)))
        return VideoReport(1, 1)

    monkeypatch.setattr(video_command, "stylize_video", stylize_video)
    (here / "film.mp4").write_bytes(b"")
    command = ("stylize", "film.mp4", "--style", "style.safetensors", "-o", "out.mp4")
    assert run(*command, *more) == 0
    assert seen == [(1 + more.count("--style"), expected)]


@pytest.mark.parametrize("wrong", ["two", "0", "1,,2", "101", ""])
def test_faces_that_can_not_be_are_refused(here, wrong, capsys):
    with pytest.raises(SystemExit):
        run("stylize", "me.png", "--style", "style.safetensors", "-o", "x.png", "--faces", wrong)
    assert "--faces" in capsys.readouterr().err


def test_a_folder_painted_into_itself_keeps_its_photos(here):
    before = content(here)
    assert stylize("photos", "-o", "photos") == 0
    assert is_kept(before, here)
    names = {path.name for path in (here / "photos").iterdir()}
    assert names == {"a.png", "a 2.png", "b.jpg", "b.png", "c.png", "c 2.png"}
    assert stylize("photos/a.png", "photos/c.png", "-o", "photos", "--overwrite") == 0
    assert is_kept(before, here)


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_no_command_writes_over_what_it_reads(here, more, capsys):
    (here / "link.png").symlink_to("me.png")
    (here / "hard.png").hardlink_to("me.png")
    save_bank(random_bank(3), here / "bank.safetensors")
    before = content(here)
    inputs = ["me.png", "link.png", "hard.png", "photos/../me.png", here / "me.png"]
    for target in inputs:
        for command in (
            ["stylize", "me.png", "--style", "style.safetensors", "-o", target],
            ["warp", "me.png", "--to", "photos/a.png", "-o", target],
            ["warp", "photos/a.png", "--to", "me.png", "-o", target],
            ["detect", "me.png", "--preview", target],
            ["detect", "me.png", "-o", target],
        ):
            assert run(*command, *more) == 2
            assert "is read by this command itself" in capsys.readouterr().err
    for command in (
        ["export", "style.safetensors", "-o", "style.safetensors"],
        ["bank", "photos", "--photos", "bank.safetensors", "-o", "bank.safetensors"],
        ["train", "--art", "bank.safetensors", "--photos", "x", "-o", "bank.safetensors"],
    ):
        assert run(*command, *more) == 2
    assert content(here) == before


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
def test_no_command_writes_over_a_file_of_another_kind(here, more):
    save_bank(random_bank(3), here / "bank.safetensors")
    (here / "text.png").write_text("dear diary")
    (here / "other.onnx").write_text("another model")
    (here / "workflow.json").write_text('{"nodes": []}')
    (here / "face.landmarks.json").write_text('{"size": [9, 9], "faces": []}')
    shutil.copy("me.png", "photo.safetensors")
    before = content(here)
    train = ["train", "--art", "bank.safetensors", "--photos", "bank.safetensors", "-o"]
    for command in (
        ["stylize", "me.png", "--style", "style.safetensors", "-o", "text.png"],
        ["warp", "me.png", "--to", "photos/a.png", "-o", "text.png"],
        ["detect", "me.png", "--preview", "text.png"],
        ["detect", "me.png", "-o", "photos/a.png"],
        ["detect", "me.png", "-o", "workflow.json"],
        ["detect", "me.png", "-o", "face.landmarks.json"],
        ["bank", "photos", "-o", "me.png"],
        ["bank", "photos", "-o", "style.safetensors"],
        ["bank", "photos", "-o", "photo.safetensors"],
        ["export", "style.safetensors", "-o", "me.png"],
        ["export", "style.safetensors", "-o", "other.onnx"],
        [*train, "photo.safetensors"],
        [*train, "bank.safetensors"],
    ):
        assert run(*command, *more) == 2, command
    for folder in ("me.png", "photos/a.png"):
        assert stylize("photos", "-o", folder, *more) == 2
        assert run("bank", "photos", "--report", folder) == 2
        assert run("demo", "-o", folder) == 2
    assert content(here) == before


def test_an_explicit_name_that_is_taken_needs_overwrite(here, capsys):
    assert stylize("me.png", "-o", "out.png") == 0
    before = content(here)
    assert stylize("photos/a.png", "-o", "out.png", "--strength", 0) == 2
    assert "out.png: is there already; give another name, or replace it with --overwrite" in (
        capsys.readouterr().err
    )
    assert run("detect", "me.png", "-o", "faces.json") == 0
    assert run("detect", "me.png", "-o", "faces.json") == 2
    assert is_kept(before, here)
    assert run("detect", "me.png", "-o", "faces.json", "--overwrite") == 0
    assert stylize("me.png", "-o", "out.png", "--strength", 0, "--overwrite") == 0
    assert not is_kept(before, here)


def test_what_is_decided_is_decided_before_the_work(here, monkeypatch):
    def work(*_):
        raise AssertionError("the work has begun")

    monkeypatch.setattr(stylize_command, "load_style", work)
    for place in ("me.png", "photos/a.png", "photos.png/x.png", "x" * 300 + ".png"):
        (here / "photos.png").touch()
        assert stylize("photos/c.png", "-o", place) == 2


def test_the_second_run_into_a_folder_numbers_and_overwrite_replaces(here):
    for _ in range(2):
        assert stylize("photos", "-o", "out") == 0
    names = {"a.png", "b.png", "c.png", "a 2.png", "b 2.png", "c 2.png"}
    assert {path.name for path in (here / "out").iterdir()} == names
    assert stylize("photos", "-o", "out", "--overwrite", "--strength", 0) == 0
    assert {path.name for path in (here / "out").iterdir()} == names


@pytest.mark.parametrize("command", ["bank", "evaluate"])
def test_a_report_takes_nothing_that_is_there(here, command, monkeypatch, capsys):
    """`--report .` beside a folder of art called "pictures" deleted that folder."""
    (here / "photos").rename("pictures")
    shutil.copytree("pictures", "thumbs")
    (here / "report.txt").write_text("mine")
    before = content(here)
    if command == "bank":
        given = ["bank", "pictures"]
    else:
        given = ["evaluate", "--photos", "pictures", "--art", "pictures", "--results", "thumbs"]
    assert run(*given, "--report", ".") == 2
    assert "give another folder" in capsys.readouterr().err
    (here / "report.txt").unlink()
    if command == "bank":
        assert run(*given, "--report", ".") == 2
        del before["report.txt"]
        assert content(here) == before


def test_the_demo_mixes_nothing_into_folders_of_others(here, capsys):
    (here / "photos").rename("art")
    before = content(here)
    assert run("demo", "-o", ".") == 2
    assert "art: is there already, and is not what TPS Portrait wrote" in capsys.readouterr().err
    assert content(here) == before


def hostile_photos(here):
    """A folder of photos of which most have something wrong with them; the names of the good."""
    photos = here / "photos"
    random = np.random.default_rng(0)
    image = noise((40, 32))
    good = {"a.png", "b.jpg", "c.png", "exif.jpg", "exif.png", "deep.png"}
    image.save(photos / "exif.jpg", exif=b"Exif\0\0" + random.bytes(200))
    image.save(photos / "exif.png", exif=random.bytes(100))
    for name in ("\x1b[2J.png", "n" * 251 + ".png", NOT_TEXT):
        try:
            image.save(photos / name)
            good.add(name)
        except OSError:  # not every system lets files be called so
            continue
    image.save(photos / "deep.png")
    (photos / f"deep{SIDECAR}").write_text("[" * 2000 + "]" * 2000)
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + random.bytes(50))
    (photos / "text.jpg").write_text("dear diary")
    return good


def test_one_bad_file_does_not_stop_stylize(here, capsys):
    good = hostile_photos(here)
    assert stylize("photos", "-o", "out", "--json") == 2
    out, err = capsys.readouterr()
    said = json.loads(out)
    painted = {Path(name).stem for name in said["written"]}
    assert painted >= {Path(name).stem for name in good - {"deep.png"}}
    assert all(Path(name).is_file() for name in said["written"])
    assert len(err.splitlines()) == len(said["failed"])
    assert all(line.isprintable() for line in err.splitlines())
    for name in ("broken.png", "text.jpg", f"deep{SIDECAR}: not a landmark file"):
        assert any(name in line for line in said["failed"])


def test_one_bad_file_does_not_stop_detect(here, capsys):
    good = hostile_photos(here)
    assert run("detect", "photos", "-o", "faces.json", "--preview", "previews") == 2
    images = json.loads((here / "faces.json").read_text())["images"]
    found = {Path(name).name for name in images}
    assert found >= good - {"deep.png"}
    assert not found & {"broken.png", "text.jpg", "deep.png"}
    assert len(list((here / "previews").iterdir())) == len(found)
    assert capsys.readouterr().out.isascii()


def test_one_bad_file_does_not_stop_bank(here, capsys, monkeypatch):
    good = hostile_photos(here)
    monkeypatch.setattr("tps_portrait.training.banks.scan.detect", lambda *_: [])
    assert run("bank", "photos", "--report", "report", "--json") == 2
    out, err = capsys.readouterr()
    files = {entry["file"]: entry for entry in json.loads(out)["files"]}
    assert files.keys() >= good
    assert not any(entry["used"] for entry in files.values())
    for name in ("broken.png", "text.jpg", "deep.png"):
        assert f"tps-portrait bank: {name}: {files[name]['reason']}" in err
    text = (here / "report" / "report.txt").read_text("utf-8")
    assert all(line.isprintable() for line in text.splitlines())
    data = (here / "report" / "data.js").read_text("ascii").partition("= ")[2].rstrip(";\n")
    assert {entry["name"] for entry in json.loads(data)["entries"]} == files.keys()
    # Once more: the report is ours.
    assert run("bank", "photos", "--report", "report") == 2
    assert "give another folder" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "Input/output error"),
        NotWritten("b.png", OSError(errno.ENOSPC, "No space left on device")),
        MemoryError(),
        RecursionError("too deep"),
        torch.cuda.OutOfMemoryError("CUDA"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_one_file_leads_to_the_others_are_painted(here, error, monkeypatch, capsys):
    read = paint_each_command.read_for

    def read_for(path, target):
        if path.name == "b.jpg":
            raise error
        return read(path, target)

    monkeypatch.setattr(paint_each_command, "read_for", read_for)
    assert stylize("photos", "-o", "out") == 2
    assert {path.name for path in (here / "out").iterdir()} == {"a.png", "c.png"}
    out, err = capsys.readouterr()
    assert out.splitlines() == [str(Path("out", name)) for name in ("a.png", "c.png")]
    assert "b." in err


def test_a_disk_that_is_full_at_one_file_costs_that_file(here, capsys):
    resource = pytest.importorskip("resource")
    noise((200, 200)).save(here / "photos" / "b.jpg", quality=95)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        assert stylize("photos", "-o", "out", "--strength", 0) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in (here / "out").iterdir()} == {"a.png", "c.png"}
    assert f"{Path('out', 'b.png')}: can't be written (File too large)" in (capsys.readouterr().err)


def test_ctrl_c_lists_what_is_finished(here, monkeypatch, capsys):
    read = paint_each_command.read_for

    def read_for(path, target):
        if path.name == "c.png":
            raise KeyboardInterrupt
        return read(path, target)

    monkeypatch.setattr(paint_each_command, "read_for", read_for)
    assert stylize("photos", "-o", "out") == 130
    assert capsys.readouterr().out.splitlines() == [
        str(Path("out", name)) for name in ("a.png", "b.png")
    ]


TRAIN = ("--size", 64, "--batch", 1, "--content-loss", "l1", "--device", "cpu", "--steps", 2)


def train(*arguments):
    banks = ("--art", "bank.safetensors", "--photos", "bank.safetensors")
    return run("train", *banks, *TRAIN, *arguments)


@pytest.mark.slow
def test_a_training_that_goes_on_replaces_its_own_style_and_no_other(here, capsys):
    save_bank(random_bank(3), here / "bank.safetensors")
    assert train("-o", "new.safetensors") == 0
    assert train("-o", "new.safetensors") == 0  # the same command goes on
    shutil.copy("style.safetensors", "other.safetensors")
    shutil.copy("me.png", "third.samples.png")
    (here / "fourth.losses.csv").write_text("my,table\n")
    before = content(here)
    for arguments, message in (
        (["-o", "new.safetensors", "--resume", "never"], "--overwrite"),
        (["-o", "style.safetensors"], "--overwrite"),
        (["-o", "other.safetensors", "--state", "new.state"], "style of another training"),
        (["-o", "third.safetensors"], "third.samples.png: is there already"),
        (["-o", "fourth.safetensors"], "fourth.losses.csv: is there already, and is not"),
    ):
        assert train(*arguments) == 2
        assert message in capsys.readouterr().err
    assert is_kept(before, here)
    assert train("-o", "style.safetensors", "--overwrite") == 0
    assert not is_kept(before, here)
