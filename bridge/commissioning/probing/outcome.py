"""What was asked of a probe, and what came of it. Records alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.commissioning.probing.answers import Knock
    from bridge.commissioning.probing.clients import Verdict
    from bridge.commissioning.probing.facts import Facts
    from bridge.commissioning.probing.given import Given, Place
    from bridge.commissioning.probing.scope import Patience, Scope


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asked for.

    Args:
        given: secrets.
        scope: addresses and clients to try.
        patience: how long to wait.
        client: the one client to be, when the user named it.
        profiles_dir: the user's own profiles.
    """

    given: Given
    scope: Scope
    patience: Patience
    client: int | None = None
    profiles_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A way in: as whom, with what, and what was found.

    Args:
        client: client address.
        place: where, with the naming that this client is given.
        authentication: mechanism.
        with_secret: whether what the user gave was needed.
        facts: what the meter said.
    """

    client: int
    place: Place
    authentication: str
    with_secret: bool
    facts: Facts


@dataclass(slots=True)
class Outcome:
    """What came of a probe of one port.

    Args:
        knock: what listens there.
        place: where the meter is, once its address is known.
        verdicts: what each client was told.
        accesses: the ways in.
    """

    knock: Knock
    place: Place | None = None
    verdicts: list[Verdict] | None = None
    accesses: list[Access] | None = None

    @property
    def best(self) -> Access | None:
        """The way in that gives most; of equals, the one with the secret, for it was meant to be used."""
        return max(self.accesses or [], key=lambda one: (len(one.facts.answered), one.with_secret), default=None)
