"""What the lines to paste read: a profile that fits, less what stays silent, or the meter's OBIS codes. Pure.

Lines without a profile would be read by the default one, which may fit nothing. So a meter that no profile fits gets
its registers named one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge.cli.probe.profile_match import ENOUGH, best_profile
from bridge.configuration.meter import registers_of
from bridge.configuration.profile import load_profile
from bridge.dlms.obis_names import is_usual, short_obis
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bridge.cli.probe.meter_facts import MeterFacts
    from bridge.cli.probe.profile_match import ProfileMatch
    from bridge.configuration.profile import Profile

DEFAULT_PROFILE = "single_phase"
"""What lines without PROFILE are read by."""
_MOST = 20
_REGISTER = 3


@dataclass(frozen=True, slots=True)
class RegisterChoice:
    """What is to be read of a meter.

    Args:
        match: the profile that comes nearest; None when none has anything of it.
        profile: the one to name in the lines; empty where none is good enough.
        registers: OBIS codes instead of a profile's, as the setting REGISTERS takes them.
        leave_out: keys of the profile to leave out.
        list_items: most registers in a request; None leaves it to the profile.
    """

    match: ProfileMatch | None
    profile: str = ""
    registers: str = ""
    leave_out: tuple[str, ...] = ()
    list_items: int | None = None


def choose_registers(
    facts: MeterFacts, everybody: Sequence[MeterFacts], profiles_dir: Path | None, referencing: str
) -> RegisterChoice:
    """Return what to read of a meter by what it answered.

    Args:
        facts: what the client found who is to read it.
        everybody: what all clients found.
        profiles_dir: the user's own profiles.
        referencing: how the meter is asked.
    """
    match = best_profile({(one.class_id, one.logical_name) for one in facts.answered}, profiles_dir, referencing)
    list_items = 0 if facts.lists == "fails" else None
    silent = {one for facts in everybody for one in facts.silent}
    if match is not None and match.share >= ENOUGH:
        return RegisterChoice(match, match.name, "", _keys(match.profile, silent), list_items)
    answered = [(one.class_id, one.logical_name) for one in facts.answered]
    usual = [one for one in answered if is_usual(one[1])] or answered
    registers = ",".join(
        short_obis(name) if class_id == _REGISTER else f"{class_id}/{short_obis(name)}"
        for class_id, name in usual[:_MOST]
    )
    try:
        told = _keys(load_profile(DEFAULT_PROFILE, profiles_dir), silent, attributes_alone=True)
    except ConfigError:
        told = ()
    return RegisterChoice(match, "", registers, told, list_items)


def silent_names(facts: MeterFacts, everybody: Sequence[MeterFacts]) -> str:
    """Return what gave no answer, as a person names it: OBIS code and key."""
    silent = dict.fromkeys(name for one in (facts, *everybody) for _, name in one.silent)
    return ", ".join(_named(name) for name in silent)


def _named(logical_name: str) -> str:
    [register] = registers_of(short_obis(logical_name))
    code = short_obis(logical_name)
    return code if register.key.startswith("obis_") else f"{code} ({register.key})"


def _keys(profile: Profile, silent: set[tuple[int, str]], *, attributes_alone: bool = False) -> tuple[str, ...]:
    """Return the keys of a profile whose objects gave no answer."""
    told = profile.attributes if attributes_alone else (*profile.registers, *profile.attributes)
    return tuple(one.key for one in told if (one.class_id, one.logical_name) in silent)
