"""Tries one client after another: who is let in, with what, and what the meter then tells about itself.

Never guesses a secret; ``secret_attempts.py`` says how often a given one is tried. Leaves the meter released.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.cli.probe.client_requests import ClientRequests
from bridge.cli.probe.client_verdict import ClientVerdict
from bridge.cli.probe.given_secrets import meter_at
from bridge.cli.probe.likely_addresses import PUBLIC_CLIENT
from bridge.cli.probe.meter_facts import gather_facts
from bridge.cli.probe.probe_result import MeterAccess
from bridge.cli.visit import SecretHeldBackError, visit
from bridge.configuration.profile import load_profile, profile_names
from bridge.errors import ConfigError, LinkError, MeterError, ReplyTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.probe.given_secrets import MeterPlace
    from bridge.cli.probe.probe_report import ProbeReport
    from bridge.cli.probe.probe_result import ProbeRequest
    from bridge.cli.secret_attempts import SecretAttempts
    from bridge.configuration.meter import Meter
    from bridge.meters.counter_store import CounterStore
    from bridge.meters.link import Link

_MOST_OPEN_CLIENTS = 3
"""At most this many clients that need no secret are looked at closely; the others are only listed."""
_SPACED_S = 1.0
"""Pause between a refusal and the next attempt: some meters slow down before they lock."""
_GARBLED = 2
_DOZES_S = (1.0, 5.0, 10.0)
_READING_S = 5.0
"""A meter that let us in may take its time over a long answer."""


class ClientSearch:
    """One meter whose address is known.

    Args:
        wanted: what the user asked for.
        report: is told everything as it is found.
        link: the way to the meter.
        place: where it is.
        attempts: the account of its refusals.
        counters: the invocation counters, shared with the bridge.
        quick_s: how long a silence is silence.
        answered: the client that the meter answered when its port was knocked at; 0 for none.
        greets: whether text comes first on every connection.
    """

    def __init__(
        self,
        wanted: ProbeRequest,
        report: ProbeReport,
        link: Link,
        place: MeterPlace,
        *,
        attempts: SecretAttempts,
        counters: CounterStore,
        quick_s: float,
        answered: int = 0,
        greets: bool = False,
    ) -> None:
        self.verdicts: list[ClientVerdict] = []
        self.accesses: list[MeterAccess] = []
        self._wanted = wanted
        self._report = report
        self._link = link
        self._place = place
        self._answered = answered
        self._attempts = attempts
        self._counters = counters
        self._doorway = ClientRequests(
            link, place.address, quick_s, wanted.patience.answer_s, namings=wanted.scope.namings, greets=greets
        )
        self._reading_s = max(_READING_S, wanted.patience.answer_s)

    async def run(self) -> None:
        """Go through the clients until one is let in with a secret, or none is left, or no more may be tried."""
        try:
            await self._run()
        finally:
            self._report.silent([verdict.client for verdict in self.verdicts if verdict.outcome == "silent"])

    async def _run(self) -> None:
        for client in self._clients():
            self._report.asking(self._place.framing, self._place.address, client)
            verdict = await self._ask(client)
            self.verdicts.append(verdict)
            self._report.client(verdict)
            if verdict.outcome == "open":
                await self._walk_in(verdict)
            elif verdict.outcome in ("asks", "ciphered", "refused", "mute") and await self._try_secret(verdict):
                return
            if self._attempts.is_spent:
                self._report.spent()
                return
            if sum(one.outcome == "garbled" for one in self.verdicts) >= _GARBLED:
                return  # the line is bad, for every client
        await self._knock_again()

    async def _knock_again(self) -> None:
        """Try what the user gave at clients that are let in without it and may read nothing: it may open more.

        Only where nobody asked for it: one that was refused at a client of its own is not tried elsewhere.
        """
        if not self._wanted.given.has_secret or self._attempts.refused_now:
            return
        if any(access.facts.answered for access in self.accesses):
            return
        walked_in = [verdict for verdict in self.verdicts if verdict.outcome == "open"]
        # The public client needs no secret and may see little everywhere: it comes last.
        for verdict in sorted(walked_in, key=lambda one: one.client == PUBLIC_CLIENT):
            if self._attempts.is_spent:
                self._report.spent()
                return
            self._report.reads_nothing(verdict.client)
            if await self._try_secret(replace(verdict, outcome="asks")):
                return

    def _clients(self) -> Sequence[int]:
        return (self._wanted.client,) if self._wanted.client is not None else self._wanted.scope.clients

    async def _ask(self, client: int) -> ClientVerdict:
        if await asyncio.to_thread(self._attempts.fails_without, client):
            # It was asked before, and the meter may have counted that.
            return ClientVerdict(client, "asks", "", could_count=True)
        verdict = await self._doorway.ask(client)
        for wait_s in _DOZES_S if client == self._answered else ():
            if verdict.outcome != "silent":
                break
            # It answered a moment ago: meter or converter is not done yet with the last connection.
            self._doorway.hang_up()
            await asyncio.sleep(wait_s)
            verdict = await self._doorway.ask(client)
        if verdict.could_count:
            await asyncio.to_thread(self._attempts.failed_without, client)
        return verdict

    async def _walk_in(self, verdict: ClientVerdict) -> None:
        if sum(not access.with_secret for access in self.accesses) >= _MOST_OPEN_CLIENTS:
            return
        place = replace(self._place, referencing=verdict.referencing)
        meter = meter_at(place, verdict.client, "none", None, self._reading_s)
        try:
            async with visit(self._link, meter, quick_s=self._wanted.patience.answer_s) as talk:
                facts = await gather_facts(
                    talk, self._report.reading, self._guesses(), try_lists=place.referencing == "ln"
                )
        except MeterError as error:
            self._report.lost(error)
            return
        self._keep(MeterAccess(verdict.client, place, "none", False, facts))

    async def _try_secret(self, verdict: ClientVerdict) -> bool:
        """Try what the user gave at this client, once; return whether the meter let it in."""
        given, client = self._wanted.given, verdict.client
        if not self._may_help(verdict):
            return False
        mechanism = await self._mechanism(verdict)
        self.verdicts[:] = [replace(one, mechanism=mechanism) if one.client == client else one for one in self.verdicts]
        self._report.mechanism(client, verdict, mechanism)
        if not given.has_secret:
            return False
        chosen = given.authentication or mechanism or ("low" if given.password else "gmac")
        if not given.suits(chosen) and not (chosen == "none" and given.has_keys):
            self._report.not_given(client, chosen)
            return False
        place = replace(self._place, referencing=verdict.referencing)
        meter = meter_at(place, client, chosen, given, self._reading_s)
        if await asyncio.to_thread(self._attempts.is_last_spent, client):
            self._report.last_spent(client)
            return False
        held = await asyncio.to_thread(self._attempts.held, client, meter.secret)
        if held is not None:
            self._report.held(client, held)
            return False
        return await self._associate(meter, place)

    def _may_help(self, verdict: ClientVerdict) -> bool:
        """Return whether a secret could be what this client lacks."""
        if verdict.outcome in ("asks", "ciphered") or self._wanted.given.has_keys or self._wanted.client is not None:
            return True
        # Without a reason it may be anything; but the public client needs none, and the attempts are few.
        return not verdict.has_reason and verdict.client != PUBLIC_CLIENT

    async def _associate(self, meter: Meter, place: MeterPlace) -> bool:
        client, chosen = meter.client, meter.authentication
        if self._attempts.refused_now:
            await asyncio.sleep(_SPACED_S)
        self._report.trying(client, chosen)
        try:
            async with visit(
                self._link,
                meter,
                counters=self._counters,
                attempts=self._attempts,
                quick_s=self._wanted.patience.answer_s,
            ) as talk:
                self._report.let_in(client, chosen)
                facts = await gather_facts(
                    talk, self._report.reading, self._guesses(), try_lists=place.referencing == "ln"
                )
        except SecretHeldBackError as error:
            self._report.held(client, error.held)
            return False
        except (LinkError, ReplyTimeout) as error:
            self._report.lost(error)
            return False
        except MeterError as error:
            self._report.turned_away(client, error)
            return False
        self._keep(MeterAccess(client, place, chosen, True, facts))
        return True

    async def _mechanism(self, verdict: ClientVerdict) -> str:
        """Return which authentication the client is asked for, as far as that can be told without a secret."""
        if verdict.mechanism or verdict.outcome != "asks":
            return verdict.mechanism
        if self._wanted.given.authentication:
            return self._wanted.given.authentication
        if verdict.could_count or self._attempts.refused_now:
            return ""
        mechanism, could_count = await self._doorway.mechanism(verdict.client, verdict.referencing)
        if could_count:
            await asyncio.to_thread(self._attempts.failed_without, verdict.client)
        return mechanism

    def _keep(self, access: MeterAccess) -> None:
        self.accesses.append(access)
        self._report.gathered(access)

    def _guesses(self) -> list[tuple[int, str]]:
        """Return the registers of all profiles, for a meter that does not show what it has."""
        guesses: dict[tuple[int, str], None] = {}
        for name in profile_names(self._wanted.profiles_dir):
            with suppress(ConfigError):
                for register in load_profile(name, self._wanted.profiles_dir).registers:
                    guesses[register.class_id, register.logical_name] = None
        return list(guesses)
