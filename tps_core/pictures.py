"""Reading pictures from files, as they are meant to be seen."""

import io
import math
import os
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from .file_kinds import MARK
from .output_files import make_folder, names_file, replace_file

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".jfif", ".avif"}
# What Pillow raises for a damaged file, beside OSError: SyntaxError for broken PNG chunks,
# ValueError for impossible headers, RuntimeError for AVIF, the others where a file ends too early.
DAMAGED = (
    OSError, SyntaxError, EOFError, ValueError, RuntimeError, IndexError, KeyError, TypeError,
    OverflowError, struct.error,
)  # fmt: skip

ORIENTATION, ON_THEIR_SIDE = 0x0112, range(5, 9)  # the EXIF tag, and what it says of such pictures


def list_pictures(folder: Path | str) -> list[Path]:
    """The picture files in the folder and all below it, in a stable order.

    Raises ValueError when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return [path for path in list_files(folder) if path.suffix.lower() in ENDINGS]


def list_files(folder: Path) -> Iterator[Path]:
    """All files in the folder and below it, sorted, hidden ones left out.

    A folder that can't be opened stands for what is in it. Linked folders are entered, once each.
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
    Raises ValueError, naming the file, when it can't be read.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of a damaged EXIF or a large picture: dealt with here, or harmless.
            warnings.simplefilter("ignore")
            return to_tensor(_read_image(path, most_pixels))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except PermissionError:
        raise ValueError(f"{path}: can't be read (no permission); allow yourself to") from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{path}: can't be read (it is not a picture); save it anew as PNG or JPEG"
        ) from None
    except Image.DecompressionBombError:
        raise ValueError(
            f"{path}: too large to open; save it smaller than 178 megapixels"
        ) from None
    except MemoryError:
        raise ValueError(f"{path}: too large for this computer's memory; save it smaller") from None
    except DAMAGED as error:
        raise ValueError(f"{path}: can't be read ({error}); save it anew as PNG or JPEG") from None


def picture_size(path: Path | str) -> tuple[int, int]:
    """The (width, height) of a picture that `read_picture` reads, before it is shrunken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path) as image:
            turned = image.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDE
            return image.size[::-1] if turned else image.size


def _read_image(path: Path, most_pixels: int | None) -> Image.Image:
    with Image.open(path) as image:
        image.seek(0)
        factor = math.ceil(math.sqrt(image.width * image.height / (most_pixels or math.inf)))
        if factor > 1:
            # JPEG can be decoded at a half, a quarter or an eighth, which saves time and memory.
            image.draft("RGB", (image.width // factor or 1, image.height // factor or 1))
            factor = math.ceil(math.sqrt(image.width * image.height / most_pixels))
        image = flatten(image)
        return ImageOps.exif_transpose(image.reduce(factor) if factor > 1 else image)


def flatten(image: Image.Image) -> Image.Image:
    """The Pillow image as RGB, transparency laid on white."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        levels = np.asarray(image, dtype=np.float32)
        top = 65535 if image.mode != "F" else max(float(levels.max()), 1e-6)
        return Image.fromarray((levels / top * 255).clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def to_tensor(image: Image.Image) -> Tensor:
    """The RGB image as a tensor (3, h, w), 0…1."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255


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
