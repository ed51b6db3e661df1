import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import torch
from PIL import Image, features

from tps_portrait.tps_core import picture_colors
from tps_portrait.tps_core.pictures import (
    decode_picture,
    picture_size,
    read_picture,
    read_with_alpha,
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


PIXELS = np.random.default_rng(0).integers(0, 255, (5, 8, 3), dtype=np.uint8)
BLOCKS = Image.fromarray(np.kron(PIXELS, np.ones((8, 8, 1), np.uint8)))  # 64 x 40


def in_mode(mode):
    """The blocks in a Pillow mode; with alpha they are half transparent."""
    if mode == "I;16":
        return Image.fromarray(np.asarray(BLOCKS.convert("L")).astype(np.uint16) * 257)
    if mode == "clear P":
        return BLOCKS.quantize(16)
    image = BLOCKS.convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(128)
    return image


TURNED_MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "L", "RGBA", "LA", "P", "clear P", "I;16", "1"),
    "TIFF": ("RGB", "L", "RGBA", "LA", "P", "CMYK", "I;16", "1"),
    "WEBP": ("RGB", "RGBA"),
    "AVIF": ("RGB", "RGBA"),
}
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF's numbers in Pillow's


@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [(kind, mode, {}) for kind, modes in TURNED_MODES.items() for mode in modes]
    + [("TIFF", "RGB", {"compression": name}) for name in ("tiff_lzw", "jpeg")],
    ids=lambda value: value.get("compression", "-") if isinstance(value, dict) else value,
)
def test_every_mode_of_every_format_is_turned_upright(kind, mode, options, tmp_path):
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow doesn't read AVIF")
    image = in_mode(mode)
    options = options | ({"transparency": 3} if mode == "clear P" else {})
    options = options | ({} if kind in ("PNG", "TIFF") else {"quality": 95})
    path = tmp_path / "a.any"
    image.save(path, kind, **options)
    upright = read_picture(path).permute(1, 2, 0).numpy()
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        image.save(path, kind, exif=exif, **options)
        expected = (upright * 255).round().astype(np.uint8)
        if number in TURNS:
            turned = Image.fromarray(expected).transpose(Image.Transpose(TURNS[number]))
            expected = np.asarray(turned)
        found = (read_picture(path) * 255).permute(1, 2, 0).numpy()
        assert found.shape == expected.shape, number
        assert np.abs(found - expected).mean() < 4, number
        assert picture_size(path) == expected.shape[1::-1], number
        alone, alpha = read_with_alpha(path)
        assert alone.shape[1:] == found.shape[:2]
        assert (alpha is not None) == ("A" in mode or mode == "clear P")


def test_a_picture_comes_with_its_alpha_and_nothing_of_what_is_hidden(tmp_path):
    image = Image.new("RGBA", (40, 20), (0, 0, 255, 0))  # hidden blue
    image.paste((255, 0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    for picture, alpha in (
        read_with_alpha(tmp_path / "a.png"),
        decode_picture((tmp_path / "a.png").read_bytes(), "stdin"),
    ):
        assert picture.shape == (3, 40, 20)
        assert alpha.shape == (1, 40, 20)
        assert alpha[:, :20].min() == 1
        assert alpha[:, 20:].max() == 0
        assert (picture - torch.tensor([1.0, 0.0, 0.0])[:, None, None]).abs().max() < 1e-5
    assert read_picture(tmp_path / "a.png")[:, 30].min() == 1
    with pytest.raises(ValueError, match="stdin: can't be read .it is not a picture"):
        decode_picture(b"hello", "stdin")


def png_of_two(bits, clear, shown):
    """A PNG of two pixels, the first of its transparent colour; levels as numbers of the bits."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    kind = 0 if len(clear) == 1 else 2  # grey, RGB
    row = "".join(f"{level:0{bits}b}" for level in (*clear, *shown))
    row = row.ljust(-(-len(row) // 8) * 8, "0")
    pixels = bytes(int(row[i : i + 8], 2) for i in range(0, len(row), 8))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, bits, kind, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear))
        + chunk(b"IDAT", zlib.compress(b"\0" + pixels))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("bits", "clear", "shown"),
    [
        (1, (1,), (0,)),
        (2, (1,), (3,)),
        (4, (5,), (12,)),
        (8, (77,), (200,)),
        (16, (1234,), (51400,)),
        (8, (4, 18, 1), (200, 100, 50)),
        (16, (1234, 4660, 257), (51400, 25700, 12850)),
    ],
)
def test_a_transparent_color_counts_in_pictures_of_any_bits(bits, clear, shown):
    picture, alpha = decode_picture(png_of_two(bits, clear, shown), "a.png")
    assert alpha.flatten().tolist() == [0, 1]
    expected = [level / (2**bits - 1) for level in (shown * 3)[:3]]
    assert picture[:, 0, 1].tolist() == pytest.approx(expected, abs=0.01)


def test_an_alpha_that_hides_nothing_is_none(tmp_path):
    Image.new("RGBA", (8, 8), (9, 9, 9, 255)).save(tmp_path / "a.png")
    picture, alpha = read_with_alpha(tmp_path / "a.png")
    assert alpha is None
    assert torch.equal(picture, read_picture(tmp_path / "a.png"))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_pictures_the_first_is_read_and_that_is_said(kind, tmp_path, caplog):
    caplog.set_level("INFO", "tps_portrait")
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 0, 255))]
    frames[0].save(tmp_path / "a.any", kind, save_all=True, append_images=frames[1:])
    assert read_picture(tmp_path / "a.any")[0].min() > 0.9
    assert caplog.messages == [
        f"{tmp_path / 'a.any'}: holds several pictures, of which the first is read"
    ]
    caplog.clear()
    frames[0].save(tmp_path / "a.any", kind)
    read_picture(tmp_path / "a.any")
    assert not caplog.messages


def test_strips_make_the_same_picture_as_the_whole(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 255, (77, 50, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for most_pixels in (None, 1000, 300):
        whole = read_picture(tmp_path / "a.png", most_pixels)
        with monkeypatch.context() as patch:
            patch.setattr(picture_colors, "STRIP_PX", 300)
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
    with pytest.raises(ValueError, match=f"a.png: .*{message}"):
        read_picture(tmp_path / "a.png", most_pixels)


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
        ("RGB", 7000, {"format": "TIFF"}, 0),
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
