"""The policy on secrets for one poller: asked before a secret goes out, told what came of it.

Applies the rules of ``refused_secrets.py``: what blocks runs on a thread, and what fails there is logged and does not
keep the meter from being read. A secret known to be right costs no disk access.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from bridge.errors import AuthError, ReplyTimeout
from bridge.meters.refused_secrets import HeldBack, RefusedSecrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bridge.configuration.meter import Meter
    from bridge.dlms.association import MeterSession
    from bridge.errors import MeterError
    from bridge.meters.observer import MeterObserver

T = TypeVar("T")
_LOOK_AGAIN_S = 3600.0
"""Whoever is sure of a password deletes the file; by then at the latest it is noticed."""


class HeldBackError(AuthError):
    """The secret is not sent: it could lock the meter. Nothing went out."""

    def __init__(self, held: HeldBack) -> None:
        self.wait_s = min(held.left_s, _LOOK_AGAIN_S)
        """For how long the meter is left alone before this is looked at again."""
        self.spoken = held.spoken
        """Whether the meter refused a secret explicitly."""
        hint = "if it is right all the same: remove the meter's file from DATA_DIR/refusals, then restart the bridge"
        if held.reason == "same":
            super().__init__("refused this password or key; it is not sent again until it is changed", hint=hint)
        else:
            what = "refused" if held.spoken else "did not accept"
            super().__init__(
                f"{what} {held.count} passwords or keys that were sent; it could lock, so none is sent for "
                f"{held.left_s / 3600:.1f} h",
                hint=f"check PASSWORD, CLIENT, AUTHENTICATION and the keys; {hint}",
            )


class LockoutGuard:
    """Whether one meter's secret may be sent.

    Args:
        meter: whose.
        refusals: what is remembered; shared with every other command.
        observer: is told what goes wrong.
    """

    __slots__ = (
        "_claimed", "_has_wrapper", "_is_right", "_is_there", "_observer", "_place", "_refusals", "_secret",
        "_was_away", "_where",
    )  # fmt: skip

    def __init__(self, meter: Meter, refusals: RefusedSecrets, observer: MeterObserver) -> None:
        self._secret = meter.secret
        self._refusals = refusals
        self._where = RefusedSecrets.where(meter.host, meter.port, meter.server, meter.client)
        self._observer = observer
        self._is_right = False  # whether the meter took it, and did not refuse it since, as far as is known here
        self._claimed = False
        self._place = f"{meter.host}:{meter.port}"
        self._has_wrapper = meter.framing == "wrapper"
        self._is_there = self._was_away = False  # what asking without a secret has shown

    async def held_back(self) -> HeldBackError | None:
        """Return why the secret must not be sent now; None when it may, or when there is none."""
        if not self._secret or self._is_right:
            return None
        held = await self._on_disk(self._refusals.holds_back, self._where, self._secret)
        return HeldBackError(held) if held is not None else None

    async def permit(self, is_anyone_there: Callable[[], Awaitable[bool]]) -> None:
        """Raise why the secret must not be sent now, before anything is begun for it.

        Behind the wrapper it goes out before it is known whether anybody is there. So a meter to which two went
        unanswered is asked something without a secret: if nobody is there now and somebody is later, they were not
        heard.

        Args:
            is_anyone_there: asks the meter something without a secret.

        Raises:
            HeldBackError: it may not.
            ReplyTimeout: perhaps nobody is there.
        """
        held = await self.held_back()
        if held is None:
            return
        if not self.may_be_away(held):
            raise held
        self._is_there = await is_anyone_there()
        if not self._is_there:
            self._was_away = True
            raise ReplyTimeout(
                f"{self._place}: no answer, not even to a question without password or key",
                hint="check addresses and FRAMING; is the meter behind the converter powered?",
            ) from held
        if not self._was_away:
            raise held
        await self.unheard()
        self._is_there = self._was_away = False

    def may_be_away(self, held: HeldBackError) -> bool:
        """Return whether perhaps nobody was there to hear the secrets that went unanswered."""
        return self._has_wrapper and not held.spoken and not self._is_there

    async def claim(self) -> None:
        """Count the secret as sent, before it is.

        Raises:
            HeldBackError: another process sent the last one that there was.
        """
        if not self._secret or self._is_right:
            return
        claiming = asyncio.ensure_future(self._on_disk(self._refusals.claim, self._where, self._secret))
        try:
            held = await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # The thread counts it all the same: what it counted is taken back once it is done.
            if await claiming is None:
                await self._on_disk(self._refusals.unsent, self._where, self._secret)
            raise
        if held is not None:
            raise HeldBackError(held)
        self._claimed = True

    async def settle(self, session: MeterSession, error: MeterError | None = None) -> None:
        """Tell what came of it: the association stands, or ended with ``error`` before or after it stood."""
        if not self._secret:
            return
        if session.let_in:
            if not self._is_right:
                await self._on_disk(self._refusals.accepted, self._where, self._secret)
                self._is_right = True
        elif session.secret_sent and isinstance(error, AuthError):
            self._is_right = False
            await self._on_disk(self._refusals.refused, self._where, self._secret)
        elif self._claimed and not session.secret_sent:
            await self._on_disk(self._refusals.unsent, self._where, self._secret)
        self._claimed = False

    def break_off(self, session: MeterSession) -> None:
        """Tell that this side cut the association off: a secret that did not go out, or was let in, counts as none.

        Takes the disk's time for a moment, for nothing can be awaited any more.
        """
        if not self._claimed or (session.secret_sent and not session.let_in):
            return
        self._claimed = False
        with suppress(Exception):
            if session.let_in:
                self._refusals.accepted(self._where, self._secret)
            else:
                self._refusals.unsent(self._where, self._secret)

    async def unheard(self) -> None:
        """Forget what went unanswered: nobody was there to hear it."""
        await self._on_disk(self._refusals.unheard, self._where)

    async def _on_disk(self, work: Callable[..., T], *args: Any) -> T | None:
        try:
            if not self._refusals.blocks:
                return work(*args)
            working = asyncio.ensure_future(asyncio.to_thread(work, *args))
            try:
                return await asyncio.shield(working)
            except asyncio.CancelledError:
                await asyncio.wait([working])  # what has begun runs to its end
                raise
        except Exception as error:  # noqa: BLE001 - whatever is in that file, the meter is to be read
            self._observer.unforeseen(error)
            return None
