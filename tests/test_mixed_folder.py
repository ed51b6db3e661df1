"""Folders as people have them: whatever lies in one, all of it is reported and nothing raises."""

import json
import os
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tps_portrait.cli import main
from tps_portrait.tps_core.file_kinds import SHEET
from tps_portrait.tps_core.landmark_files.json_file import sidecar_path, write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.training.banks import scan
from tps_portrait.training.banks.bank import bank_of
from tps_portrait.training.banks.entry import (
    BUCKETS,
    EXCLUDED,
    GOOD,
    NO_FACE,
    TOO_SMALL,
    UNREADABLE,
    Entry,
)
from tps_portrait.training.banks.scan import MOST_PIXELS, Rejected, ScanOptions, scan_folder

SIZE = (120, 160)


def placed(size=SIZE, scale=0.6):
    """A face in the middle of a picture of that size."""
    width, height = size
    points_px = torch.tensor([width / 2, height / 2]) + mean_face("ibug-68") * width / 2 * scale
    return Landmarks.from_pixels(points_px, size, "ibug-68")


def noise(size=SIZE, seed=0):
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


# What is in the folder: a name, what makes the file, and its bucket. Those whose face is said by a
# landmark file must be used, which shows that they were read.
def save(image, **options):
    return lambda path: image.save(path, **options)


def cut(ending, share):
    def make(path):
        noise().save(path, ending)
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    return make


def turned(path):
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    noise().rotate(90, expand=True).save(path, exif=exif)


def sixteen_bit(path):
    Image.fromarray(np.full(SIZE[::-1], 40000, dtype=np.uint16)).save(path)


WITH_FACE = {
    "cmyk.jpg": save(noise().convert("CMYK")),
    "sixteen bit.png": sixteen_bit,
    "palette.png": save(noise().convert("P"), transparency=3),
    "grey alpha.png": save(noise().convert("LA")),
    "moving.gif": save(noise(), save_all=True, append_images=[noise(seed=1), noise(seed=2)]),
    "moving.webp": save(noise(), save_all=True, append_images=[noise(seed=1)]),
    "turned.jpg": turned,
    "Porträt 漢字 🎨.png": save(noise()),
    "a/b/c/d/deep.png": save(noise()),
    "a folder.jpg/inside.png": save(noise()),
    "UPPER.JPG": save(noise(), format="JPEG"),
    "wrong ending.png": save(noise(), format="JPEG"),
}
WITHOUT = {
    "cut.jpg": (cut("JPEG", 0.5), UNREADABLE, "can't be read"),
    "cut.png": (cut("PNG", 0.5), UNREADABLE, "can't be read"),
    "header only.jpg": (cut("JPEG", 0.01), UNREADABLE, "can't be read"),
    "text.jpg": (lambda path: path.write_text("dear diary"), UNREADABLE, "not a picture"),
    "notes.txt": (lambda path: path.write_text("hello"), UNREADABLE, "its name ends in .txt"),
    "no ending": (lambda path: path.write_text("hello"), UNREADABLE, "has no ending"),
    "empty.png": (Path.touch, UNREADABLE, "can't be read"),
    "one pixel.png": (save(noise((1, 1))), NO_FACE, "no face found"),
    "a line.png": (save(noise((700, 1))), NO_FACE, "no face found"),
    "gone.jpg": (lambda path: path.symlink_to("nowhere.jpg"), UNREADABLE, "a link to a file"),
    "beyond.png": (save(Image.new("1", (20000, 10000))), UNREADABLE, "too large to open"),
}
if hasattr(os, "mkfifo"):
    WITHOUT["pipe.png"] = (os.mkfifo, UNREADABLE, "not a file that can be read")


def sidecar(points, size=SIZE):
    faces = [{"points": points, "scheme": "ibug-68"}]
    return json.dumps({"size": size, "faces": faces})


SIDECARS = {
    "cut short": '{"size": [120',
    "other json": "[1, 2]",
    "few points": sidecar([[1, 2]]),
    "no numbers": sidecar([[None, "x"]] * 68),
    "no size": '{"size": [0, 0], "faces": []}',
    "endless": '{"size": [Infinity, 1], "faces": []}',
    "other shape": sidecar([[1, 2]] * 68, (500, 100)),
    "one spot": sidecar([[60, 80]] * 68),
    "no number": sidecar([[float("nan"), 80]] * 68),
    "far away": sidecar((900 + 99 * mean_face("ibug-68")).tolist()),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    for name, make in WITH_FACE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        make(folder / name)
        write_sidecar(folder / name, [placed()], SIZE)
    # The two would share one landmark file.
    (folder / "moving.webp").rename(folder / "moving too.webp")
    write_sidecar(folder / "moving too.webp", [placed()], SIZE)
    for name, (make, _, _) in WITHOUT.items():
        make(folder / name)
    for name, content in SIDECARS.items():
        noise().save(folder / f"{name}.png")
        sidecar_path(folder / f"{name}.png").write_text(content)
    noise().save(folder / "out.png")
    write_sidecar(folder / "out.png", [], SIZE)
    noise().save(folder / "small.png")
    write_sidecar(folder / "small.png", [placed(scale=0.2)], SIZE)
    (folder / "round").symlink_to(folder)  # would be entered for ever
    (folder / ".hidden.png").touch()
    return folder


@pytest.fixture(scope="module")
def results(folder):
    return scan_folder(folder, ScanOptions(64, "embedded", with_previews=True))


def test_every_file_is_reported_once(folder, results):
    files = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if not path.is_dir()
        and not path.name.endswith(".landmarks.json")
        and not path.name.startswith(".")
    }
    names = [result.entry.name for result in results]
    assert sorted(names) == sorted(files)


