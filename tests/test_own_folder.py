"""A folder that holds what we made: that is replaced and deleted, and nothing else ever."""

import hashlib
import os

import pytest

from tps_portrait.tps_core.own_folder import HEADING, MARK, OwnFolder

NAMES = ["page.html", "pictures"]


def report(place, pictures, text=b"page"):
    own = OwnFolder(place, NAMES)
    own.write("page.html", text)
    for i in range(pictures):
        own.write(f"pictures/{i}.jpg", bytes([i]))
    own.finish()


def files(place):
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and path.name != MARK
    }


def test_a_later_report_replaces_an_earlier_one_and_leaves_nothing_of_it(tmp_path):
    report(tmp_path / "report", 3)
    report(tmp_path / "report", 1, b"shorter")
    assert files(tmp_path / "report") == {"page.html": b"shorter", "pictures/0.jpg": b"\0"}
    report(tmp_path / "report", 0)
    assert files(tmp_path / "report") == {"page.html": b"page"}
    assert not (tmp_path / "report" / "pictures").exists()


def test_what_others_put_there_stays(tmp_path):
    report(tmp_path, 3)
    (tmp_path / "mine.txt").write_bytes(b"mine")
    (tmp_path / "pictures" / "mine.jpg").write_bytes(b"mine")
    report(tmp_path, 1)
    assert files(tmp_path)["mine.txt"] == files(tmp_path)["pictures/mine.jpg"] == b"mine"
    report(tmp_path, 0)
    assert files(tmp_path)["pictures/mine.jpg"] == b"mine"


def test_a_picture_that_was_changed_since_is_not_deleted(tmp_path):
    report(tmp_path, 3)
    (tmp_path / "pictures" / "2.jpg").write_bytes(b"retouched")
    report(tmp_path, 1)
    assert files(tmp_path)["pictures/2.jpg"] == b"retouched"
    assert "pictures/1.jpg" not in files(tmp_path)


def as_folder(place):
    (place / "pictures").mkdir()
    (place / "pictures" / "art.jpg").write_bytes(b"art")


def as_link_to_a_folder(place):
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "art.jpg").write_bytes(b"art")
    (place / "pictures").symlink_to("elsewhere")


def as_link_to_an_empty_folder(place):
    (place / "elsewhere").mkdir()
    (place / "pictures").symlink_to("elsewhere")


def as_link_to_nowhere(place):
    (place / "page.html").symlink_to("nowhere")


def changed_since(place):
    report(place, 1)
    (place / "page.html").write_bytes(b"with my notes")


def another_mark(place):
    (place / MARK).write_text("mine")


def as_file(place):
    (place / "page.html").write_bytes(b"mine")


def as_file_for_the_folder(place):
    (place / "pictures").write_bytes(b"mine")


@pytest.mark.parametrize(
    "taken",
    [
        as_folder,
        as_link_to_a_folder,
        as_link_to_an_empty_folder,
        as_link_to_nowhere,
        changed_since,
        another_mark,
        as_file,
        as_file_for_the_folder,
    ],
)
def test_a_name_that_is_taken_is_refused_before_anything_is_written(taken, tmp_path):
    taken(tmp_path)
    before = files(tmp_path)
    with pytest.raises(ValueError, match="give another folder"):
        OwnFolder(tmp_path, NAMES)
    assert files(tmp_path) == before


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="file: is no folder"):
        OwnFolder(tmp_path / "file", NAMES)


def test_a_report_that_was_killed_can_be_written_again(tmp_path):
    report(tmp_path, 3)
    own = OwnFolder(tmp_path, NAMES)
    own.write("page.html", b"half")
    own.write("pictures/0.jpg", b"half")  # and here it ends
    report(tmp_path, 1)
    assert files(tmp_path) == {"page.html": b"page", "pictures/0.jpg": b"\0"}


def test_a_file_written_by_others_code_counts_once_it_is_listed(tmp_path):
    for content in (b"first", b"second"):
        own = OwnFolder(tmp_path, ["style.bin"])
        own.claim("style.bin").write_bytes(content)
        own.keep("style.bin")
        own.finish()
    assert files(tmp_path) == {"style.bin": b"second"}


def test_a_list_that_somebody_else_wrote_deletes_nothing(tmp_path):
    place = tmp_path / "report"
    place.mkdir()
    (tmp_path / "precious").write_bytes(b"precious")
    digest = hashlib.sha256(b"precious").hexdigest()
    (place / "art.jpg").hardlink_to(tmp_path / "precious")
    (place / "link.jpg").symlink_to(tmp_path / "precious")
    names = ["../precious", str(tmp_path / "precious"), "link.jpg", "missing", "", "."]
    lines = "".join(f"{digest}  {name}\n" for name in names)
    (place / MARK).write_text(HEADING + lines + "nonsense\n\n")
    report(place, 1)
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (place / "art.jpg").exists()
    assert (place / "link.jpg").is_symlink()


def test_where_nothing_can_be_written_is_known_before_the_work_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    for place in (tmp_path, tmp_path / "new"):
        with pytest.raises(ValueError, match="can't be written to; check the file permissions"):
            OwnFolder(place, NAMES)
