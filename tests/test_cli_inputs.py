"""What people name and pipe in: patterns, folders as phones fill them, endings, long names."""

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from faces import noise
from tps_portrait.cli import main
from tps_portrait.cli import paint_like as paint_like_command
from tps_portrait.tps_core import choose, picture_formats, picture_writer
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.stylize import Stylized
from videos import write_video

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)


def cut_out(path):
    """Saves a picture whose right half was cut away; blue is hidden there."""
    image = noise(mode="RGBA")
    image.paste((0, 0, 255, 0), (20, 0, 40, 32))
    image.save(path)


def stylize(*arguments):
    names = [str(argument) for argument in arguments]
    return main(["stylize", *names, "--style", "style.safetensors", "--device", "cpu"])


def names(folder):
    return {path.name for path in Path(folder).iterdir()}


# --- patterns and pipes -------------------------------------------------------------------------


def test_a_pattern_that_the_shell_left_stands_for_what_fits_it(here, capsys):
    assert stylize("photos/*.png", str(here / "photos" / "*.jp*g"), "-o", "out") == 0
    assert names("out") == {"a.png", "b.png"}
    assert stylize("photos/*.gif", "-o", "out") == 2
    assert "photos/*.gif: no such file or folder" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="no file can be called so")
def test_a_file_that_is_called_like_a_pattern_is_that_file(here):
    noise().save(here / "[ab]*.png")
    noise().save(here / "a1.png")
    assert stylize("[ab]*.png", "-o", "out") == 0
    assert names("out") == {"[ab]*.png"}


class Stream(io.TextIOWrapper):
    """A standard stream of a program that is piped."""

    def __init__(self, content=b""):
        super().__init__(io.BytesIO(content), encoding="utf-8")

    def isatty(self):
        return False


@pytest.fixture
def piped(here, monkeypatch):
    """Runs a command with bytes on stdin; gives its status and what came by stdout."""

    def run(content, *arguments):
        stdout = Stream()
        monkeypatch.setattr(sys, "stdin", Stream(content))
        monkeypatch.setattr(sys, "stdout", stdout)
        return stylize(*arguments), stdout.buffer.getvalue()

    return run


def test_a_picture_goes_through_a_pipe(piped, capsys):
    content = Path("photos/b.jpg").read_bytes()
    status, painted = piped(content, "-", "-o", "-", "--strength", 0)
    assert status == 0
    image = Image.open(io.BytesIO(painted))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", (40, 32))
    assert np.abs(np.asarray(image).astype(int) - np.asarray(Image.open("photos/b.jpg"))).max() <= 2
    assert capsys.readouterr().err == ""
    assert piped(content, "-", "-o", "out") == (0, str(Path("out", "stdin.png")).encode() + b"\n")
    assert piped(b"", "me.png", "-o", "-")[1].startswith(b"\x89PNG")


def test_what_is_transparent_stays_so_in_a_pipe(piped):
    cut_out("cut.png")
    _, painted = piped(Path("cut.png").read_bytes(), "-", "-o", "-")
    alpha = np.asarray(Image.open(io.BytesIO(painted)))[..., 3]
    assert np.array_equal(alpha, np.asarray(Image.open("cut.png"))[..., 3])


def test_a_picture_without_a_face_goes_through_a_pipe_unchanged_where_that_is_chosen(piped):
    content = Path("me.png").read_bytes()
    status, written = piped(content, "-", "-o", "-", "--no-face", "skip")
    assert status == 0
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(written))), Image.open("me.png"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photos", "-o", "-"], "-o -: stdout takes one picture, and there are 2"),
        (["me.png", "-o", "-", "--json"], "-o -: stdout is taken by the picture"),
        (["-", "-o", "x.png"], "stdin: can't be read (it is not a picture)"),
    ],
)
def test_what_can_not_be_piped_is_said(piped, arguments, message, capsys):
    assert piped(b"hello", *arguments) == (2, b"") or arguments[0] == "-"
    assert message in capsys.readouterr().err


def test_terminals_take_and_give_no_pictures(here, monkeypatch, capsys):
    monkeypatch.setattr(Stream, "isatty", lambda self: True)
    monkeypatch.setattr(sys, "stdin", Stream())
    assert stylize("-", "-o", "x.png") == 2
    assert "no picture comes by stdin" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdout", Stream())
    assert stylize("me.png", "-o", "-") == 2
    assert "stdout is the terminal" in capsys.readouterr().err


def test_a_file_that_is_called_like_a_pipe_can_be_named(here):
    noise().save(here / "-", "PNG")
    assert stylize("./-", "-o", "out") == 0
    assert names("out") == {"-.png"}


