"""Contact sheets: many small pictures in one."""

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..tps_core.pictures import to_image, to_tensor
from .bank import FaceBank

CELL = 128  # side of a face on a contact sheet in pixels
COLUMNS = 12
GAP = 4
CAPTION = 15  # height of a line of text in pixels


def contact_sheet(bank: FaceBank, most: int = 120) -> Tensor:
    """The bank's faces (at most `most`, spread evenly) with their landmarks: (3, h, w)."""
    index = torch.linspace(0, len(bank) - 1, min(most, len(bank))).round().long()
    faces = bank.pictures(most, CELL)
    dots = ((bank.points[index] + 1) / 2 * CELL).long().clamp(0, CELL - 1)
    for face, points in zip(faces, dots, strict=True):
        face[:, points[:, 1], points[:, 0]] = torch.tensor([[0.1], [1.0], [0.3]])
    return tile(faces, min(COLUMNS, len(faces)))


def sample_strip(rows: list[Tensor]) -> Tensor:
    """Rows of pictures (n, 3, s, s), one below the other, as one picture (3, h, w)."""
    return tile(torch.cat(rows), len(rows[0]))


def captioned(picture: Tensor, text: str) -> Tensor:
    """The picture (3, h, w) with a line of text below, cut where it ends: (3, h + CAPTION, w)."""
    image = to_image(picture)
    cell = Image.new("RGB", (image.width, image.height + CAPTION), "white")
    cell.paste(image)
    ImageDraw.Draw(cell).text((2, image.height + 2), text, fill="black")
    return to_tensor(cell)


def tile(pictures: Tensor, columns: int) -> Tensor:
    """The pictures (n, 3, h, w), `columns` a row, on white, as one picture (3, H, W)."""
    n, _, h, w = pictures.shape
    rows = -(-n // columns)
    sheet = pictures.new_ones(3, rows * (h + GAP) + GAP, columns * (w + GAP) + GAP)
    for i, picture in enumerate(pictures):
        y, x = GAP + i // columns * (h + GAP), GAP + i % columns * (w + GAP)
        sheet[:, y : y + h, x : x + w] = picture
    return sheet
