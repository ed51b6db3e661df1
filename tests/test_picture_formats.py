"""Formats: which can be read, and who made a file."""

import numpy as np
import pytest
from PIL import Image

from tps_portrait.tps_core import picture_formats
from tps_portrait.tps_core.picture_formats import EXTRAS, extra_of
from tps_portrait.tps_core.pictures import picture_size, read_picture, read_with_alpha, software_of

JXL = b"\xff\x0a" + bytes(20)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(200))
AVIF_OF_MIF1 = b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf"


def test_of_what_can_not_be_read_nobody_is_the_maker(tmp_path):
    (tmp_path / "a.png").write_bytes(b"Software\0TPS Portrait")
    assert software_of(tmp_path / "a.png") == software_of(tmp_path / "nothing.png") == b""


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