@dataclass(frozen=True)
class Art:
    """All that the command does with a picture of art itself."""

    picture: torch.Tensor


def test_warp_and_paint_like_are_piped_too(here, monkeypatch):
    face = Landmarks(mean_face("ibug-68") * 0.5, "ibug-68", (40, 32))
    monkeypatch.setattr(choose, "detect_face", lambda *_: face)
    monkeypatch.setattr(paint_like_command, "find_artwork", lambda *_: Art(torch.zeros(3, 8, 8)))
    monkeypatch.setattr(
        paint_like_command, "paint_like", lambda photo, *_, **__: Stylized(photo, photo[:1])
    )
    monkeypatch.setattr(
        "test_cli_inputs.stylize", lambda *a: main(list(map(str, a))), raising=False
    )
    cut_out("cut.png")
    for command in (["warp", "-", "--to", "me.png"], ["paint-like", "-", "--art", "me.png"]):
        stdout = Stream()
        monkeypatch.setattr(sys, "stdin", Stream(Path("cut.png").read_bytes()))
        monkeypatch.setattr(sys, "stdout", stdout)
        assert main([*command, "-o", "-"]) == 0
        image = np.asarray(Image.open(io.BytesIO(stdout.buffer.getvalue())))
        assert image.shape == (32, 40, 4)
        assert image[16, 4, 3] == 255
        assert image[16, 36, 3] == 0


# --- names of results ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "output", "message"),
    [
        (["me.png"], "out.heic", "out.heic: a picture's name must end in .png, .jpg"),
        (["me.png"], "out.mp4", "out.mp4: a picture's name must end in .png"),
        (["me.png"], "out.xyz", "or make the folder first, if it is to be one"),
        (["photos"], "out.heic", "out.heic: a picture's name must end in"),
        (["photos"], "out.png", "out.png: names one file, and 2 are to be made; name a folder"),
        (["photos"], "out.mp4", "out.mp4: names one file, and 2 are to be made"),
    ],
)
def test_a_name_that_ends_as_no_result_does_is_refused(here, inputs, output, message, capsys):
    before = names(".")
    assert stylize(*inputs, "-o", output) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert names(".") == before
    assert main(["detect", *inputs, "--preview", output]) == 2


@pytest.mark.parametrize("folder", ["out", "out.2026", "my.paintings of 2026", "v1.heic"])
def test_folders_may_be_called_as_people_like(here, folder):
    if folder == "v1.heic":
        Path(folder).mkdir()
    assert stylize("me.png", "-o", folder) == 0
    assert names(folder) == {"me.png"}


def test_what_is_too_large_for_the_format_is_said_before_it_is_painted(here, monkeypatch, capsys):
    monkeypatch.setitem(picture_writer.LONGEST_SIDES_PX, "WEBP", 39)
    monkeypatch.setattr("tps_portrait.cli.stylize.stylize", None)
    assert stylize("me.png", "-o", "out.webp") == 2
    assert "40 x 32 pixels are too many for .webp" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif"])
def test_a_cut_out_stays_one(here, ending):
    cut_out("cut.png")
    assert stylize("cut.png", "-o", f"out{ending}") == 0
    with Image.open(f"out{ending}") as image:
        painted = np.asarray(image)
    assert np.array_equal(painted[..., 3], np.asarray(Image.open("cut.png"))[..., 3])
    # Nothing of the hidden blue.
    assert painted[:, 30, 2].astype(int).mean() < painted[:, :20].mean() + 60


def test_what_can_not_hold_a_cut_out_gets_it_on_white_and_that_is_said(here, capsys):
    cut_out("cut.png")
    assert stylize("cut.png", "-o", "out.jpg", "--strength", 0) == 0
    assert "cut.png: is partly transparent, which .jpg can't hold; laid on white" in (
        capsys.readouterr().err
    )
    assert np.asarray(Image.open("out.jpg"))[:, 24:].min() > 230
    assert stylize("me.png", "-o", "two.jpg") == 0
    assert capsys.readouterr().err == ""


# --- folders ------------------------------------------------------------------------------------


def test_a_folder_that_is_painted_into_itself_is_painted_once_each_time(here, caplog):
    for count in (1, 2, 3):
        caplog.clear()
        assert stylize("photos", "-o", "photos") == 0
        assert len(names("photos")) == 2 + 2 * count
        told = [f"photos: left out {2 * count - 2} files made by TPS Portrait"]
        assert caplog.messages == (told if count > 1 else [])
    assert stylize("photos/a 2.png", "-o", "out") == 0  # whoever names it means it
    assert names("out") == {"a 2.png"}


