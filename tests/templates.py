"""ComfyUI's templates: runs one in a real ComfyUI, and makes the thumbnail of what it shows."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageOps

import comfyui
from tps_portrait.tps_core.draw import draw_landmarks
from tps_portrait.tps_core.example_pictures import ART, CLIP, GROUP, PHOTO
from tps_portrait.tps_core.landmark_files.json_file import faces_from_json
from tps_portrait.tps_core.pictures import read_picture, to_image

FOLDER = comfyui.PACK / "workflows"
AS_INSTALLED = "squeezenet*"  # models that installing brings: no detectors beside the pack's own
FILES = {path.stem[3:]: path for path in sorted(FOLDER.glob("*.json"))}  # by name, unnumbered
SIDE = 512
CORNER, GAP = 144, 4  # the art in a painting's corner, and what is around it
# What a camera would take.
CAPTURED = "tps_portrait_photo.png"


def run(host: comfyui.Host, name: str) -> dict[str, Any]:
    """Runs the template as it is: what each of its nodes shows, by the node's title or type.

    A list of pictures, those of a video too, or what the node tells the editor.
    """
    prompt = host.api_prompt(FILES[name])
    titles = {node["id"]: node.get("title", node["type"]) for node in nodes(name)}
    for node in prompt.values():
        if node["class_type"] == "WebcamCapture":
            node["inputs"]["image"] = CAPTURED
    history = host.queue(prompt)
    return {
        titles[int(number)]: _pictures(host, output) or output
        for number, output in history["outputs"].items()
    }


def nodes(name: str) -> list[dict]:
    """The template's nodes."""
    return json.loads(FILES[name].read_text("utf-8"))["nodes"]


def _pictures(host: comfyui.Host, output: dict) -> list[Image.Image]:
    pictures: list[Image.Image] = []
    for where in output.get("images", ()):
        if not where["filename"].endswith(".mp4"):
            pictures.append(host.image(where).convert("RGB"))
            continue
        with av.open(str(host.folder / "output" / where["subfolder"] / where["filename"])) as file:
            pictures += [frame.to_image() for frame in file.decode(video=0)]
    return pictures


def thumbnail(name: str, shown: dict[str, Any]) -> Image.Image:
    """The template's thumbnail, of what it shows when it is run as it is."""
    return THUMBNAILS[name](shown)


def before_and_after(shown: dict[str, Any]) -> Image.Image:
    (both,) = shown["Before and after"]
    half = (both.width - 8) // 2
    return tiles([
        [both.crop((0, 0, half, both.height)), both.crop((half + 8, 0, both.width, both.height))]
    ])  # fmt: skip


def art_in_the_corner(shown: dict[str, Any]) -> Image.Image:
    square = tiles([[shown["The painting"][0]]], (0.5, 0))
    with Image.open(ART) as art:
        corner = ImageOps.expand(art.convert("RGB").resize((CORNER, CORNER)), GAP, "white")
    square.paste(corner, (0, SIDE - corner.height))
    return square


def blocks(shown: dict[str, Any]) -> Image.Image:
    faces = [shown["The aligned face"][0], shown["The painted face"][0]]
    return tiles([faces, [shown["The painting"][0]]], (0.5, 0.2))


def group(shown: dict[str, Any]) -> Image.Image:
    with Image.open(GROUP) as photo:
        return tiles([[photo.convert("RGB")], [shown["The painting"][0]]])


def frames(shown: dict[str, Any]) -> Image.Image:
    with av.open(str(CLIP)) as file:
        before = [frame.to_image() for frame in file.decode(video=0)]
    turned = (len(before) // 4, len(before) * 3 // 4)  # to one side and to the other
    rows = [[film[index] for index in turned] for film in (before, shown["The painted video"])]
    return tiles(rows, (0.5, 0.2))


def placed(shown: dict[str, Any]) -> Image.Image:
    (edited,) = shown["TPSPortraitEditLandmarks"]["landmark_editor"]
    faces = faces_from_json({"size": edited["size"], "faces": edited["used"]})
    return tiles([[to_image(draw_landmarks(read_picture(PHOTO), faces)), shown["The painting"][0]]])


def pairs(shown: dict[str, Any]) -> Image.Image:
    (sheet,) = shown["Photos beside their paintings"]
    third, square = sheet.width / 3, Image.new("RGB", (SIDE, SIDE), "white")
    for row in range(2):
        pair = sheet.crop((round(row * third), 0, round((row + 1) * third), sheet.height))
        square.paste(ImageOps.pad(pair, (SIDE, SIDE // 2), color="white"), (0, row * SIDE // 2))
    return square


def on_camera(shown: dict[str, Any]) -> Image.Image:
    with Image.open(PHOTO) as photo:
        return tiles([[photo.convert("RGB"), shown["The painting"][0]]])


def tiles(rows: list[list[Image.Image]], middle: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """The pictures in a square; what doesn't fit is cut off around `middle`."""
    square = Image.new("RGB", (SIDE, SIDE), "white")
    height = SIDE // len(rows)
    for row, pictures in enumerate(rows):
        width = SIDE // len(pictures)
        for column, picture in enumerate(pictures):
            fitted = ImageOps.fit(picture, (width, height), centering=middle)
            square.paste(fitted, (column * width, row * height))
    return square


# Of all but the one that trains, which takes too long to be run for it.
THUMBNAILS: dict[str, Callable[[dict[str, Any]], Image.Image]] = {
    "Paint a portrait": before_and_after,
    "Paint like a picture": art_in_the_corner,
    "One block at a time": blocks,
    "Group photo with a style per face": group,
    "Video in and out": frames,
    "Place landmarks by hand": placed,
    "Warp one face onto another": before_and_after,
    "Caricature": before_and_after,
    "Compare styles": lambda shown: tiles([[shown["Photo and paintings"][0]]]),
    "Evaluate a style": pairs,
    "Export a style": lambda shown: tiles([[shown["What the file paints"][0]]], (0.5, 0)),
    "Live camera": on_camera,
}


def path_of(name: str) -> Path:
    """Where the template's thumbnail is."""
    return FILES[name].with_suffix(".jpg")