def test_every_kind_of_picture_is_read(results):
    entries = {result.entry.name: result.entry for result in results}
    for name in WITH_FACE:
        entry = entries["moving too.webp" if name == "moving.webp" else name]
        assert (entry.used, entry.bucket) == (True, GOOD), entry
    bank = bank_of(results, "mixed")
    assert len(bank) == len(WITH_FACE)


@pytest.mark.parametrize("name", WITHOUT)
def test_what_cannot_be_used_says_why(name, results):
    entry = next(result.entry for result in results if result.entry.name == name)
    _, bucket, reason = WITHOUT[name]
    assert (entry.used, entry.bucket) == (False, bucket)
    assert reason in entry.reason
    assert "/tmp" not in entry.reason  # where the folder lies, the person knows


@pytest.mark.parametrize("name", SIDECARS)
def test_a_landmark_file_that_makes_no_sense_costs_only_its_picture(name, results):
    entry = next(result.entry for result in results if result.entry.name == f"{name}.png")
    assert (entry.used, entry.bucket) == (False, NO_FACE)
    assert "landmark file" in entry.reason or "outside the picture" in entry.reason
    assert "again" in entry.reason or "delete" in entry.reason


def test_exclusions_and_small_faces_are_told_apart(results):
    buckets = {result.entry.name: result.entry.bucket for result in results}
    assert buckets["out.png"] == EXCLUDED
    assert buckets["small.png"] == TOO_SMALL


def test_every_reason_is_a_sentence_and_every_bucket_known(results):
    for result in results:
        entry = result.entry
        assert entry.bucket in BUCKETS
        assert entry.used == BUCKETS[entry.bucket].used
        assert entry.used or len(entry.reason.split()) > 3, entry
        assert "\n" not in entry.reason


def test_the_command_goes_through_says_what_is_broken_and_reports_all(
    folder, results, tmp_path, capsys
):
    report = tmp_path / "report"
    bank = tmp_path / "bank.safetensors"
    arguments = ["bank", folder, "-o", bank, "--size", 64, "--report", report]
    arguments += ["--detector", "embedded"]
    assert main([str(argument) for argument in arguments]) == 2
    broken = [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()]
    assert {"cut.jpg", "text.jpg", "gone.jpg", "cut short.png"} < set(broken)
    assert not {"notes.txt", "out.png", "small.png", "one pixel.png", "pipe.png"} & set(broken)
    data = json.loads((report / "data.js").read_text().partition("= ")[2].rstrip(";\n"))
    assert [e["name"] for e in data["entries"]] == [f.entry.name for f in results]
    text = (report / "report.txt").read_text("utf-8")
    for result in results:
        assert result.entry.used or f"{result.entry.name}: {result.entry.reason}" in text
    assert (report / "index.html").is_file()
    assert len(list((report / "thumbs").iterdir())) == len(WITH_FACE)


def test_links_out_of_what_may_be_read_are_left_out(tmp_path):
    secret, folder = tmp_path / "secret", tmp_path / "folder"
    secret.mkdir()
    folder.mkdir()
    for name in ("a", "b", "c"):
        noise().save(secret / f"{name}.png")
        write_sidecar(secret / f"{name}.png", [placed()], SIZE)
        noise().save(folder / f"{name}.png")
        write_sidecar(folder / f"{name}.png", [placed()], SIZE)
    for name in ("a.png", "b.landmarks.json"):
        (folder / name).unlink()
        (folder / name).symlink_to(secret / name)
    (folder / "below").symlink_to(secret)
    options = ScanOptions(64, may_read=lambda path: path.resolve().is_relative_to(folder.resolve()))
    entries = {f.entry.name: f.entry for f in scan_folder(folder, options)}
    assert {name: entry.bucket for name, entry in entries.items()} == {
        "a.png": UNREADABLE,
        "b.png": NO_FACE,
        "below": UNREADABLE,
        "c.png": GOOD,
    }
    for name in ("a.png", "b.png", "below"):
        assert "a link that leads out of the folders that may be read" in entries[name].reason


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may all")
def test_what_may_not_be_read_is_reported(tmp_path):
    noise().save(tmp_path / "locked.png")
    (tmp_path / "locked.png").chmod(0)
    (tmp_path / "closed").mkdir()
    noise().save(tmp_path / "closed" / "a.png")
    (tmp_path / "closed").chmod(0)
    entries = [result.entry for result in scan_folder(tmp_path, ScanOptions(64))]
    (tmp_path / "closed").chmod(0o700)
    assert {e.name for e in entries} == {"locked.png", "closed"}
    assert all("check its permissions" in e.reason for e in entries)


