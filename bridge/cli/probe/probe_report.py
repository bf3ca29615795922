"""What a probe shows while it works: each finding as it comes. The end is in ``probe_summary``.

Every word is from the catalogue. No secret reaches this module.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.probe.client_verdict import ClientVerdict
    from bridge.cli.probe.likely_addresses import ServerAddress
    from bridge.cli.probe.port_questions import PortFinding
    from bridge.cli.probe.probe_result import MeterAccess
    from bridge.cli.probe.raw_connection import Reach
    from bridge.cli.progress import Progress
    from bridge.cli.terminal import Sign, Terminal
    from bridge.errors import MeterError
    from bridge.meters.refused_secrets import HeldBack

_KNOCKED = {
    "hdlc": "probe.found.hdlc",
    "wrapper": "probe.found.wrapper",
    "hdlc-mode-e": "probe.found.mode_e",
    "http": "probe.found.http",
    "tls": "probe.found.tls",
    "ssh": "probe.found.ssh",
    "banner": "probe.found.banner",
    "telnet": "probe.found.telnet",
    "push": "probe.found.push",
    "telegram": "probe.found.telegram",
    "talks": "probe.found.talks",
    "flow-control": "probe.found.flow_control",
    "short": "probe.found.short",
    "damaged": "probe.found.damaged",
    "parity": "probe.found.parity",
    "echo": "probe.found.echo",
    "other": "probe.found.other",
    "closes": "probe.found.closes",
    "silent": "probe.found.silent",
    "refused": "probe.tcp.refused",
    "unanswered": "probe.tcp.silent",
    "unreachable": "probe.tcp.unreachable",
    "unknown-name": "probe.tcp.unknown_name",
}
_REACHES = {
    "refused": "probe.tcp.refused",
    "silent": "probe.tcp.silent",
    "unreachable": "probe.tcp.unreachable",
    "unknown-name": "probe.tcp.unknown_name",
}
_VERDICTS = {
    "open": "probe.client.open",
    "asks": "probe.client.asks",
    "ciphered": "probe.client.ciphered",
    "refused": "probe.client.refused",
    "unlinked": "probe.client.unlinked",
    "mute": "probe.client.mute",
    "garbled": "probe.client.garbled",
}
_SIGNS: dict[str, Sign] = {"open": "good", "asks": "warn", "ciphered": "warn"}
_MODE_E = "\\2"
_HELD = {"same": "probe.held.same", "many": "probe.held.many", "forgetful": "probe.held.forgetful"}


class ProbeReport:
    """Writes to one terminal.

    Args:
        say: the catalogue.
        terminal: where to write.
        progress: the bar or spinner below the lines.
    """

    def __init__(self, say: Catalogue, terminal: Terminal, progress: Progress) -> None:
        self._say = say
        self._terminal = terminal
        self._progress = progress

    def trying_ports(self, host: str, count: int) -> None:
        """Show that the usual ports are tried."""
        self._progress.show(self._say("probe.ports.trying", host=host, count=count))

    def bridge_running(self) -> None:
        """Say that a bridge runs here, which may hold the meter."""
        self._line("warn", "probe.bridge_running")

    def ports(self, host: str, reached: Mapping[int, Reach]) -> None:
        """Say how the usual ports of a host answered."""
        open_ones = [str(port) for port, reach in reached.items() if reach == "open"]
        if open_ones:
            self._line("good", "probe.ports.open", host=host, ports=", ".join(open_ones))
        for reach, key in _REACHES.items():
            ports = [str(port) for port, how in reached.items() if how == reach]
            if ports:
                self._line("none", "probe.ports.closed", ports=", ".join(ports), how=self._say(key, said=""))

    def asking(self, framing: str, address: ServerAddress, client: int) -> None:
        """Show what is tried now."""
        self._progress.show(self._say("probe.asking", framing=framing, server=address, client=client))

    def knocked(self, host: str, port: int, found: PortFinding) -> None:
        """Say what listens on a port."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if found.address is not None:
            text = self._say(
                _KNOCKED[found.kind],
                server=found.address,
                octets=found.address.octets,
                client=found.client,
                said=found.said,
                ms=milliseconds(found.answer_s),
            )
        else:
            text = self._say(_KNOCKED[found.kind], said=found.said)
        sign = self._terminal.sign("good" if found.is_meter else "bad")
        self._terminal.say(sign, " ", (where, "bold"), f"  {text}")
        if found.is_meter and found.greeting:
            self._line("none", "probe.found.greeting", said=found.greeting)
        if found.answers_from is not None:
            self._line("none", "probe.found.other_form", server=found.answers_from, octets=found.answers_from.octets)

    def no_mode_e(self, error: MeterError) -> None:
        """Say that it speaks IEC 62056-21 in text alone."""
        self._line("bad", "probe.no_mode_e", said=error)

    def no_address(self, identification: str) -> None:
        """Say that no server address answered behind a mode E opening, and whether mode E was offered at all."""
        self._line("bad", "probe.no_address" if _MODE_E in identification else "probe.no_address.mode_c")

    def client(self, verdict: ClientVerdict) -> None:
        """Say what a client was told; silence is said of all together, at the end."""
        if verdict.outcome == "silent":
            return
        text = self._say(_VERDICTS[verdict.outcome], client=verdict.client, said=verdict.said or "-")
        if verdict.referencing == "sn":
            text = f"{text}; {self._say('probe.client.short_names')}"
        self._terminal.say(self._terminal.sign(_SIGNS.get(verdict.outcome, "none")), f" {text}")

    def reads_nothing(self, client: int) -> None:
        """Say that the client is let in and may read nothing, so that what was given is tried."""
        self._line("none", "probe.client.empty", client=client)

    def silent(self, clients: Sequence[int]) -> None:
        """Say to which clients the meter said nothing."""
        if clients:
            self._line("none", "probe.client.silent", clients=", ".join(map(str, clients)))

    def mechanism(self, client: int, verdict: ClientVerdict, mechanism: str) -> None:
        """Say which authentication a client is asked for."""
        if verdict.outcome != "asks":
            return
        key = "probe.mechanism" if mechanism else "probe.mechanism.unknown"
        self._line("none", key, client=client, mechanism=mechanism)

    def not_given(self, client: int, mechanism: str) -> None:
        """Say that what the mechanism needs was not given."""
        key = "probe.not_given.keys" if mechanism in ("gmac", "ecdsa") else "probe.not_given.password"
        self._line("warn", key, client=client, mechanism=mechanism)

    def held(self, client: int, held: HeldBack) -> None:
        """Say why a secret is not tried."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(held.last_s)) if held.last_s else "-"
        self._line("warn", _HELD[held.reason], client=client, count=held.count, when=when)

    def last_spent(self, client: int) -> None:
        """Say that a meter which may count more than others gets no second wrong secret."""
        self._line("warn", "probe.held.last", client=client)

    def trying(self, client: int, mechanism: str) -> None:
        """Show that the secret goes out now."""
        self._progress.show(self._say("probe.trying", client=client, mechanism=mechanism))

    def let_in(self, client: int, mechanism: str) -> None:
        """Say that the meter took the secret."""
        self._line("good", "probe.let_in", client=client, mechanism=mechanism)

    def turned_away(self, client: int, error: MeterError) -> None:
        """Say that it did not, in its own words."""
        self._line("bad", "probe.turned_away", client=client, said=error)

    def spent(self) -> None:
        """Say that no more is tried, so that the meter does not lock."""
        self._line("warn", "probe.spent")

    def lost(self, error: MeterError) -> None:
        """Say that the connection or the conversation was lost."""
        self._line("bad", "probe.lost", said=f"{error} | {error.hint}" if error.hint else error)

    def reading(self, done: int, total: int) -> None:
        """Show how many registers are read."""
        self._progress.show(self._say("probe.reading", done=done, total=total))

    def proving(self) -> None:
        """Show that the lines are tried."""
        self._progress.show(self._say("probe.trial.trying"))

    def gathered(self, access: MeterAccess) -> None:
        """Say how much a client may read."""
        facts = access.facts
        key = "probe.gathered" if facts.shows_objects else "probe.gathered.blind"
        values = {"client": access.client, "objects": len(facts.objects), "registers": len(facts.answered)}
        self._line("good" if facts.answered else "none", key, **values)
        if facts.ended_by is not None:
            self.lost(facts.ended_by)

    def _line(self, sign: Sign, key: str, **values: object) -> None:
        self._terminal.say(self._terminal.sign(sign), " ", self._say(key, **values))


def kind_text(found: PortFinding, say: Catalogue) -> str:
    """Return in a few words what listens on a port."""
    if found.is_meter:
        return found.kind
    return say(_KNOCKED[found.kind], said=found.said).rstrip(": ")


def milliseconds(seconds: float) -> str:
    """Return a time in milliseconds as a figure that one can read."""
    return f"{seconds * 1000:.0f}" if seconds >= 0.01 else f"{seconds * 1000:.1f}"
