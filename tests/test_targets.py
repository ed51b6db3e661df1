"""Where a command may write: never over what it reads, or over what it may not replace."""

import os
import re

import pytest
import torch
from PIL import Image

from tps_portrait.tps_core import targets as targets_module
from tps_portrait.tps_core.container import write_container
from tps_portrait.tps_core.file_kinds import (
    BANK,
    DETECTED,
    EXPORT,
    LANDMARKS,
    LOSSES,
    PICTURE,
    STYLE,
    VIDEO,
)
from tps_portrait.tps_core.targets import Targets, is_reserved


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to be in, with a picture, a text, a folder and a pipe."""
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes in folders")
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("me.png")
    (tmp_path / "text.png").write_text("dear diary")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    return tmp_path


def refused(targets, path, kind=PICTURE, ours=False):
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        targets.file(path, kind, ours)
    return str(error.value)


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_never_replaced_however_it_is_spelled_or_linked(here, overwrite):
    (here / "link.png").symlink_to("me.png")
    (here / "twice.png").symlink_to("link.png")
    (here / "hard.png").hardlink_to("me.png")
    (here / "around").symlink_to(".")
    targets = Targets([here / "me.png"], overwrite)
    for name in ("me.png", "./folder.png/../me.png", "link.png", "twice.png", "hard.png"):
        assert "is read by this command" in refused(targets, here / name)
    assert "is read by this command" in refused(targets, here / "around" / "me.png")
    assert "is read by this command" in refused(Targets(["link.png"], overwrite), here / "me.png")
    assert targets.free(here, "me", ".png", PICTURE) == here / "me 2.png"


def test_a_file_that_is_there_is_replaced_only_if_that_is_asked_for_and_by_its_kind(here):
    assert "replace it with --overwrite" in refused(Targets(), here / "me.png")
    assert Targets(overwrite=True).file(here / "me.png", PICTURE) == here / "me.png"
    assert Targets().file(here / "new.png", PICTURE) == here / "new.png"
    for targets in (Targets(), Targets(overwrite=True)):
        assert "is not a picture" in refused(targets, here / "text.png")
        assert "is a folder" in refused(targets, here / "folder.png")
        assert "no ordinary file" in refused(targets, here / "pipe.png")
        assert "is not a style" in refused(targets, here / "me.png", STYLE, True)


def test_an_empty_file_counts_as_any_kind_but_not_as_ours(here):
    (here / "empty.png").touch()
    assert "--overwrite" in refused(Targets(), here / "empty.png", STYLE, True)
    assert Targets(overwrite=True).file(here / "empty.png", STYLE)


def test_what_only_we_make_is_replaced_without_being_asked_for(here):
    write_container(here / "bank.safetensors", "tps-portrait-bank/1", {"x": torch.zeros(1)}, {})
    assert Targets().file(here / "bank.safetensors", BANK, ours=True)
    assert "--overwrite" in refused(Targets(), here / "bank.safetensors", BANK)
    assert "is not a style" in refused(Targets(overwrite=True), here / "bank.safetensors", STYLE)
    for content in (b"", b"\xff" * 20, b"\2\0\0\0\0\0\0\0[]", b"\x06\0\0\0\0\0\0\0[[[[[["):
        (here / "other.safetensors").write_bytes(content)
        assert refused(Targets(), here / "other.safetensors", BANK, True)


def test_a_write_protected_file_stays(here):
    (here / "me.png").chmod(0o444)
    assert "write-protected" in refused(Targets(overwrite=True), here / "me.png")


def test_a_link_to_nowhere_and_a_name_too_long_are_refused(here):
    (here / "gone.png").symlink_to("nowhere.png")
    for targets in (Targets(), Targets(overwrite=True)):
        assert "no ordinary file" in refused(targets, here / "gone.png")
        assert "too long" in refused(targets, here / ("n" * 252 + ".png"))


def test_where_nothing_can_be_written_is_known_before_the_work_begins(here, monkeypatch):
    with pytest.raises(ValueError, match=r"text.png: is no folder"):
        Targets().file(here / "text.png" / "deep" / "a.png", PICTURE)
    with pytest.raises(ValueError, match=r"text.png: is no folder"):
        Targets().folder(here / "text.png")
    assert Targets().folder(here / "new" / "deep") == here / "new" / "deep"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ValueError, match="can't be written to; check the file permissions"):
        Targets().file(here / "a.png", PICTURE)


def test_a_taken_name_in_a_folder_gets_a_number(here):
    targets = Targets()
    for wanted in ("me 2.png", "me 3.png"):
        path = targets.free(here, "me", ".png", PICTURE)
        assert path.name == wanted
        path.write_bytes((here / "me.png").read_bytes())
    assert targets.free(here, "new", ".png", PICTURE).name == "new.png"
    assert targets.free(here, "folder", ".png", PICTURE).name == "folder 2.png"


def test_overwriting_in_a_folder_takes_the_first_of_its_kind_and_no_painting_of_its_own(here):
    targets = Targets(overwrite=True)
    assert targets.free(here, "text", ".png", PICTURE).name == "text 2.png"
    first = targets.free(here, "me", ".png", PICTURE)
    assert first.name == "me.png"
    targets.finished(first)
    assert targets.free(here, "me", ".png", PICTURE).name == "me 2.png"
    assert targets.written == [first]


KINDS = {
    PICTURE: ["png", "jpg", "webp", "gif", "bmp", "tif"],
    DETECTED: ['{"images": {}}', '{\n "images": {"a.png": {}}}'],
    LANDMARKS: ['{"size": [1, 1], "faces": []}', '{"images": {}}', "version: 1\nn_points: 68"],
    LOSSES: ["step,cycle\n1,0.5\n"],
}
FOREIGN = ["", "[]", '{"nodes": []}', '{"3": {"class_type": "x"}}', "photo,found\n", "\x89PN"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_known_by_what_is_in_the_file(kind, tmp_path):
    path = tmp_path / "file.any"
    for content in KINDS[kind]:
        if kind is PICTURE:
            Image.new("RGB", (8, 8)).save(path, Image.registered_extensions()["." + content])
        else:
            path.write_text(content)
        assert kind.fits(path), content
    for content in FOREIGN:
        path.write_text(content, "latin-1")
        assert not any(other.fits(path) for other in (*KINDS, VIDEO, STYLE, BANK, EXPORT)), content


@pytest.mark.parametrize("name", ["con", "NUL.png", "com1.tar.gz", "aux .jpg", "LPT¹.png"])
def test_on_windows_a_devices_name_is_given_to_no_file(name, tmp_path, monkeypatch):
    assert is_reserved(name)
    monkeypatch.setattr(targets_module, "ON_WINDOWS", True)
    assert "keeps the name for itself" in refused(Targets(), tmp_path / name)
    assert Targets().free(tmp_path, name, ".png", PICTURE).name == f"_{name}.png"
    monkeypatch.setattr(targets_module, "ON_WINDOWS", False)
    assert Targets().file(tmp_path / name, PICTURE) == tmp_path / name


@pytest.mark.parametrize("name", ["console.png", "com.png", "my con.png", "nul_.png"])
def test_other_names_are_no_devices(name):
    assert not is_reserved(name)
