"""What a probe shows at its end: the meter, its registers, the profile that fits, and the lines to paste.

Every word is from the catalogue. No secret reaches this module.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bridge.cli.objects.object_filter import select_objects
from bridge.cli.objects.object_list import ObjectList, association_version, show_objects
from bridge.cli.probe.env_lines import ProposedMeter, env_lines, meter_name
from bridge.cli.probe.flag_ids import flag_id, maker
from bridge.cli.probe.likely_addresses import PUBLIC_CLIENT
from bridge.cli.probe.probe_report import milliseconds
from bridge.cli.probe.proposal import first
from bridge.cli.probe.register_choice import silent_names
from bridge.dlms.obis_names import key_of, short_obis
from bridge.errors import FramingError

if TYPE_CHECKING:
    from bridge.cli.catalogue import Catalogue
    from bridge.cli.probe.client_verdict import ClientVerdict
    from bridge.cli.probe.given_secrets import GivenSecrets
    from bridge.cli.probe.line_trial import LineTrial
    from bridge.cli.probe.meter_facts import MeterFacts
    from bridge.cli.probe.probe_result import MeterAccess, PortResult
    from bridge.cli.probe.proposal import Proposal
    from bridge.cli.probe.register_choice import RegisterChoice
    from bridge.cli.terminal import Part, Sign, Terminal

_LISTS = {
    "works": "probe.lists.works",
    "fails": "probe.lists.fails",
    "not-offered": "probe.lists.not_offered",
    "unknown": "probe.lists.unknown",
}
_NEEDS = {"ciphered": "probe.needs.keys", "open": "probe.needs.more", "mute": "probe.needs.perhaps"}
_BLOCKS = frozenset({"BLOCK_TRANSFER_WITH_GET_OR_READ"})
_CLOCK_TOLERANCE_S = 60


class ProbeSummary:
    """Writes to one terminal.

    Args:
        say: the catalogue.
        terminal: where to write.
    """

    def __init__(self, say: Catalogue, terminal: Terminal) -> None:
        self._say = say
        self._terminal = terminal

    def meter(self, access: MeterAccess, others: list[MeterAccess], identification: str = "") -> None:
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
            (
                say("probe.fact.lists"),
                say(_LISTS[facts.lists], count=facts.list_count, ms=milliseconds(facts.list_took_s)),
            ),
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

    def registers(self, facts: MeterFacts) -> None:
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

    def objects(self, access: MeterAccess) -> None:
        """Write what the meter offers, with the values that were read."""
        facts = access.facts
        self._terminal.say()
        if not facts.objects:
            self._line("none", "objects.hidden", client=access.client)
            return
        read = {(one.class_id, one.logical_name): one for one in facts.registers}
        chosen = select_objects(facts.objects, (), ())
        name = f"{access.place.host}:{access.place.port}"
        show_objects(
            ObjectList(name, chosen, len(chosen), association_version(facts.objects), read), self._say, self._terminal
        )

    def ending(
        self, access: MeterAccess, others: list[MeterAccess], proposal: Proposal, trial: LineTrial, *, profile_out: str
    ) -> None:
        """Write what stays silent, the profile, and the lines of ``.env`` with what came of trying them."""
        say, choice = self._say, proposal.choice
        silent = silent_names(access.facts, [other.facts for other in others])
        self._terminal.say()
        self._terminal.say((say("probe.title.profile"), "bold"))
        if silent:
            self._line("warn", "probe.silent", objects=silent)
        if profile_out:
            self._write_profile(proposal, profile_out)
        else:
            self._fit(choice)
        self._lines(trial.found)
        if trial.error is not None:
            said = f"{trial.error} | {trial.error.hint}" if trial.error.hint else trial.error
            self._line("warn", "probe.trial.fails", said=said)
        else:
            self._line("good", "probe.trial.reads", values=trial.values, of=trial.of)

    def _fit(self, choice: RegisterChoice) -> None:
        """Say which profile fits, or that none does."""
        say, match = self._say, choice.match
        if match is not None:
            self._terminal.say("  ", say("probe.profile.match", name=match.name, there=match.there, of=match.of))
        if choice.registers:
            self._terminal.say("  ", say("probe.profile.none"))
        elif match is not None and match.share < 1 and not choice.leave_out:
            self._terminal.say("  ", say("probe.profile.part"))

    def needs(self, outcome: PortResult, given: GivenSecrets, *, name: str) -> None:
        """Say what is missing when nothing could be read, with the lines as far as they are known."""
        asking = _most_promising(outcome)
        self._terminal.say()
        if _is_garbled(outcome):
            self._line("bad", "probe.garbled")
            return
        if asking is None or outcome.place is None:
            self._line("bad", "probe.nobody")
            return
        key = _NEEDS.get(asking.outcome, "probe.needs.password")
        if asking.outcome != "open" and given.has_secret:
            key = "probe.needs.other"
        self._line("warn", key, client=asking.client)
        mechanism = asking.mechanism or given.authentication or ("gmac" if asking.outcome == "ciphered" else "low")
        place = outcome.place
        found = ProposedMeter(
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
        self._line("none", "probe.needs.again")

    def _lines(self, found: ProposedMeter) -> None:
        self._terminal.say()
        self._terminal.say((self._say("probe.title.lines"), "bold"))
        for line in env_lines(found, self._say("probe.fill_in")):
            self._terminal.say(line)

    def _write_profile(self, proposal: Proposal, profile_out: str) -> None:
        say = self._say
        if profile_out == "-":
            for line in proposal.profile_text.splitlines():
                self._terminal.say(line)
            self._terminal.say("  ", say("probe.profile.save"))
            return
        file = Path(profile_out)
        try:
            file.write_text(proposal.profile_text, encoding="utf-8")
        except OSError as error:
            self._line("bad", "probe.profile.unwritable", file=file, said=error.strerror or error)
            return
        self._line("good", "probe.profile.written", file=file)

    def _clock(self, everybody: list[MeterFacts]) -> Part:
        facts = next((one for one in everybody if one.clock), None)
        if facts is None:
            return ""
        if facts.clock_drift_s is None:
            return facts.clock
        text = self._say("probe.clock.drift", clock=facts.clock, drift_s=f"{round(facts.clock_drift_s):+d}")
        return (text, "warn") if abs(facts.clock_drift_s) > _CLOCK_TOLERANCE_S else text

    def _line(self, sign: Sign, key: str, **values: object) -> None:
        self._terminal.say(self._terminal.sign(sign), " ", self._say(key, **values))


def _is_garbled(outcome: PortResult) -> bool:
    """Return whether answers came damaged."""
    endings = [access.facts.ended_by for access in outcome.accesses or []]
    verdicts = outcome.verdicts or []
    return any(isinstance(one, FramingError) for one in endings) or any(one.outcome == "garbled" for one in verdicts)


def _most_promising(outcome: PortResult) -> ClientVerdict | None:
    """Return the client that a secret would help most; None when none would."""
    verdicts = outcome.verdicts or []
    for outcomes in (("asks", "ciphered"), ("open",), ("mute",)):
        clients = [one for one in verdicts if one.outcome in outcomes]
        if clients:
            return next((one for one in clients if one.client != PUBLIC_CLIENT), clients[0])
    return None


def _names(everybody: list[MeterFacts]) -> tuple[str, str]:
    """Return what the meter could be called by."""
    return first(everybody, "name"), first(everybody, "serial")
