"""Serves the review page to this machine's browser, until the person is done."""

import json
import logging
import secrets
import socket
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from torch import Tensor

from ..tps_core.json_reading import named, parse_json
from ..tps_core.pictures import read_picture
from ..training.banks.page import PAGE, data_script, entry_data, thumb
from ..training.banks.review import Review
from ..training.banks.scan import MOST_PIXELS, Accepted, to_jpeg
from .terminal import tell

log = logging.getLogger("tps_portrait")

WEB = Path(__file__).parents[1] / "web"  # the landmark editor lies there
HOST = "127.0.0.1"
LARGEST_BODY = 4_000_000  # bytes: no face takes more
MOST_CONNECTIONS = 32  # at once, each with a thread: a browser opens six
LONGEST_WAIT = 30  # seconds, for all of a request to come or for an answer to be taken
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}


class Server(ThreadingHTTPServer):
    """The page of one review, under a token that only its address tells."""

    daemon_threads = True
    request_queue_size = 128  # that wait for a thread

    def __init__(self, review: Review, photos: Tensor | None, farewell: str):
        super().__init__((HOST, 0), Handler)
        self.review = review
        self.photos = photos
        self.farewell = farewell  # what the page says when the person is done
        self.token = secrets.token_urlsafe(16)
        # Fixes change the results, and so does scanning again: one at a time.
        self.lock = threading.Lock()
        self.version = 0
        self.decoding = threading.Lock()  # a large picture fills the memory: one at a time
        self.waiting: dict[socket.socket, float] = {}  # for a request, and since when
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_port}/{self.token}/"

    def process_request(self, request: socket.socket, client_address: object) -> None:
        """Answers in a thread; where there are too many, who has waited longest has to go."""
        if not self._free.acquire(blocking=False):
            self._hang_up(0, most=1)
            if not self._free.acquire(timeout=1):  # all of them are being answered
                self.shutdown_request(request)
                return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread for it
            self._free.release()
            raise

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:
        """Answers, and makes room for others."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.waiting.pop(request, None)
            self._free.release()

    def service_actions(self) -> None:
        """Hangs up on those who take too long to say what they want; called all the time."""
        self._hang_up(LONGEST_WAIT)

    def _hang_up(self, seconds: float, most: int = MOST_CONNECTIONS) -> None:
        now = time.monotonic()
        by_age = sorted(self.waiting.copy().items(), key=lambda pair: pair[1])
        for connection, since in by_age[:most]:
            if now - since >= seconds:
                with suppress(OSError):  # it has gone by itself
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Says what went wrong in a line; a browser that hung up is nothing to speak of."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("the review page could not be answered: %s", error)


def serve(review: Review, photos: Tensor | None, farewell: str, open_browser: bool = True) -> None:
    """Serves the page until the person says in it that it is done, or stops with Ctrl-C."""
    with Server(review, photos, farewell) as server:
        # Not on stdout, which --json has for itself.
        tell(f"review the folder at {server.url}")
        tell("Ctrl-C, or Done on the page, ends it")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            tell()


class Handler(BaseHTTPRequestHandler):
    """Answers the page. What it reads lies in the lists of files known here, by number or name."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = LONGEST_WAIT  # for each read, and for a whole answer

    def handle_one_request(self) -> None:
        """Waits for a request, which has to come in time, and answers it."""
        self.server.waiting[self.connection] = time.monotonic()
        super().handle_one_request()

    def do_GET(self) -> None:
        self.server.waiting.pop(self.connection, None)
        if not self._is_ours():
            return
        parts = unquote(urlsplit(self.path).path).split("/")[1:]
        if parts[0] == "web":
            self._send_file(WEB, "/".join(parts[1:]))
        elif not self._knows_the_token(parts):
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        elif parts[1:] == [""]:
            self._send_file(PAGE, "index.html")
        elif parts[1:] == ["data.js"]:
            self._send(self._data().encode(), ".js")
        elif len(parts) == 3:
            self._send_picture(parts[1], parts[2])
        else:
            self._send_file(PAGE, parts[-1])

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        parts = urlsplit(self.path).path.split("/")[1:]
        length = self.headers.get("Content-Length", "")
        if not self._knows_the_token(parts):
            self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        elif not length.isdecimal() or len(length) > 9 or int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.BAD_REQUEST, "the request has no length, or is too long")
        else:
            body = self.rfile.read(int(length))
            self.server.waiting.pop(self.connection, None)
            self._act(parts[1], body)

    def _act(self, what: str, body: bytes) -> None:
        try:
            request = named(parse_json(body), "the request")
            if what == "finish":
                self._send_json({"message": self.server.farewell})
                # From another thread: it waits until all requests are answered, this one too.
                threading.Thread(target=self.server.shutdown, daemon=True).start()
            elif what == "fix":
                self._send_json(self._fix(**request))
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        except (TypeError, ValueError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))

    def _fix(self, name: str, action: str, **more: object) -> dict:
        review = self.server.review
        with self.server.lock:
            before = list(review.results)
            if action == "undo":
                index, message = review.undo()
            else:
                message = review.fix(name, action, **more)
                index = review.index_of(name)
            self.server.version += 1
            changed = [i for i, old in enumerate(before) if review.entries[i] != old.entry]
            # Points may have moved without a word of the entry changing.
            return {
                "id": index,
                "message": message,
                "can_undo": bool(review.fixes),
                "entries": [self._entry(i) for i in sorted({index, *changed})],
            }

    def _entry(self, index: int) -> dict:
        version = f"?{self.server.version}"
        return entry_data(index, self.server.review.results[index], version)

    def _data(self) -> str:
        with self.server.lock:
            review = self.server.review
            return data_script(review.folder, review.results, self.server.photos, live=True)

    def _send_picture(self, kind: str, name: str) -> None:
        results = self.server.review.results
        number = name.removesuffix(".jpg")
        if not number.isdecimal() or int(number) >= len(results):
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such picture")
            return
        result = results[int(number)]
        if kind == "thumbs" and isinstance(result, Accepted):
            self._send(thumb(result), ".jpg")
        elif kind == "pictures" and result.preview:
            self._send(result.preview, ".jpg")
        elif kind == "full" and result.size:
            try:
                with self.server.decoding:
                    path = self.server.review.path(int(number))
                    content = to_jpeg(read_picture(path, MOST_PIXELS))
            except ValueError as error:  # it was changed or taken away meanwhile
                self._refuse(HTTPStatus.NOT_FOUND, str(error))
                return
            self._send(content, ".jpg")
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such picture")

    def _send_file(self, folder: Path, name: str) -> None:
        # Only what a listing of the folder holds: a name can't lead out of it.
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
        path = files.get(name)
        if path is None or path.suffix not in TYPES or not path.is_file():
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        else:
            self._send(path.read_bytes(), path.suffix)

    def _is_ours(self) -> bool:
        """Whether the request comes from the page itself, and not from another site by a trick."""
        own = f"{HOST}:{self.server.server_port}"
        origin = self.headers.get("Origin")
        if self.headers.get("Host") == own and origin in (None, f"http://{own}"):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        return False

    def _knows_the_token(self, parts: list[str]) -> bool:
        return len(parts) > 1 and secrets.compare_digest(
            parts[0].encode(), self.server.token.encode()
        )

    def _send_json(self, content: dict, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(content).encode(), ".json", status)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True  # a body may be left unread
        self._send_json({"error": reason}, status)

    def _send(self, content: bytes, ending: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPES[ending])
        self.send_header("Content-Length", str(len(content)))
        # A picture that changes gets another address.
        keep = "private, max-age=86400" if ending == ".jpg" else "no-store"
        self.send_header("Cache-Control", keep)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: the terminal belongs to the command."""
