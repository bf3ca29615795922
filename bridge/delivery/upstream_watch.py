"""Upstream watch: what is known of the way to ThingsBoard, kept for whoever asks, and said in the log when it changes.

Looks on: whether a sample is stored is the confirmation's to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from bridge.delivery.takeover import Takeover
from bridge.delivery.upstream import Cause
from bridge.errors import UpstreamError
from bridge.log_lines import Outage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bridge.delivery.confirmation.protocol import Marks
    from bridge.delivery.metrics import DeliveryMetrics
    from bridge.delivery.parked import Parked

NO_GATEWAY = "ThingsBoard answers this device and takes nothing from a gateway: is the device marked *Is gateway*?"
STANDING = "ThingsBoard accepts and does not store: its database? Samples are kept and sent again until it does"
MARKLESS = (
    "no mark ever came back from this ThingsBoard (does a rule chain drop attributes of the gateway?): from now on "
    "accepted is all that is known, and what ThingsBoard loses by itself is not noticed"
)


class UpstreamWatch:
    """Times are one monotonic clock's seconds.

    Args:
        metrics: the upstream's figures.
        configured: whether there is one.
    """

    def __init__(self, metrics: DeliveryMetrics, *, configured: bool) -> None:
        self.configured = configured
        self.is_up = False
        """Whether a session with ThingsBoard stands."""
        self.why = "not connected yet" if configured else ""
        """Why it does not, for people."""
        self.takeover = Takeover()
        self._metrics = metrics
        self._outage = Outage("upstream")
        self._marks: Marks = "none"
        self._was_shared = self._was_no_gateway = False
        metrics.upstream_configured.set(configured)

    def up(self, now_s: float, *, is_explained: bool = False) -> None:
        """A session began; whether a limit explains why the one before ended."""
        self.is_up, self.why = True, ""
        self.takeover.began(now_s, is_explained=is_explained)
        if not self.configured:
            return
        self._metrics.upstream_connected.set(1)
        self._metrics.upstream_sessions.inc()
        if self._outage.failures:
            self._outage.over()
        else:
            logger.info("upstream | connected to ThingsBoard")

    def down(self, now_s: float, why: str, cause: Cause = Cause.UNKNOWN, *, by_us: bool = False) -> None:
        """It ended; ``by_us``: because we had it made anew."""
        self.is_up, self.why = False, why
        if cause is Cause.TAKEN_OVER:
            self.takeover.told(now_s)
        # Where ThingsBoard said why, nothing is left to suspect.
        is_short = self.takeover.ended(now_s, by_us=by_us or cause is not Cause.UNKNOWN)
        if not self.configured:
            return
        self._metrics.upstream_connected.set(0)
        if is_short:
            self._metrics.upstream_short_sessions.inc()
        self._outage.failed(UpstreamError(f"{why}; samples wait on disk"))

    def parked(self, devices: Iterable[str], parked: Mapping[str, Parked], now_s: float) -> None:
        """ThingsBoard does not take these."""
        for device in devices:
            entry = parked[device]
            logger.bind(stage="upstream").warning(
                "upstream | ThingsBoard does not take device {!r}: {} Its samples stay on disk, the others go on; "
                "tried again in {:.0f} s",
                device, entry.reason, entry.next_try_s - now_s,
            )  # fmt: skip

    def proven(self, device: str, *, was_parked: bool) -> None:
        """It takes this one."""
        if was_parked:
            logger.info("upstream | ThingsBoard takes device {!r} now", device)

    def look(self, now_s: float, *, marks: Marks, no_gateway: bool, unstored: int) -> None:
        """Bring the figures up to date, and say what changed."""
        is_shared = self.takeover.token_is_shared(now_s)
        self._metrics.upstream_token_shared.set(is_shared)
        self._metrics.delivery_marks.set({"moving": 1, "standing still": 0}.get(marks, float("nan")))
        self._metrics.delivery_unstored.set(unstored)
        if is_shared and not self._was_shared:
            logger.bind(stage="upstream").error(
                "upstream | something else uses this token: sessions with ThingsBoard are taken over, or end after "
                "seconds although nothing is sent | give every bridge a gateway device of its own"
            )
        if no_gateway and not self._was_no_gateway:
            logger.bind(stage="upstream").error("upstream | {}", NO_GATEWAY)
        self._was_shared, self._was_no_gateway = is_shared, no_gateway
        self._say_marks(marks)

    def _say_marks(self, marks: Marks) -> None:
        before, self._marks = self._marks, marks
        if marks in (before, "none"):
            return
        if marks == "standing still":
            logger.bind(stage="upstream").error("upstream | {}", STANDING)
        elif marks == "never come back":
            logger.bind(stage="upstream").warning("upstream | {}", MARKLESS)
        elif marks == "moving" and before in ("standing still", "never come back"):
            logger.info("upstream | ThingsBoard stores again: marks come back")
