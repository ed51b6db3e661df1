"""Reading pictures from files, as they are meant to be seen."""

import io
import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .geometry.pixels import as_bytes
from .json_reading import one_line
from .picture_colors import HDR, LYING_ORIENTATIONS, coded_colors, has_alpha, in_srgb, to_picture
from .picture_formats import DECODING_ERRORS, extra_of, formats_for, said_software, what_it_is_not
from .transparency import beyond_edges

HEAD_BYTES = 1 << 16  # bytes of a file that tell what its colours mean, if it says so
# What reading a picture may cost, and what it costs, in bytes a pixel of the file while it is
# decoded, and of the picture that comes back while it is made.
MOST_BYTES = 1_000_000_000
DECODING_BYTES = {"WEBP": 28, "AVIF": 28}
DECODING_BYTES_OF_OTHERS = 6
KEPT_BYTES, KEPT_BYTES_WITH_ALPHA = 20, 46

ORIENTATION_TAG = 0x0112  # of EXIF
WIDTH_TAG, HEIGHT_TAG = 0x0100, 0x0101  # a TIFF's tags
PNG_BITS_AT = 24  # where a PNG says how many bits a level has
# Formats whose further pictures are to be seen.
SEVERAL_FORMATS = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")

log = logging.getLogger("tps_portrait")


def read_picture(path: Path | str, most_pixels: int | None = None) -> Tensor:
    """The picture in the file: (3, h, w) float32, 0…1, sRGB.

    Turned as its EXIF says; its colours by its profile; greyscale, palette, CMYK, Lab and 16 bit
    become RGB, HDR standard range; what is transparent is laid on white; of an animation the first
    frame. With `most_pixels` a larger picture comes shrunken, by a whole number.
    Raises ValueError, naming the file, when it can't be read, and when that would take more than
    MOST_BYTES of memory: its header says so before anything is decoded.
    """
    with _opened(Path(path), path) as (image, head):
        return _decoded(image, head, path, most_pixels)


def read_with_alpha(path: Path | str) -> tuple[Tensor, Tensor | None]:
    """The picture, as `read_picture` reads it, and its alpha (1, h, w), None if it is opaque.

    Where it is transparent it comes with the colours beside, as `beyond_edges` has it.
    """
    with _opened(Path(path), path) as (image, head):
        return _cut_out(image, head, path)


def decode_picture(content: bytes, name: str) -> tuple[Tensor, Tensor | None]:
    """The picture in the bytes of a file, as `read_with_alpha` reads it.

    Raises ValueError as `read_picture` does, with the `name` in place of the file's.
    """
    with _opened(io.BytesIO(content), name) as (image, head):
        return _cut_out(image, head, name)


def picture_size(path: Path | str) -> tuple[int, int]:
    """The (width, height) of a picture that `read_picture` reads, before it is shrunken.

    Raises ValueError, naming the file, when it can't be read.
    """
    with _opened(Path(path), path) as (image, _):
        turned = _orientation(image) in LYING_ORIENTATIONS
        # Of a TIFF some versions of Pillow give the turned size and others don't.
        tags = getattr(image, "tag_v2", {})
        width = int(tags.get(WIDTH_TAG, image.width))
        height = int(tags.get(HEIGHT_TAG, image.height))
        return (height, width) if turned else (width, height)


def software_of(path: Path) -> bytes:
    """The program that the picture file says made it; b"" where it says none, or can't be read."""
    try:
        with _opened(path, path) as (image, head):
            return said_software(image, head)
    except ValueError:
        return b""


