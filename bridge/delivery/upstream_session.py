"""Upstream session: what the upstream tells of a session with ThingsBoard, passed on to every part that has to know.

Owns the order in which they are told. What follows from it each part decides for itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loguru import logger

from bridge.delivery.upstream import Cause, RefusalReason

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.delivery.incoming import Incoming
    from bridge.delivery.messages import Message
    from bridge.delivery.parts import Parts


_SETTLING_S = 60.0
"""For so long a session is kept that could end without a cost at any moment, before it ends all the same."""


class UpstreamSession:
    """The upstream's :class:`~bridge.delivery.upstream.Listener`; everything here runs on the event loop.

    Args:
        parts: who is told.
        incoming: who hears what comes.
        wake: has the publisher look again.
        clock: monotonic seconds.
    """

    def __init__(
        self, parts: Parts, incoming: Incoming, *, wake: Callable[[], object], clock: Callable[[], float]
    ) -> None:
        self._parts = parts
        self._incoming = incoming
        self._wake = wake
        self._clock = clock
        self._is_renewing = False
        self._is_ours = False  # the end was of our own making, and says nothing about what was on the way
        self._was_innocent = False  # the last session's end was no message's fault
        self.number = 0
        """Counts, so that what was begun in one session is not ended in another."""
        self.must_rewind = True
        """Whether what is sent next begins anew with all that is on disk."""
        self.was_fruitful = False
        """Whether anything was stored in this session."""

    def renew(self, why: str) -> None:
        """End it and have a new one made."""
        logger.bind(stage="upstream").warning("upstream | {}: a new session is made", why)
        self._is_renewing = True
        self._parts.upstream.renew(why)
        self._is_renewing = False

    def renew_for_news(self, why: str) -> None:
        """End it and have a new one made, for a reason that is nobody's fault."""
        if self._parts.watch.is_up:
            logger.info("upstream | {}: a new session is made", why)
            self._is_ours = True
            self._parts.upstream.renew(why)

    def up(self) -> None:
        """A session began."""
        now_s = self._clock()
        parts = self._parts
        if parts.watch.is_up:
            self.down("the session was another one")
        self.number += 1
        parts.sending.way.lost()  # what was sent into no session
        is_explained = parts.limits.session_began(now_s)
        parts.watch.up(now_s, is_explained=is_explained)
        if parts.limits.was_known:
            parts.sending.caution.excuse()
        if is_explained or self._was_innocent:
            parts.introductions.excuse()
            parts.queue.excuse()
        self._is_ours = False
        parts.introductions.began()  # before the renames: they take names out
        parts.renames.began()
        parts.reports.began(now_s)
        parts.sending.kept_open.began(parts.reports.devices if parts.knows_devices else (), now_s)
        parts.confirmation.up(now_s)
        parts.questions.began()
        self.must_rewind = True
        self._wake()

    def down(self, why: str, cause: Cause = Cause.UNKNOWN) -> None:
        """It ended: nothing that is on the way will be accepted."""
        now_s = self._clock()
        parts = self._parts
        if parts.watch.is_up or not parts.has_thingsboard:
            lost = parts.sending.way.lost()
            if lost and self._is_renewing:
                parts.sending.way.line.failed()
            # A limit that is passed closes the session; one that we end ourselves was silent or wanted, and where
            # ThingsBoard says why it ends it, that is the reason.
            self._was_innocent = self._is_ours or cause is not Cause.UNKNOWN
            by_no_limit = self._is_renewing or self._was_innocent
            parts.limits.session_ended(now_s, by_us=by_no_limit, was_fruitful=self.was_fruitful)
            if not by_no_limit:
                parts.sending.caution.closed(parts.confirmation.in_doubt)
            self.was_fruitful = False
            parked = parts.introductions.ended(now_s, silent=self._is_renewing)
            parts.watch.parked(parked, parts.introductions.parked, now_s)
        self.number += 1
        parts.questions.ended()
        parts.watch.down(now_s, why, cause, by_us=self._is_renewing or self._is_ours)
        parts.sending.kept_open.ended()
        parts.confirmation.down(now_s, why)
        parts.queue.close_all()
        self.must_rewind = True
        self._wake()

    def accepted(self, messages: Sequence[Message]) -> None:
        """ThingsBoard has taken these over."""
        now_s = self._clock()
        parts = self._parts
        parts.sending.accepted(messages, now_s)
        parts.introductions.accepted(messages, now_s)
        for message in messages:
            parts.queue.accepted(message)
        parts.sending.settle(messages, now_s)
        parts.metrics.broker_messages.inc(sum(bool(message.ids) for message in messages))
        self._wake()

    def refused(self, message: Message, why: RefusalReason, said: str) -> None:
        """ThingsBoard does not take this one, or not all of it: nothing of it counts as stored.

        A refusal for quota is about a device or about a limit. Of which device, the next question about each of them
        shows: those that ThingsBoard has are proven anew, the other is parked. If it was a limit the session ends.
        """
        now_s = self._clock()
        parts = self._parts
        devices = [device for device in message.devices if device] if parts.knows_devices else []
        logger.bind(stage="upstream").warning(
            "upstream | ThingsBoard refuses a message on {}{}: {}",
            message.topic, f" (of {', '.join(devices[:3])}{' …' if devices[3:] else ''})" if devices else "", said,
        )  # fmt: skip
        parts.sending.refused(message, now_s)
        if (parked := parts.introductions.refused(message, why, now_s)) is not None:
            parts.watch.parked([parked], parts.introductions.parked, now_s)
        parts.reports.refused(message, is_final=why is not RefusalReason.QUOTA)
        parts.confirmation.refused(message, now_s, is_unreadable=why is RefusalReason.UNREADABLE)
        if why is RefusalReason.QUOTA:
            for device in devices:
                parts.introductions.forget(device)
                parts.queue.close(device)
        self._wake()

    def look(self, now_s: float) -> None:
        """Find what was never acknowledged although others behind it were: the session, or one device, is stuck on it.

        Before any device was proven the session is ended: that ThingsBoard takes nothing from a device that is not
        marked *Is gateway* changes in the next one only.
        """
        parts = self._parts
        for message in parts.sending.passed_over(now_s):
            if (
                parts.introductions.has_proven
                and (parked := parts.introductions.unanswered(message, now_s)) is not None
            ):
                parts.sending.gave_up(message, now_s)
                parts.watch.parked([parked], parts.introductions.parked, now_s)
            else:
                self.renew(f"a message on {message.topic} is never acknowledged, though others behind it are")
                return

        due_s = parts.introductions.new_session_due_s()
        if due_s is None or not parts.watch.is_up:
            return
        if now_s >= due_s + _SETTLING_S or (now_s >= due_s and parts.sending.is_settled):
            self.renew_for_news("a device that was not acknowledged in this session is tried in another")

    def received(self, topic: str, payload: bytes) -> None:
        """An answer, or a call for a meter."""
        self._incoming.hear(topic, payload)
        self._wake()
