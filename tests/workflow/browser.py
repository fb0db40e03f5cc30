"""A headless browser, driven over WebDriver with the standard library alone."""

import json
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from urllib.error import URLError
from urllib.request import Request, urlopen

DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
MISSING = "no headless browser: install chromium and chromium-driver (Debian), or put chromedriver on the PATH"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key that WebDriver names elements by
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"  # whatever would be fetched fails, and the console says so


class Browser:
    """One page in a headless Chromium that finds no host.

    Use as a context manager. Elements are the dictionaries of WebDriver.
    """

    def __enter__(self) -> "Browser":
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._driver = subprocess.Popen(
            [DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._url = f"http://127.0.0.1:{port}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", OFFLINE]
        options = {"binary": BROWSER, "args": [*arguments, "--window-size=1600,900"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            self._wait(lambda: self._send("GET", "/status")["ready"], "chromedriver", errors=(URLError, OSError))
            session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
            self._url += f"/session/{session['sessionId']}"
        except BaseException:
            self._driver.kill()
            raise
        return self

    def __exit__(self, *error) -> None:
        with suppress(URLError, OSError):
            self._send("DELETE", "")
        self._driver.terminate()
        self._driver.wait(20)

    def open(self, url: str) -> None:
        """Load a page and wait until it is complete."""
        self._send("POST", "/url", {"url": url})
        self.wait("return document.readyState == 'complete'")

    def run(self, script: str, *arguments):
        """Run JavaScript and return what it returns."""
        return self._send("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def wait(self, script: str, *arguments):
        """Run JavaScript until it returns something true, and return that."""
        return self._wait(lambda: self.run(script, *arguments), script)

    def click(self, selector: str, number: int = 0) -> None:
        """Click what a user would click: the element must be visible."""
        found = self._send("POST", "/elements", {"using": "css selector", "value": selector})
        self._send("POST", f"/element/{found[number][ELEMENT]}/click", {})

    def move(self, x: float, y: float, click: bool = False) -> None:
        """Move the mouse to a place of the window, in pixels, and click there if asked to."""
        there = {"type": "pointerMove", "duration": 0, "x": round(x), "y": round(y)}
        pressed = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}] if click else []
        mouse = {"type": "pointer", "id": "mouse", "actions": [there, *pressed]}
        self._send("POST", "/actions", {"actions": [mouse]})

    def console(self) -> list[dict]:
        """What the console said since the last call, errors and warnings."""
        entries = self._send("POST", "/se/log", {"type": "browser"})
        return [entry for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def _send(self, method: str, path: str, body: dict | None = None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)
        with urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())["value"]

    def _wait(self, ready, what: str, errors: tuple = (), seconds: float = 60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(*errors):
                if result := ready():
                    return result
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s for {what}")
