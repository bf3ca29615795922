"""Why is ThingsBoard away? What ``bridge status`` adds to what the bridge knows: name, port, TLS, as the doctor does.

Sends no token: a session of ours would throw out the one that the bridge is about to get. What became of the token,
the bridge says itself as soon as it knows.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bridge.cli.catalogue import Catalogue

_WITHIN_S = 4.0
_AGAIN_S = 30.0


class UpstreamReason:
    """Finds out; while one watches, not at every look.

    Args:
        environ: the settings.
        say: in which language.
        secrets_dir: where Docker's secrets lie, if not where they always do.
        clock_s: a clock that never goes back, seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        say: Catalogue,
        *,
        secrets_dir: Path | None = None,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ, self._secrets_dir = environ, secrets_dir
        self._say = say
        self._clock_s = clock_s
        self._found: tuple[float, str] | None = None

    def of(self, report: Mapping[str, Any]) -> str:
        """Return the reason with its remedy; empty where ThingsBoard is not away, or answers as far as that goes."""
        if report["delivery"]["upstream"] != "down":
            self._found = None
            return ""
        now_s = self._clock_s()
        if self._found is None or now_s - self._found[0] > _AGAIN_S:
            self._found = now_s, asyncio.run(self._look())
        return self._found[1]

    async def _look(self) -> str:
        # Half a second of imports, where they are needed.
        from bridge.cli.doctor.reach import Unreached, reach  # noqa: PLC0415
        from bridge.configuration.load import SECRETS_DIR, read  # noqa: PLC0415

        found = await asyncio.to_thread(read, self._environ, self._secrets_dir or SECRETS_DIR)
        to = found.settings.thingsboard
        if to.host is None:
            return ""
        try:
            async with asyncio.timeout(_WITHIN_S):
                await reach(to)
        except Unreached as end:
            return f"{end.finding.text(self._say)} → {end.finding.remedy(self._say)}"
        except TimeoutError:
            return self._say("status.silent", host=to.host)
        return ""
