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
from bridge.commissioning.probing.outcome import Outcome
from bridge.errors import MeterError
from bridge.meters.link import Link

if TYPE_CHECKING:
    from bridge.commissioning.probing.outcome import Wanted
    from bridge.commissioning.probing.report import Report
    from bridge.meters.keys import Counters
    from bridge.meters.refusals import Refusals
    from bridge.settings import Framing

_QUICK_ANSWERS = 8
"""Once it is known how fast a meter answers, silence of so many times that is silence."""
_SHORTEST_S = 0.5


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
        try:
            address = found.address or await self._search(link)
            if address is None:
                self._report.no_address()
                return
            place = outcome.place = Place(host, port, found.kind, "ln", address)
            answer_s = self._wanted.patience.answer_s
            quick_s = max(_SHORTEST_S, _QUICK_ANSWERS * found.answer_s) if found.answer_s else answer_s
            entering = Entering(
                self._wanted,
                self._report,
                link,
                place,
                attempts=Attempts(self._refusals, host, port, address.server),
                counters=self._counters,
                quick_s=min(quick_s, answer_s),
                answered=found.client,
            )
            outcome.verdicts, outcome.accesses = entering.verdicts, entering.accesses
            await entering.run()
        finally:
            link.close()

    async def _search(self, link: Link) -> Address | None:
        """Find the HDLC address behind a mode E opening: the link stands, so every address is asked on it."""
        answer_s = self._wanted.patience.answer_s
        for address, client in pairs(self._wanted.scope.hdlc, self._wanted.scope.clients):
            self._report.asking(link.framing, address, client)
            verdict = await Doorway(link, address, answer_s, answer_s).ask(client)
            if verdict.outcome != "silent":
                return address
        return None
