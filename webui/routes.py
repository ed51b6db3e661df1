"""The pack's own addresses in the WebUI's server: its API, and the review of a face bank.

The WebUI guards its own routes, not those of extensions. So the API is there only where the WebUI
has one (`--api`), and asks for the same password: that of `--api-auth`, or of `--gradio-auth` where
that is the only one. It takes application/json alone, which no other site can make a browser send.
"""

import base64
import binascii
import json
import logging
import secrets

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from . import api, host, reviews
from .extras import UNPAINTABLE, reason

log = logging.getLogger("tps_portrait")

BASE = "/tps-portrait/v1"


class Refused(Exception):
    """A request that isn't answered."""

    def __init__(self, status: int, why: str, **headers: str):
        super().__init__(why)
        self.status, self.headers = status, headers


def add_routes(demo, app) -> None:
    """Adds them to the WebUI's app; `demo` is None where there is no page."""
    if demo is not None:
        reviews.add_routes(app)
    if not (host.option("api") or host.option("nowebui")):
        return
    for name in ("stylize", "paint-like"):
        app.add_api_route(f"{BASE}/{name}", _posted(name), methods=["POST"])
    app.add_api_route(f"{BASE}/styles", _styles, methods=["GET"])


def _posted(name: str):
    work = {"stylize": api.stylize, "paint-like": api.paint_like}[name]

    def locked(body: bytes) -> dict:
        with host.queue_lock():  # the WebUI's pictures and ours one after the other
            return work(body, host.device())

    async def answer(request: Request) -> Response:
        try:
            _check_login(request)
            body = await read_body(request, api.MOST_BYTES)
            return _answered(await run_in_threadpool(locked, body))
        except Refused as refused:
            return refuse(refused)
        except ValueError as error:
            return refuse(Refused(422, str(error)))
        except UNPAINTABLE as error:
            log.error("%s could not be answered: %s", name, error)
            return refuse(Refused(500, reason(error)))

    return answer


async def _styles(request: Request) -> Response:
    try:
        _check_login(request)
    except Refused as refused:
        return refuse(refused)
    return _answered(await run_in_threadpool(api.styles))


async def read_body(request: Request, most: int) -> bytes:
    """The JSON that was sent, of at most so many bytes. Raises Refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "send JSON, and say so: Content-Type: application/json")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise Refused(413, f"the request is larger than {most // 10**6} MB; send less")
    return bytes(body)


def refuse(refused: Refused) -> Response:
    """The answer that says why there is none."""
    return _answered({"error": str(refused)}, refused.status, refused.headers)


def _answered(content: dict, status: int = 200, headers: dict | None = None) -> Response:
    # In ASCII: names of files may hold what is no text.
    return Response(json.dumps(content), status, headers, "application/json")


def _check_login(request: Request) -> None:
    """Raises Refused for a request without the password that the WebUI asks for."""
    known = _logins()
    if known is None:
        return
    name, password = _sent(request)
    # The same time whether there is such a user or not.
    right = secrets.compare_digest(known.get(name, "").encode(), password.encode())
    if not (right and name in known):
        raise Refused(401, "wrong user name or password", **{"WWW-Authenticate": "Basic"})


def _logins() -> dict[str, str] | None:
    """Who may ask; None if everybody may."""
    for name in ("api_auth", "gradio_auth"):
        if given := host.option(name):
            return host.logins(given)
    if host.option("gradio_auth_path"):
        return {}  # its users may use the page; the API needs --api-auth
    return None


def _sent(request: Request) -> tuple[str, str]:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (name, password) if kind.lower() == "basic" else ("", "")
