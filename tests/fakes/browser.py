"""A real Chromium without a window, told what to do over a pipe (the DevTools protocol); no driver, no port."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from itertools import count

from tests.fakes.programs import find_program

_PATIENCE_S = 30.0
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""It hears on descriptor 3 and speaks on 4."""


class Browser:
    """One tab. Use as a context manager; skips the calling test, with its reason, where there is no Chromium."""

    def __enter__(self):
        chromium = find_program("chromium")
        self._home = tempfile.TemporaryDirectory(prefix="dlms-browser-", ignore_cleanup_errors=True)
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        theirs = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 20) for descriptor in (theirs_in, theirs_out)]
        options = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", f"--user-data-dir={self._home.name}", "--remote-debugging-pipe",
        ]  # fmt: skip
        starting = [sys.executable, "-Ic", _START, *map(str, theirs), chromium, *options, "about:blank"]
        self._process = subprocess.Popen(
            starting, pass_fds=theirs, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": self._home.name},
        )  # fmt: skip
        for descriptor in (theirs_in, theirs_out, *theirs):
            os.close(descriptor)
        self._numbers, self._buffer, self._session = count(1), b"", ""
        try:
            target = self._ask("Target.createTarget", url="about:blank")["targetId"]
            self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with suppress(OSError, EOFError):
            self._session = ""
            self._ask("Browser.close")
        os.close(self._in)
        os.close(self._out)
        try:
            self._process.wait(_PATIENCE_S)
        finally:
            self._process.kill()
            self._home.cleanup()

    def open(self, url, *, width=1200, height=800, dark=False):
        """Show a page in a window of this size, and wait until it is there."""
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._ask("Emulation.setEmulatedMedia", features=scheme)
        self._ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def says(self, expression):
        """Return what a JavaScript expression comes to, a promise's end too."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression):
        """Wait until it is so; the test's own timeout ends it when it never is."""
        look = f"new Promise(so => {{ const look = () => ({expression}) ? so(true) : setTimeout(look, 50); look(); }})"
        assert self.says(look)

    def _ask(self, method, **params):
        number = next(self._numbers)
        question = {"id": number, "method": method, "params": params}
        if self._session:
            question["sessionId"] = self._session
        os.write(self._out, json.dumps(question).encode() + b"\0")
        while True:
            message = json.loads(self._message())
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]

    def _message(self):
        while b"\0" not in self._buffer:
            more = os.read(self._in, 65536)
            if not more:
                raise EOFError("the browser is gone")
            self._buffer += more
        message, _, self._buffer = self._buffer.partition(b"\0")
        return message
