"""What a probe proposes from what it found: the lines to paste, and the profile if one was asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli.probe.env_lines import ProposedMeter, meter_name
from bridge.cli.probe.flag_ids import flag_id, maker
from bridge.cli.probe.register_choice import RegisterChoice, choose_registers
from bridge.cli.profile_text import ProfileRegister, profile_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bridge.cli.load_profile_text import FoundHistory
    from bridge.cli.probe.given_secrets import GivenSecrets
    from bridge.cli.probe.meter_facts import MeterFacts
    from bridge.cli.probe.probe_result import MeterAccess

_PRINTED = "mine"
"""Name of a profile that is printed and not written."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed.

    Args:
        found: the lines.
        choice: how it was come by.
        profile_text: the profile that was asked for, as TOML; empty for none.
    """

    found: ProposedMeter
    choice: RegisterChoice
    profile_text: str = ""


def propose(
    access: MeterAccess,
    others: Sequence[MeterAccess],
    given: GivenSecrets,
    *,
    name: str = "",
    profile_out: str = "",
    profiles_dir: Path | None = None,
) -> Proposal:
    """Return how to read the meter.

    Args:
        access: the best way in.
        others: the other ways; what one client does not tell, another may have.
        given: the secrets, of which the lines hold none.
        name: of the meter; empty makes one of what it says of itself.
        profile_out: where a profile is to be written, ``-`` to be printed; empty for none.
        profiles_dir: the user's own profiles.
    """
    facts, place = access.facts, access.place
    everybody = [facts, *(other.facts for other in others)]
    choice = choose_registers(facts, everybody, profiles_dir, place.referencing)
    text = _profile(access, everybody) if profile_out and facts.answered else ""
    if text:
        choice = RegisterChoice(choice.match, _PRINTED if profile_out == "-" else Path(profile_out).stem)
    found = ProposedMeter(
        name=meter_name(name, first(everybody, "name"), first(everybody, "serial")),
        host=place.host,
        port=place.port,
        framing=place.framing,
        referencing=place.referencing,
        address=place.address,
        client=access.client,
        authentication=access.authentication,
        profile=choice.profile,
        registers=choice.registers,
        leave_out=choice.leave_out,
        list_items=choice.list_items,
        options=given.options if access.with_secret else (),
        secrets=given.secrets_for(access.authentication) if access.with_secret else (),
    )
    return Proposal(found, choice, text)


def first(everybody: Sequence[MeterFacts], name: str) -> str:
    """Return what the first of ``everybody`` knows under ``name``; empty when nobody does."""
    return next((str(getattr(facts, name)) for facts in everybody if getattr(facts, name)), "")


def histories_of(everybody: Sequence[MeterFacts]) -> Sequence[FoundHistory]:
    """Return the histories of the first of ``everybody`` who found any."""
    return next((facts.histories for facts in everybody if facts.histories), ())


def _profile(access: MeterAccess, everybody: Sequence[MeterFacts]) -> str:
    facts, place = access.facts, access.place
    defaults: dict[str, str | int] = {"framing": place.framing}
    if place.referencing != "ln":
        defaults["referencing"] = place.referencing
    defaults |= {"client": access.client, "server": place.address.server}
    if place.address.octets:
        defaults["server_address_bytes"] = place.address.octets
    defaults["authentication"] = access.authentication
    if facts.lists == "fails":
        defaults["list_items"] = 0
    description = " ".join(filter(None, (first(everybody, "name"), maker(flag_id(first(everybody, "name"))))))
    listed = [ProfileRegister(one.class_id, one.logical_name, one.unit) for one in facts.answered]
    silent = {name for one in everybody for _, name in one.silent}
    data = [one.logical_name for one in facts.objects if one.class_id == 1 and one.logical_name not in silent]
    return profile_text(description or place.host, defaults, listed, data, histories=histories_of(everybody))
