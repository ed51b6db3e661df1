"""Reading pictures from files, as they are meant to be seen."""

import io
import math
import os
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from .file_kinds import MARK
from .json_reading import one_line
from .output_files import make_folder, names_file, replace_file

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".jfif", ".avif"}
# What Pillow raises for a damaged file, beside OSError: SyntaxError for broken PNG chunks,
# ValueError for impossible headers, RuntimeError for AVIF, the others where a file ends too early.
DAMAGED = (
    OSError, SyntaxError, EOFError, ValueError, RuntimeError, IndexError, KeyError, TypeError,
    OverflowError, struct.error,
)  # fmt: skip

# What Pillow may take a file for; it knows formats that start other programs.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "DIB", "TIFF", "GIF", "AVIF", "PPM", "TGA")
# What reading a picture may cost, and what it costs, in bytes a pixel of the file while it is
# decoded, and of the picture that comes back while it is made.
MOST_BYTES = 1_000_000_000
DECODING = {"WEBP": 28, "AVIF": 28}
DECODING_OTHERS = 6
KEPT = 20
STRIP = 2_000_000  # pixels that are converted at a time

ORIENTATION, ON_THEIR_SIDE = 0x0112, range(5, 9)  # the EXIF tag, and what it says of such pictures


def list_pictures(folder: Path | str) -> list[Path]:
    """The picture files in the folder and all below it, in a stable order.

    Raises ValueError when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return [path for path in list_files(folder) if path.suffix.lower() in ENDINGS]


def list_files(
    folder: Path, may_read: Callable[[Path], bool] = lambda path: True
) -> Iterator[Path]:
    """All files in the folder and below it, sorted, hidden ones left out.

    A folder that can't be opened, or that `may_read` says no to, stands for what is in it. Linked
    folders are entered, once each.
    """
    seen, closed = set(), []
    walk = os.walk(folder, followlinks=True, onerror=lambda error: closed.append(error.filename))
    for root, folders, names in walk:
        # A link to a folder above would be followed for ever.
        here = os.path.realpath(root)
        if here in seen:
            folders.clear()
            continue
        seen.add(here)
        if not may_read(Path(root)):
            folders.clear()
            closed.append(root)
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(root) / name
    yield from sorted(map(Path, closed))


def read_picture(path: Path | str, most_pixels: int | None = None) -> Tensor:
    """The picture in the file: (3, h, w) float32, 0…1, sRGB.

    Turned as its EXIF says; greyscale, palette, CMYK and 16 bit become RGB; what is transparent
    is laid on white; of an animation the first frame. With `most_pixels` a larger picture comes
    shrunken, by a whole number.
    Raises ValueError, naming the file, when it can't be read, and when that would take more than
    MOST_BYTES of memory: its header says so before anything is decoded.
    """
    with _opened(Path(path), path) as image:
        _check_cost(image, most_pixels)
        size, orientation = image.size, _orientation(image)
        factor = _shrinking(size, most_pixels)
        if factor > 1:
            # JPEG can be decoded at a half, a quarter or an eighth, which saves time and memory.
            image.draft("RGB", (image.width // factor or 1, image.height // factor or 1))
            factor = _shrinking(image.size, most_pixels)
        return _to_picture(image, factor, orientation)


def decode_picture(content: bytes, name: str) -> tuple[Tensor, Tensor | None]:
    """The picture in the bytes of a file, as `read_picture` reads it, and its alpha (1, h, w).

    The alpha is None where nothing can be transparent. Raises ValueError as `read_picture` does,
    with the `name` in place of the file's.
    """
    with _opened(io.BytesIO(content), name) as image:
        _check_cost(image, None)
        orientation = _orientation(image)
        picture = _to_picture(image, orientation=orientation)
        if not has_alpha(image):
            return picture, None
        return picture, _to_picture(image.convert("RGBA").getchannel("A"), 1, orientation)[:1]


def picture_size(path: Path | str) -> tuple[int, int]:
    """The (width, height) of a picture that `read_picture` reads, before it is shrunken.

    Raises ValueError, naming the file, when it can't be read.
    """
    with _opened(Path(path), path) as image:
        turned = _orientation(image) in ON_THEIR_SIDE
        return image.size[::-1] if turned else image.size


@contextmanager
def _opened(source: Path | io.BytesIO, path: Path | str) -> Iterator[Image.Image]:
    """The picture file's first frame, not yet decoded; what goes wrong is a sentence.

    `path` is what the file is called in it.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of a damaged EXIF or a large picture: dealt with here, or harmless.
            warnings.simplefilter("ignore")
            with Image.open(source, formats=_formats()) as image:
                image.seek(0)
                yield image
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except PermissionError:
        raise ValueError(
            f"{path}: can't be read (no permission); check the file permissions"
        ) from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{path}: can't be read (it is not a picture); save it again as PNG or JPEG"
        ) from None
    except Image.DecompressionBombError:
        most = MOST_BYTES // KEPT // 10**6
        raise ValueError(
            f"{path}: too large to open; save it with at most {most} megapixels"
        ) from None
    except MemoryError:
        raise ValueError(f"{path}: too large for this computer's memory; save it smaller") from None
    except TooLarge as error:
        raise ValueError(f"{path}: {error}") from None
    except DAMAGED as error:
        reason = one_line(error)
        raise ValueError(
            f"{path}: can't be read ({reason}); save it again as PNG or JPEG"
        ) from None


