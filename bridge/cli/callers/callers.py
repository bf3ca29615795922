"""``bridge callers``: reads the list that the bridge keeps, whether it runs or not. Connects to nothing.

Each caller gets the lines for ``.env`` that would let it in: no secret is among them, but the name of each that is
wanted.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from bridge.cli.catalogue import Catalogue
from bridge.cli.ledger_file import utc_iso, utc_text
from bridge.cli.parsers import ALL_WELL
from bridge.cli.terminal import Terminal
from bridge.configuration.load import SECRETS_DIR, read
from bridge.listen.unknown_callers import FILE, read_callers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import TextIO

    from bridge.configuration.settings import Settings
    from bridge.listen.unknown_callers import UnknownCaller

_WHY: Final = {
    "unknown-title": "callers.why.unknown_title",
    "unknown-meter": "callers.why.unknown_meter",
    "wrong-key": "callers.why.wrong_key",
    "plain": "callers.why.plain",
    "unauthenticated": "callers.why.unauthenticated",
    "stray": "callers.why.stray",
}


class CallersCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
        as_json: one JSON document instead of text.
        secrets_dir: where Docker's secrets lie.
    """

    def __init__(
        self, environ: Mapping[str, str], out: TextIO, *, as_json: bool = False, secrets_dir: Path = SECRETS_DIR
    ) -> None:
        self._say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._settings: Settings = read(environ, secrets_dir).settings  # mistakes in them are check's business
        self._as_json = as_json

    def run(self) -> int:
        """Show them, the one heard last first, and return the exit code: 0, if only that there are none."""
        callers = sorted(read_callers(self._settings.data_dir / FILE), key=lambda one: one.last_s, reverse=True)
        if self._as_json:
            self._terminal.say(json.dumps([_plain(one) for one in callers]))
            return ALL_WELL
        if self._settings.listen.port is None:
            self._terminal.say((self._say("callers.off"), "warn"))
        if not callers:
            self._terminal.say(self._terminal.sign("none"), " ", self._say("callers.none"))
        for one in callers:
            self._show(one)
        return ALL_WELL

    def _show(self, one: UnknownCaller) -> None:
        say, terminal = self._say, self._terminal
        times = say("callers.times", count=one.count, last=utc_text(int(one.last_s * 1000)))
        terminal.say((one.who, "bold"), f"  {one.address}  {one.framing}".rstrip(), f"  {times}")
        why = say(_WHY[one.reason]) if one.reason in _WHY else one.said
        terminal.say("  ", why)
        for line in env_lines(one):
            terminal.say("    ", line)
        terminal.say()


def env_lines(one: UnknownCaller) -> list[str]:
    """Return the lines for ``.env`` that let a caller in; of a meter that is configured, the one line that is amiss."""
    if one.reason in ("plain", "unauthenticated", "wrong-key") and ": " in one.said:
        meter = one.said.partition(": ")[0].upper()
        return {
            "plain": [f"METERS__{meter}__PUSH_PLAIN=true"],
            "unauthenticated": [f"METERS__{meter}__SECURITY=encryption"],
            "wrong-key": [f"METERS__{meter}__ENCRYPTION_KEY=…", f"METERS__{meter}__AUTHENTICATION_KEY=…"],
        }[one.reason]
    lines = ["METERS__NEW__PUSH_ONLY=true"] if one.reason != "stray" else ["METERS__NEW__DIAL_IN=true"]
    if one.title:
        lines += [f"METERS__NEW__METER_SYSTEM_TITLE={one.title}"]
        lines += ["METERS__NEW__ENCRYPTION_KEY=…", "METERS__NEW__AUTHENTICATION_KEY=…"]
    elif one.name:
        lines.append(f"METERS__NEW__LOGICAL_DEVICE_NAME={_quoted(one.name)}")
    elif one.text:
        lines.append(f"METERS__NEW__CALLER_ID={_quoted(one.text)}")
    else:
        lines.append(f"METERS__NEW__HOST={one.address}")
    return lines


def _quoted(text: str) -> str:
    """Return a value as ``.env`` takes it."""
    plain = text.translate(str.maketrans("", "", "-_."))
    return text if plain.isalnum() else "'" + text.replace("'", "") + "'"


def _plain(one: UnknownCaller) -> dict[str, object]:
    times = {name: utc_iso(int(getattr(one, name) * 1000)) for name in ("first_s", "last_s")}
    found = {name: value for name, value in asdict(one).items() if name not in times}
    return found | {"first": times["first_s"], "last": times["last_s"], "env": env_lines(one)}
