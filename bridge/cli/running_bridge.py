"""The bridge that runs on this machine, as its health server answers. Asks; judges nothing."""

from __future__ import annotations

import json
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
_SERVICE = "bridge"
"""Its name in the compose file: how a second container of the stack reaches it."""
_OF_A_REPORT = {"meters", "delivery"}
_PATIENCE_S = 10.0
_READ_PATIENCE_S = 12.0
_CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


def health_address(environ: Mapping[str, str]) -> tuple[str, int]:
    """Return where the health server can be asked from its own machine.

    Not by reading the whole configuration: a mistake in a meter's settings must not hide how the bridge is doing.

    Raises:
        ConfigError: ``HEALTH__PORT`` is no number.
    """
    host, given = environ.get("HEALTH__HOST") or LOOPBACK, environ.get("HEALTH__PORT")
    if not given:
        from bridge.configuration.health_settings import HealthSettings  # noqa: PLC0415 - half a second of imports where it is given

        given = str(HealthSettings().port)
    with suppress(ValueError):  # a name
        host = LOOPBACK if ip_address(host).is_unspecified else host
    try:
        return host, int(given)
    except ValueError:
        raise ConfigError([f"HEALTH__PORT={given}: must be a number"]) from None


def health_port(environ: Mapping[str, str]) -> int:
    """Return the port alone; raises as :func:`health_address` does."""
    return health_address(environ)[1]


def in_container() -> bool:
    """Return whether this process runs in a container."""
    return any(mark.exists() for mark in _CONTAINER_MARKS)


class RunningBridge:
    """One health server.

    Args:
        port: its TCP port.
        host: where it is.
    """

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        self.host = host
        self._port = port

    @property
    def is_here(self) -> bool:
        """Whether it takes requests to read a meter: it does from its own machine or container alone."""
        return self.host in (LOOPBACK, "::1")

    def status(self) -> dict[str, Any]:
        """Return the status report.

        Raises:
            OSError: nothing answers, or nothing that can be understood.
        """
        report = json.loads(self.text("/status"))
        if not isinstance(report, dict) or not report.keys() >= _OF_A_REPORT:
            raise OSError("what answers there is another program")
        return report

    def text(self, path: str) -> str:
        """Return what stands at ``path``; raises as :meth:`status` does."""
        return self._ask("GET", path, _PATIENCE_S)

    def read(self, meter: str) -> dict[str, Any]:
        """Have the bridge read ``meter`` now, and return values or error as it says them; raises as above."""
        answer: dict[str, Any] = json.loads(self._ask("POST", f"/read?meter={quote(meter)}", _READ_PATIENCE_S))
        return answer

    def _ask(self, method: str, path: str, patience_s: float) -> str:
        connection = HTTPConnection(self.host, self._port, timeout=patience_s)
        try:
            connection.request(method, path, headers={"Content-Length": "0"} if method == "POST" else {})
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
        except HTTPException as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{path}: {answer.status} {body.strip()[:200]}")
        return body


def find_bridge(
    port: int, here: str = LOOPBACK, *, elsewhere: bool = True
) -> tuple[RunningBridge, dict[str, Any]] | None:
    """Return the running bridge with its status report; None when none answers.

    Args:
        port: of its health server.
        here: its address on this machine.
        elsewhere: whether to look in another container of the stack, too; that costs a question to the name server.
    """
    for host in (here, *((_SERVICE,) if elsewhere and in_container() else ())):
        bridge = RunningBridge(port, host)
        with suppress(OSError, ValueError):
            return bridge, bridge.status()
    return None
