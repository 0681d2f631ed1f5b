"""A browser for the tests of pages, one for all of them, and what a page did in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHOTS = os.environ.get("KLASTER_SCREENSHOTS")
"""The folder to which the tests write what they saw, if any is named."""


class Opened:
    """A page in the browser, with all that it asked for and complained of."""

    def __init__(self, page, path, address="") -> None:
        self.page = page
        self.requests: list[str] = []
        self.troubles: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda m: self.troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("dialog", self.dismiss)
        page.goto(path.as_uri() + (f"#{address}" if address else ""))
        page.wait_for_selector("#page[data-ready]")
        self.frames()

    def dismiss(self, dialog):
        self.troubles.append(dialog.message)
        dialog.dismiss()

    def frames(self):
        """Wait until what was asked for is drawn."""
        self.page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def ask(self, expression):
        self.frames()
        return self.page.evaluate(f"window.klasterPage.{expression}")

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def shot(self, name: str, folder: Path) -> bytes:
        """Keep a picture of the page as an artefact."""
        target = Path(SHOTS) if SHOTS else folder
        target.mkdir(parents=True, exist_ok=True)
        return self.page.screenshot(path=target / f"{name}.png")
