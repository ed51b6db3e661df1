"""Contact sheets: many small pictures in one."""

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw
from torch import Tensor

from ...tps_core.pictures import to_image, to_tensor
from .bank import FaceBank
from .entry import BUCKETS, GOOD, Entry, by_confidence

CELL_PX = 128  # side of a face on a contact sheet in pixels
COLUMNS = 12
GAP_PX = 4
FRAME_PX = 3  # width of the coloured frame around a face
LINE_PX = 15  # height of a line of text in pixels


def contact_sheet(bank: FaceBank, most: int = 120) -> Tensor:
    """The bank's faces with their landmarks, the least sure first: (3, h, w).

    A frame has the colour of the face's bucket. At most `most` are shown, of the good ones an even
    spread.
    """
    used = [entry for entry in bank.entries if entry.used]
    index = _choose(by_confidence(used), used, most)
    faces = F.interpolate(
        bank.faces[index].float() / 255, (CELL_PX, CELL_PX), mode="bilinear", antialias=True
    )
    dots = ((bank.points[index] + 1) / 2 * CELL_PX).long().clamp(0, CELL_PX - 1)
    for i, face, points in zip(index, faces, dots, strict=True):
        face[:, points[:, 1], points[:, 0]] = torch.tensor([[0.1], [1.0], [0.3]])
        colour = torch.tensor(BUCKETS[used[i].bucket].colour)[:, None, None] / 255
        for edge in (
            face[:, :FRAME_PX],
            face[:, -FRAME_PX:],
            face[..., :FRAME_PX],
            face[..., -FRAME_PX:],
        ):
            edge[:] = colour
    return tile(faces, min(COLUMNS, len(faces)))


def _choose(order: list[int], entries: list[Entry], most: int) -> list[int]:
    """At most `most` of the places of entries: those with a remark first, then a spread of good."""
    doubtful = [i for i in order if entries[i].bucket != GOOD][:most]
    good = [i for i in order if entries[i].bucket == GOOD]
    count = min(len(good), most - len(doubtful))
    spread = torch.linspace(0, len(good) - 1, count).round().long().tolist() if count else []
    return doubtful + [good[i] for i in spread]


def sample_strip(rows: list[Tensor]) -> Tensor:
    """Rows of pictures (n, 3, s, s), one below the other, as one picture (3, h, w)."""
    return tile(torch.cat(rows), len(rows[0]))


def captioned(picture: Tensor, text: str) -> Tensor:
    """The picture (3, h, w) with lines of text below, cut where it ends: (3, h + n LINE_PX, w)."""
    image, lines = to_image(picture), text.split("\n")
    cell = Image.new("RGB", (image.width, image.height + LINE_PX * len(lines)), "white")
    cell.paste(image)
    for i, line in enumerate(lines):
        place = 2, image.height + LINE_PX * i + 2
        ImageDraw.Draw(cell).text(place, line, fill="black")
    return to_tensor(cell)


def tile(pictures: Tensor, columns: int) -> Tensor:
    """The pictures (n, 3, h, w), `columns` a row, on white, as one picture (3, H, W)."""
    n, _, h, w = pictures.shape
    rows = -(-n // columns)
    sheet = pictures.new_ones(3, rows * (h + GAP_PX) + GAP_PX, columns * (w + GAP_PX) + GAP_PX)
    for i, picture in enumerate(pictures):
        y, x = GAP_PX + i // columns * (h + GAP_PX), GAP_PX + i % columns * (w + GAP_PX)
        sheet[:, y : y + h, x : x + w] = picture
    return sheet
