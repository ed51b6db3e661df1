"""A page with the pack's scripts on it, and nothing else, in a headless Chromium."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from editor import FLAGS

WEB = Path(__file__).parents[1] / "web"


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: Any) -> None:
        pass


@contextlib.contextmanager
def open_page(browser: str) -> Iterator[Any]:
    """An empty page of a server that has the pack's scripts at /name.js."""
    from playwright.sync_api import sync_playwright

    handler = functools.partial(QuietHandler, directory=str(WEB))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
            page = chromium.new_page(viewport={"width": 900, "height": 700})
            address = f"http://127.0.0.1:{server.server_port}"
            page.route(f"{address}/", lambda route: route.fulfill(body=PAGE, content_type=HTML))
            page.goto(f"{address}/")
            yield page
            chromium.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


HTML = "text/html; charset=utf-8"
PAGE = "<!doctype html><title>test</title><body style='margin:0'>"
