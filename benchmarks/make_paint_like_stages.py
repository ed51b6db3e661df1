"""Makes the pictures of docs/paint-like.md: the stages in which a portrait is painted like another.

On the portrait and the picture of art that come with the pack, or on yours.
"""

import argparse
from pathlib import Path

from PIL import Image
from torch import Tensor

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.example_pictures import ART, PHOTO
from tps_portrait.tps_core.paint_like.artwork import bend
from tps_portrait.tps_core.paint_like.canvas import Canvas
from tps_portrait.tps_core.paint_like.find_art import find_artwork
from tps_portrait.tps_core.paint_like.painter import paint_whole
from tps_portrait.tps_core.pictures import read_picture, to_image

DOCS = Path(__file__).parents[1] / "docs"
HEIGHT = 400  # of a picture in a row, in pixels
GAP = 8
FADED = 0.4  # what is left of the photo's colours around the bent art


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photo", type=Path, default=PHOTO)
    parser.add_argument("--art", type=Path, default=ART)
    parser.add_argument("-o", "--output", type=Path, default=DOCS, metavar="FOLDER")
    arguments = parser.parse_args()

    photo, picture = read_picture(arguments.photo), read_picture(arguments.art)
    art = find_artwork(picture, str(arguments.art))
    face = detect_face(photo, str(arguments.photo))
    scales: list[Tensor] = []
    alignment = align(face)
    painting = paint_whole(photo, alignment, art, lambda _, seen: scales.append(seen))

    canvas = Canvas(*photo.shape[-2:], alignment.linear, alignment.shift)
    bent = bend(art, alignment.points, canvas)[0]
    pale = 1 - FADED * (1 - photo)  # where the art shows nothing
    seen = bent.shown * bent.picture + (1 - bent.shown) * pale

    # Each scale has twice the pixels of the one before: shown at one size, by their pixels.
    coarse_to_fine = [_high(scale, Image.Resampling.NEAREST) for scale in scales]
    middle, half = alignment.shift, alignment.linear.norm(dim=0).max() / 2
    head = [
        _high(_cut(stage, middle / photo.shape[-1], half / photo.shape[-1]))
        for stage in (_fitted(scales[-1], photo), painting)
    ]
    rows = {
        "bent": [_high(photo), _high(picture), _high(seen)],
        "scales": coarse_to_fine,
        "fusion": head,
        "result": [_high(photo), _high(picture), _high(painting)],
    }
    for name, pictures in rows.items():
        path = arguments.output / f"paint-like-{name}.jpg"
        _beside(pictures).save(path, quality=88)
        print(path)


def _fitted(scale: Tensor, photo: Tensor) -> Tensor:
    """The painting of a scale without what it has beyond the photo's right and lower edge."""
    height, width = photo.shape[-2:]
    return scale[:, :, : round(scale.shape[-2] * width / height)]


def _cut(picture: Tensor, middle: Tensor, half: Tensor) -> Tensor:
    """The square around a middle (x, y), all in widths of the picture (3, h, w)."""
    width = picture.shape[-1]
    x, y, reach = (round(float(n) * width) for n in (*middle, half))
    return picture[:, max(0, y - reach) : y + reach, max(0, x - reach) : x + reach]


def _high(picture: Tensor, how: Image.Resampling = Image.Resampling.LANCZOS) -> Image.Image:
    """The picture (3, h, w) HEIGHT pixels high."""
    image = to_image(picture)
    return image.resize((round(image.width * HEIGHT / image.height), HEIGHT), how)


def _beside(pictures: list[Image.Image]) -> Image.Image:
    """The pictures in a row."""
    width = sum(picture.width for picture in pictures) + GAP * (len(pictures) - 1)
    row, x = Image.new("RGB", (width, HEIGHT), "white"), 0
    for picture in pictures:
        row.paste(picture, (x, 0))
        x += picture.width + GAP
    return row


if __name__ == "__main__":
    main()
