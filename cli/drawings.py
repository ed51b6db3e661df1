"""Faces drawn by code: a small folder of art to try training with, its landmarks known."""

import math
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor

from ..tps_core.blend import OUTLINE
from ..tps_core.landmark_files.json_file import write_sidecar
from ..tps_core.landmarks import IBUG_OF_MEDIAPIPE, IBUG_PARTS, Landmarks, mean_face
from ..tps_core.picture_writer import write_picture
from ..tps_core.pictures import to_tensor

SIZE_PX = 256
SKIN = ["#f2d3b3", "#e0ac7e", "#c58c5c", "#8d5a3a", "#f7e3cf"]
HAIR = ["#2b2118", "#6b3e1f", "#c99b4a", "#7a7a7a", "#a33b20"]
PAPER = ["#cfe3e8", "#efe3c2", "#e6cfd6", "#d5e2c4"]
INK = "#2a1d18"


def draw_faces(folder: Path, count: int, seed: int = 0) -> None:
    """Draws `count` faces as PNG files into the folder, each with its landmarks beside it."""
    random = torch.Generator().manual_seed(seed)
    for index in range(count):
        mesh = _face_shape(random)
        path = folder / f"{drawing_name(index)}.png"
        write_picture(path, to_tensor(_draw(mesh, random)))
        face = Landmarks.from_pixels(mesh, (SIZE_PX, SIZE_PX), "mediapipe-478", 1.0, "drawn")
        write_sidecar(path, [face], (SIZE_PX, SIZE_PX))


def drawing_name(index: int) -> str:
    """What the drawing of that number is called, without its ending."""
    return f"drawing_{index:02d}"


def _face_shape(random: torch.Generator) -> Tensor:
    """A mean face made wider or longer, with its own eyes and mouth, tilted: (478, 2) pixels."""
    mesh = mean_face("mediapipe-478").clone()
    widen, lengthen, tilt, shift = (torch.randn(4, generator=random) * 0.06).tolist()
    mesh = mesh * torch.tensor([1 + widen, 1 + lengthen])
    # A head turned a little: the middle of the face, being nearer, moves further.
    mesh[:, 0] += shift * 1.5 * (1 - mesh[:, 0].square()).clamp_min(0)
    linear = torch.tensor([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    return (mesh @ linear.T * 0.72 + 1) / 2 * SIZE_PX


def _draw(mesh: Tensor, random: torch.Generator) -> Image.Image:
    """A poster-like portrait: flat colours, heavy outlines."""

    def choose(colours: list[str]) -> str:
        return colours[int(torch.randint(len(colours), (1,), generator=random))]

    points = mesh[torch.tensor(IBUG_OF_MEDIAPIPE)]
    line = {name: [tuple(p) for p in points[part].tolist()] for name, part in IBUG_PARTS.items()}
    oval = [tuple(p) for p in mesh[OUTLINE].tolist()]
    skin, hair = choose(SKIN), choose(HAIR)
    image = Image.new("RGB", (SIZE_PX, SIZE_PX), choose(PAPER))
    draw = ImageDraw.Draw(image)
    centre = mesh[OUTLINE].mean(0)
    crown = (mesh[OUTLINE] - centre) * torch.tensor([1.22, 1.2]) + centre - torch.tensor([0, 14.0])
    draw.polygon(crown.flatten().tolist(), fill=hair)
    x, bottom = line["jaw"][8]
    draw.rectangle((x - 28, bottom - 30, x + 28, SIZE_PX), fill=skin, outline=INK, width=3)
    draw.polygon(
        [(x - 90, SIZE_PX), (x - 30, bottom + 22), (x + 30, bottom + 22), (x + 90, SIZE_PX)],
        fill=choose(HAIR),
    )
    draw.polygon(oval, fill=skin)
    draw.line([*oval, oval[0]], fill=INK, width=4)
    for side in ("left", "right"):
        eye = line[f"{side}_eye"]
        draw.polygon(eye, fill="white")
        draw.line([*eye, eye[0]], fill=INK, width=3)
        x, y = (sum(axis) / len(eye) for axis in zip(*eye, strict=True))
        draw.ellipse((x - 5, y - 5, x + 5, y + 5), fill=INK)
        draw.line(line[f"{side}_brow"], fill=hair, width=6, joint="curve")
    draw.line(line["nose"][:4], fill=INK, width=2)
    draw.line(line["nose"][4:], fill=INK, width=3, joint="curve")
    draw.polygon(line["mouth"][:12], fill="#b5433f")
    draw.polygon(line["mouth"][12:], fill="#7a2626")
    return image.filter(ImageFilter.SMOOTH)
