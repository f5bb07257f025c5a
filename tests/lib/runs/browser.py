"""A real browser for tests of pages: headless Chromium, spoken to over a pipe. No part of habeas needs one."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
WIDE = """(() => [...document.querySelectorAll('body *')].filter(e => {
  const r = e.getBoundingClientRect(), style = getComputedStyle(e);
  const hides = style.overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1;
  return hides || r.right > innerWidth + 1 || r.left < -1;
}).map(e => e.tagName + ' ' + e.className + ' ' + (e.textContent || '').trim().slice(0, 60)))()"""
"""Elements that stand out of the window to a side, or hide a part of what they hold."""


def found() -> str | None:
    """Path of a browser, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab. `asked`: every address it wanted to load."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = os.fdopen(to, "wb"), os.fdopen(back, "rb")
        self._number, self._session = 0, ""
        self.asked: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": given}
        if self._session:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (heard := self._heard()).get("id") != self._number:
            continue
        assert "error" not in heard, heard
        return heard["result"]

    def show(self, page: Path, width: int, *, media: str = "screen") -> None:
        """Open a page in a window so wide, as on a screen or on paper."""
        self.asked.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.call("Emulation.setEmulatedMedia", media=media)
        self.call("Page.navigate", url=page.as_uri())
        while self._heard().get("method") != "Page.loadEventFired":
            continue

    def value(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"]["value"]

    def pdf(self) -> bytes:
        printed = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        return base64.b64decode(printed["data"])

    def picture(self) -> bytes:
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(taken["data"])

    def _heard(self) -> dict[str, Any]:
        message = bytearray()
        while (byte := self._back.read(1)) != b"\0":
            assert byte, "the browser ended"
            message += byte
        heard: dict[str, Any] = json.loads(message)
        if heard.get("method") == "Network.requestWillBeSent":
            self.asked.append(heard["params"]["request"]["url"])
        return heard


@contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """A browser with a new, empty profile; it ends with the block."""
    child_in, to = os.pipe()
    back, child_out = os.pipe()
    command = [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    # Chromium reads from descriptor 3 and writes to 4. The shell puts them there: ours may be 3 or 4 themselves.
    script = f'exec 5<&{child_in} 6>&{child_out}; exec 3<&5 4>&6 5<&- 6>&-; exec "$@"'
    child = subprocess.Popen(
        ["/bin/bash", "-c", script, "browser", *command],
        pass_fds=(child_in, child_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(child_in)
    os.close(child_out)
    try:
        yield Browser(to, back)
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
