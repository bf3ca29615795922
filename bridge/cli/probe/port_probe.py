"""One port, from the outside in: what listens, at which address, and then whom it lets in (``client_search``)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from bridge.cli.probe.client_requests import ClientRequests
from bridge.cli.probe.client_search import ClientSearch
from bridge.cli.probe.given_secrets import MeterPlace, meter_at
from bridge.cli.probe.likely_addresses import ServerAddress, pairs
from bridge.cli.probe.port_identification import identify_port
from bridge.cli.probe.probe_result import PortResult
from bridge.cli.secret_attempts import SecretAttempts
from bridge.cli.visit import open_patiently
from bridge.errors import AssociationError, MeterError
from bridge.meters.link import Link

if TYPE_CHECKING:
    from bridge.cli.probe.probe_report import ProbeReport
    from bridge.cli.probe.probe_result import ProbeRequest
    from bridge.cli.probe.search_scope import Patience
    from bridge.dlms.framing import Framing
    from bridge.meters.counter_store import CounterStore
    from bridge.meters.refused_secrets import RefusedSecrets

_QUICK_ANSWERS = 8
"""Once a meter's answering time is known, this many times it without an answer counts as silence."""
_SHORTEST_S = 0.5
_LIKELIEST = 2
_MODE_E = "\\2"
_WITHOUT_MODE_E = 8
_TRIPS = 3  # connection, association, release


class PortProbe:
    """One port of one host.

    Args:
        wanted: what the user asked for.
        report: is told everything as it is found.
        refusals: which secrets were refused before.
        counters: the invocation counters, shared with the bridge.
    """

    def __init__(
        self, wanted: ProbeRequest, report: ProbeReport, refusals: RefusedSecrets, counters: CounterStore
    ) -> None:
        self._wanted = wanted
        self._report = report
        self._refusals = refusals
        self._counters = counters

    async def run(self, host: str, port: int) -> PortResult:
        """Find out what is there. Never raises for what the network or a meter does.

        Raises:
            ConfigError: what the user gave cannot be used.
        """
        if self._wanted.given.has_secret:  # a key of the wrong length is said before anything is sent
            place = MeterPlace(host, port, "hdlc", "ln", ServerAddress(1, 1))
            meter_at(place, 1, "low", self._wanted.given, 1.0)
        found = await identify_port(host, port, self._wanted.patience, self._wanted.scope, self._report.asking)
        outcome = PortResult(found)
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

    async def _enter(self, host: str, port: int, outcome: PortResult) -> None:
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
            place = outcome.place = MeterPlace(host, port, found.kind, "ln", address)
            entering = ClientSearch(
                self._wanted,
                self._report,
                link,
                place,
                attempts=SecretAttempts(self._refusals, host, port, address.server),
                counters=self._counters,
                quick_s=quick_s,
                answered=client,
                greets=bool(found.greeting),
            )
            outcome.verdicts, outcome.accesses = entering.verdicts, entering.accesses
            await entering.run()
        finally:
            link.close()

    async def _search(self, link: Link, identification: str) -> tuple[ServerAddress | None, int, float]:
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
                await ClientRequests(link, address, wait_s, patience.answer_s, namings=self._wanted.scope.namings).ask(
                    client
                )
            ).outcome
            if outcome != "silent":
                return address, client, _quick((loop.time() - began_s) / _TRIPS, patience)
        return None, 0, patience.answer_s


def _quick(answer_s: float, patience: Patience) -> float:
    """Return after how long no answer is silence, for a meter that took ``answer_s`` to answer; 0 for unknown."""
    longest_s = patience.answer_s
    return min(max(_SHORTEST_S, _QUICK_ANSWERS * answer_s), longest_s) if answer_s else longest_s
