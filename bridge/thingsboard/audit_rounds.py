"""The audit by itself: every so often, on a thread of its own, said in the log and in metrics.

Rules
    It never delays the bridge: no meter is asked, nothing is sent, and a stop waits for no answer of ThingsBoard.
    It sends nothing again by itself: whoever deleted values on purpose would get them back. ``bridge audit --repair``.
    When it was last made is kept over restarts, and so are its findings; those of ``bridge audit`` as well, when it
    asked for all meters.
"""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from loguru import logger

from bridge.delivery.kept_file import KeptFile
from bridge.errors import DiskError, UpstreamError
from bridge.log_lines import Outage
from bridge.thingsboard.state import AuditState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from bridge.configuration.settings import Settings
    from bridge.outbox.kept import KeptSample
    from bridge.thingsboard.audit import AuditFindings
    from bridge.thingsboard.metrics import AuditMetrics

_DAYS: Final = 7
"""How far an audit by itself looks back: longer than a weekend, and a single request per meter."""
_FIRST_S: Final = 300.0
"""After a start, so that it does not compete with all that begins then."""
_AGAIN_S: Final = 3600.0
"""After an audit that could not be made."""
_LOOK_S: Final = 60.0
"""How soon an audit that somebody made by hand is shown."""
_NAMED: Final = 5
_FILE: Final = "audit.json"
_DAY_MS: Final = 86_400_000


class AuditRounds:
    """Audits until stopped.

    Args:
        settings: all of them; with an address of the REST API.
        destination: for whom samples are accepted.
        devices: each meter's device name in ThingsBoard; looked at anew for each audit.
        metrics: show it.
        wall_s: Unix time in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        destination: str,
        devices: Mapping[str, str],
        *,
        metrics: AuditMetrics,
        wall_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._destination = destination
        self._devices = devices
        self._memory = KeptFile(settings.data_dir / _FILE, destination)
        self._shown_s: float | None = None
        self._state = AuditState(None)
        self._metrics = metrics
        self._wall_s = wall_s
        self._stop = threading.Event()
        self._outage = Outage("audit")

    async def run(self) -> None:
        """Audit until cancelled; return at once where nobody wants that."""
        if not self._settings.audit.every_s or self._settings.thingsboard.api_url is None:
            return
        threading.Thread(target=self._rounds, name="audit", daemon=True).start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._stop.set()

    def _rounds(self) -> None:
        due_s = time.monotonic() + self.first_wait_s()
        while not self._stop.wait(min(_LOOK_S, max(0.0, due_s - time.monotonic()))):
            if self.look():
                due_s = time.monotonic() + self.first_wait_s()
            elif time.monotonic() >= due_s:
                due_s = time.monotonic() + self.round()

    @property
    def state(self) -> AuditState | None:
        """What was found last, for the status report; None where the REST API is not set. Any thread may ask."""
        if self._settings.thingsboard.api_url is None:
            return None
        state, shown_s = self._state, self._shown_s
        return state if shown_s is None else replace(state, ago_s=max(0.0, self._wall_s() - shown_s))

    def first_wait_s(self) -> float:
        """Return how long the first audit waits, and show what the last one found."""
        self.look()
        if self._shown_s is None:
            return _FIRST_S
        every_s = self._settings.audit.every_s
        return max(_FIRST_S, min(every_s, self._shown_s + every_s - self._wall_s()))

    def look(self) -> bool:
        """Show what an audit found that this process did not make: an earlier one, or somebody by hand.

        Returns:
            whether there was one that was not shown yet.
        """
        kept = self._memory.load()
        at_s, values, missing = (kept.get(name) for name in ("at_s", "values", "missing"))
        if not (isinstance(at_s, int | float) and isinstance(values, int) and isinstance(missing, int)):
            return False
        if at_s == self._shown_s:
            return False
        self._show(at_s, values, missing)
        return True

    def round(self) -> float:
        """Audit once; return how long to wait for the next."""
        try:
            findings = self._audited()
        except (UpstreamError, DiskError) as error:
            if not self._stop.is_set():
                self._outage.failed(error)
                self._failed(str(error))
            return min(_AGAIN_S, self._settings.audit.every_s)
        except Exception as error:  # noqa: BLE001 - a mistake in here must not be the end of all audits, unnoticed
            logger.opt(exception=error).error("audit | it failed in a way that nobody foresaw; please report this")
            self._failed(f"{type(error).__name__}: {error}")
            return min(_AGAIN_S, self._settings.audit.every_s)
        self._outage.over()
        at_s = self._wall_s()
        self._show(at_s, findings.values, findings.missing_values)
        self._say(findings)
        if not keep_findings(self._settings.data_dir, self._destination, findings, at_s):
            logger.bind(stage="disk").warning("audit | when it was made cannot be kept; the next start audits again")
        return self._settings.audit.every_s

    def _audited(self) -> AuditFindings:
        from bridge.thingsboard.audit_setup import audit_setup  # noqa: PLC0415 - httpx is for those who audit

        now_ms = int(self._wall_s() * 1000)
        with audit_setup(
            self._settings,
            self._destination,
            since_ms=since_of_rounds_ms(now_ms),
            now_ms=now_ms,
            send_again=_nothing,
            sleep=self._pause,
        ) as setup:
            return setup.audit.run(dict(self._devices), setup.since_ms, setup.until_ms, step=self._step)

    def _show(self, at_s: float, values: int, missing: int) -> None:
        self._shown_s = at_s
        self._metrics.audited_at.set(at_s)
        self._metrics.audited_values.set(values)
        self._metrics.audit_missing.set(missing)
        self._metrics.audit_failures.set(0)
        self._state = AuditState(None, values, missing)

    def _failed(self, why: str) -> None:
        self._metrics.audit_failures.inc()
        self._state = replace(self._state, failed_attempts=self._state.failed_attempts + 1, why=why)

    def _say(self, findings: AuditFindings) -> None:
        lacking = [meter for meter in findings.meters if meter.missing_values]
        if not lacking:
            said = "audit | ThingsBoard has all {} values of {} meters of the last {} days"
            logger.info(said, findings.values, len(findings.meters), _DAYS)
            return
        names = ", ".join(f"{meter.meter} ({meter.missing_values})" for meter in lacking[:_NAMED])
        logger.bind(stage="upstream").warning(
            "audit | ThingsBoard lacks {} of {} values, of {}{}; bridge audit names each, --repair sends them again",
            findings.missing_values, findings.values, names, ", …" if len(lacking) > _NAMED else "",
        )  # fmt: skip

    def _pause(self, pause_s: float) -> None:
        if self._stop.wait(pause_s):
            raise UpstreamError("the bridge stops")

    def _step(self, _: str) -> None:
        if self._stop.is_set():
            raise UpstreamError("the bridge stops")


def since_of_rounds_ms(now_ms: int) -> int:
    """Return from when on an audit by itself looks, Unix milliseconds."""
    return now_ms - now_ms % _DAY_MS - _DAYS * _DAY_MS


def keep_findings(data_dir: Path, destination: str, findings: AuditFindings, at_s: float) -> bool:
    """Keep what an audit of all meters found, for the bridge's metrics; return whether the disk took it.

    Args:
        data_dir: the data folder.
        destination: for whom samples are accepted.
        findings: of all meters, over as long as an audit by itself looks.
        at_s: when it ended, Unix seconds.
    """
    try:
        KeptFile(data_dir / _FILE, destination).save(
            {"at_s": at_s, "values": findings.values, "missing": findings.missing_values}
        )
    except OSError:
        return False
    return True


def _nothing(_: list[KeptSample]) -> int:
    return 0
