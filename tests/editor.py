"""ComfyUI's editor in a headless Chromium: opens workflow files and says what is wrong with them.

Needs a Chromium on the machine; never downloads one.
"""

import contextlib
import json
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # nothing beyond this machine
    "--use-fake-ui-for-media-stream",  # pages may use the camera, which is none of this machine's
    "--use-fake-device-for-media-stream",
)
LONGEST_MS = 300_000  # for a page, or a node's run, on a machine that is busy with other things
# What a person has after closing the first start's dialogs, and a canvas without a map on it.
SETTINGS = {"Comfy.TutorialCompleted": True, "Comfy.Minimap.Visible": False}
READY = "() => window.app?.graph && window.LiteGraph && window.app.vueAppReady"
# What the editor knows about the workflow that is open: see `Editor.nodes`.
NODES = """() => app.graph.nodes.map(node => ({
    id: node.id,
    type: node.type,
    title: node.title,
    registered: node.type in LiteGraph.registered_node_types,
    has_errors: Boolean(node.has_errors),
    widgets: Object.fromEntries((node.widgets ?? []).map(w => [w.name, w.value ?? null])),
}))"""
# Dialogs, and the red messages in the corner.
COMPLAINTS = ".p-dialog, .p-toast-message-error, .p-toast-message-warn, .comfy-modal"


def find_browser() -> str | None:
    """Returns the path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass
class Editor:
    """An open editor. `errors` are uncaught exceptions and the console's errors, with their places.

    The editor itself has a few of its own; those of the pack name its folder in their address.
    """

    page: Any
    errors: list[str] = field(default_factory=list)

    def open(self, workflow: Path) -> None:
        """Opens a workflow file the way a person does, and waits until it is on the canvas."""
        self.page.evaluate("app.graph.clear()")
        self.page.set_input_files("#comfy-file-input", str(workflow))
        self.page.wait_for_function("() => app.graph.nodes.length > 0")
        self.page.wait_for_timeout(1000)  # dialogs about missing nodes come a moment later

    def nodes(self) -> list[dict[str, Any]]:
        """Returns what NODES says about each node on the canvas."""
        return self.page.evaluate(NODES)

    def complaints(self) -> list[str]:
        """Returns the text of each dialog and each warning that is visible."""
        visible = self.page.locator(COMPLAINTS).filter(visible=True)
        return visible.all_inner_texts()

    def screenshot(self, path: Path) -> None:
        """Saves a picture of the window with the whole workflow in view."""
        self.page.evaluate("app.extensionManager.command.execute('Comfy.Canvas.FitView')")
        self.page.wait_for_timeout(700)
        self.page.screenshot(path=path)

    def look(self, scale: float, x: float, y: float) -> None:
        """Shows the canvas at that scale, moved by (x, y). Nodes 2.0 takes no clicks if small."""
        put = "([s, x, y]) => { const ds = app.canvas.ds; ds.scale = s; ds.offset = [x, y]; "
        self.page.evaluate(put + "app.canvas.setDirty(true, true); }", [scale, x, y])
        self.page.wait_for_timeout(300)


@contextlib.contextmanager
def open_editor(
    url: str, browser: str, settings: dict[str, Any] | None = None, camera: Path | None = None
) -> Iterator[Editor]:
    """Opens the editor of the ComfyUI at `url` with a fresh profile.

    `settings` are ComfyUI's own, by id: {"Comfy.VueNodes.Enabled": True} shows Nodes 2.0.
    `camera` is a video in MJPEG that the browser's camera sees.
    """
    flags = [*FLAGS, *([f"--use-file-for-fake-video-capture={camera}"] if camera else [])]
    from playwright.sync_api import sync_playwright

    change_settings(url, SETTINGS | (settings or {}))

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=flags)
        page = chromium.new_page(viewport={"width": 1600, "height": 900})
        editor = Editor(page)
        page.on("pageerror", lambda error: editor.errors.append(error.stack or str(error)))
        page.on("console", lambda message: note_error(message, editor.errors))
        page.set_default_timeout(LONGEST_MS)
        page.goto(url)
        page.wait_for_function(READY)
        try:
            yield editor
        finally:
            chromium.close()


def note_error(message: Any, errors: list[str]) -> None:
    """Appends a message of the console to `errors` if it is one."""
    if message.type == "error":
        errors.append(f"{message.text} ({message.location['url']})")


def change_settings(url: str, settings: dict[str, Any]) -> None:
    """Sets the user's settings in the ComfyUI at `url`."""
    request = urllib.request.Request(
        f"{url}/settings", json.dumps(settings).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=60).close()
