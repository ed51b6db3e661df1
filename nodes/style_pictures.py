"""What styles look like: the pack's portrait painted by each, for web/style_cards.js."""

import asyncio
import functools
import io
import sys
from pathlib import Path
from threading import Lock

from aiohttp import web
from torch import Tensor

from ..tps_core.align import Alignment, align
from ..tps_core.detect import detect_face
from ..tps_core.example_pictures import PHOTO
from ..tps_core.pictures import read_picture, to_image
from ..tps_core.style import list_styles, load_style
from ..tps_core.stylize import paint_face
from .paths import listed

ROUTE = "/tps_portrait/style_picture"
SIDE_PX = 192
REMEMBERED_PICTURES = 200  # pictures, of 10 kB
_turn = Lock()  # one is painted at a time: a page asks for all at once


def serve_style_pictures() -> None:
    """Has ComfyUI's server answer ROUTE?name=… with the style's picture."""
    # Not imported: a ComfyUI that is up has it, and else there is nobody to answer.
    host = getattr(sys.modules.get("server"), "PromptServer", None)
    server = getattr(host, "instance", None)
    if server:
        server.routes.get(ROUTE)(_answer)


async def _answer(request: web.Request) -> web.Response:
    try:
        path = listed(request.query.get("name", ""), list_styles(), "style")
        jpeg = await asyncio.to_thread(_picture, path)
    except (OSError, ValueError) as error:
        return web.Response(status=404, text=str(error))
    # A style may be replaced by another of its name: the page asks each time.
    return web.Response(body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-cache"})


def _picture(path: Path) -> bytes:
    with _turn:
        return _painted(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=REMEMBERED_PICTURES)
def _painted(path: Path, changed: int) -> bytes:
    """The portrait painted in the style, as a JPEG file.

    Raises ValueError for a file that is no style.
    """
    photo, alignment = _portrait()
    face, _ = paint_face(photo, load_style(path), alignment)
    image = to_image(face).resize((SIDE_PX, SIDE_PX))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


@functools.cache
def _portrait() -> tuple[Tensor, Alignment]:
    photo = read_picture(PHOTO)
    return photo, align(detect_face(photo, PHOTO.name))
