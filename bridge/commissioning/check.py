"""``bridge check``: shows the configuration as the bridge sees it, then what is wrong with it. Opens no connection."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, TextIO

from bridge.configuration.given import visible
from bridge.configuration.reading import Reading, read
from bridge.configuration.variables import FIELDS, METERS, PLAIN, is_secret
from bridge.settings import SECRETS_DIR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bridge.configuration.variables import Key

_NO_METERS = "no meters configured: the built-in demo meter will be read"
_LEGEND = "* from the profile   ~ default   ? cannot be used, see the mistakes below"
_COLUMNS = ("name", "address", "profile", "framing", "client", "server", "auth", "password", "interval", "timeout")


def check(environ: Mapping[str, str], out: TextIO, secrets_dir: Path = SECRETS_DIR) -> int:
    """Write the configuration and every mistake in it to ``out``; secrets show as ``<secret>``.

    Args:
        environ: the variables, as :func:`bridge.settings.load` takes them.
        out: where to write plain text.
        secrets_dir: where Docker's secrets lie.

    Returns:
        The exit code: 0 when the bridge would start, 2 when it would not.
    """
    reading = read(environ, secrets_dir)
    for line in _report(reading):
        # A terminal that knows fewer characters than UTF-8 gets the rest escaped rather than nothing.
        encoding = out.encoding or "utf-8"
        out.write(line.rstrip().encode(encoding, "backslashreplace").decode(encoding) + "\n")
    return 2 if reading.problems else 0


def _report(reading: Reading) -> Iterator[str]:
    meters = reading.settings.meters
    if meters:
        yield from _table("meters", (*_COLUMNS, "from"), _meter_rows(reading))
        yield f"  {_LEGEND}"
        yield ""
        yield from _shared(reading)
    yield from _table("settings", ("name", "value", "from"), _setting_rows(reading))
    yield ""
    yield _upstream(reading)
    yield ""
    if reading.problems:
        yield "mistakes"
        yield from (f"  {problem}" for problem in reading.problems)
        yield f"{_count(len(reading.problems), 'mistake')}: the bridge will not start"
        return
    yield f"configuration is fine: {_count(len(meters), 'meter')}" if meters else _NO_METERS


def _meter_rows(reading: Reading) -> Iterator[tuple[str, ...]]:
    for name, settings in reading.settings.meters.items():
        key = (METERS, name.lower())
        meter = reading.resolved.get(name)

        def cell(field: str, value: object, key: Key = key, fallback: str = "*") -> str:
            if (*key, field) in reading.unusable:
                return "?"
            return f"{value}{'' if (*key, field) in reading.given else fallback}"

        interval_s = settings.interval_s or reading.settings.poll.interval_s
        host = cell("host", f"[{settings.host}]" if ":" in settings.host else settings.host)
        # The password decides on the authentication where nobody states it (see bridge/meters/meter.py).
        authentication_from = "" if settings.password else "*"
        timeout_from = "*" if meter and meter.timeout_s != reading.settings.poll.timeout_s else "~"
        yield (
            name,
            f"{host}:{cell('port', settings.port, fallback='~')}",
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


def _sources(reading: Reading, key: Key) -> Iterable[str]:
    """Return where the meter was written, each place once, the first one first."""
    fields = ((*key, field) for field in FIELDS[METERS])
    return dict.fromkeys(reading.given[field].source for field in fields if field in reading.given)


def _shared(reading: Reading) -> Iterator[str]:
    behind: defaultdict[str, list[str]] = defaultdict(list)
    for name, meter in reading.resolved.items():
        behind[f"{meter.host.lower()}:{meter.port}"].append(name)
    rows = [(where, ", ".join(names)) for where, names in behind.items() if len(names) > 1]
    if rows:
        yield from _table("shared connections, one meter at a time", ("address", "meters"), rows)
        yield ""


def _setting_rows(reading: Reading) -> Iterator[tuple[str, str, str]]:
    settings = reading.settings
    for name in PLAIN:
        yield _setting_row(reading, (name,), getattr(settings, name))
    for section, fields in FIELDS.items():
        if section != METERS:
            for public, name in fields.items():
                yield _setting_row(reading, (section, public), getattr(getattr(settings, section), name))


def _setting_row(reading: Reading, key: Key, value: object) -> tuple[str, str, str]:
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
    return variable, text, given.source if given else "default"


def _upstream(reading: Reading) -> str:
    thingsboard = reading.settings.thingsboard
    if thingsboard.host is None:
        return "upstream: none; a sample is confirmed by the local broker"
    port = thingsboard.port or (8883 if thingsboard.tls else 1883)
    return f"upstream: ThingsBoard at {thingsboard.host}:{port}, {'TLS' if thingsboard.tls else 'without TLS'}"


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [tuple(header), *(tuple(visible(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    yield title
    for line in lines:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
