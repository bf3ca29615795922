"""The upstream: what is known of the broker's connection to ThingsBoard, said in log and metrics.

Looks on: whether a sample has arrived is the confirmation's to tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from bridge.delivery.outage import Outage
from bridge.delivery.sessions import Sessions
from bridge.errors import UpstreamError

if TYPE_CHECKING:
    from bridge.health.metrics import Metrics


class Upstream:
    """Times are one monotonic clock's seconds.

    Args:
        metrics: the upstream's figures.
        configured: whether there is one.
    """

    def __init__(self, metrics: Metrics, *, configured: bool) -> None:
        self.configured = configured
        self.up = False
        """What the broker said last; False while the broker itself is away."""
        self._metrics = metrics
        self._sessions = Sessions()
        self._outage = Outage("upstream")
        self._silence = Outage("upstream")
        metrics.upstream_configured.set(configured)

    def told(self, *, up: bool, now_s: float) -> None:
        """The broker says whether it is connected."""
        self._metrics.upstream_connected.set(up)
        self._note_session(up=up, now_s=now_s)
        if not up:
            self._outage.failed(UpstreamError("the broker has no connection to ThingsBoard; samples wait on disk"))
        elif self._outage.failures:
            self._outage.over()
        elif not self.up:
            logger.info("upstream | the broker is connected to ThingsBoard")
        self.up = up

    def unknown(self) -> None:
        """The broker is away, and with it the news. That is no end of a session that anybody has seen."""
        self.up = False
        self._metrics.upstream_connected.set(0)

    def silent(self, times: int) -> None:
        """So many fences in a row stayed unanswered on a session that stands."""
        if times > 1:  # once may be a slow line
            self._silence.failed(
                UpstreamError(
                    "ThingsBoard accepts the connection but does not answer",
                    hint="is the device marked *Is gateway*? does something else use its token? "
                    "THINGSBOARD__CONFIRM=puback for a server that answers no getSessionLimits",
                )
            )

    def answers(self) -> None:
        """Samples were confirmed."""
        self._silence.over()

    def note(self, now_s: float) -> None:
        """Bring the figures up to date that change by time alone."""
        self._metrics.upstream_token_shared.set(self._sessions.token_is_shared(now_s))

    def _note_session(self, *, up: bool, now_s: float) -> None:
        was_shared = self._sessions.token_is_shared(now_s)
        if self._sessions.ended(now_s):  # a second 'up' is also the end of the session before
            self._metrics.upstream_short_sessions.inc()
        if up:
            self._sessions.began(now_s)
            self._metrics.upstream_sessions.inc()
        if self._sessions.token_is_shared(now_s) and not was_shared:
            logger.bind(stage="upstream").error(
                "upstream | sessions with ThingsBoard end after seconds, again and again | does something else use "
                "this token? give every bridge a gateway device of its own"
            )
