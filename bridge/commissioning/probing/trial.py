"""The lines tried before they are printed: read as the bridge reads, once, by the settings that stand in them.

Sends no secret but the one that let this client in a moment ago.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.commissioning.probing.choice import DEFAULT_PROFILE
from bridge.commissioning.probing.meeting import meeting
from bridge.errors import MeterError
from bridge.meters.link import Link
from bridge.meters.meter import resolve
from bridge.meters.profile import Profile, load_profile
from bridge.meters.session import Session
from bridge.settings import MeterSettings, PollSettings

if TYPE_CHECKING:
    from bridge.commissioning.probing.given import Given
    from bridge.commissioning.probing.lines import Found
    from bridge.commissioning.probing.outcome import Wanted
    from bridge.commissioning.probing.proposal import Proposal
    from bridge.commissioning.probing.scope import Patience
    from bridge.meters.keys import Counters
    from bridge.meters.meter import Meter

_SECRETS = ("password", "encryption_key", "authentication_key")
_READING_S = 5.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    Args:
        found: the lines, perhaps with lists switched off.
        values: how many registers gave a value in the first cycle.
        of: how many are read.
        error: what ended it; None when there is a sample.
    """

    found: Found
    values: int = 0
    of: int = 0
    error: MeterError | None = None


async def trial(proposal: Proposal, wanted: Wanted, counters: Counters) -> Trial:
    """Read the meter once by the lines; once more without lists where that may have been the trouble.

    Args:
        proposal: the lines, and the profile where it is not written yet.
        wanted: the secrets that the lines leave to be filled in, where profiles lie, how long to wait.
        counters: the invocation counters, shared with the bridge.

    Raises:
        ConfigError: the profile cannot be used.
    """
    found, given, patience = proposal.found, wanted.given, wanted.patience
    if proposal.profile_text:
        profile = Profile.model_validate(tomllib.loads(proposal.profile_text))
    else:
        profile = load_profile(found.profile or DEFAULT_PROFILE, wanted.profiles_dir)
    done = await _once(found, given, profile, counters, patience)
    if done.error is None or found.list_items == 0:
        return done
    without = await _once(replace(found, list_items=0), given, profile, counters, patience)
    return without if without.error is None else done


async def _once(found: Found, given: Given, profile: Profile, counters: Counters, patience: Patience) -> Trial:
    meter = _meter(found, given, profile, max(_READING_S, patience.answer_s))
    if meter.keys is not None:
        meter = meter.titled(await asyncio.to_thread(counters.system_title))
    link = Link(
        meter.host,
        meter.port,
        meter.framing,
        connect_timeout_s=patience.connect_s,
        connecting=asyncio.Semaphore(1),
    )
    session = Session(meter, counters)
    await asyncio.sleep(patience.between_s)
    try:
        async with meeting(link, session, meter.timeout_s) as talk:
            await talk.carry(session.associate())
            readings = await talk.carry(session.read())
    except MeterError as error:
        return Trial(found, 0, len(meter.registers), error)
    finally:
        link.close()
    return Trial(found, sum(one.value is not None for one in readings), len(readings))


def _meter(found: Found, given: Given, profile: Profile, timeout_s: float) -> Meter:
    """Return the meter that the lines make, with the secrets filled in."""
    fields: dict[str, object] = {name.lower(): value for name, value in found.settings}
    wanted = [name.lower() for name in found.secrets]
    fields |= {name: getattr(given, name) for name in _SECRETS if name in wanted and getattr(given, name)}
    fields["timeout"] = timeout_s
    return resolve(found.name, MeterSettings.model_validate(fields), profile, PollSettings(retries=1))
