"""tps-portrait demo: the main job on this machine, in a minute or two, with pictures to look at."""

import argparse
import logging
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..tps_core.align import align
from ..tps_core.blend import blend
from ..tps_core.detect import detect_face
from ..tps_core.draw import draw_landmarks
from ..tps_core.example_pictures import ART, PHOTO
from ..tps_core.face_warp import warp_face
from ..tps_core.landmark_files.json_file import SIDECAR, write_sidecar
from ..tps_core.landmarks import Landmarks, mean_face
from ..tps_core.own_folder import OwnFolder
from ..tps_core.paint_like.find_art import find_artwork
from ..tps_core.paint_like.painter import paint_like
from ..tps_core.picture_writer import encode, write_picture
from ..tps_core.pictures import read_picture, to_image, to_tensor
from ..tps_core.plain_text import shown as plain
from ..tps_core.style import Style, list_styles, load_style, save_style
from ..tps_core.stylize import paint_face, stylize
from ..training.banks.bank import build_bank
from ..training.banks.contact_sheet import contact_sheet
from ..training.learn.drive import drive
from ..training.learn.options import TrainingOptions
from ..training.learn.samples import Samples
from ..training.learn.trainer import train
from ..training.measure.perceptual import load_squeezenet
from .drawings import draw_faces, drawing_name
from .terminal import add_number, say, show_progress

CELL_PX = 320  # height of a picture on the contact sheet
DRAWINGS = 24
SITTERS = 12
SIZE_PX = 128  # of the faces in training; a run this short must not be chased by its discriminators

# What is in the folder beside the pictures that are numbered.
FILES = (
    *("contact_sheet.png", "art_contact_sheet.png", "training_samples.png"),
    "drawings.safetensors",
)
DRAWN = [
    f"art/{name}{ending}"
    for name in map(drawing_name, range(DRAWINGS))
    for ending in (".png", SIDECAR)
]
SITTING = [f"photos/sitter_{i:02d}{ending}" for i in range(SITTERS) for ending in (".png", SIDECAR)]

log = logging.getLogger("tps_portrait")


def add_parser(commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="do the whole job once, and leave pictures to look at",
        description="Paints a portrait like one picture of art, then with every installed style, "
        "step by step; then trains a style on drawings that it makes itself, briefly.",
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("demo"), metavar="FOLDER", help="default: demo"
    )
    parser.add_argument(
        "--photo",
        type=Path,
        metavar="IMAGE",
        help="a portrait of yours; default: the one that comes with the pack",
    )
    add_number(
        parser,
        "--steps",
        int,
        1,
        100_000,
        default=200,
        metavar="N",
        help="length of the training; default: 200",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    folder = arguments.output
    place = OwnFolder(folder, [*FILES, "art", "photos", *DRAWN, *SITTING])
    photo, art = read_picture(arguments.photo or PHOTO), read_picture(ART)
    face = detect_face(photo, "the portrait")
    show_progress(0, 1, "painting like a picture")
    like = paint_like(photo, find_artwork(art, "the art"), face).picture
    shown: list[tuple[str, Tensor]] = [
        ("photo", photo),
        ("a picture of art", art),
        ("painted like it", like),
        ("landmarks", draw_landmarks(photo, [face])),
    ]
    alignment = align(face)
    shown.append(("aligned face", alignment.crop(photo, 256)))
    for name, path in list_styles().items():
        style = load_style(path)
        painted, mask = paint_face(photo, style, alignment)
        shown.append((f"{name}: the face", painted))
        shown.append((f"{name}: blended", blend(photo, painted, alignment, mask)[0]))
        shown.append((f"{name}: whole image", stylize(photo, style, face, True).picture))
    shown.append(("caricature (warp)", _caricature(photo, face)))

    style = _train(photo, face, place, arguments.steps)
    shown.append(("after a short training", stylize(photo, style, face, True).picture))

    for number, (name, picture) in enumerate(shown):
        file_name = name.replace(":", "").replace(" ", "_").replace("(", "").replace(")", "")
        _put(place, f"{number:02d}_{file_name}.png", picture)
    _put(place, "contact_sheet.png", _labelled(shown))
    place.finish()
    say(plain(f"pictures in {folder.absolute()}; look at contact_sheet.png first"))
    return 0


def _put(place: OwnFolder, name: str, picture: Tensor) -> None:
    place.write(name, encode(to_image(picture), Path(name)))


def _caricature(photo: Tensor, face: Landmarks) -> Tensor:
    """The face with what sets it apart from the mean face made twice as strong."""
    mean = Landmarks(mean_face("ibug-68"), "ibug-68", (256, 256))
    return warp_face(photo, face, mean, strength=-1.0, stiffness=1e-3)[0]


def _train(photo: Tensor, face: Landmarks, place: OwnFolder, steps: int) -> Style:
    """Trains a style on drawings, briefly, and leaves its contact sheet and sample strip."""
    folder = place.place
    draw_faces(folder / "art", DRAWINGS)
    _draw_sitters(photo, face, folder / "photos")
    for name in [*DRAWN, *SITTING]:
        place.keep(name)
    art, photos = (build_bank(folder / kind, SIZE_PX) for kind in ("art", "photos"))
    _put(place, "art_contact_sheet.png", contact_sheet(art))
    options = TrainingOptions(
        steps=steps, size=SIZE_PX, learning_rate=1e-3, discriminator_lr=3e-4, cycle_weight=6.0
    )
    try:
        load_squeezenet()
    except ValueError as error:
        log.warning("%s; the demo trains with l1", error)
        options = replace(options, content_loss="l1")

    def tell_of_pair(done: int, total: int) -> None:
        show_progress(done, total, "photos drawn, to learn from")

    last, strip = drive(
        train(art, photos, options, on_pair=tell_of_pair),
        Samples(photos.pictures(SITTERS, options.size)),
        lambda step, eta: show_progress(step.number, step.total, f"training on drawings  {eta}"),
    )
    _put(place, "training_samples.png", strip)
    style = last.style()
    save_style(style, place.claim("drawings.safetensors"))
    place.keep("drawings.safetensors")
    return style


def _draw_sitters(photo: Tensor, face: Landmarks, folder: Path) -> None:
    """More sitters out of one portrait: its face bent at random, its light changed."""
    random = torch.Generator().manual_seed(0)
    for index in range(SITTERS):
        nudge = torch.randn(face.points.shape, generator=random).cumsum(0) * 0.0008
        target = replace(face, points=face.points + nudge - nudge.mean(0))
        sitter, _ = warp_face(photo, face, target, stiffness=0.01)
        light = 0.8 + 0.4 * torch.rand((3, 1, 1), generator=random)
        path = folder / f"sitter_{index:02d}.png"
        write_picture(path, sitter * light)
        write_sidecar(path, [target], face.size)


def _labelled(shown: list[tuple[str, Tensor]], columns: int = 3) -> Tensor:
    """The pictures on one sheet, each with its name below."""
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * (CELL_PX + 16), rows * (CELL_PX + 40)), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (name, picture) in enumerate(shown):
        image = to_image(picture)
        image.thumbnail((CELL_PX, CELL_PX), Image.Resampling.LANCZOS)
        x, y = index % columns * (CELL_PX + 16) + 8, index // columns * (CELL_PX + 40) + 8
        sheet.paste(image, (x + (CELL_PX - image.width) // 2, y))
        draw.text((x + CELL_PX / 2, y + CELL_PX + 6), name, fill="black", anchor="ma")
    return to_tensor(sheet)
