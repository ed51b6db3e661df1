"""Colours come as the file means them: by its profile, by the numbers of H.273, by the camera."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

import profiles
from tps_portrait.tps_core.hdr import KNEE_LIGHT
from tps_portrait.tps_core.picture_colors import coded_in_head, in_range
from tps_portrait.tps_core.pictures import read_picture

BT709, P3, BT2020 = 1, 12, 9
LINEAR, SRGB, PQ, HLG = 8, 13, 16, 18


def colorful():
    """All combinations of some levels, as an image."""
    levels = np.linspace(0, 255, 6).round().astype(np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), -1).reshape(12, 18, 3))


def levels(path):
    return (read_picture(path) * 255).permute(1, 2, 0).numpy()


def by_pillow(image, profile):
    """The image in sRGB, as Pillow's colour management says."""
    known = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    srgb = ImageCms.createProfile("sRGB")
    return np.asarray(ImageCms.profileToProfile(image, known, srgb, outputMode="RGB")).astype(int)


RGB, GREY, CMYK = colorful(), colorful().convert("L"), colorful().convert("CMYK")
SIXTEEN_BITS = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)
FILES = {
    "rgb.png": (RGB, RGB, profiles.display_p3()),
    "rgb.tif": (RGB, RGB, profiles.display_p3()),
    "rgb.webp": (RGB, RGB, profiles.display_p3()),
    "alpha.png": (RGB.convert("RGBA"), RGB, profiles.display_p3()),
    "palette.png": (RGB.quantize(256), RGB.quantize(256).convert("RGB"), profiles.display_p3()),
    "grey.png": (GREY, GREY, profiles.grey(1.0)),
    "grey.tif": (GREY, GREY, profiles.grey(1.8)),
    "grey alpha.png": (GREY.convert("LA"), GREY, profiles.grey(1.8)),
    "16 bit.png": (SIXTEEN_BITS, GREY, profiles.grey(1.8)),
    "cmyk.tif": (CMYK, CMYK, profiles.cmyk()),
    "grey of rgb.png": (GREY, GREY.convert("RGB"), profiles.display_p3(1.8)),
}


@pytest.mark.parametrize("name", FILES)
def test_every_kind_of_profile_is_brought_to_srgb(name, tmp_path):
    image, plain, profile = FILES[name]
    image.save(tmp_path / name, icc_profile=profile, lossless=True)
    expected = by_pillow(plain, profile)
    assert np.abs(expected - np.asarray(plain.convert("RGB"))).max() > 15  # it makes a difference
    assert np.abs(levels(tmp_path / name) - expected).max() <= 1


@pytest.mark.parametrize("ending", ["jpg", "avif", "heic"])
def test_profiles_of_lossy_formats_count_too(ending, tmp_path):
    if ending == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    image, profile = RGB.resize((180, 120), Image.Resampling.NEAREST), profiles.display_p3()
    options = {"subsampling": "4:4:4", "chroma": 444, "quality": 98}
    image.save(tmp_path / f"a.{ending}", icc_profile=profile, **options)
    expected = by_pillow(image, profile)
    assert np.abs(levels(tmp_path / f"a.{ending}") - expected).mean() < 4
    assert np.abs(np.asarray(image).astype(int) - expected).mean() > 6


def test_a_linear_grey_is_shown_lighter(tmp_path):
    Image.new("L", (4, 4), 55).save(tmp_path / "a.png", icc_profile=profiles.grey(1.0))
    assert levels(tmp_path / "a.png") == pytest.approx(127, abs=1.5)


def test_lab_needs_no_profile(tmp_path):
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    image = ImageCms.profileToProfile(RGB, srgb, lab, outputMode="LAB")
    image.save(tmp_path / "a.tif")
    assert np.abs(levels(tmp_path / "a.tif") - np.asarray(RGB)).mean() < 4


@pytest.mark.parametrize(
    "profile",
    [b"nonsense", bytes(500), profiles.cmyk(), profiles.grey(1.0), profiles.display_p3()[:300]],
    ids=["nonsense", "zeros", "of cmyk", "of grey", "cut"],
)
def test_a_profile_that_makes_no_sense_changes_nothing(profile, tmp_path):
    RGB.save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(levels(tmp_path / "a.png").round(), np.asarray(RGB))


