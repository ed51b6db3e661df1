"""Reading pictures from files, as they are meant to be seen."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".jfif", ".avif"}


def list_pictures(folder: Path | str) -> list[Path]:
    """The picture files in the folder and all below it, in a stable order.

    Raises ValueError when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    return [path for path in list_files(folder) if path.suffix.lower() in ENDINGS]


def list_files(folder: Path) -> Iterator[Path]:
    """All files in the folder and below it, sorted, hidden ones left out."""
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(root) / name


def read_picture(path: Path | str) -> Tensor:
    """The picture in the file: (3, h, w) float32, 0…1, sRGB.

    Turned as its EXIF says; greyscale, palette, CMYK and 16 bit become RGB; what is transparent
    is laid on white; of an animation the first frame.
    Raises ValueError, naming the file, when it can't be read.
    """
    path = Path(path)
    try:
        with Image.open(path) as image:
            image.seek(0)
            return to_tensor(flatten(ImageOps.exif_transpose(image)))
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, ValueError) as error:
        # Pillow raises SyntaxError for broken PNG chunks and ValueError for impossible headers.
        reason = "it is not a picture" if isinstance(error, UnidentifiedImageError) else error
        raise ValueError(f"{path}: can't be read ({reason}); save it anew as PNG or JPEG") from None
    except Image.DecompressionBombError:
        raise ValueError(
            f"{path}: too large to open; save it smaller than 178 megapixels"
        ) from None


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


def to_image(picture: Tensor) -> Image.Image:
    """The picture (3, h, w) or mask (1, h, w), 0…1, as a Pillow image."""
    levels = (picture.detach().cpu().clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).squeeze(-1).numpy())


def write_picture(path: Path | str, picture: Tensor) -> None:
    """Writes the picture (3, h, w), 0…1; the ending of the name says in which format.

    Raises ValueError for an ending that is no picture format.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        to_image(picture).save(path, quality=95)
    except (ValueError, KeyError):
        raise ValueError(f"{path}: the name must end in .png, .jpg or .webp") from None
