"""What the numbers in a picture file mean as colours, brought to sRGB.

A file says so by an ICC profile; or by two of the numbers of ITU-T H.273 (PNG's cICP, AVIF's and
HEIC's nclx), the only way for HDR; or, in cameras' Adobe RGB, by an EXIF entry. One that says
nothing is taken for sRGB. `to_picture` makes a tensor of them.
"""

import io
import math
from collections.abc import Callable
from functools import lru_cache, partial
from typing import cast

import numpy as np
import torch
from PIL import Image, ImageCms
from torch import Tensor

from .hdr import BT2020, HLG, HLG_GAMMA, P3, PEAK_LIGHT, PQ, hlg_light, pq_light, tone_curve
from .picture_formats import DECODING_ERRORS

GREY_MODES = ("1", "L", "LA", "La", "I", "F")
COLOR_MODES = ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA", "YCbCr")
# What image modes a profile of each kind can be for, and the one that it is applied to.
PROFILE_MODES = {
    "GRAY": (GREY_MODES, "L"),
    "RGB ": (GREY_MODES + COLOR_MODES, "RGB"),
    "CMYK": (("CMYK",), "CMYK"),
    "Lab ": (("LAB",), "LAB"),
}
# What a damaged profile leads to; ImportError: this Pillow was built without colour management.
PROFILE_ERRORS = (ImageCms.PyCMSError, OSError, ValueError, ImportError)

