"""The formats of pictures that can be read here."""

import importlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image

from .file_kinds import MARK

# What Pillow may take a file for; it knows formats that start other programs.
READ_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "PPM", "TGA", "ICO")
SOFTWARE_TAG = 0x0131  # the EXIF tag
# Two numbers in a BMP's header that are the writing program's own.
BMP_RESERVED, BMP_MARK = slice(6, 10), b"TPSP"

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
JXL_HEADS = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


# What Pillow raises for a damaged file, beside OSError: SyntaxError for broken PNG chunks,
# ValueError for impossible headers, RuntimeError for AVIF, the others where a file ends too early.
DECODING_ERRORS = (
    OSError, SyntaxError, EOFError, ValueError, RuntimeError, IndexError, KeyError, TypeError,
    OverflowError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Extra:
    """A format that not every Pillow reads."""

    name: str  # as people call it
    format: str  # as Pillow calls it
    endings: tuple[str, ...]
    fits: Callable[[bytes], bool]  # whether a file that begins so is one
    package: str  # what reads it
    module: str  # what registers that with Pillow

    def what_is_missing(self) -> str:
        """What pictures of the format need to be read, and the way in; "" for nothing."""
        if _can_open(self):
            return ""
        return f"needs {self.package}; run: pip install --upgrade {self.package}"


def _brands(head: bytes) -> set[bytes]:
    """What a file of the ISO's boxes says that it is."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return {head[8:12]} | {head[i : i + 4] for i in range(16, end, 4)}


EXTRAS = (
    Extra(
        "AVIF", "AVIF", (".avif",), lambda head: bool(_brands(head) & {b"avif", b"avis"}),
        "pillow", "PIL.AvifImagePlugin",
    ),
    Extra(
        "HEIC", "HEIF", (".heic", ".heif", ".hif"),
        lambda head: bool(_brands(head) & HEIC_BRANDS), "pillow-heif", "pillow_heif",
    ),
    Extra(
        "JPEG XL", "JXL", (".jxl",), lambda head: head.startswith(JXL_HEADS),
        "pillow-jxl-plugin", "pillow_jxl",
    ),
)  # fmt: skip


# Of the names of pictures, whether or not they can be read here.
ENDINGS = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".bmp", ".tif", ".tiff",
    ".gif", *(ending for extra in EXTRAS for ending in extra.endings),
}  # fmt: skip


def extra_of(head: bytes) -> Extra | None:
    """The format of a file that begins so, if not every Pillow reads it."""
    return next((extra for extra in EXTRAS if extra.fits(head)), None)


def extra_called(ending: str) -> Extra | None:
    """The format of files whose names end so, if not every Pillow reads it."""
    return next((extra for extra in EXTRAS if ending.lower() in extra.endings), None)


def formats_for(extra: Extra | None) -> list[str]:
    """What Pillow may take a file for that is, or isn't, of such a format."""
    if extra is not None:
        return [extra.format] if _can_open(extra) else []
    Image.init()
    return [name for name in READ_FORMATS if name in Image.OPEN]


@cache
def _can_open(extra: Extra) -> bool:
    """Whether pictures of the format can be read; imports what reads them, which takes a while."""
    Image.init()
    try:
        module = importlib.import_module(extra.module)
    # One that is damaged, or was made for another Pillow, can raise nearly anything.
    except (ImportError, OSError, AttributeError, RuntimeError, TypeError):
        return False
    if hasattr(module, "register_heif_opener"):
        module.register_heif_opener()
    return extra.format in Image.OPEN


def what_it_is_not(head: bytes) -> str:
    """What to say of a file that begins so and that nothing takes for a picture."""
    if extra := extra_of(head):
        return f"it is not a whole {extra.name} picture"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "it is a TIFF of a kind that nothing here reads"
    return "it is not a picture"


def said_software(image: Image.Image, head: bytes) -> bytes:
    """What an image, opened from a file that begins so, says it was made by; b"" for nothing."""
    if image.format == "BMP":
        return MARK if head[BMP_RESERVED] == BMP_MARK else b""
    said = image.info.get("Software") or image.info.get("comment")
    if not said and image.format != "PNG":  # whose EXIF would have all of it decoded
        said = image.getexif().get(SOFTWARE_TAG)
    return said if isinstance(said, bytes) else str(said or "").encode()
