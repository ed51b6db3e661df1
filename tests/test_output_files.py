"""Files are written whole or not at all, and what was there before stays until they are."""

import errno
import os
import subprocess
from contextlib import contextmanager

import pytest
import torch

from tps_portrait.tps_core.container import write_container
from tps_portrait.tps_core.landmark_files.formats import write_landmarks
from tps_portrait.tps_core.landmark_files.json_file import sidecar_path, write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.output_files import (
    LONGEST_NAME,
    NotWritten,
    first_free,
    replace_file,
    written_beside,
)
from tps_portrait.tps_core.picture_writer import write_picture

resource = pytest.importorskip("resource", reason="only POSIX limits the size of files")

FACE = Landmarks(mean_face("ibug-68"), "ibug-68", (60, 60))
NOISE = torch.rand(3, 200, 200, generator=torch.Generator().manual_seed(0))


@contextmanager
def files_of_at_most(count):
    """Within it the system refuses to let a file grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def full_disk(tmp_path):
    """A folder on a disk of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except OSError:
        pytest.skip("needs mount")
    if done.returncode:
        pytest.skip("needs to be allowed to mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


WRITERS = {
    "bytes": lambda path: replace_file(path, bytes(100_000)),
    "picture.png": lambda path: write_picture(path, NOISE),
    "picture.jpg": lambda path: write_picture(path, NOISE),
    "style.safetensors": lambda path: write_container(path, "x/1", {"x": torch.zeros(99_999)}, {}),
    "face.landmarks.json": lambda path: write_landmarks(
        path, [[FACE] * 100], (60, 60), there="replace"
    ),
}


def write_huge_sidecar(path):
    write_sidecar(path.with_name("face.png"), [FACE] * 100, FACE.size)


WRITERS["the sidecar"] = write_huge_sidecar


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_that_cannot_grow_leaves_the_earlier_one_whole_and_is_named(name, tmp_path):
    path = sidecar_path(tmp_path / "face.png") if name == "the sidecar" else tmp_path / name
    before = b'{"size": [1, 1], "faces": []}'
    path.write_bytes(before)
    with files_of_at_most(5000), pytest.raises((OSError, ValueError)) as error:
        WRITERS[name](path)
    assert f"{path}: can't be written (File too large)" in str(error.value)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    WRITERS[name](path)
    assert path.read_bytes() != before


def test_a_full_disk_leaves_the_earlier_file_whole_and_no_half_one(full_disk):
    path = full_disk / "picture.png"
    write_picture(path, NOISE[:, :50, :50])
    before = path.read_bytes()
    for target in (path, full_disk / "other.png"):
        with pytest.raises(NotWritten, match="png: can't be written .No space left on device."):
            write_picture(target, NOISE)
    assert path.read_bytes() == before
    assert list(full_disk.iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, ZeroDivisionError, OSError(errno.EIO, "no")], ids=str
)
def test_whatever_stops_the_writing_nothing_is_left(error, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write():
        with written_beside(path) as temporary:
            temporary.write_text("after")
            raise error

    with pytest.raises(NotWritten if isinstance(error, OSError) else error):
        write()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, seen = tmp_path / "a.txt", []
    monkeypatch.setattr(os, "fsync", lambda handle: seen.append(path.exists()))
    replace_file(path, b"content")
    assert seen == [False]


@pytest.mark.parametrize("has_links", [True, False])
def test_what_came_meanwhile_is_kept_unless_it_may_be_replaced(has_links, tmp_path, monkeypatch):
    if not has_links:

        def refuse(*_):
            raise OSError(errno.EPERM, "a disk that has no links")

        monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "a.txt"
    replace_file(path, b"first", replace=False)
    with pytest.raises(NotWritten, match="a.txt: can't be written .there is such a file already"):
        replace_file(path, b"second", replace=False)
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_the_name_may_be_as_long_as_the_system_lets_it(tmp_path):
    for name in ("n" * 251 + ".png", "漢" * 83 + ".png"):
        write_picture(tmp_path / name, NOISE[:, :8, :8])
        assert (tmp_path / name).is_file()
    with pytest.raises(NotWritten, match="File name too long"):
        write_picture(tmp_path / ("n" * 252 + ".png"), NOISE[:, :8, :8])


def test_a_link_is_replaced_and_not_what_it_points_at(tmp_path):
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / "link.txt").symlink_to("precious.txt")
    replace_file(tmp_path / "link.txt", b"new")
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert (tmp_path / "link.txt").read_text() == "new"


def test_a_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotWritten, match="a.png: can't be written .its folder is a file"):
        write_picture(tmp_path / "file" / "a.png", NOISE)


@pytest.mark.parametrize("stem", ["n" * 251, "漢" * 84, "🎨" * 63, "n"])
def test_a_free_name_is_numbered_and_not_too_long(stem, tmp_path):
    names = []
    for _ in range(12):
        names.append(first_free(stem, ".png", lambda name: name not in names))
        (tmp_path / names[-1]).touch()
    assert stem.startswith(names[0].removesuffix(".png"))
    assert [name.rpartition(" ")[2] for name in names[1:]] == [f"{n}.png" for n in range(2, 13)]
    assert all(len(os.fsencode(name)) <= LONGEST_NAME for name in names)
