"""What is written: in which formats, what each holds, and that it says who made it."""

import pytest
import torch
from PIL import Image

from tps_portrait.tps_core.file_kinds import MARK, SHEET
from tps_portrait.tps_core.picture_writer import (
    WRITTEN_FORMATS,
    check_room,
    write_picture,
    written_endings,
)
from tps_portrait.tps_core.pictures import (
    picture_size,
    read_picture,
    read_with_alpha,
    software_of,
    to_image,
)


def test_a_written_picture_reads_the_same(tmp_path):
    picture = torch.rand(3, 9, 7, generator=torch.Generator().manual_seed(0))
    write_picture(tmp_path / "new" / "a.png", picture)
    assert (read_picture(tmp_path / "new" / "a.png") - picture).abs().max() <= 0.5 / 255 + 1e-6
    assert to_image(picture[:1]).mode == "L"
    with pytest.raises(ValueError, match="must end in"):
        write_picture(tmp_path / "a.xyz", picture)


@pytest.mark.parametrize("software", [MARK, SHEET])
@pytest.mark.parametrize("ending", WRITTEN_FORMATS)
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


@pytest.mark.parametrize("ending", WRITTEN_FORMATS)
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
