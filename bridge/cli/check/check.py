"""``bridge check``: shows the configuration as the bridge sees it, then what is wrong with it. Opens no connection."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.check.descriptors import descriptors_allowed, descriptors_wanted
from bridge.cli.check.readable_secrets import readable_by_everybody
from bridge.cli.check.shares import show_shares
from bridge.cli.outbox.outbox import kept_for_others
from bridge.cli.parsers import ALL_WELL, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.clock.local_zone import names_zone
from bridge.configuration.load import SECRETS_DIR, Configuration, read
from bridge.configuration.variables import FIELDS, METERS, PLAIN, is_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from bridge.configuration.variables import Key

_COLUMNS = (
    "check.column.name", "check.column.address", "check.column.profile", "check.column.framing", "check.column.client",
    "check.column.server", "check.column.authentication", "check.column.password", "check.column.interval",
    "check.column.timeout", "check.column.from",
)  # fmt: skip
_IN_COLUMNS = frozenset(
    ("host", "port", "profile", "framing", "client", "server", "authentication", "password", "interval", "timeout")
)


def check(environ: Mapping[str, str], out: TextIO, secrets_dir: Path = SECRETS_DIR) -> int:
    """Write the configuration and every mistake in it to ``out``; secrets show as ``<secret>``.

    Args:
        environ: the variables, as :func:`bridge.configuration.load.load` takes them.
        out: where to write.
        secrets_dir: where Docker's secrets lie.

    Returns:
        The exit code: 0 when the bridge would start, 2 when it would not.
    """
    reading = read(environ, secrets_dir)
    show_configuration(reading, Terminal(out, environ), Catalogue.of(environ), time_zone=environ.get("TZ", ""))
    return UNUSABLE if reading.problems else ALL_WELL


def show_configuration(reading: Configuration, terminal: Terminal, say: Catalogue, *, time_zone: str = "") -> None:
    """Write what was read to ``terminal``: the meters, what they share, the settings, the mistakes.

    Args:
        reading: what was read.
        terminal: where to write.
        say: the catalogue.
        time_zone: ``TZ``, which is the whole machine's and no setting of ours.
    """
    meters, problems = reading.settings.meters, reading.problems
    setting_header = (say("check.column.name"), say("check.column.value"), say("check.column.from"))
    if meters:
        terminal.table([say(column) for column in _COLUMNS], _meter_rows(reading), title=say("check.meters"))
        terminal.say("  ", (say("check.legend"), "dim"))
        terminal.say()
        if further := list(_further_rows(reading, say)):
            terminal.table(setting_header, further, title=say("check.further"))
            terminal.say()
        if shared := list(_shared_rows(reading)):
            terminal.table((say("check.column.address"), say("check.column.meters")), shared, title=say("check.shared"))
            terminal.say()
    show_shares(reading, terminal, say)
    terminal.table(setting_header, _setting_rows(reading, say), title=say("check.settings"))
    terminal.say()
    terminal.say(_upstream(reading, say))
    if reading.settings.thingsboard.host is not None:
        terminal.say((say("check.text"), "dim"))
    _show_notes(reading, terminal, say)
    if not names_zone(time_zone):
        terminal.say((say("check.time_zone", name=time_zone), "warn"))
    terminal.say()
    if problems:
        terminal.say((say("check.mistakes"), "bad"))
        for problem in problems:
            terminal.say("  ", problem)
        count = len(problems)
        terminal.say((say("check.one_mistake") if count == 1 else say("check.many_mistakes", count=count), "bad"))
    elif not meters:
        terminal.say(say("check.no_share" if reading.settings.shard.several else "check.demo"))
    else:
        count = len(meters)
        terminal.say((say("check.one_meter") if count == 1 else say("check.many_meters", count=count), "good"))


def _show_notes(reading: Configuration, terminal: Terminal, say: Catalogue) -> None:
    """Write what is no mistake and deserves a look."""
    wanted, allowed = descriptors_wanted(reading), descriptors_allowed()
    if allowed is not None and wanted > allowed:
        terminal.say((say("check.descriptors", wanted=wanted, allowed=allowed), "warn"))
    for destination, count in kept_for_others(reading.settings):
        terminal.say((say("check.kept", count=count, to=destination), "warn"))
    if files := readable_by_everybody(reading):
        terminal.say((say("check.readable", files=", ".join(files)), "warn"))


def _meter_rows(reading: Configuration) -> Iterator[tuple[str, ...]]:
    for name, settings in reading.settings.meters.items():
        key = (METERS, name.lower())
        meter = reading.resolved.get(name)

        def cell(field: str, value: object, key: Key = key, fallback: str = "*") -> str:
            if (*key, field) in reading.unusable:
                return "?"
            return f"{value}{'' if (*key, field) in reading.given else fallback}"

        interval_s = settings.interval_s or reading.settings.poll.interval_s
        # A meter that calls by itself has no address that is connected to.
        where = f"[{settings.host}]" if ":" in settings.host else settings.host
        host = cell("host", where, fallback="*" if where else "")
        # The password decides on the authentication where nobody states it (see bridge/configuration/meter.py).
        authentication_from = "" if settings.password else "*"
        timeout_from = "*" if meter and meter.timeout_s != reading.settings.poll.timeout_s else "~"
        yield (
            name,
            f"{host}:{cell('port', settings.port, fallback='~')}" if not settings.calls else f"← {host}".rstrip(),
            cell("profile", settings.profile, fallback="~"),
            cell("framing", meter.framing if meter else "?"),
            cell("client", meter.client if meter else "?"),
            cell("server", meter.server if meter else "?"),
            cell("authentication", meter.authentication if meter else "?", fallback=authentication_from),
            cell("password", "<secret>" if settings.password else "-", fallback=""),
            cell("interval", f"{interval_s:g} s", fallback="~"),
            cell("timeout", f"{meter.timeout_s:g} s" if meter else "?", fallback=timeout_from),
            ", ".join(_sources(reading, key)),
        )


def _sources(reading: Configuration, key: Key) -> Iterable[str]:
    """Return where the meter was written, each place once, the first one first."""
    fields = ((*key, field) for field in FIELDS[METERS])
    return dict.fromkeys(reading.given[field].source for field in fields if field in reading.given)


def _further_rows(reading: Configuration, say: Catalogue) -> Iterator[tuple[str, ...]]:
    """Yield what somebody set of a meter that has no column of its own."""
    for name, settings in reading.settings.meters.items():
        for public, field in FIELDS[METERS].items():
            key = (METERS, name.lower(), public)
            if public not in _IN_COLUMNS and (key in reading.given or key in reading.unusable):
                yield _setting_row(reading, say, key, getattr(settings, field))


def _shared_rows(reading: Configuration) -> Iterator[tuple[str, str]]:
    behind: defaultdict[str, list[str]] = defaultdict(list)
    for name, meter in reading.resolved.items():
        where = meter.host if meter.calling.calls else f"{meter.host.lower()}:{meter.port}"
        behind[where].append(name)
    return ((where, ", ".join(names)) for where, names in behind.items() if len(names) > 1)


def _setting_rows(reading: Configuration, say: Catalogue) -> Iterator[tuple[str, str, str]]:
    settings = reading.settings
    for name in PLAIN:
        yield _setting_row(reading, say, (name,), getattr(settings, name))
    for section, fields in FIELDS.items():
        if section != METERS:
            for public, name in fields.items():
                yield _setting_row(reading, say, (section, public), getattr(getattr(settings, section), name))


def _setting_row(reading: Configuration, say: Catalogue, key: Key, value: object) -> tuple[str, str, str]:
    given = reading.given.get(key)
    variable = given.place if given else "__".join(key).upper()
    if key in reading.unusable:
        return variable, "?", given.source if given else "-"
    if value is None or value == "":
        text = "-"
    elif is_secret(key):
        text = "<secret>"
    elif isinstance(value, bool):
        text = str(value).lower()
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return variable, text, given.source if given else say("check.default")


def _upstream(reading: Configuration, say: Catalogue) -> str:
    thingsboard = reading.settings.thingsboard
    if thingsboard.host is None:
        return say("check.no_upstream")
    port = thingsboard.port or (8883 if thingsboard.tls else 1883)
    key = "check.upstream_tls" if thingsboard.tls else "check.upstream_plain"
    way = say("check.via_direct" if reading.settings.via == "direct" else "check.via_mosquitto")
    return f"{say(key, host=thingsboard.host, port=port)}, {way}"
