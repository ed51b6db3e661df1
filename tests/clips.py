"""Faces over frames, made in a moment: what they do is known."""

from dataclasses import replace

import torch

from tps_portrait.tps_core.landmarks import Landmarks, mean_face

SIZE = (640, 480)


def face_at(x, y, size=100.0, scheme="ibug-68", score=1.0, picture=SIZE):
    """The mean face, its crop `size` pixels wide, with its middle at (x, y) in pixels."""
    points_px = mean_face(scheme) * size / 2 + torch.tensor([float(x), float(y)])
    return Landmarks.from_pixels(points_px, picture, scheme, score, "test")


def reshaped(face, amount, seed=0):
    """Another person's face in the same place: every point is elsewhere by about `amount` px."""
    generator = torch.Generator().manual_seed(seed)
    points_px = face.points_px
    points_px = points_px + amount * torch.randn(points_px.shape, generator=generator)
    return Landmarks.from_pixels(points_px, face.size, face.scheme, face.score, face.detector)


def trembling(faces, amount, seed=0):
    """The faces of one track with noise of `amount` pixels in every point."""
    return [reshaped(face, amount, seed + index) for index, face in enumerate(faces)]


def pixels(frames):
    """The one face of each frame in pixels: (t, n, 2)."""
    return torch.stack([face.points_px for (face,) in frames])


def scaled(face, factor):
    """The same face in a picture that is larger by that factor."""
    width, height = face.size
    return replace(face, size=(round(width * factor), round(height * factor)))
