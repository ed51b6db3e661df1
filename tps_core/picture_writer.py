"""Writing pictures to files, which say what made them: what each format can hold."""

import io
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from .file_kinds import MARK
from .output_files import make_folder, names_file, replace_file
from .picture_colors import as_rgb, flat, has_alpha
from .picture_formats import BMP_MARK, BMP_RESERVED, DECODING_ERRORS, SOFTWARE_TAG
from .pictures import to_image

# What a name's ending stands for among those that we write.
WRITTEN_FORMATS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".webp": "WEBP",
    ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".gif": "GIF", ".avif": "AVIF",
}  # fmt: skip
ALPHA_FORMATS = ("PNG", "WEBP", "TIFF", "AVIF")
LONGEST_SIDES_PX = {"WEBP": 16383, "JPEG": 65500, "GIF": 65535, "AVIF": 65536}


def write_picture(
    path: Path | str, picture: Tensor, replace: bool = True, software: bytes = MARK
) -> None:
    """Writes the picture (3, h, w) or (4, h, w), 0…1; the ending of the name says in which format.

    What is transparent is laid on white where the format can't hold it. The file says that
    `software` made it. All of it or nothing, as `written_beside` does.
    Raises ValueError for an ending that is no picture format, and for a picture that is too large
    for it; NotWritten when it can't be written.
    """
    path = Path(path)
    content = encode(to_image(picture), path, software)
    with names_file(path):
        make_folder(path.parent)
    replace_file(path, content, replace)


def encode(image: Image.Image, path: Path, software: bytes = MARK) -> bytes:
    """The image as the bytes of a file of that name. Raises ValueError as `write_picture` does."""
    format = picture_format(path)
    check_room(path, image.size)
    if has_alpha(image) and not holds_alpha(path):
        image = flat(image, 255, as_rgb, False)
    try:
        return _saved(image, format, software)
    except DECODING_ERRORS as error:
        raise ValueError(f"{path}: can't be made ({error}); let the name end in .png") from None


def check_room(path: Path, size: tuple[int, int]) -> None:
    """Raises ValueError if a picture of `size` (width, height) is too large for the file's format.

    Or for an ending that is no picture format.
    """
    most = LONGEST_SIDES_PX.get(picture_format(path), max(size))
    if max(size) > most:
        raise ValueError(
            f"{path}: {size[0]} x {size[1]} pixels are too many for {path.suffix}, which holds at "
            f"most {most} a side; let the name end in .png"
        )


def picture_format(path: Path) -> str:
    """What Pillow calls the format that the name's ending stands for.

    Raises ValueError for an ending that is no picture format.
    """
    ending = path.suffix.lower()
    if ending not in written_endings():
        known = ", ".join(written_endings())
        raise ValueError(f"{path}: a picture's name must end in {known}")
    return WRITTEN_FORMATS[ending]


def holds_alpha(path: Path) -> bool:
    """Whether a picture file of that name can be partly transparent."""
    return WRITTEN_FORMATS.get(path.suffix.lower()) in ALPHA_FORMATS


def written_endings() -> tuple[str, ...]:
    """The endings of the names of pictures that can be written here."""
    Image.init()
    return tuple(ending for ending, format in WRITTEN_FORMATS.items() if format in Image.SAVE)


def _saved(image: Image.Image, format: str, software: bytes) -> bytes:
    """The image as the bytes of a file that says the software made it. Raises as Pillow does."""
    file, info, exif, name = io.BytesIO(), PngInfo(), Image.Exif(), software.decode()
    info.add_text("Software", name)
    exif[SOFTWARE_TAG] = name
    said: dict[str, dict] = {"PNG": {"pnginfo": info}, "GIF": {"comment": name}, "BMP": {}}
    image.save(file, format, quality=95, **said.get(format, {"exif": exif}))
    content = file.getvalue()
    if format == "BMP":
        content = content[: BMP_RESERVED.start] + BMP_MARK + content[BMP_RESERVED.stop :]
    return content
