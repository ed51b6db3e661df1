"""What the review page is answered, whichever server it is that serves it.

The page's own address ends in a token that nobody can guess; what servers hand over here is behind
it, or below web/ beside it, where the landmark editor lies.
"""

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from torch import Tensor

from ...tps_core.json_reading import named, parse_json
from ...tps_core.pictures import read_picture
from .page import PAGE, data_script, entry_data, thumb
from .review import Review
from .scan import MOST_PIXELS, Accepted, to_jpeg

WEB = Path(__file__).parents[2] / "web"  # the landmark editor lies there
LARGEST_BODY = 4_000_000  # bytes: no face takes more
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
}


@dataclass(frozen=True)
class Answer:
    """What a server sends."""

    content: bytes
    ending: str  # of TYPES: what it is
    status: HTTPStatus = HTTPStatus.OK

    @property
    def headers(self) -> dict[str, str]:
        """Those that belong to it, but for its length."""
        return {
            "Content-Type": TYPES[self.ending],
            # A picture that changes gets another address.
            "Cache-Control": "private, max-age=86400" if self.ending == ".jpg" else "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
        }


class ReviewAnswers:
    """The page of one review. What it reads is in the lists of files known here, by number or name.

    `farewell` is what the page says when the person is done; then `on_finish` is called, in a
    thread of its own.
    """

    def __init__(
        self,
        review: Review,
        photos: Tensor | None,
        farewell: str,
        on_finish: Callable[[], None] = lambda: None,
    ):
        self.review = review
        self.photos = photos
        self.farewell = farewell
        self.token = secrets.token_urlsafe(16)
        self._on_finish = on_finish
        # Fixes change the results, and so does another scan: one at a time.
        self._lock = threading.Lock()
        self._version = 0
        self._decoding = threading.Lock()  # a large picture fills the memory: one at a time

    def knows(self, token: str) -> bool:
        """Whether it is this page's token."""
        return secrets.compare_digest(token.encode(), self.token.encode())

    def get(self, path: str) -> Answer:
        """What lies at the path behind the token: "" for the page itself."""
        parts = path.split("/")
        if path == "":
            return _file(PAGE, "index.html")
        if path == "data.js":
            return Answer(self._data().encode(), ".js")
        if len(parts) == 2:
            return self._picture(*parts)
        return _file(PAGE, parts[-1])

    def post(self, what: str, body: bytes) -> Answer:
        """Does what the page asks for: "fix" or "finish"."""
        try:
            request = named(parse_json(body), "the request")
            if what == "finish":
                # From another thread: a server may wait until all requests are answered.
                threading.Thread(target=self._on_finish, daemon=True).start()
                return as_json({"message": self.farewell})
            if what == "fix":
                return as_json(self._fix(**request))
        except (TypeError, ValueError) as error:
            return refusal(HTTPStatus.BAD_REQUEST, str(error))
        return nothing_here()

    def _fix(self, name: str, action: str, **more: Any) -> dict:
        review = self.review
        with self._lock:
            before = list(review.results)
            if action == "undo":
                index, message = review.undo()
            else:
                message = review.fix(name, action, **more)
                index = review.index_of(name)
            self._version += 1
            changed = [i for i, old in enumerate(before) if review.entries[i] != old.entry]
            # Points may have moved without a word of the entry changing.
            return {
                "id": index,
                "message": message,
                "can_undo": bool(review.fixes),
                "entries": [self._entry(i) for i in sorted({index, *changed})],
            }

    def _entry(self, index: int) -> dict:
        return entry_data(index, self.review.results[index], f"?{self._version}")

    def _data(self) -> str:
        with self._lock:
            review = self.review
            return data_script(review.folder, review.results, self.photos, live=True)

    def _picture(self, kind: str, name: str) -> Answer:
        results = self.review.results
        number = name.removesuffix(".jpg")
        if number.isdecimal() and int(number) < len(results):
            result = results[int(number)]
            if kind == "thumbs" and isinstance(result, Accepted):
                return Answer(thumb(result), ".jpg")
            if kind == "pictures" and result.preview:
                return Answer(result.preview, ".jpg")
            if kind == "full" and result.size:
                return self._full(int(number))
        return refusal(HTTPStatus.NOT_FOUND, "there is no such picture")

    def _full(self, index: int) -> Answer:
        try:
            with self._decoding:
                content = to_jpeg(read_picture(self.review.path(index), MOST_PIXELS))
        except ValueError as error:  # it was changed or taken away meanwhile
            return refusal(HTTPStatus.NOT_FOUND, str(error))
        return Answer(content, ".jpg")


def web_file(name: str) -> Answer:
    """A file of the landmark editor, which is the same for everybody."""
    return _file(WEB, name)


def refusal(status: HTTPStatus, reason: str) -> Answer:
    """The answer that says why there is none."""
    return as_json({"error": reason}, status)


def nothing_here() -> Answer:
    """The refusal of an address that there is none of."""
    return refusal(HTTPStatus.NOT_FOUND, "there is nothing here")


def as_json(content: dict, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """The content as an answer."""
    return Answer(json.dumps(content).encode(), ".json", status)


def _file(folder: Path, name: str) -> Answer:
    # Only what a listing of the folder holds: a name can't lead out of it.
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    path = files.get(name)
    if path is None or path.suffix not in TYPES or not path.is_file():
        return nothing_here()
    return Answer(path.read_bytes(), path.suffix)
