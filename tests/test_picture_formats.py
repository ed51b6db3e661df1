"""Formats: which can be read, which are written, what each holds, and who made a file."""

import numpy as np
import pytest
import torch
from PIL import Image

from tps_portrait.tps_core import picture_formats
from tps_portrait.tps_core.file_kinds import MARK, SHEET
from tps_portrait.tps_core.picture_formats import EXTRAS, WRITTEN, extra_of, written_endings
from tps_portrait.tps_core.pictures import (
    check_room,
    picture_size,
    read_picture,
    read_with_alpha,
    software_of,
    write_picture,
)

JXL = b"\xff\x0a" + bytes(20)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(200))
AVIF_OF_MIF1 = b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf"


@pytest.mark.parametrize("software", [MARK, SHEET])
@pytest.mark.parametrize("ending", WRITTEN)
def test_what_we_write_says_so_in_every_format(ending, software, tmp_path):
    if ending not in written_endings():
        pytest.skip("this Pillow doesn't write it")
    picture = torch.full((3, 24, 32), 0.5)
    write_picture(tmp_path / f"a{ending}", picture, software=software)
    kept = MARK if ending == ".bmp" else software
    assert software_of(tmp_path / f"a{ending}") == kept
    assert (read_picture(tmp_path / f"a{ending}") - picture).abs().max() < 0.02
    Image.new("RGB", (8, 8)).save(tmp_path / f"b{ending}")
    assert not software_of(tmp_path / f"b{ending}").startswith(MARK)


def test_of_what_can_not_be_read_nobody_is_the_maker(tmp_path):
    (tmp_path / "a.png").write_bytes(b"Software\0TPS Portrait")
    assert software_of(tmp_path / "a.png") == software_of(tmp_path / "nothing.png") == b""


@pytest.mark.parametrize("ending", WRITTEN)
def test_transparency_is_kept_or_laid_on_white(ending, tmp_path):
    if ending not in written_endings():
        pytest.skip("this Pillow doesn't write it")
    picture = torch.zeros(4, 32, 32)
    picture[3, :, :16] = 1
    write_picture(tmp_path / f"a{ending}", picture)
    alpha = read_with_alpha(tmp_path / f"a{ending}")[1]
    if ending in (".png", ".webp", ".tif", ".tiff", ".avif"):
        assert (alpha - picture[3:]).abs().max() < 0.02
    else:
        assert alpha is None
    laid = read_picture(tmp_path / f"a{ending}")
    assert laid[:, :, :12].max() < 0.1 < 0.9 < laid[:, :, 20:].min()


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("a.webp", (16384, 9), "16384 x 9 pixels are too many for .webp, .* at most 16383 a side"),
        ("a.jpg", (9, 65501), "at most 65500 a side; let the name end in .png"),
        ("a.GIF", (70000, 9), "at most 65535 a side"),
        ("a.heic", (9, 9), "must end in .png, .jpg, .jpeg"),
        ("a", (9, 9), "must end in .png"),
    ],
)
def test_what_a_format_can_not_hold_is_said(name, size, message, tmp_path):
    with pytest.raises(ValueError, match=f"{name}: .*{message}"):
        check_room(tmp_path / name, size)
    with pytest.raises(ValueError, match=message):
        write_picture(tmp_path / name, torch.zeros(3, size[1], size[0]))
    assert not list(tmp_path.iterdir())


def test_the_largest_that_fits_is_written(tmp_path):
    write_picture(tmp_path / "a.webp", torch.zeros(3, 2, 16383))
    write_picture(tmp_path / "a.png", torch.zeros(3, 2, 16384))
    assert picture_size(tmp_path / "a.webp") == (16383, 2)


def test_formats_are_known_by_their_content():
    assert [extra_of(head).name for head in (HEIC, JXL, AVIF_OF_MIF1)] == [
        "HEIC",
        "JPEG XL",
        "AVIF",
    ]
    for head in (b"", b"\x89PNG", b"\0\0\0\x18ftypmp42\0\0\0\0isom", b"\xff\xd8\xff"):
        assert extra_of(head) is None


@pytest.mark.parametrize(("content", "name", "package"), [
    (HEIC, "HEIC", "pillow-heif"), (JXL, "JPEG XL", "pillow-jxl-plugin"),
    (AVIF_OF_MIF1, "AVIF", "pillow"),
])  # fmt: skip
def test_where_the_reader_is_missing_the_way_in_is_said(
    content, name, package, tmp_path, monkeypatch
):
    monkeypatch.setattr(picture_formats, "_can_open", lambda extra: False)
    (tmp_path / "a.jpg").write_bytes(content)  # under whatever name
    message = f"a.jpg: {name} needs {package}; run: pip install --upgrade {package}$"
    for read in (read_picture, picture_size, read_with_alpha):
        with pytest.raises(ValueError, match=message):
            read(tmp_path / "a.jpg")


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: extra.name)
def test_where_the_reader_is_there_pictures_are_read_upright(extra, tmp_path):
    if extra.what_is_missing():
        pytest.skip(extra.what_is_missing())
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 6, 3), dtype=np.uint8))
    image = image.resize((60, 40), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"a{extra.endings[0]}"
    image.save(
        path, extra.format, quality=95, exif=exif if extra.name == "AVIF" else exif.tobytes()
    )
    turned = np.asarray(image.transpose(Image.Transpose.ROTATE_270)).astype(float)
    if extra.name == "JPEG XL":  # the plugin writes the EXIF, and turns nothing
        assert picture_size(path) in ((40, 60), (60, 40))
        return
    assert picture_size(path) == (40, 60)
    assert np.abs((read_picture(path) * 255).permute(1, 2, 0).numpy() - turned).mean() < 12


def test_what_only_begins_like_a_picture_is_no_picture(tmp_path):
    for content, message in (
        (HEIC, "it is not a whole HEIC picture|needs pillow-heif"),
        (b"II*\0\x08\0\0\0\0\0", "a TIFF of a kind that nothing here reads|can't be read"),
    ):
        (tmp_path / "a.png").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_picture(tmp_path / "a.png")