@contextmanager
def _opened(source: Path | BinaryIO, path: Path | str) -> Iterator[tuple[Image.Image, bytes]]:
    """The file's first picture, not yet decoded, and the file's head; an error is a sentence.

    `path` is what the file is called in it.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of a damaged EXIF or a large picture: dealt with here, or harmless.
            warnings.simplefilter("ignore")
            # Opened here: by its name Pillow maps a TIFF that is turned wrongly into memory.
            with source.open("rb") if isinstance(source, Path) else source as file:
                head = file.read(HEAD_BYTES)
                file.seek(0)
                extra = extra_of(head)
                if lack := extra and extra.what_is_missing():
                    raise Refused(f"{extra.name} {lack}")
                with Image.open(file, formats=formats_for(extra)) as image:
                    yield image, head
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except PermissionError:
        raise ValueError(
            f"{path}: can't be read (no permission); check the file permissions"
        ) from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{path}: can't be read ({what_it_is_not(head)}); save it again as PNG or JPEG"
        ) from None
    except Image.DecompressionBombError:
        most = MOST_BYTES // KEPT_BYTES // 10**6
        raise ValueError(
            f"{path}: too large to open; save it with at most {most} megapixels"
        ) from None
    except MemoryError:
        raise ValueError(f"{path}: too large for this computer's memory; save it smaller") from None
    except Refused as error:
        raise ValueError(f"{path}: {error}") from None
    except DECODING_ERRORS as error:
        reason = one_line(error)
        raise ValueError(
            f"{path}: can't be read ({reason}); save it again as PNG or JPEG"
        ) from None


class Refused(ValueError):
    """Why a picture is not opened."""


def _cut_out(image: Image.Image, head: bytes, path: Path | str) -> tuple[Tensor, Tensor | None]:
    """The picture and its alpha, as `read_with_alpha` has them."""
    return _apart(_decoded(image, head, path, alpha=has_alpha(image)))


def _apart(decoded: Tensor) -> tuple[Tensor, Tensor | None]:
    """The picture (3, h, w) and its alpha, None if it is opaque or there is none (4, h, w)."""
    picture, alpha = decoded[:3], decoded[3:]
    if (alpha == 1).all():
        return picture, None
    return beyond_edges(picture, alpha), alpha


def _decoded(
    image: Image.Image,
    head: bytes,
    path: Path | str,
    most_pixels: int | None = None,
    alpha: bool = False,
) -> Tensor:
    """The picture (3, h, w) of the image, or with its alpha (4, h, w); see `read_picture`."""
    _check_cost(image, most_pixels, KEPT_BYTES_WITH_ALPHA if alpha else KEPT_BYTES)
    factor = _shrinking(image.size, most_pixels)
    if factor > 1:
        # JPEG can be decoded at a half, a quarter or an eighth, which saves time and memory.
        image.draft("RGB", (image.width // factor or 1, image.height // factor or 1))
        factor = _shrinking(image.size, most_pixels)
    several = _holds_several(image)
    image.load()
    _count_as_loaded(image, head)
    # Asked now: Pillow turns TIFFs itself when it loads them.
    orientation = _orientation(image)
    coded = coded_colors(image, head)
    if coded and coded[1] in HDR:
        log.info("%s: HDR (%s), brought to standard range", path, HDR[coded[1]])
    if several:
        log.info("%s: holds several pictures, of which the first is read", path)
    to_srgb = in_srgb(image.mode, image.info.get("icc_profile"), coded)
    return to_picture(image, factor, orientation, to_srgb, alpha)


def _count_as_loaded(image: Image.Image, head: bytes) -> None:
    """Counts a PNG's transparent colour in 8 bits, as Pillow does its pixels."""
    color = image.info.get("transparency")
    if image.format != "PNG" or image.mode not in ("1", "L", "RGB") or isinstance(color, bytes):
        return
    bits = head[PNG_BITS_AT]
    if isinstance(color, tuple) and bits == 16:
        image.info["transparency"] = tuple(level >> 8 for level in color)
    elif isinstance(color, int) and color < 2**bits < 256:  # else Pillow did so itself
        image.info["transparency"] = color * 255 // (2**bits - 1)


def _check_cost(image: Image.Image, most_pixels: int | None, kept_bytes: int) -> None:
    """Raises Refused for a picture that would take more than MOST_BYTES, by its header."""
    pixels = image.width * image.height
    decoding = DECODING_BYTES.get(image.format or "", DECODING_BYTES_OF_OTHERS)
    kept = min(pixels, most_pixels or pixels)
    if max(decoding * pixels, kept_bytes * kept) > MOST_BYTES:
        most = MOST_BYTES // (decoding if most_pixels else max(decoding, kept_bytes)) // 10**6
        raise Refused(
            f"{image.width} x {image.height} pixels are {pixels / 1e6:.0f} megapixels, too many "
            f"to open; save it with at most {most}"
        )


def _orientation(image: Image.Image) -> int:
    """How the picture is to be turned, 1…8 as EXIF counts; 1, not at all, if that is damaged."""
    try:
        found = image.getexif().get(ORIENTATION_TAG, 1)
    except DECODING_ERRORS:
        return 1
    return found if found in range(1, 9) else 1


def _holds_several(image: Image.Image) -> bool:
    """Whether a person would see more than the first picture of the file, as in an animation."""
    try:
        return image.format in SEVERAL_FORMATS and getattr(image, "is_animated", False)
    except DECODING_ERRORS:
        return False


def _shrinking(size: tuple[int, int], most_pixels: int | None) -> int:
    return math.ceil(math.sqrt(size[0] * size[1] / (most_pixels or math.inf))) or 1


def to_tensor(image: Image.Image) -> Tensor:
    """The image as a tensor (3, h, w), 0…1."""
    return to_picture(image)


def with_alpha(image: Image.Image, name: str) -> tuple[Tensor, Tensor | None]:
    """A Pillow image, as it is turned, and its alpha, as `read_with_alpha` has those of a file.

    Raises ValueError, with the `name`, for one that is too large.
    """
    alpha = has_alpha(image)
    try:
        _check_cost(image, None, KEPT_BYTES_WITH_ALPHA if alpha else KEPT_BYTES)
    except Refused as error:
        raise ValueError(f"{name}: {error}") from None
    to_srgb = in_srgb(image.mode, image.info.get("icc_profile"), None)
    return _apart(to_picture(image, to_srgb=to_srgb, alpha=alpha))


def to_image(picture: Tensor) -> Image.Image:
    """The picture (3, h, w), one with alpha (4, h, w), or mask (1, h, w), 0…1, as Pillow has it."""
    levels = as_bytes(picture.detach().cpu())
    return Image.fromarray(levels.permute(1, 2, 0).squeeze(-1).numpy())
