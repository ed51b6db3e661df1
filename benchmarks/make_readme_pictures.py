"""Makes README's pictures: a portrait like a picture and in each style, and what options do to it.

On the portrait and the picture of art that come with the pack, with all of its styles.
"""

import argparse
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.example_pictures import ART, PHOTO
from tps_portrait.tps_core.folders import PACK
from tps_portrait.tps_core.paint_like.find_art import find_artwork
from tps_portrait.tps_core.paint_like.painter import paint_like
from tps_portrait.tps_core.pictures import read_picture, to_image
from tps_portrait.tps_core.style import load_style
from tps_portrait.tps_core.stylize import stylize

DOCS = PACK / "docs"
WIDTH, HEIGHT = 320, 340  # of a picture on a sheet, in pixels
CAPTION = 34  # height of the words below it
GAP = 8
COLUMNS = (3, 4, 5)  # of which one is taken
CORNER = 96  # side of the art in its painting's corner
SHOWN_STYLE = "van gogh oil"  # whose options are shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("-o", "--output", type=Path, default=DOCS, metavar="FOLDER")
    arguments = parser.parse_args()

    photo, art = read_picture(arguments.photo), read_picture(arguments.art)
    face = detect_face(photo, str(arguments.photo))
    painted = paint_like(photo, find_artwork(art, str(arguments.art)), face).picture
    styles = {path.stem: load_style(path) for path in sorted(PACK.glob("styles/*.safetensors"))}
    shown = {"your photo": _fitted(photo), "like one picture": _with_corner(painted, art)}
    shown |= {name: _fitted(stylize(photo, style, face)[0]) for name, style in styles.items()}
    _save(shown, arguments.output / "readme-styles.jpg")

    ways: dict[str, dict[str, object]] = {
        "strength 0.5": {"strength": 0.5},
        "the photo's colours": {"keep_colors": 1.0},
        "ground kept": {"ground": "keep"},
        "the face alone": {"whole_image": False},
    }
    style = styles[SHOWN_STYLE]
    shown = {name: _fitted(stylize(photo, style, face, **how)[0]) for name, how in ways.items()}
    _save(shown, arguments.output / "readme-options.jpg")


def _fitted(picture: Tensor) -> Image.Image:
    """The picture (3, h, w), as much of it from the top as a sheet has room for."""
    image = to_image(picture)
    image = image.resize((WIDTH, round(image.height * WIDTH / image.width)))
    return image.crop((0, 0, WIDTH, HEIGHT))


def _with_corner(painting: Tensor, art: Tensor) -> Image.Image:
    """The painting with the art in its lower left corner."""
    shown, small = _fitted(painting), to_image(art)
    small.thumbnail((CORNER, CORNER))
    frame = Image.new("RGB", (small.width + GAP, small.height + GAP), "white")
    frame.paste(small, (GAP // 2, GAP // 2))
    shown.paste(frame, (0, HEIGHT - frame.height))
    return shown


def _save(shown: dict[str, Image.Image], path: Path) -> None:
    """Writes the pictures with their names below them, so many in a row that no gap is large."""
    columns = min(COLUMNS, key=lambda count: (-len(shown) % count, -count))
    rows = -(-len(shown) // columns)
    cell = (WIDTH + GAP, HEIGHT + CAPTION)
    sheet = Image.new("RGB", (columns * cell[0] - GAP, rows * cell[1]), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (name, image) in enumerate(shown.items()):
        x, y = place % columns * cell[0], place // columns * cell[1]
        sheet.paste(image, (x, y))
        middle = (x + WIDTH / 2, y + HEIGHT + CAPTION / 2)
        draw.text(middle, name, "black", ImageFont.load_default(20), anchor="mm")
    sheet.save(path, quality=85)
    print(path)


if __name__ == "__main__":
    main()