def coded(path, image, primaries, transfer):
    """Saves the image as PNG that says by a chunk what its colours are."""
    file = io.BytesIO()
    image.save(file, "PNG")
    content = b"cICP" + bytes((primaries, transfer, 0, 1))
    chunk = struct.pack(">I", 4) + content + struct.pack(">I", zlib.crc32(content))
    path.write_bytes(file.getvalue()[:33] + chunk + file.getvalue()[33:])


def flat(*color):
    return Image.new("RGB", (4, 4), color)


def srgb_level(light):
    return 255 * (1.055 * light ** (1 / 2.4) - 0.055)


def test_hdr_comes_in_standard_range_and_says_so(tmp_path, caplog):
    caplog.set_level("INFO", "tps_portrait")
    # ITU-R BT.2408, table 1: of PQ 38 %, of HLG 38 % are an 18 % grey card, of 26 cd/m².
    for transfer, signal in ((PQ, 0.38), (HLG, 0.38)):
        coded(tmp_path / "a.png", flat(*[round(255 * signal)] * 3), BT2020, transfer)
        assert levels(tmp_path / "a.png") == pytest.approx(srgb_level(26 / 203), abs=4)
    for transfer, signal in ((PQ, 0.58), (HLG, 0.75)):  # diffuse white
        coded(tmp_path / "a.png", flat(*[round(255 * signal)] * 3), BT2020, transfer)
        assert 225 < levels(tmp_path / "a.png").min() < 250
    for transfer in (PQ, HLG):
        coded(tmp_path / "a.png", flat(255, 255, 255), BT2020, transfer)
        assert levels(tmp_path / "a.png") == pytest.approx(255, abs=1)
    assert "a.png: HDR (PQ), brought to standard range" in caplog.text
    assert "HDR (HLG)" in caplog.text


def test_hdr_counts_for_more_than_the_profile_beside_it(tmp_path):
    profile = profiles.display_p3()
    packed = b"P3\0\0" + zlib.compress(profile)
    beside = struct.pack(">I", len(packed)) + b"iCCP" + packed
    beside += struct.pack(">I", zlib.crc32(b"iCCP" + packed))
    coded(tmp_path / "a.png", flat(97, 97, 97), BT2020, PQ)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "both.png").write_bytes(content[:33] + beside + content[33:])
    with Image.open(tmp_path / "both.png") as image:
        assert image.info["icc_profile"] == profile
    assert np.array_equal(levels(tmp_path / "both.png"), levels(tmp_path / "a.png"))


def test_highlights_are_drawn_together_in_their_hue():
    light = np.array([[[0.2, 0.1, 0.3]], [[4.0, 2.0, 1.0]]], np.float32)
    made = in_range(light)
    assert np.array_equal(made[0], light[0])
    assert KNEE_LIGHT < made[1].max() < 1
    np.testing.assert_allclose(made[1] / made[1].max(), light[1] / light[1].max(), rtol=1e-5)


def test_wide_colours_without_a_profile_are_those_of_the_profile(tmp_path):
    coded(tmp_path / "a.png", RGB, P3, 4)  # gamma 2.2
    assert np.abs(levels(tmp_path / "a.png") - by_pillow(RGB, profiles.display_p3())).max() <= 3
    coded(tmp_path / "a.png", RGB, BT709, SRGB)
    assert np.array_equal(levels(tmp_path / "a.png").round(), np.asarray(RGB))


def test_an_avif_says_what_its_colours_are(tmp_path):
    RGB.save(tmp_path / "a.avif")
    content = (tmp_path / "a.avif").read_bytes()
    assert coded_in_head(content) == (BT709, SRGB)
    at = content.index(b"colrnclx") + 8
    marked = content[:at] + struct.pack(">HH", BT2020, HLG) + content[at + 4 :]
    assert coded_in_head(marked) == (BT2020, HLG)
    for other in (b"", b"\x89PNG", b"\x89PNG....cICPIDAT", content[: at - 4], b"\xff\xd8\xff"):
        assert not coded_in_head(other)


def test_a_cameras_adobe_rgb_is_known_by_its_exif(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    flat(100, 200, 50).save(tmp_path / "a.jpg", exif=exif, quality=98, subsampling=0)
    # By the chromaticities and the gamma of 563/256 of Adobe RGB (1998).
    assert levels(tmp_path / "a.jpg")[1, 1] == pytest.approx((0, 200, 12), abs=6)
