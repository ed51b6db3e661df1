from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from faces import random_bank
from tps_portrait.cli.drawings import draw_faces
from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.container import read_container, write_container
from tps_portrait.tps_core.landmark_files.json_file import is_sidecar
from tps_portrait.tps_core.landmarks import mean_face
from tps_portrait.training.banks.bank import (
    PORTRAITS,
    PORTRAITS_NAME,
    build_bank,
    find_bank,
    list_banks,
    load_bank,
    load_portraits,
    save_bank,
)
from tps_portrait.training.banks.contact_sheet import CELL_PX, GAP_PX, contact_sheet
from tps_portrait.training.banks.entry import (
    BUCKETS,
    GOOD,
    LOW_CONFIDENCE,
    NO_FACE,
    TOO_SMALL,
    UNREADABLE,
    entries_from,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of drawings, in all the forms in which people keep pictures."""
    folder = tmp_path_factory.mktemp("art")
    draw_faces(folder / "deep" / "below", 6)
    paths = sorted((folder / "deep" / "below").glob("*.png"))
    for path in paths:
        Image.open(path).save(path)  # without the mark of what we made
    Image.open(paths[0]).convert("L").save(paths[0])
    Image.open(paths[1]).convert("RGBA").save(paths[1])
    Image.open(paths[2]).convert("CMYK").save(paths[2].with_suffix(".jpg"))
    paths[2].unlink()
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.open(paths[3]).rotate(180).save(paths[3].with_suffix(".jpg"), exif=exif)
    paths[3].unlink()
    (folder / "notes.txt").write_text("not art")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff half a picture")
    (folder / "empty.png").touch()
    # Tall noise: no detector finds a face in it, and it has no landmark file.
    noise = np.random.default_rng(0).integers(0, 255, (80, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    return folder


@pytest.fixture(scope="module")
def bank(folder):
    return build_bank(folder, 64, "embedded")


def test_all_that_can_be_used_is_used_and_the_rest_is_reported(bank, folder):
    reasons = {entry.name: entry.reason for entry in bank.entries if not entry.used}
    assert len(bank) == 6
    assert "not a picture" in reasons["notes.txt"]
    assert "can't be read" in reasons["broken.jpg"]
    assert "can't be read" in reasons["empty.png"]
    assert reasons["noise.png"].startswith("no face found at confidence 0.5; place the points")
    files = [path for path in folder.rglob("*") if path.is_file() and not is_sidecar(path)]
    assert len(bank.entries) == len(files)  # nothing is passed over in silence
    assert bank.report.startswith("6 faces from ")


def test_every_face_lies_on_the_mean_face(bank):
    assert bank.faces.shape == (6, 3, 64, 64)
    distance = (bank.points - mean_face("ibug-68")).norm(dim=-1).mean(1)
    assert distance.max() < 0.12


def test_an_exif_turned_face_is_cut_out_upright(bank):
    # All are drawn in the same colours' range; an upside-down crop would have its skin at the top.
    centre = bank.faces[:, :, 24:40, 24:40].float().mean((1, 2, 3))
    assert (centre > 60).all()


def test_it_can_be_saved_and_loaded(bank, tmp_path):
    save_bank(bank, tmp_path / "art.safetensors")
    loaded = load_bank(tmp_path / "art.safetensors")
    assert loaded.digest == bank.digest
    assert loaded.entries == bank.entries


def test_a_file_from_before_there_were_buckets_is_read(bank, tmp_path):
    path = tmp_path / "old.safetensors"
    tensors = {"faces": bank.faces, "inside": bank.inside, "points": bank.points}
    entries = [[f"{i}.png", True, ""] for i in range(6)]
    entries += [["a.png", False, "no face found"], ["b.png", False, "can't be read (…)"]]
    entries += [["c.png", False, "the face is too small (20 px)"]]
    write_container(path, "tps-portrait-bank/1", tensors, {"crop": CROP, "entries": entries})
    loaded = load_bank(path)
    assert loaded.digest == bank.digest
    assert [entry.bucket for entry in loaded.entries] == [GOOD] * 6 + [
        NO_FACE,
        UNREADABLE,
        TOO_SMALL,
    ]
    assert loaded.poses.shape == (6, 2)


def test_a_file_reads_as_before_for_older_programs(bank, tmp_path):
    save_bank(bank, tmp_path / "art.safetensors")
    tensors, record = read_container(tmp_path / "art.safetensors", "tps-portrait-bank/1", "a bank")
    assert set(tensors) == {"faces", "inside", "points"}
    assert record["entries"] == [[e.name, e.used, e.reason] for e in bank.entries]


def test_a_bucket_of_a_later_version_is_no_trouble(bank):
    (entry,) = entries_from([["a.png", True, ""]], [{"bucket": "sleepy", "mood": 3, "score": 0.5}])
    assert (entry.bucket, entry.score) == (GOOD, 0.5)


def test_another_file_is_refused(tmp_path):
    write_container(tmp_path / "a.safetensors", "tps-portrait-style/1", {}, {})
    with pytest.raises(ValueError, match="not a face bank"):
        load_bank(tmp_path / "a.safetensors")


def test_progress_is_told_of_every_file_and_may_stop_the_work(folder):
    seen = []

    class Cancelled(BaseException):
        pass

    def on_entry(done, total, entry):
        seen.append((done, total))
        if done == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        build_bank(folder, 64, "embedded", on_entry=on_entry)
    assert [done for done, _ in seen] == [1, 2, 3]


def test_a_folder_without_faces_is_refused_with_reasons(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"no usable face in 1 files \(a.txt: not a picture"):
        build_bank(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        build_bank(tmp_path / "nothing")


def test_the_digest_knows_other_art():
    assert random_bank(seed=0).digest == random_bank(seed=0).digest
    assert random_bank(seed=0).digest != random_bank(seed=1).digest


def test_the_contact_sheet_begins_with_the_least_sure_in_the_colours_of_their_buckets():
    bank = random_bank(130)
    entries = [replace(entry, score=0.99) for entry in bank.entries]
    entries[70] = replace(entries[70], bucket=LOW_CONFIDENCE, score=0.8)
    entries[90] = replace(entries[90], bucket=LOW_CONFIDENCE, score=0.7)
    sheet = contact_sheet(replace(bank, entries=entries), most=24)
    assert sheet.shape[1] < 300  # two rows of twelve
    frames = [
        (255 * sheet[:, GAP_PX, GAP_PX + i * (CELL_PX + GAP_PX)]).round().int().tolist()
        for i in range(3)
    ]
    colours = [list(BUCKETS[key].colour) for key in (LOW_CONFIDENCE, LOW_CONFIDENCE, GOOD)]
    assert frames == colours
    inner = (slice(None), slice(GAP_PX + 40, GAP_PX + 60), slice(GAP_PX + 40, GAP_PX + 60))
    alone = contact_sheet(replace(bank.select(lambda name: name == "90.png")))
    torch.testing.assert_close(sheet[inner], alone[inner])


def test_the_report_counts_the_buckets_and_begins_with_the_least_sure(bank):
    lines = bank.report.splitlines()
    assert "     3 not a picture (left out)" in lines
    assert any(line.endswith(" good (used)") for line in lines)
    assert sum(line.startswith("noise.png: no face") for line in lines) == 1


def test_the_contact_sheet_shows_every_face():
    sheet = contact_sheet(random_bank(14))
    assert sheet.shape[0] == 3
    assert sheet.shape[2] > sheet.shape[1] > 256
    assert torch.isfinite(sheet).all()


def test_saved_banks_are_found_by_name(monkeypatch, tmp_path):
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("theirs", "mine"):
        save_bank(random_bank(2), tmp_path / "banks" / f"{name}.safetensors")
    assert list(list_banks()) == ["mine", PORTRAITS_NAME, "theirs"]
    assert len(load_bank(find_bank("mine"))) == 2
    with pytest.raises(ValueError, match="nobodys: no such face bank; face banks: mine, portr"):
        find_bank("nobodys")


def test_the_packs_portraits_are_small_whole_and_of_a_known_licence():
    bank = load_portraits()
    assert (len(bank), bank.size) == (96, 256)
    assert bank.inside.all()
    assert 0.35 < (bank.faces.float().mean() / 255) < 0.6  # pictures, not noise
    assert PORTRAITS.stat().st_size < 1_500_000
    about = PORTRAITS.with_suffix(".md").read_text("utf-8")
    for entry in bank.entries:
        assert f"| {entry.name} | unitedstates/images" in about
    assert about.count("| Public domain (US Government") == len(bank)


def test_a_packed_bank_is_what_was_packed_but_for_what_jpeg_loses(tmp_path, bank):
    save_bank(bank, tmp_path / "packed.safetensors", packed=True)
    again = load_bank(tmp_path / "packed.safetensors")
    assert torch.equal(again.points, bank.points)
    assert again.entries == bank.entries
    assert (again.faces.float() - bank.faces.float()).abs().mean() < 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ends": torch.tensor([0, 5, 9])}, "a face can't be read"),
        ({"jpegs": torch.zeros(40, dtype=torch.uint8)}, "a face can't be read"),
        ({"jpegs": torch.zeros(40)}, "its faces are no files"),
        ({"ends": torch.zeros(0, dtype=torch.int64)}, "several sizes"),
    ],
    ids=["other ends", "no files", "no bytes", "none"],
)
def test_a_packed_bank_that_is_damaged_says_so(tmp_path, change, reason):
    path = tmp_path / "packed.safetensors"
    save_bank(random_bank(3), path, packed=True)
    tensors, record = read_container(path, "tps-portrait-bank/1", "a face bank")
    write_container(path, "tps-portrait-bank/1", tensors | change, record)
    with pytest.raises(ValueError, match=f"damaged .*{reason}"):
        load_bank(path)
