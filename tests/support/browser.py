"""Debian's Chromium, opened as a reader opens a page: a file, without a server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

# No service of the browser's own may reach for the network: each request that is seen is the page's.
SWITCHES = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser.

    Without one the test is skipped, except on CI, where its absence is a fault.
    """
    sync = pytest.importorskip("playwright.sync_api", reason="needs requirements-browser.lock: make test-browser")
    path = shutil.which("chromium")
    if path is None and not os.environ.get("CI"):
        pytest.skip("needs Debian's chromium: make test-browser")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES), chromium_sandbox=False)
        try:
            yield browser
        finally:
            browser.close()


def memory() -> int:
    """Megabytes that the largest page of this process' browsers holds alone (Linux)."""
    found = [0]
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes() and _ours(folder):
                lines = (folder / "smaps_rollup").read_text().splitlines()
                found.append(sum(int(line.split()[1]) for line in lines if line.startswith("Private")))
        except (OSError, ValueError):  # it has ended
            continue
    return max(found) // 1000


def _ours(folder: Path) -> bool:
    """Whether a process descends from this one."""
    number = int(folder.name)
    while number > 1 and number != os.getpid():
        number = int(Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1])
    return number == os.getpid()


class Reader:
    """One page open in a window of its own, and everything that it must not have done."""

    def __init__(
        self, browser: Any, folder: Path, hash_: str = "", size: dict[str, int] = WIDE, dark: bool = False
    ) -> None:
        self.folder, self.faults = folder, []
        self.context = browser.new_context(
            viewport=size, color_scheme="dark" if dark else "light", accept_downloads=True, reduced_motion="reduce"
        )
        self.page = self.context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.open(hash_)

    def open(self, hash_: str) -> None:
        """Follow a deep link from elsewhere."""
        self.page.goto("about:blank")
        self.page.goto(f"{(self.folder / 'index.html').as_uri()}{hash_}")

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        inside = (self.folder.as_uri() + "/", "data:", "blob:", "about:")
        if not request.url.startswith(inside):
            self.faults.append(f"request: {request.url}")

    def text(self, selector: str) -> str:
        """What an element says."""
        return self.page.locator(selector).first.inner_text()

    def overflows(self) -> bool:
        """Whether the page is wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    def violations(self) -> list[str]:
        """axe-core's serious and critical findings on what is shown now."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        found = axe.run(self.page, options={"preload": False}).response["violations"]  # preload asks by XHR
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {node['html'][:200]}" for each in grave for node in each["nodes"]]

    def close(self) -> None:
        """Close the window; a page that did what it must not fails here."""
        self.context.close()
        assert not self.faults, "\n".join(self.faults)
