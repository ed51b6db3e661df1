import io
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps, features

from tps_portrait.tps_core import pictures
from tps_portrait.tps_core.pictures import (
    list_pictures,
    picture_size,
    read_picture,
    to_image,
    write_picture,
)

RED = (255, 0, 0)


def test_exif_turns_the_picture(tmp_path):
    image = Image.new("RGB", (40, 20), "white")
    image.paste(RED, (0, 0, 10, 20))  # red on the left
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.shape == (3, 40, 20)
    assert picture[1, 2].mean() < 0.1  # red at the top now
    assert picture[1, -3].mean() > 0.9


def sixteen_bit():
    return Image.fromarray(np.full((8, 8), 32768, dtype=np.uint16))


def palette_with_transparency():
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0] * 256)
    image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "ending", "grey"),
    [
        (Image.new("L", (8, 8), 128), "png", 0.5),
        (Image.new("1", (8, 8), 1), "png", 1.0),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "png", 1.0),
        (Image.new("RGBA", (8, 8), (0, 0, 0, 128)), "png", 0.5),
        (Image.new("LA", (8, 8), (0, 255)), "png", 0.0),
        (Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "jpg", 1.0),
        (palette_with_transparency(), "png", 1.0),
        (sixteen_bit(), "png", 0.5),
    ],
    ids=["grey", "bit", "clear", "half clear", "grey alpha", "cmyk", "palette", "16 bit"],
)
def test_every_mode_becomes_rgb(image, ending, grey, tmp_path):
    image.save(tmp_path / f"a.{ending}")
    picture = read_picture(tmp_path / f"a.{ending}")
    assert picture.shape == (3, 8, 8)
    torch.testing.assert_close(picture, torch.full_like(picture, grey), atol=0.01, rtol=0)


def test_the_first_frame_of_an_animation_is_read(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "a.gif")[0].min() > 0.9


def cut_short(path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (lambda path: path.write_text("hello"), "not a picture"),
        (lambda path: path.write_bytes(b""), "not a picture"),
        (cut_short, "can't be read"),
    ],
    ids=["missing", "text", "empty", "cut"],
)
def test_what_cannot_be_read_is_refused_by_name(make, message, tmp_path):
    path = tmp_path / "broken.png"
    make(path)
    with pytest.raises(ValueError, match=f"broken.png: .*{message}"):
        read_picture(path)


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


def test_a_large_picture_comes_shrunken_if_that_is_asked_for(tmp_path):
    for name in ("a.png", "a.jpg"):
        image = Image.new("RGB", (300, 200), RED)
        image.paste((0, 0, 255), (150, 0, 300, 200))
        image.save(tmp_path / name, quality=95)
        picture = read_picture(tmp_path / name, most_pixels=20_000)
        assert picture.shape == (3, 100, 150), name
        assert picture[0, :, :70].mean() > 0.95
        assert picture[2, :, 80:].mean() > 0.95
        assert read_picture(tmp_path / name, most_pixels=60_000).shape == (3, 200, 300)
        assert picture_size(tmp_path / name) == (300, 200)


def test_the_size_is_that_of_the_turned_picture(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "a.jpg", exif=exif)
    assert picture_size(tmp_path / "a.jpg") == (20, 40)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "AVIF"])