def test_pictures_that_need_another_package_are_counted_with_the_way_in(here, monkeypatch, capsys):
    monkeypatch.setattr(picture_formats, "_can_open", lambda extra: False)
    for name in ("IMG_1.HEIC", "IMG_2.heic", "IMG_3.HEIC", "IMG_4.HEIC", "x.jxl"):
        Path("photos", name).write_bytes(HEIC)
    assert stylize("photos", "-o", "out", "--json") == 2
    out, err = capsys.readouterr()
    assert names("out") == {"a.png", "b.png"}
    assert len(json.loads(out)["failed"]) == 2
    assert (
        "photos: 4 pictures can't be read (IMG_1.HEIC, IMG_2.heic, IMG_3.HEIC, …): HEIC needs "
        "pillow-heif; run: pip install --upgrade pillow-heif"
    ) in err
    assert "1 picture can't be read (x.jxl): JPEG XL needs pillow-jxl-plugin" in err
    for name in names("photos"):
        if not name.startswith(("IMG", "x")):
            Path("photos", name).unlink()
    assert stylize("photos", "-o", "out") == 2
    assert "HEIC needs pillow-heif" in capsys.readouterr().err


def test_what_is_no_picture_here_is_counted_in_a_line(here, capsys):
    for name in ("IMG_1.CR2", "IMG_2.CR2", "art.psd", "notes.txt", "a.landmarks.txt"):
        Path("photos", name).write_bytes(b"something")
    assert stylize("photos", "-o", "out") == 0
    assert capsys.readouterr().err == (
        "photos: left out what is not painted here: 2 .cr2, 1 .psd\n"
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
@pytest.mark.parametrize("given", [["photos"], ["photos/*"], ["photos/pipe.png", "photos"]])
def test_pipes_among_files_are_not_waited_for(here, given, capsys):
    os.mkfifo(here / "photos" / "pipe.png")
    assert stylize(*given, "-o", "out") == 2
    assert "pipe.png: not a file that can be read" in capsys.readouterr().err
    assert names("out") == {"a.png", "b.png"}


def test_a_folder_in_it_that_can_not_be_opened_is_said(here, monkeypatch, capsys):
    (here / "photos" / "closed").mkdir()
    walk = os.walk

    def closed(top, onerror, **options):
        onerror(PermissionError(13, "Permission denied", str(here / "photos" / "closed")))
        return walk(top, onerror=onerror, **options)

    monkeypatch.setattr(os, "walk", closed)
    assert stylize("photos", "-o", "out") == 2
    assert "closed: the folder can't be opened; check" in capsys.readouterr().err
    assert names("out") == {"a.png", "b.png"}


def test_the_videos_of_a_folder_are_painted(here, capsys):
    pytest.importorskip("av")
    write_video(Path("photos", "moving.mp4"), [np.asarray(noise())] * 2)
    assert stylize("photos", "-o", "out") == 0
    assert names("out") == {"a.png", "b.png", "moving.mp4"}
    capsys.readouterr()
    assert main(["detect", "photos", "-o", "faces.json", "--detector", "embedded"]) == 0
    assert "left out what is not painted here: 1 .mp4" in capsys.readouterr().err


# --- names of files -----------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other limits")
def test_names_as_long_as_the_system_allows_are_painted(here):
    for name in ("名" * 83 + ".jpg", "n" * 251 + ".png", "\U0001f600" * 62 + ".webp"):
        noise().save(Path("photos", name))
    for _ in range(2):
        assert stylize("photos", "-o", "out") == 0
    assert len(names("out")) == 10
    assert all(len(os.fsencode(name)) <= 255 for name in names("out"))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems know no such names")
def test_a_name_that_is_no_text_stops_no_report(here, capsys, monkeypatch):
    face = Landmarks(mean_face("ibug-68") * 0.6, "ibug-68", (160, 160), 0.9, "embedded")
    monkeypatch.setattr("tps_portrait.training.banks.scan.detect", lambda *_: [face])
    for name in (b"caf\xe9.png", b"\xff\xfe.png", "ok 😀.png".encode()):
        noise((160, 160)).save(Path("photos", os.fsdecode(name)))
    assert main(["bank", "photos", "-o", "bank.safetensors", "--report", "report"]) == 0
    assert "caf\\udce9.png" in Path("report", "report.txt").read_text("utf-8")
    assert {"index.html", "contact_sheet.png"} < names("report")


def test_a_name_that_is_too_long_is_no_file(here, capsys):
    assert stylize("x" * 300 + ".png", "me.png", "-o", "out") == 2
    assert "no such file or folder" in capsys.readouterr().err
