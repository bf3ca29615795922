"""One port, from the outside in: what listens, under which address, and then whom it lets in (``entering.py``)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from bridge.commissioning.probing.attempts import Attempts
from bridge.commissioning.probing.candidates import Address, pairs
from bridge.commissioning.probing.clients import Doorway
from bridge.commissioning.probing.entering import Entering
from bridge.commissioning.probing.given import Place, meter_at
from bridge.commissioning.probing.knock import knock
from bridge.commissioning.probing.meeting import open_patiently
from bridge.commissioning.probing.outcome import Outcome
from bridge.errors import AssociationError, MeterError
from bridge.meters.link import Link

if TYPE_CHECKING:
    from bridge.commissioning.probing.outcome import Wanted
    from bridge.commissioning.probing.report import Report
    from bridge.commissioning.probing.scope import Patience
    from bridge.meters.keys import Counters
    from bridge.meters.refusals import Refusals
    from bridge.settings import Framing

_QUICK_ANSWERS = 8
"""Once it is known how fast a meter answers, silence of so many times that is silence."""
_SHORTEST_S = 0.5
_LIKELIEST = 2
_MODE_E = "\\2"
_WITHOUT_MODE_E = 8
_TRIPS = 3  # connection, association, release


class Probe:
    """One port of one host.

    Args:
        wanted: what the user asked for.
        report: is told everything as it is found.
        refusals: which secrets were refused before.
        counters: the invocation counters, shared with the bridge.
    """

    def __init__(self, wanted: Wanted, report: Report, refusals: Refusals, counters: Counters) -> None:
        self._wanted = wanted
        self._report = report
        self._refusals = refusals
        self._counters = counters

    async def run(self, host: str, port: int) -> Outcome:
        """Find out what is there. Never raises for what the network or a meter does.

        Raises:
            ConfigError: what the user gave cannot be used.
        """
        if self._wanted.given.has_secret:  # a key of the wrong length is said before anything is sent
            place = Place(host, port, "hdlc", "ln", Address(1, 1))
            meter_at(place, 1, "low", self._wanted.given, 1.0)
        found = await knock(host, port, self._wanted.patience, self._wanted.scope, self._report.asking)
        outcome = Outcome(found)
        self._report.knocked(host, port, found)
        if not found.is_meter:
            return outcome
        await asyncio.sleep(self._wanted.patience.between_s)
        try:
            await self._enter(host, port, outcome)
        except AssociationError as error:
            if found.kind == "hdlc-mode-e" and outcome.place is None:
                self._report.no_mode_e(error)
            else:
                self._report.lost(error)
        except MeterError as error:
            self._report.lost(error)
        return outcome

    async def _enter(self, host: str, port: int, outcome: Outcome) -> None:
        found = outcome.knock
        link = Link(
            host,
            port,
            cast("Framing", found.kind),  # a meter's kind is its framing
            connect_timeout_s=self._wanted.patience.connect_s,
            connecting=asyncio.Semaphore(1),
        )
        link.join(reconnect_gap_s=self._wanted.patience.between_s)
        try:
            quick_s = _quick(found.answer_s, self._wanted.patience)
            address, client = found.address, found.client
            if address is None:
                address, client, quick_s = await self._search(link, found.said)
            if address is None:
                self._report.no_address(found.said)
                return
            place = outcome.place = Place(host, port, found.kind, "ln", address)
            entering = Entering(
                self._wanted,
                self._report,
                link,
                place,
                attempts=Attempts(self._refusals, host, port, address.server),
                counters=self._counters,
                quick_s=quick_s,
                answered=client,
                greets=bool(found.greeting),
            )
            outcome.verdicts, outcome.accesses = entering.verdicts, entering.accesses
            await entering.run()
        finally:
            link.close()

    async def _search(self, link: Link, identification: str) -> tuple[Address | None, int, float]:
        """Find the HDLC address behind a mode E opening: the link stands, so every address is asked on it.

        Behind an identification that does not offer mode E only the likeliest are.

        Returns:
            the address, the client that it answered, and how long a silence is silence; None for the first when no
            address answers.
        """
        patience, loop = self._wanted.patience, asyncio.get_running_loop()
        tried = list(pairs(self._wanted.scope.hdlc, self._wanted.scope.clients))
        for number, (address, client) in enumerate(tried if _MODE_E in identification else tried[:_WITHOUT_MODE_E]):
            self._report.asking(link.framing, address, client)
            wait_s = patience.answer_s if number < _LIKELIEST else patience.sweep_s
            await open_patiently(link)
            began_s = loop.time()
            outcome = (
                await Doorway(link, address, wait_s, patience.answer_s, namings=self._wanted.scope.namings).ask(client)
            ).outcome
            if outcome != "silent":
                return address, client, _quick((loop.time() - began_s) / _TRIPS, patience)
        return None, 0, patience.answer_s


def _quick(answer_s: float, patience: Patience) -> float:
    """Return how long a silence is silence at a meter that took ``answer_s`` to answer; 0 when that is not known."""
    longest_s = patience.answer_s
    return min(max(_SHORTEST_S, _QUICK_ANSWERS * answer_s), longest_s) if answer_s else longest_s