@cache
def _formats() -> list[str]:
    """Those of FORMATS that this Pillow has."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


class TooLarge(ValueError):
    """A picture would take too much memory."""


def _check_cost(image: Image.Image, most_pixels: int | None) -> None:
    """Raises TooLarge for a picture that would take more than MOST_BYTES, by its header."""
    pixels = image.width * image.height
    decoding = DECODING.get(image.format or "", DECODING_OTHERS)
    kept = min(pixels, most_pixels or pixels)
    if max(decoding * pixels, KEPT * kept) > MOST_BYTES:
        most = MOST_BYTES // (decoding if most_pixels else max(decoding, KEPT)) // 10**6
        raise TooLarge(
            f"{image.width} x {image.height} pixels are {pixels / 1e6:.0f} megapixels, too many "
            f"to open; save it with at most {most}"
        )


def _orientation(image: Image.Image) -> int:
    """How the picture is to be turned, 1…8 as EXIF counts; 1, not at all, if that is damaged."""
    try:
        found = image.getexif().get(ORIENTATION, 1)
    except DAMAGED:
        return 1
    return found if found in range(1, 9) else 1


def _shrinking(size: tuple[int, int], most_pixels: int | None) -> int:
    return math.ceil(math.sqrt(size[0] * size[1] / (most_pixels or math.inf))) or 1


def _to_picture(image: Image.Image, factor: int = 1, orientation: int = 1) -> Tensor:
    """The image, shrunken and turned, as a tensor (3, h, w), 0…1.

    It goes strip by strip into its place, so that nothing is there twice but a strip.
    """
    top = _top(image)
    width, height = -(-image.width // factor), -(-image.height // factor)
    turned = orientation in ON_THEIR_SIDE
    picture = np.empty((width, height, 3) if turned else (height, width, 3), np.float32)
    place = _unturned(picture, orientation)
    rows = max(1, STRIP // (image.width * factor)) * factor
    for y in range(0, image.height, rows):
        strip = flatten(image.crop((0, y, image.width, min(y + rows, image.height))), top)
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
    return picture.swapaxes(0, 1) if orientation in ON_THEIR_SIDE else picture


def _top(image: Image.Image) -> float:
    """What is white in an image of other than 8 bits."""
    if image.mode != "F":
        return 65535
    top = cast(tuple[float, float], image.getextrema())[1]
    return max(top, 1e-6) if math.isfinite(top) else 1.0


def flatten(image: Image.Image, top: float = 65535) -> Image.Image:
    """The Pillow image as RGB, transparency laid on white; `top` is white, of more than 8 bits."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        levels = np.nan_to_num(np.asarray(image, dtype=np.float32) / top * 255)
        return Image.fromarray(levels.clip(0, 255).astype(np.uint8)).convert("RGB")
    if has_alpha(image):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def has_alpha(image: Image.Image) -> bool:
    """Whether something in the Pillow image can be transparent."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def to_tensor(image: Image.Image) -> Tensor:
    """The image as a tensor (3, h, w), 0…1."""
    return _to_picture(image)


def as_float(picture: Tensor) -> Tensor:
    """The picture or part of one, of bytes 0…255 or of floats 0…1, as floats 0…1."""
    return picture if picture.is_floating_point() else picture.float() / 255


def as_bytes(picture: Tensor) -> Tensor:
    """The picture or part of one, of floats 0…1, in whole levels, 0…255."""
    return (picture.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def to_image(picture: Tensor) -> Image.Image:
    """The picture (3, h, w), one with alpha (4, h, w), or mask (1, h, w), 0…1, as Pillow has it."""
    levels = as_bytes(picture.detach().cpu())
    return Image.fromarray(levels.permute(1, 2, 0).squeeze(-1).numpy())


def write_picture(path: Path | str, picture: Tensor, replace: bool = True) -> None:
    """Writes the picture (3, h, w), 0…1; the ending of the name says in which format.

    All of it or nothing, as `written_beside` does.
    Raises ValueError for an ending that is no picture format, NotWritten when it can't be written.
    """
    path = Path(path)
    content = encode(to_image(picture), path)
    with names_file(path):
        make_folder(path.parent)
    replace_file(path, content, replace)


def encode(image: Image.Image, path: Path) -> bytes:
    """The image as the bytes of a file of that name. Raises ValueError as `write_picture` does."""
    encoded, info = io.BytesIO(), PngInfo()
    info.add_text("Software", MARK.decode())
    try:
        image.save(encoded, picture_format(path), quality=95, pnginfo=info)
    except DAMAGED as error:  # such as one that is too large for the format
        raise ValueError(f"{path}: can't be made ({error}); let the name end in .png") from None
    return encoded.getvalue()


def picture_format(path: Path) -> str:
    """What Pillow calls the format that the name's ending stands for.

    Raises ValueError for an ending that is no picture format.
    """
    format = Image.registered_extensions().get(path.suffix.lower())
    if format not in Image.SAVE:
        raise ValueError(f"{path}: the name must end in .png, .jpg or .webp")
    return format