def test_no_damage_leads_to_anything_but_a_sentence(kind, tmp_path):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow doesn't read AVIF")
    random = np.random.default_rng(0)
    image = Image.fromarray(random.integers(0, 255, (40, 56, 3), dtype=np.uint8))
    path = tmp_path / "damaged.bin"
    image.save(path, kind)
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    refused = []
    for _ in range(60):
        damaged = whole.copy()
        places = random.integers(0, random.choice([60, 400, len(whole)]), 8) % len(whole)
        damaged[places] = random.integers(0, 255, 8)
        path.write_bytes(damaged[: random.choice([len(whole), len(whole) // 2])].tobytes())
        try:
            read_picture(path, random.choice([None, 500]))
        except ValueError as error:
            refused.append(str(error))
    assert refused
    assert all("damaged.bin: " in message for message in refused)


def test_a_written_picture_reads_the_same(tmp_path):
    picture = torch.rand(3, 9, 7, generator=torch.Generator().manual_seed(0))
    write_picture(tmp_path / "new" / "a.png", picture)
    assert (read_picture(tmp_path / "new" / "a.png") - picture).abs().max() <= 0.5 / 255 + 1e-6
    assert to_image(picture[:1]).mode == "L"
    with pytest.raises(ValueError, match="must end in"):
        write_picture(tmp_path / "a.xyz", picture)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_as_pillow_turns_it(orientation, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (30, 20, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        turned = ImageOps.exif_transpose(image)
    expected = torch.from_numpy(np.array(turned)).permute(2, 0, 1).float() / 255
    assert torch.equal(read_picture(tmp_path / "a.png"), expected)
    assert picture_size(tmp_path / "a.png") == turned.size


def test_strips_make_the_same_picture_as_the_whole(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (77, 50, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for most_pixels in (None, 1000, 300):
        whole = read_picture(tmp_path / "a.png", most_pixels)
        with monkeypatch.context() as patch:
            patch.setattr(pictures, "STRIP", 300)
            assert torch.equal(read_picture(tmp_path / "a.png", most_pixels), whole)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_random_bytes_as_exif_harm_no_picture(kind, tmp_path):
    random = np.random.default_rng(0)
    for number in range(40):
        exif = random.bytes(int(random.choice([6, 40, 300])))
        if number % 2:
            exif = b"Exif\x00\x00" + random.choice([b"II*\x00", b"MM\x00*"]) + exif
        path = tmp_path / "a.bin"
        if kind == "TIFF":  # there the EXIF is the picture's own directory
            Image.new("RGB", (40, 20), RED).save(path, kind, description=exif.decode("latin-1"))
        else:
            Image.new("RGB", (40, 20), RED).save(path, kind, exif=exif, quality=95)
        assert sorted(read_picture(path).shape) == [3, 20, 40]
        assert sorted(picture_size(path)) == [20, 40]


def test_an_orientation_that_is_none_turns_nothing(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 77
    Image.new("RGB", (40, 20), RED).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (3, 20, 40)


def claims(path, width, height, kind=b"PNG"):
    """Writes a PNG whose header claims so many pixels; there are none."""
    image = io.BytesIO()
    Image.new("RGB", (1, 1)).save(image, "PNG")
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = image.getvalue()
    path.write_bytes(content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:])


@pytest.mark.parametrize(
    ("side", "most_pixels", "message"),
    [
        (13300, None, "13300 x 13300 pixels are 177 megapixels, .*save it with at most 50$"),
        (13300, 24_000_000, "177 megapixels, too many to open; save it with at most 166"),
        (60000, None, "too large to open; save it with at most 50 megapixels"),
        (7200, None, "52 megapixels, too many to open"),
    ],
)
def test_a_picture_that_claims_too_many_pixels_is_refused_by_its_header(
    side, most_pixels, message, tmp_path
):
    claims(tmp_path / "a.png", side, side)
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=f"a.png: .*{message}"):
        read_picture(tmp_path / "a.png", most_pixels)
    assert time.perf_counter() - begun < 1


COST = """
import re, sys
from pathlib import Path
from tps_portrait.tps_core.pictures import read_picture

def most_held():  # unlike ru_maxrss it doesn't begin with what the starting program held
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

read_picture(sys.argv[1])  # a small one, so that all is loaded that will be
before = most_held()
try:
    picture = read_picture(sys.argv[2], int(sys.argv[3]) or None)
    print(*picture.shape, end=" ")
except ValueError:
    print("refused", end=" ")
print(most_held() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("mode", "side", "options", "most_pixels"),
    [
        ("RGB", 7000, {"format": "PNG", "compress_level": 1}, 0),
        ("RGBA", 7000, {"format": "PNG", "compress_level": 1}, 0),
        ("I;16", 7000, {"format": "PNG", "compress_level": 1}, 0),
        ("CMYK", 7000, {"format": "JPEG"}, 0),
        ("RGB", 7000, {"format": "JPEG", "progressive": True, "subsampling": 0}, 0),
        ("RGB", 5900, {"format": "WEBP", "method": 0}, 0),
        ("RGB", 12000, {"format": "PNG", "compress_level": 1}, 24_000_000),
        ("RGB", 12000, {"format": "JPEG"}, 24_000_000),
        ("RGB", 13300, {"format": "PNG", "compress_level": 1}, 0),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_no_picture_costs_a_gigabyte(mode, side, options, most_pixels, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "small.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # turned, which must not cost a copy
    if options["format"] != "JPEG" or mode == "RGB":
        options = options | {"exif": exif}
    Image.new(mode, (side, side)).save(tmp_path / "a.bin", **options)
    command = [sys.executable, "-c", COST, tmp_path / "small.png", tmp_path / "a.bin"]
    done = subprocess.run([*command, str(most_pixels)], capture_output=True, text=True, check=True)
    *shape, cost = done.stdout.split()
    assert int(cost) < 1e9, f"{int(cost) / 1e6:.0f} MB"
    assert (shape == ["refused"]) == (side == 13300)
