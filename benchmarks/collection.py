"""The photo and art collection in ../shared/data as banks, a fifth of them held out."""

import hashlib
import shutil
import tempfile
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from tps_portrait.tps_core.align import align
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.folder_contents import list_pictures
from tps_portrait.tps_core.landmark_files.json_file import write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.training.banks.bank import FaceBank, build_bank, load_bank, save_bank

DATA = Path(__file__).parents[2] / "shared" / "data"
SIZE = 256
HELD_OUT = 5  # one file in so many
# Photos that anyone may train with; the others (CC BY) are only measured with.
FREE_PHOTOS = ("congress", "lisa", "zoom")
ART = {
    "impressionist oil": "oil_impressionist",
    "ink line": "ink_line_lorelei",
    "old masters": "oil_oldmasters",
    "cartoon": "cartoon_adventurer",
    "watercolour": "watercolour_synthetic",
}
# Styles learned from one picture of art: folder, and file name without its ending. Those that are
# not in styles/ failed: docs/training-notes.md.
LOOKS = {
    "van gogh oil": ("oil_vangogh", "portrait-of-armand-roulin-1888-1"),
    "impressionist oil": ("oil_impressionist", "portrait-of-louis-guillaume"),
    "sargent oil": ("oil_19c_masters", "oil_19c_masters_039"),
    "gibson pen": ("ink_gibson", "ink_gibson_113"),
    "steel engraving": ("engraving_1830s", "engraving_1830s_078"),
    "pastel": ("pastel_18c", "young-woman-with-a-bouquet-of-roses"),
    "dodd chalk": ("chalk_dodd", "chalk_dodd_044"),
    "holbein chalk": ("drawing_renaissance", "drawing_renaissance_008"),
    "vallotton ink": ("ink_vallotton_masks", "ink_vallotton_masks_031"),
    "comic": ("comic_peppercarrot", "comic_peppercarrot_122"),
}
CREDITS = {"comic": ("Pepper&Carrot by David Revoy; TPS Portrait", "CC BY 4.0")}
# No style that is shipped learns from these: the cartoons are CC BY, the watercolours a filter's.
TO_MEASURE_WITH = {"cartoon", "watercolour"}
# The drawings were put together from parts on one head, always in the same place. The detector
# finds it in 55 of 160, five of them wrong; the median of the other 50 serves for all. (x, y) of
# iBUG's 68 points in pixels of 512 x 512.
HEAD_SIZE = (512, 512)
HEAD = [
    (174.2, 254.4), (176.3, 273.5), (179.5, 292.1), (185.3, 312.2), (195.7, 332.7), (226.7, 361.5),
    (259.7, 378.4), (290.9, 387.5), (310.6, 386.2), (327.3, 381.0), (345.9, 363.5), (359.7, 341.3),
    (368.2, 309.3), (371.3, 287.3), (371.9, 268.1), (372.1, 250.1), (373.8, 232.0), (204.7, 226.3),
    (215.4, 217.9), (231.7, 212.9), (253.0, 212.3), (276.9, 213.7), (325.2, 207.9), (343.9, 200.9),
    (359.1, 197.7), (368.3, 201.3), (373.5, 208.4), (304.4, 237.6), (309.6, 259.0), (315.3, 277.7),
    (317.8, 289.3), (291.5, 300.9), (300.5, 305.5), (312.4, 304.3), (322.6, 302.8), (328.6, 296.9),
    (225.4, 249.8), (237.7, 244.2), (254.5, 242.0), (272.0, 248.6), (259.0, 252.6), (242.0, 254.8),
    (324.9, 242.4), (338.3, 233.2), (353.3, 231.3), (361.8, 234.9), (351.8, 242.3), (337.0, 244.3),
    (266.4, 332.8), (287.0, 323.9), (300.8, 320.2), (312.7, 320.4), (323.5, 318.1), (332.3, 318.1),
    (341.2, 325.6), (329.7, 340.8), (322.4, 346.0), (313.0, 348.1), (300.6, 348.6), (288.8, 346.7),
    (271.8, 332.5), (301.6, 328.7), (311.6, 327.8), (318.8, 326.7), (335.6, 326.2), (319.8, 334.6),
    (311.7, 335.8), (302.1, 336.2),
]  # fmt: skip


def is_held_out(name: str) -> bool:
    """Whether the file of that name is kept from training, by a hash of the name."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % HELD_OUT == 0


def load_photos(cache: Path) -> FaceBank:
    """The bank of all photos; kept in the folder `cache`."""
    return _cached(cache / "photos.safetensors", partial(build_bank, DATA / "photos", SIZE))


def load_art(style: str, cache: Path) -> FaceBank:
    """The bank of all art of the style (a key of ART); kept in the folder `cache`."""
    folder = DATA / "art" / ART[style]
    build = _build_ink if style == "ink line" else build_bank
    return _cached(cache / f"{style}.safetensors", partial(build, folder, SIZE))


def load_look(style: str, cache: Path) -> FaceBank:
    """The bank of the one picture that the style is learned from; kept in `cache`."""
    folder, name = LOOKS[style]
    (path,) = (p for p in list_pictures(DATA / "art" / folder) if p.stem == name)

    def build() -> FaceBank:
        with tempfile.TemporaryDirectory() as place:
            shutil.copy(path, place)
            return build_bank(place, SIZE)

    return _cached(cache / f"look of {style}.safetensors", build)


def training_photos(photos: FaceBank) -> FaceBank:
    """The photos to train with."""
    return photos.select(lambda name: name.startswith(FREE_PHOTOS) and not is_held_out(name))


def test_photos(photos: FaceBank) -> FaceBank:
    """The photos of people that no style is trained with.

    Of each other free set all photos are of one person, who is trained with.
    """
    return photos.select(
        lambda name: (
            not name.startswith(FREE_PHOTOS) or (name.startswith("congress") and is_held_out(name))
        )
    )


def portraits_to_show(photos: FaceBank) -> FaceBank:
    """Those of `test_photos` that are in the public domain: official ones of the US Congress."""
    return test_photos(photos).select(lambda name: name.startswith("congress"))


def filtered_photos() -> tuple[Tensor, Tensor]:
    """Photos and the watercolours that the filter made of them, the latter kept from training.

    Face crops (n, 3, SIZE, SIZE) in 0…1, both cut alike. (Some of these photos are trained with.)
    """
    photos, paintings = [], []
    for path in list_pictures(DATA / "art" / ART["watercolour"]):
        if is_held_out(path.name):
            photo = read_picture(DATA / "photos" / path.name.replace("wc_", "congress_"))
            alignment = align(detect_face(photo, path.name))
            photos.append(alignment.crop(photo, SIZE))
            paintings.append(alignment.crop(read_picture(path), SIZE))
    return torch.stack(photos), torch.stack(paintings)


def _build_ink(folder: Path, size: int) -> FaceBank:
    """The bank of the drawings, each with HEAD for its landmarks."""
    with tempfile.TemporaryDirectory() as place:
        for path in list_pictures(folder):
            copy = Path(shutil.copy(path, place))
            write_sidecar(copy, [Landmarks.from_pixels(HEAD, HEAD_SIZE, "ibug-68")], HEAD_SIZE)
        return build_bank(place, size)


def _cached(path: Path, build) -> FaceBank:
    if not path.exists():
        save_bank(build(), path)
    return load_bank(path)
