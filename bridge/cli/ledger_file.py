"""The ledger as commands see it: opened beside the running bridge, or without one; meters by name; times as typed.

Times are UTC: what a technician types without an offset is, and so is all that is shown. Daylight saving, and a
container that knows no time zone, would make anything else a riddle.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bridge.configuration.load import SECRETS_DIR, read
from bridge.errors import DiskError
from bridge.ledger.store import LedgerStore
from bridge.outbox.sqlite_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bridge.cli.catalogue import Catalogue

LEDGER = "ledger.db"
_SPAN = re.compile(r"(\d{1,5})(d|h|min)")
_UNIT_MS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000}


class Unanswerable(Exception):  # noqa: N818 - no error of the bridge: what was asked has no answer
    """What was asked cannot be answered or done; the message says why, in the technician's language."""


class CommandLedger:
    """Where it is, and whose meters it may have.

    Args:
        environ: the settings; mistakes in them are ``bridge check``'s business.
        say: the catalogue.
    """

    def __init__(self, environ: Mapping[str, str], say: Catalogue) -> None:
        configuration = read(environ, SECRETS_DIR)
        self._say = say
        self._configured = tuple(configuration.resolved)
        self._is_on = configuration.settings.ledger.enabled
        self._named = {name for name, meter in configuration.resolved.items() if meter.load_profiles}
        self.path: Path = configuration.settings.data_dir / LEDGER

    @contextmanager
    def opened(self, *, read_only: bool = True) -> Iterator[LedgerStore]:
        """Open it within.

        Raises:
            Unanswerable: there is none, or it cannot be read.
        """
        try:
            with translated(self.path):
                is_there = self.path.exists()  # a folder of another user does not say
            if not is_there:
                raise Unanswerable(self._say("gaps.no_ledger", path=self.path))
            store = LedgerStore(self.path, read_only=read_only)
            try:
                yield store
            finally:
                store.close()
        except DiskError as error:
            raise Unanswerable(f"{error} | {error.hint}" if error.hint else str(error)) from error

    def meters(self, store: LedgerStore) -> list[str]:
        """Return the meters of the configuration, then those that the ledger alone still knows."""
        return list(dict.fromkeys((*self._configured, *(one.meter for one in store.histories()))))

    def why_without(self, meter: str) -> str:
        """Return why nothing is known of a meter's own history, as far as the settings tell."""
        if not self._is_on:
            return self._say("gaps.without.off")
        if meter in self._configured and meter not in self._named:
            return self._say("gaps.without.profile")
        return self._say("gaps.without.yet")

    def meter(self, store: LedgerStore, given: str) -> str:
        """Return the name of the meter that is called so, in upper or lower case.

        Raises:
            Unanswerable: there is none.
        """
        names = self.meters(store)
        found = next((name for name in names if name.lower() == given.lower()), None)
        if found is None:
            raise Unanswerable(self._say("gaps.unknown", name=given, known=", ".join(names) or "-"))
        return found


def past_time(option: str, text: str, now_ms: int, say: Catalogue) -> int:
    """Return the time that was typed; raises as :func:`time_given` does, and when it is in the future."""
    given_ms = time_given(option, text, now_ms, say)
    if given_ms >= now_ms:
        raise Unanswerable(say("gaps.future", option=option, time=utc_text(given_ms), now=utc_text(now_ms)))
    return given_ms


def time_given(option: str, text: str, now_ms: int, say: Catalogue) -> int:
    """Return the time that was typed, UTC milliseconds: ISO 8601, or how long ago (``7d``, ``12h``, ``90min``).

    Args:
        option: where it was typed.
        text: what was.
        now_ms: the time now.
        say: the catalogue.

    Raises:
        Unanswerable: it is no time.
    """
    if ago := _SPAN.fullmatch(text):
        return now_ms - int(ago[1]) * _UNIT_MS[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise Unanswerable(say("gaps.wrong_time", option=option, text=text)) from None


def utc_text(at_ms: int | None) -> str:
    """Return a time as tables show it, ``2026-11-23 06:15``; with seconds where it has any. Empty for None."""
    if at_ms is None:
        return ""
    moment = _utc(at_ms)
    return f"{moment:%Y-%m-%d %H:%M}" if moment.second == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"


def utc_iso(at_ms: int | None) -> str | None:
    """Return a time as JSON has it, ``2026-11-23T06:15:00Z``; with milliseconds where it has any."""
    if at_ms is None:
        return None
    whole = at_ms % 1000 == 0
    return _utc(at_ms).replace(tzinfo=None).isoformat(timespec="seconds" if whole else "milliseconds") + "Z"


def _utc(at_ms: int) -> datetime:
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):  # a meter's clock may say anything
        return datetime.max.replace(tzinfo=UTC, microsecond=0)
