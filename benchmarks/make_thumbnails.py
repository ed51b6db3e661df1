"""Makes the thumbnails of the templates, of what each shows when it is run in a real ComfyUI.

That of training is a part of a sample strip that `tps-portrait train` left.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

import comfyui
from conftest import lend_models
from templates import AS_INSTALLED, SIDE, THUMBNAILS, path_of, run, thumbnail

GAP = 4  # between the pictures of a sample strip
SHOWN = 4  # rows and columns of the strip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", metavar="NAME", choices=THUMBNAILS, action="append",
                        help="make that of this template, and no others")  # fmt: skip
    parser.add_argument("--samples", type=Path, metavar="STRIP.png",
                        help="sample strip for the thumbnail of training; without one it "
                             "stays as it is")  # fmt: skip
    arguments = parser.parse_args()
    if arguments.samples:
        save(last_rows(Image.open(arguments.samples)), "Train a style from a folder")
    with tempfile.TemporaryDirectory() as folder:
        lend_models(Path(folder) / "models" / "tps_portrait", names=AS_INSTALLED)
        with comfyui.start(Path(folder), environment={"TPS_PORTRAIT_HOME": ""}) as host:
            for name in arguments.only or THUMBNAILS:
                save(thumbnail(name, run(host, name)), name)


def last_rows(strip: Image.Image) -> Image.Image:
    """The photos and the last rows painted of them, some columns of each, square."""
    columns = round((strip.width - GAP) / (strip.height - GAP) * 5)  # five rows when it is done
    cell = (strip.width - GAP) // columns
    shown = Image.new("RGB", (SHOWN * cell + GAP,) * 2, "white")
    shown.paste(strip.crop((0, 0, shown.width, cell)))
    rest = (SHOWN - 1) * cell + GAP
    shown.paste(strip.crop((0, strip.height - rest, shown.width, strip.height)), (0, cell))
    return shown.resize((SIDE, SIDE))


def save(picture: Image.Image, name: str) -> None:
    """Saves the picture beside the template."""
    picture.save(path_of(name), quality=88)
    print(path_of(name))


if __name__ == "__main__":
    main()
