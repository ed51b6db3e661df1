"""Small face banks and pictures, made in a moment."""

import numpy as np
import torch
from PIL import Image

from tps_portrait.tps_core.landmarks import IBUG_PARTS, mean_face
from tps_portrait.training.banks.bank import Entry, FaceBank
from tps_portrait.training.learn.pairs import Faces


def random_points(count, seed):
    """Faces (count, 68, 2) like the mean face, each with its own parts in its own places."""
    generator = torch.Generator().manual_seed(seed)
    points = mean_face("ibug-68") + 0.01 * torch.randn(count, 68, 2, generator=generator)
    for part in IBUG_PARTS.values():
        centre = points[:, part].mean(1, keepdim=True)
        widen = 1 + 0.1 * torch.randn(count, 1, 2, generator=generator)
        shift = 0.05 * torch.randn(count, 1, 2, generator=generator)
        points[:, part] = (points[:, part] - centre) * widen + centre + shift
    return points


def random_bank(count=4, size=64, seed=0):
    """A bank of noise with the landmarks of faces."""
    generator = torch.Generator().manual_seed(seed)
    faces = torch.randint(0, 256, (count, 3, size, size), generator=generator).to(torch.uint8)
    inside = torch.ones(count, 1, size, size, dtype=torch.uint8)
    entries = [Entry(f"{i}.png", True, "") for i in range(count)]
    return FaceBank(faces, inside, random_points(count, seed), entries)


def spotted_faces(points, size=64):
    """Faces (b, 3, size, size): black, with a white spot at each landmark of `points`."""
    position = (2 * torch.arange(size) + 1) / size - 1
    x = position - points[..., 0, None]  # (b, 68, size)
    y = position - points[..., 1, None]
    squared = x[:, :, None, :].square() + y[:, :, :, None].square()
    spots = (-squared * 600).exp().amax(1, keepdim=True).expand(-1, 3, -1, -1)
    return Faces(spots, torch.ones(len(points), 1, size, size), points)


def noise(size=(40, 32), mode="RGB"):
    """An image (width, height) of noise, the same every time."""
    pixels = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)
