"""Landmarks as JSON text, in the forms that people and other programs write.

Read are: a sidecar {"size", "faces"}; the {"images": {name: sidecar, …}} of `tps-portrait detect`;
POSE_KEYPOINT; and bare points [[x, y], …] of one face, a list of such faces, or a list of such
lists, one for each image. Bare points are in pixels or in 0…1. We write the first two.
"""

import json

import torch

from ..json_reading import named, one_line, parse_json, picture_sides
from ..landmarks import SCHEMES, Landmarks
from .json_file import checked, faces_from_json, faces_to_json, points_from_json
from .picture_size import Size, at_one_size
from .pose_keypoints import LARGEST_SHARE, read_pose, with_pupils

FORMS = (
    'a landmark file {"size", "faces"}, pose keypoints, or lists of points [[x, y], …] in pixels '
    "or in 0…1"
)


def read_points(text: str, size: Size | None = None) -> tuple[list[list[Landmarks]], Size]:
    """The faces of each picture that the text tells of, and their pictures' (width, height).

    `size` is that of the picture where the text doesn't say it.
    Raises ValueError for a text in none of the forms, and when the size isn't known.
    """
    try:
        content = parse_json(text)
    except ValueError as error:
        raise ValueError(f"{one_line(error)}; it should be {FORMS}") from None
    if isinstance(content, dict) and "images" in content:
        pictures = content["images"]
        entries = list(pictures.values()) if isinstance(pictures, dict) else None
        if not entries:
            raise ValueError(f"there are no images in it; it should be {FORMS}")
        read = [_read_sidecar(entry) for entry in entries]
        return at_one_size([faces for faces, _ in read], [own_size for _, own_size in read])
    if isinstance(content, dict) and "faces" in content:
        faces, own_size = _read_sidecar(content)
        return [faces], own_size
    first = content[0] if isinstance(content, list) and content else content
    if isinstance(first, dict) and ("people" in first or "animals" in first):
        return read_pose(content, size)
    if size is None:
        raise ValueError("the points don't say how large their picture is; connect it to image")
    return _read_bare(content, size), size


def write_points(frames: list[list[Landmarks]], size: Size) -> str:
    """The faces as text: a sidecar's for one frame, else as `tps-portrait detect` writes them.

    The images of the latter are named by their numbers, from 1.
    """
    pictures = [faces_to_json(faces, size) for faces in frames]
    if len(pictures) == 1:
        return json.dumps(pictures[0])
    return json.dumps({"images": {str(number): p for number, p in enumerate(pictures, 1)}})


def _read_sidecar(content: object) -> tuple[list[Landmarks], Size]:
    try:
        size = picture_sides(named(content, "it", "size", "faces")["size"])
        return faces_from_json(content), size
    except ValueError as error:
        raise ValueError(f"not a landmark file ({one_line(error)}); it should be {FORMS}") from None


def _read_bare(content, size: Size) -> list[list[Landmarks]]:
    """The faces of each picture out of nested lists of points."""
    if _depth(content) == 1:  # [{"x": …, "y": …}, …]
        content = _pairs(content)
    depth = _depth(content)
    if depth not in (2, 3, 4):
        raise ValueError(f"there are no points in it; it should be {FORMS}")
    faces = [content] if depth == 2 else content
    frames = faces if depth == 4 else [faces]
    try:
        arrays = [[_coordinates(face) for face in own] for own in frames]
    except ValueError as error:
        reason = one_line(error)
        raise ValueError(f"points that can't be read ({reason}); it should be {FORMS}") from None
    in_shares = all(bool((a.abs() <= LARGEST_SHARE).all()) for own in arrays for a in own)
    factor = torch.tensor(size if in_shares else (1, 1))
    return [[_to_face(array * factor, size) for array in own] for own in arrays]


def _coordinates(points: object) -> torch.Tensor:
    """x and y (n, 2) of points that may have a third number, such as a depth or a score."""
    return torch.tensor(points_from_json(points)).reshape(-1, 2)


def _depth(content) -> int:
    """How many lists are around the first thing that is none."""
    depth = 0
    while isinstance(content, list) and content:
        # The frames of a clip may begin with empty ones.
        content = next((part for part in content if part != []), None)
        depth += 1
    return depth


def _pairs(points: list) -> list:
    try:
        return [[point["x"], point["y"]] for point in points]
    except (KeyError, TypeError):
        raise ValueError(f"there are no points in it; it should be {FORMS}") from None


def _to_face(points_px: torch.Tensor, size: Size) -> Landmarks:
    if points_px.shape == (70, 2):
        face = checked(Landmarks.from_pixels(points_px[:68], size, "ibug-68", detector="points"))
        return checked(with_pupils(face, points_px[68:]))
    scheme = next((name for name, count in SCHEMES.items() if count == len(points_px)), None)
    if scheme is None:
        raise ValueError(
            f"a face has {len(points_px)} points; known are sets of "
            f"{', '.join(map(str, SCHEMES.values()))} and 70 points"
        )
    return checked(Landmarks.from_pixels(points_px, size, scheme, detector="points"))
