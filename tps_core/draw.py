"""Drawing landmarks on pictures."""

from PIL import ImageDraw
from torch import Tensor

from .landmarks import IBUG_PARTS, Landmarks
from .pictures import to_image, to_tensor

CLOSED = {"right_eye", "left_eye"}
LINE, DOT = (40, 220, 120), (255, 255, 255)


def draw_landmarks(picture: Tensor, faces: list[Landmarks], thickness: float = 1.0) -> Tensor:
    """The picture (3, h, w) with each face's parts outlined and every landmark dotted.

    thickness: of lines and dots; 1 suits the picture's size.
    """
    image = to_image(picture)
    draw = ImageDraw.Draw(image)
    width = max(1, round(thickness * max(image.size) / 500))
    for face in faces:
        outlines = face.shape68_px
        for name, part in IBUG_PARTS.items():
            line = [tuple(point) for point in outlines[part].tolist()]
            if name == "mouth":  # outer lip, inner lip
                draw.line([*line[:12], line[0]], LINE, width)
                draw.line([*line[12:], line[12]], LINE, width)
            else:
                draw.line([*line, line[0]] if name in CLOSED else line, LINE, width)
        for x, y in face.points_px.tolist():
            draw.ellipse((x - width, y - width, x + width, y + width), DOT)
    return to_tensor(image)
