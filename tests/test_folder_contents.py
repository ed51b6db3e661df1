"""What of a folder is a person's own, and what systems and we left there."""

import os

import pytest
import torch
from PIL import Image

from tps_portrait.tps_core.file_kinds import SHEET
from tps_portrait.tps_core.folder_contents import list_pictures, own_files, own_pictures
from tps_portrait.tps_core.own_folder import OwnFolder
from tps_portrait.tps_core.picture_writer import write_picture

THE_SYSTEMS = (
    "Thumbs.db", "desktop.ini", ".DS_Store", "._a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_XL.jpg",
    "__MACOSX/._a.jpg", "#recycle/old.jpg", "$RECYCLE.BIN/x.jpg",
)  # fmt: skip


@pytest.fixture
def photos(tmp_path):
    """A folder of two photos and a text."""
    folder = tmp_path / "photos"
    for name in ("a.jpg", "more/b.png"):
        put(folder / name)
    (folder / "notes.txt").write_text("mine")
    return folder


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "red").save(path, "PNG")


def names(paths, folder):
    return [path.relative_to(folder).as_posix() for path in paths]


def test_what_systems_leave_is_left_out_in_one_line(photos, caplog):
    caplog.set_level("INFO", "tps_portrait")
    for name in THE_SYSTEMS:
        put(photos / name)
    assert names(own_files(photos), photos) == ["a.jpg", "notes.txt", "more/b.png"]
    (line,) = caplog.messages
    assert line == f"{photos}: left out {len(THE_SYSTEMS)} files of the system"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif", ".gif", ".bmp"])
def test_what_we_painted_is_left_out(photos, ending, caplog):
    caplog.set_level("INFO", "tps_portrait")
    write_picture(photos / f"a 2{ending}", torch.zeros(3, 8, 8))
    assert names(own_pictures(photos), photos) == ["a.jpg", "more/b.png"]
    assert caplog.messages == [f"{photos}: left out 1 file made by TPS Portrait"]


def test_a_folder_of_paintings_alone_is_meant(photos, caplog):
    caplog.set_level("INFO", "tps_portrait")
    paintings = photos.parent / "paintings"
    for name in ("a.png", "b.jpg"):
        write_picture(paintings / name, torch.zeros(3, 8, 8))
    assert names(own_pictures(paintings), paintings) == ["a.png", "b.jpg"]
    assert not caplog.messages
    write_picture(paintings / "sheet.png", torch.zeros(3, 8, 8), software=SHEET)
    assert names(own_pictures(paintings), paintings) == ["a.png", "b.jpg"]


def test_reports_in_the_folder_are_no_pictures_of_it(photos):
    report = OwnFolder(photos / "report", ["pictures", "sheet.png"])
    for name in ("pictures/0000.jpg", "sheet.png"):
        put(photos / "x.png")
        report.write(name, (photos / "x.png").read_bytes())
    report.finish()
    (photos / "x.png").unlink()
    put(photos / "report" / "mine.png")
    assert names(own_pictures(photos), photos) == ["a.jpg", "more/b.png", "report/mine.png"]
    assert names(own_pictures(photos / "report"), photos) == ["report/mine.png"]


def test_videos_of_ours_are_left_out_where_videos_are_asked_for(photos):
    (photos / "ours.mp4").write_bytes(bytes(5000) + b"hdlrTPS Portrait\0" + bytes(900_000))
    (photos / "theirs.mp4").write_bytes(bytes(900_000))
    found = names(own_files(photos, videos={".mp4"}), photos)
    assert found == ["a.jpg", "notes.txt", "theirs.mp4", "more/b.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_a_pipe_is_not_waited_for(photos):
    os.mkfifo(photos / "pipe.png")
    assert "pipe.png" in names(own_files(photos), photos)


def test_what_may_not_be_read_is_not_looked_into(photos):
    write_picture(photos / "ours.png", torch.zeros(3, 8, 8))
    found = own_files(photos, lambda path: path.name != "ours.png")
    assert "ours.png" in names(found, photos)


def test_no_folder_is_said(tmp_path):
    with pytest.raises(ValueError, match="nothing: no such folder"):
        own_pictures(tmp_path / "nothing")


def test_pictures_are_listed_in_all_folders_below_in_order(tmp_path):
    for name in ("b/c.PNG", "a.jpg", "b/a.webp", ".hidden/x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [path.relative_to(tmp_path).as_posix() for path in list_pictures(tmp_path)]
    assert names == ["a.jpg", "b/a.webp", "b/c.PNG"]
    with pytest.raises(ValueError, match="no such folder"):
        list_pictures(tmp_path / "nothing")


def test_a_folder_that_is_linked_into_itself_is_entered_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.jpg").touch()
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert [path.name for path in list_pictures(tmp_path)] == ["x.jpg"]
