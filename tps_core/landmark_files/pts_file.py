"""The `.pts` files of iBUG and 300-W: the 68 points of one face, as text.

Their coordinates are MATLAB's: the middle of the upper left pixel is (1, 1). Ours has the
picture's upper left corner at (0, 0), and so the middle of that pixel at (0.5, 0.5).
"""

import re

from ..json_reading import one_line
from ..landmarks import Landmarks
from .json_file import checked

FIRST_PIXEL = 1.0  # where a .pts file has the middle of the upper left pixel
OUR_FIRST_PIXEL = 0.5  # where that is in our pixels
FORM = re.compile(r"\s*version:\s*[\d.]+\s+n_points:\s*(\d{1,9})\s*\{([^{}]*)\}\s*")


def read_pts(text: str, size: tuple[int, int]) -> Landmarks:
    """The face that the text of a .pts file holds, in a picture of `size` (width, height).

    Raises ValueError for a text that is no .pts file, and for other than 68 points.
    """
    form = FORM.fullmatch(text)
    if not form:
        raise ValueError("not a .pts file: it begins with version: and n_points:, then { points }")
    try:
        numbers = [float(number) for number in form[2].split()]
    except ValueError as error:
        raise ValueError(f"it has points that are no numbers ({one_line(error)})") from None
    if len(numbers) != 2 * int(form[1]) or int(form[1]) != 68:
        raise ValueError(
            f"it says n_points: {form[1]} and holds {len(numbers)} numbers; the 68 points of iBUG "
            "are read, x and y of each"
        )
    points_px = [
        (x - FIRST_PIXEL + OUR_FIRST_PIXEL, y - FIRST_PIXEL + OUR_FIRST_PIXEL)
        for x, y in zip(numbers[::2], numbers[1::2], strict=True)
    ]
    return checked(Landmarks.from_pixels(points_px, size, "ibug-68", detector="pts file"))


def write_pts(face: Landmarks) -> str:
    """The text of a .pts file with the face's 68 points."""
    points = face.shape68_px - OUR_FIRST_PIXEL + FIRST_PIXEL
    lines = [f"{x:.3f} {y:.3f}" for x, y in points.tolist()]
    return "\n".join(["version: 1", f"n_points: {len(lines)}", "{", *lines, "}", ""])
