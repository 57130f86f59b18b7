"""A headless Chromium, driven by its DevTools protocol over a loopback socket."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.request import Request, urlopen

import websocket

_STARTS_WITHIN, _ANSWERS_WITHIN = 60.0, 60.0


class Browser:
    """One Chromium. It ends with the with block."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._log = folder / "chromium.log"
        arguments = [
            "--headless=new",
            "--disable-gpu",
            "--hide-scrollbars",
            "--no-first-run",
            "--remote-debugging-port=0",
            f"--user-data-dir={folder / 'profile'}",
            # Chromium refuses its sandbox to root; the pages are our own.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([str(program), *arguments], stdout=log, stderr=log, start_new_session=True)
        self._port = self._listening()

    def _listening(self) -> int:
        deadline = time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < deadline:
            found = re.search(r"DevTools listening on ws://127\.0\.0\.1:(\d+)/", self._log.read_text(errors="replace"))
            if found:
                return int(found[1])
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self.close()
        raise AssertionError(f"Chromium does not listen: {self._log.read_text(errors='replace')[-2000:]}")

    def __enter__(self) -> Browser:
        """Use it in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End it."""
        self.close()

    def close(self) -> None:
        """End it, with all its processes."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()

    def page(self, place: Path | str, width: int, height: int = 900, **wishes: bool) -> Page:
        """Open a file, or an address, in a window of this size (pixels); a narrow one is a phone's."""
        request = Request(f"http://127.0.0.1:{self._port}/json/new?about:blank", method="PUT")
        with urlopen(request, timeout=_ANSWERS_WITHIN) as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        return Page(url, place, width, height, **wishes)


class Page:
    """One page that is loaded."""

    def __init__(
        self,
        url: str,
        place: Path | str,
        width: int,
        height: int,
        *,
        is_dark: bool = False,
        with_scripts: bool = True,
    ) -> None:
        self._socket = websocket.create_connection(url, timeout=_ANSWERS_WITHIN, suppress_origin=True)
        self._number = 0
        #: Every URL that was asked for, and all that the console was told.
        self.requested: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self._call(f"{domain}.enable")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._call("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = "dark" if is_dark else "light"
        self._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        # What the page holds of scripts is not run; what the tests run is.
        self._call("Emulation.setScriptExecutionDisabled", value=not with_scripts)
        self.go_to(place)

    def go_to(self, place: Path | str) -> None:
        """Load a file, or an address."""
        if isinstance(place, Path):
            place = place.as_uri()
        self._call("Page.navigate", url=place)
        self._wait_for("Page.loadEventFired")

    def close(self) -> None:
        """Close the page; a browser of many pages is slow."""
        self._call("Page.close")
        self._socket.close()

    def picture(self, scale: float = 1.0) -> bytes:
        """Take a picture of the window, so many times as large, as PNG."""
        width, height = self.evaluate("[innerWidth, innerHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
        return base64.b64decode(self._call("Page.captureScreenshot", clip=clip)["data"])

    def wait_until(self, script: str, within: float = 30.0) -> None:
        """Wait until a script says yes."""
        deadline = time.monotonic() + within
        while not self.evaluate(script):
            assert time.monotonic() < deadline, f"not within {within} s: {script}"
            time.sleep(0.05)

    def evaluate(self, script: str) -> Any:
        """Run a script in the page and return its value, also that of a promise."""
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def as_on_paper(self) -> None:
        """Show it as it would be printed."""
        self._call("Emulation.setEmulatedMedia", media="print")

    def pdf(self) -> bytes:
        """Print it, on the paper that its stylesheet names."""
        answer = self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        return base64.b64decode(answer["data"])

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = self._receive()
            if message.get("id") == self._number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def _wait_for(self, event: str) -> None:
        while self._receive().get("method") != event:
            pass

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv())
        match message.get("method"):
            case "Network.requestWillBeSent":
                self.requested.append(message["params"]["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(message["params"]["entry"]["text"])
            case "Runtime.consoleAPICalled":
                self.complaints.append(str(message["params"]["args"]))
        return message
