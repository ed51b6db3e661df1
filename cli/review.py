"""Serves the review page to this machine's browser, until the person is done."""

import logging
import socket
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from torch import Tensor

from ..training.banks.review import Review
from ..training.banks.review_answers import (
    LARGEST_BODY,
    Answer,
    ReviewAnswers,
    refusal,
    web_file,
)
from .terminal import tell

log = logging.getLogger("tps_portrait")

HOST = "127.0.0.1"
MOST_CONNECTIONS = 32  # at once, each with a thread: a browser opens six
LONGEST_WAIT = 30  # seconds, for all of a request to come or for an answer to be taken


class Server(ThreadingHTTPServer):
    """The page of one review, under a token that only its address tells."""

    daemon_threads = True
    request_queue_size = 128  # that wait for a thread

    def __init__(self, review: Review, photos: Tensor | None, farewell: str):
        super().__init__((HOST, 0), Handler)
        self.answers = ReviewAnswers(review, photos, farewell, self.shutdown)
        self.waiting: dict[socket.socket, float] = {}  # for a request, and since when
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{HOST}:{self.server_port}/{self.answers.token}/"

    def process_request(self, request: Any, client_address: object) -> None:
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

    def process_request_thread(self, request: Any, client_address: object) -> None:
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
    """Answers the page, by ReviewAnswers."""

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
        first, _, rest = unquote(urlsplit(self.path).path)[1:].partition("/")
        if first == "web":
            self._send(web_file(rest))
        elif self._knows_the_token(first):
            self._send(self.server.answers.get(rest))

    def do_POST(self) -> None:
        if not self._is_ours():
            return
        first, _, rest = urlsplit(self.path).path[1:].partition("/")
        length = self.headers.get("Content-Length", "")
        if not self._knows_the_token(first):
            return
        if not length.isdecimal() or len(length) > 9 or int(length) > LARGEST_BODY:
            self._refuse(HTTPStatus.BAD_REQUEST, "the request has no length, or is too long")
        else:
            body = self.rfile.read(int(length))
            self.server.waiting.pop(self.connection, None)
            self._send(self.server.answers.post(rest, body))

    def _is_ours(self) -> bool:
        """Whether the request comes from the page itself, and not from another site by a trick."""
        own = f"{HOST}:{self.server.server_port}"
        origin = self.headers.get("Origin")
        if self.headers.get("Host") == own and origin in (None, f"http://{own}"):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        return False

    def _knows_the_token(self, token: str) -> bool:
        if self.server.answers.knows(token):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "open the address that the command printed")
        return False

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send(refusal(status, reason))

    def _send(self, answer: Answer) -> None:
        if answer.status != HTTPStatus.OK:
            self.close_connection = True  # a body may be left unread
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing: the terminal belongs to the command."""
