"""Makes the thumbnails of the workflows, as ComfyUI shows them among its templates.

The portrait that comes with the pack, painted like its picture of art; before and after on a
tighter copy of it from scikit-image, painted with a style of the pack; for training, a part of a
sample strip that `tps-portrait train` left.
"""

import argparse
from pathlib import Path

import skimage.data
from PIL import Image

from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.draw import draw_landmarks
from tps_portrait.tps_core.example_pictures import ART, PHOTO
from tps_portrait.tps_core.face_warp import warp_face
from tps_portrait.tps_core.paint_like.find_art import find_artwork
from tps_portrait.tps_core.paint_like.painter import paint_like
from tps_portrait.tps_core.pictures import read_picture, to_image, to_tensor
from tps_portrait.tps_core.style import find_style, load_style
from tps_portrait.tps_core.stylize import stylize

WORKFLOWS = Path(__file__).parents[1] / "workflows"
SIDE = 512
HEAD = (150, 0, 310, 320)  # the astronaut's head and shoulders, half as wide as high
CORNER = 144  # side of the art in the painting's corner
GAP = 4  # between the pictures of a sample strip
SHOWN = 4  # rows and columns of the strip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--style", default="impressionist oil")
    parser.add_argument("--samples", type=Path, metavar="STRIP.png",
                        help="sample strip for the thumbnail of training; without one it "
                             "stays as it is")  # fmt: skip
    arguments = parser.parse_args()

    save(like_a_picture(), "Paint like a picture")

    photo = Image.fromarray(skimage.data.astronaut()).crop(HEAD).resize((SIDE // 2, SIDE))
    picture = to_tensor(photo)
    face = detect_face(picture, "astronaut")
    painted, _ = stylize(picture, load_style(find_style(arguments.style)), face, whole_image=True)
    save(beside(photo, to_image(painted)), "Stylize a portrait")

    placed = draw_landmarks(picture, [face.convert("ibug-68")])
    save(beside(to_image(placed), to_image(painted)), "Place landmarks by hand")

    wide = photo.resize((int(1.3 * photo.width), photo.height))
    warped, _ = warp_face(picture, face, detect_face(to_tensor(wide), "wide astronaut"))
    save(beside(photo, to_image(warped)), "Warp one face onto another")

    if arguments.samples:
        save(last_rows(Image.open(arguments.samples)), "Train a style from a folder")


def like_a_picture() -> Image.Image:
    """What the template paints, and the art in its corner."""
    photo, art = read_picture(PHOTO), read_picture(ART)
    painted = to_image(paint_like(photo, find_artwork(art, "art")).picture)
    square = painted.crop((0, 0, painted.width, painted.width)).resize((SIDE, SIDE))
    corner = Image.new("RGB", (CORNER + 2 * GAP,) * 2, "white")
    corner.paste(to_image(art).resize((CORNER, CORNER)), (GAP, GAP))
    square.paste(corner, (0, SIDE - corner.height))
    return square


def beside(before: Image.Image, after: Image.Image) -> Image.Image:
    """The two pictures side by side."""
    both = Image.new("RGB", (before.width + after.width, before.height))
    both.paste(before)
    both.paste(after, (before.width, 0))
    return both


def last_rows(strip: Image.Image) -> Image.Image:
    """The photos and the last rows painted of them, some columns of each, square."""
    columns = round((strip.width - GAP) / (strip.height - GAP) * 5)  # five rows when it is done
    cell = (strip.width - GAP) // columns
    shown = Image.new("RGB", (SHOWN * cell + GAP,) * 2, "white")
    shown.paste(strip.crop((0, 0, shown.width, cell)))
    rest = (SHOWN - 1) * cell + GAP
    shown.paste(strip.crop((0, strip.height - rest, shown.width, strip.height)), (0, cell))
    return shown.resize((SIDE, SIDE))


def save(picture: Image.Image, workflow: str) -> None:
    """Saves the picture beside the workflow."""
    path = WORKFLOWS / f"{workflow}.jpg"
    picture.save(path, quality=88)
    print(path)


if __name__ == "__main__":
    main()
