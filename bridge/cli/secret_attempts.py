"""How often a secret may still be sent to a meter: at most two without success, in one run and across runs.

Rules
    The policy is ``meters/refused_secrets.py``'s, one for the bridge and every command: a meter that locks after three
    wrong passwords must not be locked by a probe, whatever the options, however often it is run.
    Whoever sends a secret claims it first, and says what came of it: accepted, refused, or not sent at all.
    An association without a secret counts as none. But some meters count it all the same, those among them that call
    it an authentication failure: such a one is asked so once, by two clients in a run at most, and then gets one wrong
    secret instead of two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.errors import AuthError
from bridge.meters.refused_secrets import RefusedSecrets

if TYPE_CHECKING:
    from bridge.dlms.association import MeterSession
    from bridge.errors import MeterError
    from bridge.meters.refused_secrets import HeldBack

MOST_IN_A_RUN = 2
NO_SECRET = b""
_UNAUTHENTICATED = b"no secret"
"""Stands for none where it is remembered that a meter was asked without one: see ``failed_without``."""


class SecretAttempts:
    """The account of one meter in one run.

    Args:
        refusals: what is remembered across runs.
        host: as it was given.
        port: TCP port.
        server: server address.
    """

    def __init__(self, refusals: RefusedSecrets, host: str, port: int, server: int) -> None:
        self._refusals = refusals
        self._host, self._port, self._server = host, port, server
        self.refused_now = 0
        """Secrets that went out without success in this run."""
        self._failed_without_now = 0

    def held(self, client: int, secret: bytes) -> HeldBack | None:
        """Return why ``secret`` must not be sent at ``client``; None when it may be."""
        return self._refusals.holds_back(self._where(client), secret)

    def claim(self, client: int, secret: bytes) -> HeldBack | None:
        """Count ``secret`` as sent, before it is; or return why it must not be. Then :meth:`settle` it."""
        return self._refusals.claim(self._where(client), secret)

    def settle(self, client: int, secret: bytes, session: MeterSession | None, error: MeterError | None = None) -> None:
        """Tell what came of a secret that was claimed: ``session`` was let in, ``error`` ended it, or there was none.

        Silence and whatever else is no success leave it counted.
        """
        if not secret:
            return
        if session is not None and session.let_in:
            self.accepted(client, secret)
        elif session is None or not session.secret_sent:
            self._refusals.unsent(self._where(client), secret)
        elif isinstance(error, AuthError):
            self.refused(client, secret)
        else:
            self.refused_now += 1

    @property
    def is_spent(self) -> bool:
        """Whether this run has sent as many without success as it may, or asked as often without a secret."""
        return self.refused_now >= MOST_IN_A_RUN or self._failed_without_now >= MOST_IN_A_RUN

    def failed_without(self, client: int) -> None:
        """Remember that the meter calls an association without a secret an authentication failure."""
        self._failed_without_now += 1
        self._refusals.refused(self._without(client), _UNAUTHENTICATED)

    def fails_without(self, client: int) -> bool:
        """Return whether it did before: it is not asked again so."""
        held = self._refusals.holds_back(self._without(client), _UNAUTHENTICATED)
        return held is not None and held.reason != "forgetful"

    def is_last_spent(self, client: int) -> bool:
        """Return whether one secret went out since to a meter that may have counted what carried none."""
        return self.fails_without(client) and self._refusals.remembers(self._where(client))

    def refused(self, client: int, secret: bytes) -> None:
        """Count a refusal in words, here and on disk; without a secret there is nothing to count."""
        if secret:
            self.refused_now += 1
            self._refusals.refused(self._where(client), secret)

    def accepted(self, client: int, secret: bytes = NO_SECRET) -> None:
        """Forget the refusals: the meter let a secret in, which sets its own count to nothing."""
        self._refusals.accepted(self._where(client), secret)
        if self._refusals.remembers(self._without(client)):
            self._refusals.accepted(self._without(client), NO_SECRET)

    def _without(self, client: int) -> str:
        # As if it were another meter: what it holds back must be no secret.
        return RefusedSecrets.where(f"{self._host} unauthenticated", self._port, self._server, client)

    def _where(self, client: int) -> str:
        return RefusedSecrets.where(self._host, self._port, self._server, client)
