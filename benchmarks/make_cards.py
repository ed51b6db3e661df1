"""Makes the picture of each bundled style's card: portraits that it never saw, as it paints them.

The portraits are in the public domain (official portraits of the 118th US Congress), drawn from the
fifth of the collection that is held out, spread evenly over how dark the faces are.
"""

import argparse
from pathlib import Path

import torch

from collection import SIZE, load_photos, portraits_to_show
from tps_portrait.tps_core.picture_writer import write_picture
from tps_portrait.tps_core.style import load_style
from tps_portrait.training.banks.contact_sheet import tile

STYLES = Path(__file__).parents[1] / "styles"
COUNT = 8
COLUMNS = 4  # so few that strokes show


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, help="folder for the bank of photos")
    arguments = parser.parse_args()
    unseen = portraits_to_show(load_photos(arguments.work))
    middle = unseen.faces[..., SIZE // 3 : 2 * SIZE // 3, SIZE // 3 : 2 * SIZE // 3]
    by_light = middle.float().mean((1, 2, 3)).argsort()
    chosen = by_light[torch.linspace(0, len(by_light) - 1, COUNT).long()]
    photos, points = unseen.faces[chosen].float() / 255, unseen.points[chosen]
    for path in STYLES.glob("*.safetensors"):
        style = load_style(path)
        lit = [style.lit(*face) for face in zip(photos, points, strict=True)]
        painted = style.paint_within(torch.stack(lit))
        rows = zip(photos.split(COLUMNS), painted.split(COLUMNS), strict=True)
        sheet = torch.cat([row for both in rows for row in both])
        write_picture(path.with_suffix(".jpg"), tile(sheet, COLUMNS))


if __name__ == "__main__":
    main()
