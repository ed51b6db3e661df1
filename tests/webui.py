"""A WebUI of webui_host.py in a process of its own, and its page in a headless Chromium."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from editor import FLAGS, note_error
from webui_environment import find_modules, find_python

PACK = Path(__file__).resolve().parents[1]
LONGEST_START = 900  # seconds, on a busy machine
UP = "HALF A WEBUI IS UP"
BASE = "/tps-portrait/v1"
# What takes a picture out again, in gradio 3 and in 4.
CLEAR = "button[aria-label='Clear'], button[aria-label='Remove Image']"
ACTION = 240_000  # milliseconds that something may take to be in the page, on a busy machine


@dataclass
class WebUI:
    """A running one. `data` is its folder, `log` what it said."""

    url: str
    data: Path
    log_file: Path
    gradio: str
    process: subprocess.Popen
    login: dict[str, str] = field(default_factory=dict)  # the headers that its API wants

    @property
    def log(self) -> str:
        return self.log_file.read_text("utf-8", "replace")

    def wait(self, times: int = 1) -> None:
        """Until it has started, or has reloaded its UI, so many times in all."""
        end = time.monotonic() + LONGEST_START
        while self.log.count(UP) < times:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the WebUI doesn't start: {self.log[-3000:]}")
            time.sleep(0.2)

    def ask(self, path: str, body: Any = None, headers: dict | None = None) -> tuple[int, Any]:
        """Its answer to a request, and the status; a body is sent as JSON."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", content)
        request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


@contextlib.contextmanager
def start(gradio: str, folder: Path, *arguments: str, extension: Path = PACK) -> Iterator[WebUI]:
    """Runs one with "gradio3" or "gradio4" and its data in the folder. Raises NotThere."""
    python, modules = find_python(gradio), find_modules()
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, PACK / "tests" / "webui_host.py", modules, extension, folder, port]
    environment = os.environ | {
        "TPS_PORTRAIT_HOME": "",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1",
    }
    log = folder / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*map(str, command), *arguments], stdout=file, stderr=file, env=environment, cwd=folder
        )
    try:
        webui = WebUI(f"http://127.0.0.1:{port}", folder, log, gradio, process)
        webui.wait()
        yield webui
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass
class Page:
    """Its page in a browser. `errors` are what went wrong in our part of it."""

    page: Any
    errors: list[str] = field(default_factory=list)

    def open_tab(self, name: str) -> None:
        self.page.locator("#tabs > .tab-nav button", has_text=re.compile(f"^\\s*{name}")).click()
        self.page.wait_for_timeout(300)

    def open_panel(self, place: str) -> None:
        """Opens the accordion of Extras ("extras"), "txt2img" or "img2img", and switches it on."""
        if not self.page.locator(f"#{place}_tps_enabled").is_visible():
            self.page.locator(f"#{place}_tps .label-wrap").first.click()
        self.page.locator(f"#{place}_tps_enabled input").check()

    def choose(self, id: str, value: str) -> None:
        """Chooses a value of the drop-down list with that id."""
        self.page.locator(f"#{id} input").first.click()
        options = self.page.locator(f"#{id} ul.options li")
        options.filter(has_text=value).first.click()
        self.page.wait_for_timeout(300)

    def pick(self, id: str, value: str) -> None:
        """Picks a value of the radio buttons with that id."""
        self.page.locator(f"#{id} label", has_text=value).click()
        self.page.wait_for_timeout(500)

    def upload(self, id: str, file: Path) -> None:
        """Puts the file into the picture with that id, in place of what is there."""
        clear = self.page.locator(f"#{id}").locator(CLEAR)
        if clear.count():
            clear.first.click()
        self.page.set_input_files(f"#{id} input[type=file]", str(file))
        self.page.wait_for_selector(f"#{id} img")

    def click(self, id: str) -> None:
        self.page.locator(f"#{id}").click()

    def text(self, id: str) -> str:
        return self.page.locator(f"#{id}").last.inner_text()  # gradio 3 gives two one id

    def wait_for_text(self, id: str, pattern: str) -> str:
        """The text of the element when it has the pattern in it."""
        shown = self.page.locator(f"#{id}").filter(has_text=re.compile(pattern)).last
        shown.wait_for()
        return shown.inner_text()

    def screenshot(self, path: Path) -> None:
        self.page.screenshot(path=path, full_page=True)


@contextlib.contextmanager
def open_page(webui: WebUI, browser: str, height: int = 1100) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
        shown = chromium.new_context(viewport={"width": 1200, "height": height}).new_page()
        shown.set_default_timeout(ACTION)
        page = Page(shown)
        shown.on("pageerror", lambda error: page.errors.append(error.stack or str(error)))
        shown.on("console", lambda message: note_error(message, page.errors))
        shown.goto(webui.url, wait_until="domcontentloaded")
        shown.wait_for_selector("#tabs > .tab-nav")
        shown.wait_for_timeout(1000)
        try:
            yield page
        finally:
            chromium.close()
