"""Faces as JPEG: a tenth of the size, for the bank of photos that comes with the pack."""

import io

import torch
from PIL import Image
from torch import Tensor

from ...tps_core.geometry.pixels import as_bytes
from ...tps_core.pictures import to_image, to_tensor

JPEG_QUALITY = 85


def pack(faces: Tensor) -> dict[str, Tensor]:
    """The faces (n, 3, s, s), uint8, as JPEGs one behind the other, and where each ends."""
    files = []
    for face in faces:
        file = io.BytesIO()
        to_image(face / 255).save(file, "JPEG", quality=JPEG_QUALITY, optimize=True)
        files.append(file.getvalue())
    ends = torch.tensor([len(file) for file in files]).cumsum(0)
    jpegs = torch.frombuffer(bytearray(b"".join(files)), dtype=torch.uint8)
    return {"jpegs": jpegs, "ends": ends}


def unpack(jpegs: Tensor, ends: Tensor, sides_px: range) -> Tensor:
    """The faces (n, 3, s, s), uint8, that `pack` was given, but for what JPEG loses.

    Raises ValueError for what isn't such files, of squares of one of these sides.
    """
    if jpegs.dtype != torch.uint8 or jpegs.ndim != 1 or ends.dtype != torch.int64:
        raise ValueError("its faces are no files")
    faces, begin = [], 0
    for end in ends.tolist():
        try:
            image = Image.open(io.BytesIO(jpegs[begin:end].numpy().tobytes()), formats=["JPEG"])
            if image.width not in sides_px or image.size != (image.width, image.width):
                raise ValueError(f"a face has {image.width} x {image.height} pixels")
            faces.append(as_bytes(to_tensor(image)))
        except (OSError, SyntaxError) as error:
            raise ValueError(f"a face can't be read ({error})") from None
        begin = end
    if len({face.shape for face in faces}) != 1:
        raise ValueError("its faces are of several sizes")
    return torch.stack(faces)
