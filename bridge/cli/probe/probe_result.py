"""What a probe is asked for, and what it found. Records only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.cli.probe.client_verdict import ClientVerdict
    from bridge.cli.probe.given_secrets import GivenSecrets, MeterPlace
    from bridge.cli.probe.meter_facts import MeterFacts
    from bridge.cli.probe.port_questions import PortFinding
    from bridge.cli.probe.search_scope import Patience, SearchScope


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What the user asked for.

    Args:
        given: secrets.
        scope: addresses and clients to try.
        patience: how long to wait.
        client: the one client to be, when the user named it.
        profiles_dir: the user's own profiles.
    """

    given: GivenSecrets
    scope: SearchScope
    patience: Patience
    client: int | None = None
    profiles_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class MeterAccess:
    """A way in: as whom, with what, and what was found.

    Args:
        client: client address.
        place: where, with the naming that this client is given.
        authentication: mechanism.
        with_secret: whether what the user gave was needed.
        facts: what the meter said.
    """

    client: int
    place: MeterPlace
    authentication: str
    with_secret: bool
    facts: MeterFacts


@dataclass(slots=True)
class PortResult:
    """What came of a probe of one port.

    Args:
        knock: what listens there.
        place: where the meter is, once its address is known.
        verdicts: what each client was told.
        accesses: the ways in.
    """

    knock: PortFinding
    place: MeterPlace | None = None
    verdicts: list[ClientVerdict] | None = None
    accesses: list[MeterAccess] | None = None

    @property
    def best(self) -> MeterAccess | None:
        """The way in that gives most; of equals, the one with the secret, for it was meant to be used."""
        return max(self.accesses or [], key=lambda one: (len(one.facts.answered), one.with_secret), default=None)