def test_what_may_not_be_read_has_a_sentence(tmp_path, monkeypatch):
    """As above, for those whom nothing is forbidden."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    noise().save(tmp_path / "locked.png")
    monkeypatch.setattr(Image, "open", refuse)
    (result,) = scan_folder(tmp_path, ScanOptions(64))
    assert "no permission" in result.entry.reason


@pytest.mark.slow
def test_a_huge_picture_is_read_shrunken_and_its_landmark_file_is_in_its_own_pixels(tmp_path):
    size = (12000, 9000)
    Image.new("RGB", size, (200, 180, 160)).save(tmp_path / "huge.png")
    write_sidecar(tmp_path / "huge.png", [placed(size, 0.4)], size)
    (result,) = scan_folder(tmp_path, ScanOptions(64, with_previews=True))
    assert result.entry.used
    assert result.size == size
    assert size[0] * size[1] > MOST_PIXELS
    assert (result.faces[0].points_px - placed(size, 0.4).points_px).abs().max() < 1
    assert result.face.float().mean((1, 2)).tolist() == pytest.approx([200, 180, 160], abs=2)


def test_what_we_and_systems_left_in_a_folder_is_no_art(tmp_path, caplog):
    caplog.set_level("INFO", "tps_portrait")
    for name in ("a.png", "b.png"):
        noise().save(tmp_path / name)
        write_sidecar(tmp_path / name, [placed()], SIZE)
    entries = [finding.entry for finding in scan_folder(tmp_path, ScanOptions(64))]
    picture = torch.zeros(3, 64, 64)
    write_picture(tmp_path / "mine.samples.png", picture, software=SHEET)
    write_picture(tmp_path / "painted.jpg", picture)
    (tmp_path / "Thumbs.db").touch()
    assert main(["bank", str(tmp_path), "--report", str(tmp_path / "report"), "--size", "64"]) == 0
    caplog.clear()
    assert [finding.entry for finding in scan_folder(tmp_path, ScanOptions(64))] == entries
    (line,) = caplog.messages
    assert re.search(r"left out \d+ files made by TPS Portrait and 1 file of the system", line)


def test_a_turned_tiff_whose_points_are_confirmed_stays_in(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    noise((160, 120)).save(tmp_path / "a.tif", exif=exif)
    write_sidecar(tmp_path / "a.tif", [placed()], SIZE)
    (finding,) = scan_folder(tmp_path, ScanOptions(64))
    assert finding.entry.used
    write_sidecar(tmp_path / "a.tif", finding.faces, finding.size)  # as the review does
    (finding,) = scan_folder(tmp_path, ScanOptions(64))
    assert finding.entry.used


def test_a_cancel_does_not_wait_for_the_file_in_work(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("no picture")
    may_end, asked, threads = threading.Event(), [], torch.get_num_threads()

    def endless(path, name, options):
        may_end.wait(60)
        return Rejected(entry=Entry(name, False, "no picture", UNREADABLE))

    def cancel():
        asked.append(len(asked))
        if len(asked) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(scan, "scan_file", endless)
    with pytest.raises(KeyboardInterrupt):
        scan_folder(tmp_path, ScanOptions(64, on_wait=cancel))
    assert not may_end.is_set()
    may_end.set()
    assert torch.get_num_threads() == threads


def test_a_cancel_leaves_the_rest_of_the_folder_alone(tmp_path, monkeypatch):
    for i in range(40):
        (tmp_path / f"{i:02d}.txt").write_text("no picture")
    looked_at, threads = [], torch.get_num_threads()

    def slow(path, name, options):
        looked_at.append(name)
        time.sleep(0.01)
        return Rejected(entry=Entry(name, False, "no picture", UNREADABLE))

    def cancel(done, total, entry):
        assert (done, total, entry.name) == (1, 40, "00.txt")
        raise KeyboardInterrupt

    monkeypatch.setattr(scan, "scan_file", slow)
    with pytest.raises(KeyboardInterrupt):
        scan_folder(tmp_path, ScanOptions(64), cancel)
    assert len(looked_at) < 20
    assert torch.get_num_threads() == threads
