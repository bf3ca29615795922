"""How often a secret may still be tried on a meter: at most two refusals, in one run and across runs.

Rules
    A meter that locks after three wrong passwords must not be locked by a probe, whatever the options, however often
    it is run. So two refusals are the end: of this run, and of the day (``meters/refusals.py`` keeps them on the data
    volume). A secret that was refused is not tried again at that client; one that works forgets them all.
    An association without any secret that is refused with *authentication failure* counts too: some meters count it.
    It counts for the client and for the meter as a whole, because it is not known which of the two the meter locks.
    What cannot be remembered is not tried.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.meters.refusals import Refusals

if TYPE_CHECKING:
    from bridge.meters.refusals import Held

MOST_IN_A_RUN = 2
_WHOLE_METER = 0  # no client has the address 0
NO_SECRET = b""
_ANY = b"\x00any"
"""Stands for no secret in particular: how many were refused is asked, not which."""


class Attempts:
    """The account of one meter in one run.

    Args:
        refusals: what is remembered across runs.
        host: as it was given.
        port: TCP port.
        server: server address.
    """

    def __init__(self, refusals: Refusals, host: str, port: int, server: int) -> None:
        self._refusals = refusals
        self._host, self._port, self._server = host, port, server
        self.refused_now = 0
        """Refusals in this run."""

    def held(self, client: int, secret: bytes) -> Held | None:
        """Return why ``secret`` must not be tried at ``client``; None when it may be."""
        held = self._refusals.holds_back(self._where(client), secret)
        return held or self._refusals.holds_back(self._where(_WHOLE_METER), _ANY)

    @property
    def is_spent(self) -> bool:
        """Whether this run has had as many refusals as it may."""
        return self.refused_now >= MOST_IN_A_RUN

    def refused(self, client: int, secret: bytes) -> None:
        """Count a refusal, here and on disk."""
        self.refused_now += 1
        self._refusals.refused(self._where(client), secret)
        self._refusals.refused(self._where(_WHOLE_METER), secret)

    def accepted(self, client: int) -> None:
        """Forget the refusals: the meter let a secret in, which sets its own count to nothing."""
        self._refusals.accepted(self._where(client))
        self._refusals.accepted(self._where(_WHOLE_METER))

    def _where(self, client: int) -> str:
        return Refusals.where(self._host, self._port, self._server, client)
