"""A pen for drawn faces, and the shapes it draws; `cartoons.py` puts faces together from them."""

import math

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

OVERSAMPLE = 3  # pictures are drawn larger and shrunken, which smooths their edges


class Pen:
    """Draws on a square whose coordinates are −1…1, turned, scaled and shifted with the face."""

    def __init__(self, size: int, background, linear: np.ndarray, shift: np.ndarray, width: float):
        self.size, self.side = size, size * OVERSAMPLE
        self.image = Image.new("RGB", (self.side, self.side), background)
        self.draw = ImageDraw.Draw(self.image)
        self.linear, self.shift = linear, shift
        self.width = max(1, round(width * self.side * np.sqrt(abs(np.linalg.det(linear))) / 2))

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points (n, 2) of the face where they lie in the picture, both −1…1."""
        return points @ self.linear.T + self.shift

    def area(self, points: np.ndarray, fill, line=None) -> None:
        """A closed shape through points (n, 2)."""
        pixels = self._pixels(points)
        if fill is not None:
            self.draw.polygon(pixels, fill=fill)
        if line is not None:
            self._stroke([*pixels, *pixels[:2]], line, self.width)

    def line(self, points: np.ndarray, color, width: float = 1.0) -> None:
        """An open line through points (n, 2), `width` times the pen's."""
        self._stroke(self._pixels(points), color, max(1, round(width * self.width)))

    def picture(self) -> Tensor:
        """What was drawn: (3, size, size) in 0…1."""
        image = self.image.resize((self.size, self.size), Image.Resampling.BOX)
        return torch.from_numpy(np.array(image)).movedim(-1, 0).float() / 255

    def _stroke(self, pixels, color, width: int) -> None:
        self.draw.line(pixels, fill=color, width=width, joint="curve")
        if width > 2:
            for x, y in (pixels[0], pixels[-1]):
                r = width / 2 - 0.5
                self.draw.ellipse((x - r, y - r, x + r, y + r), fill=color)

    def _pixels(self, points: np.ndarray) -> list[tuple[float, float]]:
        return [tuple(p) for p in (self.place(points) + 1) / 2 * self.side]


def ellipse(middle: np.ndarray, a: float, b: float, sides: int = 30) -> np.ndarray:
    """An ellipse around `middle`, or a regular polygon of so many sides; four lie level."""
    turn = math.pi / 4 if sides == 4 else 0.0
    angle = np.linspace(0, 2 * math.pi, sides, endpoint=False) + turn
    return middle + np.stack([a * np.cos(angle), b * np.sin(angle)], 1)


def smooth(points: np.ndarray) -> np.ndarray:
    """A closed curve through points (n, 2): a Catmull-Rom spline."""
    a, b, c, d = (np.roll(points, k, 0)[:, None] for k in (1, 0, -1, -2))
    t = np.linspace(0, 1, 6, endpoint=False)[None, :, None]
    curve = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
    curve = curve + (3 * b - a - 3 * c + d) * t**3
    return (curve / 2).reshape(-1, 2)


def curve(points: np.ndarray) -> np.ndarray:
    """An open curve through points (n, 2)."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    closed = smooth(ends).reshape(len(ends), 6, 2)
    return np.concatenate([closed[1 : len(points)].reshape(-1, 2), points[-1:]])
