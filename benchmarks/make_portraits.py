"""Makes the bank of portrait photos that comes with the pack, for those who have none.

Official portraits of the 118th US Congress, in the public domain, of those that styles may be
trained with: as unlike each other in light and pose as can be. Writes training/banks/portraits.md
too, which says where each photo is from.
"""

import argparse
import csv
from pathlib import Path

import torch
from torch import Tensor

from collection import DATA, SIZE, load_photos, training_photos
from tps_portrait.training.banks.bank import PORTRAITS, FaceBank, save_bank

COUNT = 96
DEGREES = 12.0  # of yaw or pitch that set faces as far apart as LIGHT does
LIGHT = 0.12  # of the face's middle, 0…1
ABOUT = """# The portraits that come with the pack

A face bank of {count} photos of any people, for training when you have art and no photos: Train
Portrait Style and `tps-portrait train` take it when you give no other, and Load Face Bank has it as
*portraits of the pack*.

They are official portraits of members of the 118th United States Congress, works of the US
government and so in the public domain (17 U.S.C. § 105), as collected by
[unitedstates/images](https://github.com/unitedstates/images). Cut to the face, 256 pixels wide, by
`benchmarks/make_portraits.py`. A style learns from them what faces look like; nobody shown has
anything to do with this software.

| in the bank | from | licence |
|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder for the bank of all photos")
    arguments = parser.parse_args()
    photos = training_photos(load_photos(arguments.work))
    whole = [
        entry.name
        for entry, inside in zip(used(photos), photos.inside, strict=True)
        if inside.all() and entry.name.startswith("congress")
    ]
    photos = photos.select(whole.__contains__)
    chosen = spread(features(photos), COUNT)
    names = {used(photos)[index].name for index in chosen}
    bank = photos.select(names.__contains__)
    save_bank(bank, PORTRAITS, packed=True)
    with (DATA / "MANIFEST.csv").open(encoding="utf-8") as file:
        listed = {row["file"].removeprefix("photos/"): row for row in csv.DictReader(file)}
    lines = [line(name, listed[name]) for name in sorted(names)]
    about = ABOUT.format(count=len(bank)) + "\n".join(lines) + "\n"
    PORTRAITS.with_suffix(".md").write_text(about, encoding="utf-8")
    print(f"{len(bank)} faces, {PORTRAITS.stat().st_size} bytes")


def used(bank: FaceBank) -> list:
    """The entries of the bank's faces."""
    return [entry for entry in bank.entries if entry.used]


def features(bank: FaceBank) -> Tensor:
    """What faces are told apart by, (n, 3): light, yaw and pitch, in like units."""
    middle = bank.faces[..., SIZE // 3 : 2 * SIZE // 3, SIZE // 3 : 2 * SIZE // 3].float() / 255
    return torch.cat([middle.mean((1, 2, 3))[:, None] / LIGHT, bank.poses / DEGREES], 1)


def spread(features: Tensor, count: int) -> list[int]:
    """The indices of so many rows, each as far as can be from those before."""
    chosen = [int(torch.cdist(features, features.mean(0, keepdim=True)).argmin())]
    while len(chosen) < count:
        chosen.append(int(torch.cdist(features, features[chosen]).amin(1).argmax()))
    return chosen


def line(name: str, row: dict[str, str]) -> str:
    """The record of one photo."""
    member = Path(name).stem.removeprefix("congress_")
    return f"| {name} | unitedstates/images, congress/original/{member}.jpg | {row['licence']} |"


if __name__ == "__main__":
    main()
