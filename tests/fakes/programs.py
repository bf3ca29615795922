"""Where the real programs are that the integration tests talk to: mosquitto, promtool, prometheus, docker.

Finds, and decides between skipping and failing. Starts nothing and installs nothing: ``tests/run`` does that.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dlms-bridge-tests"
"""What ``tests/run`` prepares once and keeps: programs, root file systems, the Compose plugin."""

_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"
"""Debian installs daemons there, and an ordinary user's PATH does not name them."""


def find_program(name: str) -> str:
    """Return the path of the program ``name``.

    Looked for in the folder that DLMS_TEST_BIN names (unset: the one that ``tests/run`` fills), then on PATH, then in
    the sbin folders. That folder comes first because Debian's own mosquitto may be older than what the stack pins.

    Raises:
        Skipped: it is nowhere; the reason names it. With DLMS_TEST_NO_SKIP=1 the test fails instead.
    """
    prepared = os.environ.get("DLMS_TEST_BIN") or str(CACHE / "bin")
    path = os.pathsep.join((prepared, os.environ.get("PATH", os.defpath), _SYSTEM_FOLDERS))
    found = shutil.which(name, path=path)
    if found is None:
        missing(f"no {name} on this machine; tests/run installs it where it may")
    return found


def missing(reason: str) -> NoReturn:
    """Skip the calling test for ``reason``, or fail it where skipping is forbidden."""
    if os.environ.get("DLMS_TEST_NO_SKIP") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
