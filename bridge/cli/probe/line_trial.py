"""Tries the lines before they are printed: reads the meter once with their settings, as the bridge would.

Sends only the secret that let this client in a moment ago.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bridge.cli.probe.register_choice import DEFAULT_PROFILE
from bridge.cli.visit import link_to, visit
from bridge.configuration.meter import resolve
from bridge.configuration.profile import Profile, load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.errors import MeterError

if TYPE_CHECKING:
    from bridge.cli.probe.env_lines import ProposedMeter
    from bridge.cli.probe.given_secrets import GivenSecrets
    from bridge.cli.probe.probe_result import ProbeRequest
    from bridge.cli.probe.proposal import Proposal
    from bridge.cli.probe.search_scope import Patience
    from bridge.configuration.meter import Meter
    from bridge.meters.counter_store import CounterStore

_SECRETS = ("password", "encryption_key", "authentication_key")
_READING_S = 5.0


@dataclass(frozen=True, slots=True)
class LineTrial:
    """What came of it.

    Args:
        found: the lines, perhaps with lists switched off.
        values: how many registers gave a value in the first cycle.
        of: how many are read.
        error: what ended it; None when there is a sample.
    """

    found: ProposedMeter
    values: int = 0
    of: int = 0
    error: MeterError | None = None


async def try_lines(proposal: Proposal, wanted: ProbeRequest, counters: CounterStore) -> LineTrial:
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


async def _once(
    found: ProposedMeter, given: GivenSecrets, profile: Profile, counters: CounterStore, patience: Patience
) -> LineTrial:
    meter = _meter(found, given, profile, max(_READING_S, patience.answer_s))
    await asyncio.sleep(patience.between_s)
    try:
        async with visit(link_to(meter, patience.connect_s), meter, counters=counters) as talk:
            await talk.carry(talk.session.compile())
            readings = await talk.carry(talk.session.read())
    except MeterError as error:
        return LineTrial(found, 0, len(meter.registers), error)
    return LineTrial(found, sum(one.value is not None for one in readings), len(readings))


def _meter(found: ProposedMeter, given: GivenSecrets, profile: Profile, timeout_s: float) -> Meter:
    """Return the meter that the lines make, with the secrets filled in."""
    fields: dict[str, object] = {name.lower(): value for name, value in found.settings}
    wanted = [name.lower() for name in found.secrets]
    fields |= {name: getattr(given, name) for name in _SECRETS if name in wanted and getattr(given, name)}
    fields["timeout"] = timeout_s
    return resolve(found.name, MeterSettings.model_validate(fields), profile, PollSettings(retries=1))
