"""Landmarks of several pictures, brought to one picture size, as FACE_LANDMARKS has just one."""

from dataclasses import replace

from ..landmarks import Landmarks

Size = tuple[int, int]  # (width, height) in pixels


def at_one_size(
    frames: list[list[Landmarks]], sizes: list[Size]
) -> tuple[list[list[Landmarks]], Size]:
    """The faces of each picture as if all were as large as the first, and that size.

    sizes: one for each picture. Raises ValueError when they differ in shape, so that scaling
    would distort faces.
    """
    width, height = sizes[0]
    for number, (own_width, own_height) in enumerate(sizes, 1):
        # Scaling to multiples of 8 or 16 pixels changes a picture's shape a little.
        if abs(own_width / own_height / (width / height) - 1) > 0.02:
            raise ValueError(
                f"picture 1 has {width} x {height} pixels and picture {number} {own_width} x "
                f"{own_height}; landmarks that travel together are of pictures of one shape"
            )
    return [[replace(face, size=sizes[0]) for face in faces] for faces in frames], sizes[0]