# The numbers of H.273.
ADOBE_RGB = -1  # of primaries; it has no number there
LINEAR, GAMMA_22, SRGB = 8, 4, 13  # transfer characteristics
HDR = {PQ: "PQ", HLG: "HLG"}
# From linear light of these primaries to that of sRGB, all with the white D65.
PRIMARIES = {
    P3: ((1.22494, -0.22494, 0), (-0.04206, 1.04206, 0), (-0.01964, -0.07864, 1.09828)),
    BT2020: ((1.6605, -0.5876, -0.0729), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    ADOBE_RGB: ((1.39836, -0.39836, 0), (0, 1, 0), (0, -0.04293, 1.04293)),
}
LUMINANCE = (0.2627, 0.6780, 0.0593)  # of BT.2020's red, green and blue

INTEROPERABILITY_TAG = 0xA005  # of EXIF
LYING_ORIENTATIONS = range(5, 9)  # of EXIF's, those that swap width and height
STRIP_PX = 2_000_000  # pixels that are converted at a time

Convert = Callable[[Image.Image], Image.Image]


def in_srgb(mode: str, profile: bytes | None, coded: tuple[int, int] | None) -> Convert:
    """What makes 8-bit RGB in sRGB of a picture's parts, which have no alpha and the mode given.

    A profile that is damaged, or for other modes, counts for nothing. `coded` are primaries and
    transfer characteristics; where they say HDR, a profile is for programs that know none.
    """
    hdr = coded is not None and coded[1] in HDR
    if mode == "LAB" or (profile and not hdr):
        known = _by_profile(profile, "I" if mode.startswith("I;16") else mode)
        if known:
            return known
    if coded and (coded[0] in PRIMARIES or coded[1] in (LINEAR, GAMMA_22, PQ, HLG)):
        return partial(_decoded, primaries=coded[0], transfer=coded[1])
    return as_rgb


def as_rgb(image: Image.Image) -> Image.Image:
    """The image of colours that are sRGB as RGB."""
    return image.convert("RGB")


def coded_colors(image: Image.Image, head: bytes) -> tuple[int, int] | None:
    """Primaries and transfer characteristics that the image, or its file's beginning, tells."""
    return coded_in_head(head) or _coded_by_camera(image)


def coded_in_head(head: bytes) -> tuple[int, int] | None:
    """What a PNG, AVIF or HEIC file's beginning tells."""
    if head.startswith(b"\x89PNG"):
        at = head.find(b"\0\0\0\x04cICP", 0, head.find(b"IDAT"))
        return None if at < 0 or len(head) < at + 10 else (head[at + 8], head[at + 9])
    at = head.find(b"colrnclx")
    if head[4:8] != b"ftyp" or at < 0:
        return None
    return int.from_bytes(head[at + 8 : at + 10], "big"), int.from_bytes(
        head[at + 10 : at + 12], "big"
    )


def _coded_by_camera(image: Image.Image) -> tuple[int, int] | None:
    """Adobe RGB, if the EXIF says so as cameras do (DCF 2.0's option file)."""
    try:
        index = image.getexif().get_ifd(INTEROPERABILITY_TAG).get(1)
    except DECODING_ERRORS:
        return None
    return (ADOBE_RGB, GAMMA_22) if index == "R03" else None


@lru_cache(maxsize=16)
def _by_profile(profile: bytes | None, mode: str) -> Convert | None:
    """What brings images of the mode from the profile's colours to sRGB; None if nothing has to."""
    try:
        known = ImageCms.ImageCmsProfile(
            io.BytesIO(profile) if profile else ImageCms.createProfile("LAB")
        )
        space = known.profile.xcolor_space
        modes, own = PROFILE_MODES.get(space, ((), ""))
        if mode not in modes:
            return None
        transform = ImageCms.buildTransform(known, ImageCms.createProfile("sRGB"), own, "RGB")
        if own == "RGB" and _changes_nothing(transform):
            return None
    except PROFILE_ERRORS:
        return None
    return lambda image: transform.apply(image.convert(own))


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether colours come out as they are, but for rounding: most profiles say sRGB."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(27, 27, 3)
    changed = np.asarray(ImageCms.applyTransform(Image.fromarray(colors), transform))
    return np.abs(changed.astype(int) - colors).max() <= 1


def _decoded(image: Image.Image, primaries: int, transfer: int) -> Image.Image:
    """The image in sRGB, from coded primaries and transfer characteristics."""
    light = _linear(transfer)[np.asarray(image.convert("RGB"))]  # (h, w, 3), white is 1
    if transfer == HLG:  # its signal is the scene's light; a display shows it with more contrast
        luminance = light @ np.array(LUMINANCE, np.float32)
        light = light * (PEAK_LIGHT * luminance[..., None] ** (HLG_GAMMA - 1))
    if primaries in PRIMARIES:
        light = light @ np.array(PRIMARIES[primaries], np.float32).T
    light = light.clip(0)
    if transfer in HDR:
        light = in_range(light)
    light = light.clip(0, 1)
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return Image.fromarray((shown * 255 + 0.5).astype(np.uint8))


def in_range(light: np.ndarray) -> np.ndarray:
    """Linear light (…, 3), where 1 is diffuse white, in 0…1, its hues as they were.

    What is brighter than `hdr.KNEE_LIGHT` is drawn together by `hdr.tone_curve`.
    """
    brightest = light.max(-1, keepdims=True)
    return light * (tone_curve(brightest) / brightest.clip(1e-6)).astype(light.dtype)


@lru_cache(maxsize=8)
def _linear(transfer: int) -> np.ndarray:
    """The linear light of each of the 256 levels, where diffuse white is 1."""
    x = np.linspace(0, 1, 256)
    if transfer == PQ:
        light = pq_light(x)
    elif transfer == HLG:  # the light of the scene, 0…1
        light = hlg_light(x)
    elif transfer == LINEAR:
        light = x
    elif transfer == GAMMA_22:
        light = x**2.2
    else:  # of all others sRGB's is the best guess
        light = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return light.astype(np.float32)


def to_picture(
    image: Image.Image,
    factor: int = 1,
    orientation: int = 1,
    to_srgb: Convert = as_rgb,
    alpha: bool = False,
) -> Tensor:
    """The image, shrunken and turned, as a tensor (3, h, w), or with alpha (4, h, w), 0…1.

    It goes strip by strip into its place, so that nothing is there twice but a strip.
    """
    top = _top(image)
    width, height = -(-image.width // factor), -(-image.height // factor)
    turned, channels = orientation in LYING_ORIENTATIONS, 4 if alpha else 3
    shape = (width, height, channels) if turned else (height, width, channels)
    picture = np.empty(shape, np.float32)
    place = _unturned(picture, orientation)
    rows = max(1, STRIP_PX // (image.width * factor)) * factor
    for y in range(0, image.height, rows):
        strip = image.crop((0, y, image.width, min(y + rows, image.height)))
        strip = flat(strip, top, to_srgb, alpha)
        levels = np.asarray(strip.reduce(factor) if factor > 1 else strip)
        begin = y // factor
        np.divide(levels, np.float32(255), out=place[begin : begin + len(levels)])
    return torch.from_numpy(picture).permute(2, 0, 1)


def _unturned(picture: np.ndarray, orientation: int) -> np.ndarray:
    """A view of the turned picture (h, w, c) in which its pixels lie as they do in the file."""
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    return picture.swapaxes(0, 1) if orientation in LYING_ORIENTATIONS else picture


def _top(image: Image.Image) -> float:
    """What is white in an image of other than 8 bits."""
    if image.mode != "F":
        return 65535
    top = cast(tuple[float, float], image.getextrema())[1]
    return max(top, 1e-6) if math.isfinite(top) else 1.0


def flat(strip: Image.Image, top: float, to_srgb: Convert, keep_alpha: bool) -> Image.Image:
    """The strip as RGB, transparency laid on white, or kept (RGBA); `top` is more bits' white."""
    if strip.mode in ("I", "F") or strip.mode.startswith("I;16"):
        levels, clear = np.asarray(strip, dtype=np.float32), strip.info.get("transparency")
        grey = np.nan_to_num(levels / top * 255).clip(0, 255).astype(np.uint8)
        strip = Image.fromarray(grey)
        if clear is not None:
            strip.putalpha(Image.fromarray(np.where(levels == clear, 0, 255).astype(np.uint8)))
    if not has_alpha(strip):
        strip = to_srgb(strip)
        return strip.convert("RGBA") if keep_alpha else strip
    whole = strip.convert("LA" if strip.mode == "La" else "RGBA").convert("RGBA")
    alpha, colors = whole.getchannel("A"), whole.convert("RGB")
    strip = to_srgb(colors.convert("L") if strip.mode in GREY_MODES else colors)
    if keep_alpha:
        strip.putalpha(alpha)
        return strip
    return Image.composite(strip, Image.new("RGB", strip.size, "white"), alpha)


def has_alpha(image: Image.Image) -> bool:
    """Whether something in the Pillow image can be transparent."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
