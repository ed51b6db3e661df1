"""A person's hand in the landmark editor: clicks and drags where points of the picture lie."""

from dataclasses import dataclass
from typing import Any

EDITOR = "document.querySelector('.tps-landmarks').landmarkEditor"
# The browser tells the editor of a new size with the next frame.
FRAME = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
# What is clicked to place a face, in this order, on the photo of the fixture `portrait`.
FIVE_CLICKS = [(211.0, 114.0), (242.0, 113.0), (228.0, 130.0), (213.0, 147.0), (243.0, 146.0)]


@dataclass
class Hand:
    """The hand; `page` is Playwright's, with one landmark editor on it."""

    page: Any

    def wait_for(self, *states: str) -> None:
        """Waits until the editor is in one of the states ("ready", "placing", …)."""
        selector = ", ".join(f'.tps-landmarks[data-state="{state}"]' for state in states)
        self.page.wait_for_selector(selector, timeout=120_000)

    def press(self, action: str) -> None:
        """Presses a button of the editor."""
        self.page.locator(f'.tps-landmarks [data-action="{action}"]').click()

    def click(self, point: tuple[float, float]) -> None:
        """Clicks a point of the picture."""
        self.page.mouse.click(*self.on_page(point))

    def drag(self, start, end, key: str | None = None) -> None:
        """Drags from one point of the picture to another, perhaps with a key held."""
        if key:
            self.page.keyboard.down(key)
        self.page.mouse.move(*self.on_page(start))
        self.page.mouse.down()
        x, y = self.on_page(end)
        self.page.mouse.move(x - 2, y)
        self.page.mouse.move(x, y)
        self.page.mouse.up()
        if key:
            self.page.keyboard.up(key)

    def on_page(self, point) -> list[float]:
        """Where a point of the picture lies on the page, once that is laid out."""
        self.page.evaluate(FRAME)
        return self.page.evaluate(f"p => {EDITOR}.toClient(p)", list(point))

    def faces(self) -> list[dict[str, Any]]:
        """The editor's faces, as a sidecar has them."""
        return self.page.evaluate(f"() => {EDITOR}.faces")

    def state(self) -> str:
        """The editor's state."""
        return self.page.locator(".tps-landmarks").get_attribute("data-state")
