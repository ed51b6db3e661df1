"""Painting as the WebUI asks for it: pictures with alpha, and what was loaded last kept at hand."""

import base64
import binascii
import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ..tps_core import choose
from ..tps_core.choose import WHICH
from ..tps_core.face_not_found import FaceNotFound
from ..tps_core.json_reading import shown
from ..tps_core.landmarks import Landmarks
from ..tps_core.paint_like.artwork import Artwork
from ..tps_core.paint_like.find_art import find_artwork
from ..tps_core.paint_like.painter import paint_like
from ..tps_core.pictures import to_image, with_alpha
from ..tps_core.style import Style, list_styles, load_style
from ..tps_core.stylize import stylize
from ..tps_core.transparency import cut_out
from .settings import Settings

MOST_BASE64 = 100_000_000  # characters of a picture in a request

# Called now and then while a picture is painted; what it raises ends that.
MayGoOn = Callable[[], None]

_painting = threading.Lock()  # one at a time: each fills the memory, and shares what is kept
_styles: dict[tuple, Style] = {}  # the one that was used last
_artworks: dict[tuple, Artwork] = {}  # the same


def paint_image(
    image: Image.Image,
    settings: Settings,
    art: Image.Image | None,
    device: torch.device,
    may_go_on: MayGoOn = lambda: None,
) -> Image.Image:
    """The image painted: RGBA if it is transparent somewhere, or if the ground becomes so.

    Raises ValueError for one that is too large, and as `paint` does.
    """
    photo, alpha = with_alpha(image, "the picture")
    like = None if art is None or settings.style else with_alpha(art, "the picture of art")[0]
    return to_image(paint(photo, alpha, settings, like, device, may_go_on))


def paint(
    photo: Tensor,
    alpha: Tensor | None,
    settings: Settings,
    art: Tensor | None,
    device: torch.device,
    may_go_on: MayGoOn = lambda: None,
) -> Tensor:
    """The photo (3, h, w), 0…1, painted, on the CPU: (4, h, w) where there is alpha (1, h, w).

    Raises ValueError where there is no such style, no art, or no face that is needed, and what
    `stylize` and `paint_like` raise.
    """
    with _painting, _as_everywhere(device):
        faces = find_faces(photo, settings)
        may_go_on()
        if settings.style:
            style = _style(settings.style, device)
            painted = stylize(photo, style, faces, **settings.finish, name="the picture")
        elif art is None:
            raise ValueError("there is no picture of art to paint like; choose one, or a style")
        else:
            painted = paint_like(
                photo.to(device),
                _artwork(art, device),
                faces,
                **settings.finish,
                name="the picture",
                on_progress=lambda share, seen: may_go_on(),
            )
    return cut_out(painted.picture.cpu(), alpha)


def find_faces(photo: Tensor, settings: Settings) -> list[Landmarks]:
    """The faces in the photo (3, h, w) that the settings mean.

    Empty where a style can do without: to paint a whole image. Raises FaceNotFound.
    """
    which = settings.faces if settings.faces in WHICH else "all"
    try:
        faces = choose.find_faces(photo, "the picture", which)
    except FaceNotFound:
        if settings.style and settings.whole_image:
            return []
        otherwise = "paint the whole image, which needs none, or " if settings.style else ""
        raise _no_face("the picture", otherwise) from None
    if which == settings.faces:
        return faces
    from_left = choose.choose(faces, "left to right")
    return [from_left[0 if settings.faces == "leftmost" else -1]]


def _no_face(where: str, otherwise: str = "") -> FaceNotFound:
    """The error for a page that has neither landmarks nor a least confidence to set."""
    return FaceNotFound(f"{where}: no face found; {otherwise}use one in which a face is larger")


def fingerprint(art: Image.Image) -> str:
    """What the picture of art is known by in an infotext."""
    return hashlib.sha256(art.convert("RGB").tobytes()).hexdigest()[:10]


def from_base64(value: object, what: str) -> bytes:
    """The bytes that the text spells, which may begin as a data: address.

    Raises ValueError for what is no text, and for text that spells none, or too many.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} is {shown(value)}, not the bytes of a picture file in base64")
    if len(value) > MOST_BASE64:
        raise ValueError(f"{what} is larger than {MOST_BASE64 // 10**6} MB; send it smaller")
    if value.startswith("data:"):
        value = value.partition(",")[2]
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{what} is not base64; send the bytes of a picture file so") from None


@contextlib.contextmanager
def _as_everywhere(device: torch.device) -> Iterator[None]:
    """Within it torch is as outside of the WebUI's hooks.

    They run in inference mode, and what is loaded in that can't be used outside it; and with half
    the precision on GPUs.
    """
    with contextlib.ExitStack() as held:
        held.enter_context(torch.inference_mode(False))
        held.enter_context(torch.no_grad())
        if device.type == "cuda":
            held.enter_context(torch.autocast("cuda", enabled=False))
        yield


def _style(name: str, device: torch.device) -> Style:
    """The style of that name on the device, loaded again when its file has changed."""
    path = list_styles().get(name)
    if path is None:
        known = ", ".join(list_styles()) or "none yet: train one first"
        raise ValueError(f"there is no style {shown(name)}; there are {known}")
    return _kept(_styles, (*_state(path), device), lambda: load_style(path).to(device))


def _artwork(art: Tensor, device: torch.device) -> Artwork:
    """The picture of art (3, h, w), its face found, on the device."""
    digest = hashlib.sha256(art.contiguous().numpy().tobytes()).digest()

    def find() -> Artwork:
        try:
            found = find_artwork(art, "the picture of art")
        except FaceNotFound:
            raise _no_face("the picture of art") from None
        return replace(found, picture=found.picture.to(device))

    return _kept(_artworks, (digest, device), find)


def _kept(kept: dict, key: tuple, make: Callable):
    if key not in kept:
        kept.clear()  # first: two styles need not be in a small GPU's memory
        kept[key] = make()
    return kept[key]


def _state(path: Path) -> tuple:
    found = path.stat()
    return path, found.st_mtime_ns, found.st_size, found.st_ino
