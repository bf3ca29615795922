"""The end of a probe: the meter, its registers, the profile that fits, and the lines to paste.

Every word is from the catalogue. No secret reaches this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.commissioning.probing.flag_ids import flag_id, maker
from bridge.commissioning.probing.lines import Found, env_lines, meter_name
from bridge.commissioning.probing.matching import ENOUGH, best
from bridge.commissioning.probing.naming import key_of, short_obis
from bridge.commissioning.probing.profile_out import Listed, profile_text
from bridge.commissioning.probing.report import milliseconds

if TYPE_CHECKING:
    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.probing.facts import Facts
    from bridge.commissioning.probing.given import Given
    from bridge.commissioning.probing.matching import Match
    from bridge.commissioning.probing.outcome import Access, Outcome
    from bridge.commissioning.terminal import Part, Sign, Terminal

_LISTS = {
    "works": "probe.lists.works",
    "fails": "probe.lists.fails",
    "not-offered": "probe.lists.not_offered",
    "unknown": "probe.lists.unknown",
}
_BLOCKS = frozenset({"BLOCK_TRANSFER_WITH_GET_OR_READ"})
_CLOCK_TOLERANCE_S = 60


class Summary:
    """Writes to one terminal.

    Args:
        say: the catalogue.
        terminal: where to write.
    """

    def __init__(self, say: Catalogue, terminal: Terminal) -> None:
        self._say = say
        self._terminal = terminal

    def meter(self, access: Access, others: list[Access], identification: str = "") -> None:
        """Write what the meter said of itself; what one client does not tell, another may have.

        Args:
            access: the best way in.
            others: the other ways.
            identification: what it said at a mode E opening; its first letters are the manufacturer's, too.
        """
        facts, say = access.facts, self._say
        everybody = [facts, *(other.facts for other in others)]
        name = first(everybody, "name")
        letters = flag_id(name) or flag_id(identification)
        made_by = maker(letters) or (say("probe.maker.unknown", letters=letters) if letters else "")
        rows: list[tuple[Part, Part]] = [
            (say("probe.fact.name"), name),
            (say("probe.fact.maker"), made_by),
            (say("probe.fact.serial"), first(everybody, "serial")),
            (say("probe.fact.firmware"), first(everybody, "firmware")),
            (say("probe.fact.clock"), self._clock(everybody)),
            (say("probe.fact.round_trip"), say("probe.ms", ms=milliseconds(facts.round_trip_s))),
            (say("probe.fact.lists"), say(_LISTS[facts.lists], ms=milliseconds(facts.list_took_s))),
        ]
        if facts.agreed is not None:
            blocks = say("probe.yes") if facts.agreed.conformance & _BLOCKS else say("probe.no")
            rows += [
                (say("probe.fact.blocks"), blocks),
                (say("probe.fact.pdu"), say("probe.bytes", count=facts.agreed.max_pdu_bytes)),
            ]
        self._terminal.say()
        self._terminal.say((say("probe.title.meter"), "bold"))
        width = max(len(str(label)) for label, _ in rows)
        for label, value in rows:
            if value:
                self._terminal.say(f"  {label:<{width}}  ", value)

    def registers(self, facts: Facts) -> None:
        """Write the registers with value and unit."""
        if not facts.registers:
            return
        say = self._say
        header = ("OBIS", say("probe.column.name"), say("probe.column.value"), say("probe.column.unit"), "ms", "")
        rows: list[list[Part]] = [
            [
                short_obis(one.logical_name),
                key_of(one.logical_name),
                "" if one.value is None else str(one.value),
                one.unit,
                milliseconds(one.took_s),
                (one.note, "warn"),
            ]
            for one in facts.registers
        ]
        self._terminal.say()
        self._terminal.table(header, rows, title=say("probe.title.registers", count=len(facts.registers)))
        if facts.left_out:
            self._terminal.say("  ", say("probe.left_out", count=facts.left_out))

    def ending(
        self,
        access: Access,
        others: list[Access],
        given: Given,
        *,
        name: str,
        profile_out: str,
        profiles_dir: Path | None,
    ) -> None:
        """Write the profile, if one was asked for, and the lines of ``.env``."""
        facts = access.facts
        everybody = [facts, *(other.facts for other in others)]
        found = Found(
            name=meter_name(name, *_names(everybody)),
            host=access.place.host,
            port=access.place.port,
            framing=access.place.framing,
            referencing=access.place.referencing,
            address=access.place.address,
            client=access.client,
            authentication=access.authentication,
            profile=self._profile(access, everybody, profile_out, profiles_dir),
            options=given.options if access.with_secret else (),
            secrets=given.secrets_for(access.authentication) if access.with_secret else (),
        )
        self._lines(found)

    def needs(self, outcome: Outcome, given: Given, *, name: str) -> None:
        """Say what is missing when nothing could be read, with the lines as far as they are known."""
        asking = next((one for one in outcome.verdicts or [] if one.outcome in ("asks", "ciphered")), None)
        self._terminal.say()
        if asking is None or outcome.place is None:
            self._line("bad", "probe.nobody")
            return
        key = "probe.needs.keys" if asking.outcome == "ciphered" else "probe.needs.password"
        self._line("warn", "probe.needs.other" if given.has_secret else key, client=asking.client)
        mechanism = asking.mechanism or given.authentication or ("gmac" if asking.outcome == "ciphered" else "low")
        place = outcome.place
        found = Found(
            name=meter_name(name, *_names([access.facts for access in outcome.accesses or []])),
            host=place.host,
            port=place.port,
            framing=place.framing,
            referencing=asking.referencing,
            address=place.address,
            client=asking.client,
            authentication=mechanism,
            profile="",
            options=given.options,
            secrets=given.secrets_for(mechanism),
        )
        self._lines(found)

    def _lines(self, found: Found) -> None:
        self._terminal.say()
        self._terminal.say((self._say("probe.title.lines"), "bold"))
        for line in env_lines(found, self._say("probe.fill_in")):
            self._terminal.say(line)

    def _profile(self, access: Access, everybody: list[Facts], profile_out: str, profiles_dir: Path | None) -> str:
        """Say which profile fits, write one where asked, and return the name for the lines; empty for none."""
        facts, say = access.facts, self._say
        there = {(one.class_id, one.logical_name) for one in facts.answered}
        match = best(there, profiles_dir, access.place.referencing)
        self._terminal.say()
        self._terminal.say((say("probe.title.profile"), "bold"))
        if profile_out:
            return self._write_profile(access, everybody, profile_out)
        fits = match is not None and match.share >= ENOUGH
        if match is None or not fits:
            self._terminal.say("  ", say("probe.profile.none") if match is None else self._share(match))
            self._terminal.say("  ", say("probe.profile.make"))
            return ""
        self._terminal.say("  ", self._share(match))
        if match.share < 1:
            self._terminal.say("  ", say("probe.profile.part"))
        return match.name

    def _share(self, match: Match) -> str:
        return self._say("probe.profile.match", name=match.name, there=match.there, of=match.of)

    def _write_profile(self, access: Access, everybody: list[Facts], profile_out: str) -> str:
        facts, say = access.facts, self._say
        if not facts.answered:
            self._terminal.say("  ", say("probe.profile.empty"))
            return ""
        defaults: dict[str, str | int] = {"framing": access.place.framing}
        if access.place.referencing != "ln":
            defaults["referencing"] = access.place.referencing
        defaults |= {"client": access.client, "server": access.place.address.server}
        if access.place.address.octets:
            defaults["server_address_bytes"] = access.place.address.octets
        defaults["authentication"] = access.authentication
        if facts.lists == "fails":
            defaults["list_items"] = 0
        description = " ".join(filter(None, (first(everybody, "name"), maker(flag_id(first(everybody, "name"))))))
        listed = [Listed(one.class_id, one.logical_name, one.unit) for one in facts.answered]
        data = [one.logical_name for one in facts.objects if one.class_id == 1]
        text = profile_text(description or access.place.host, defaults, listed, data)
        if profile_out == "-":
            for line in text.splitlines():
                self._terminal.say(line)
            self._terminal.say("  ", say("probe.profile.save"))
            return "mine"
        file = Path(profile_out)
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            self._line("bad", "probe.profile.unwritable", file=file, said=error.strerror or error)
            return ""
        self._line("good", "probe.profile.written", file=file)
        return file.stem

    def _clock(self, everybody: list[Facts]) -> Part:
        facts = next((one for one in everybody if one.clock), None)
        if facts is None:
            return ""
        if facts.clock_drift_s is None:
            return facts.clock
        text = self._say("probe.clock.drift", clock=facts.clock, drift_s=f"{facts.clock_drift_s:+.0f}")
        return (text, "warn") if abs(facts.clock_drift_s) > _CLOCK_TOLERANCE_S else text

    def _line(self, sign: Sign, key: str, **values: object) -> None:
        self._terminal.say(self._terminal.sign(sign), " ", self._say(key, **values))


def first(everybody: list[Facts], name: str) -> str:
    """Return what the first of ``everybody`` knows under ``name``; empty when nobody does."""
    return next((str(getattr(facts, name)) for facts in everybody if getattr(facts, name)), "")


def _names(everybody: list[Facts]) -> tuple[str, str]:
    """Return what the meter could be called by."""
    return first(everybody, "name"), first(everybody, "serial")
