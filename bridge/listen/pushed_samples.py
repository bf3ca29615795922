"""What a notification says, as samples of the meter: which value goes under which key and which time.

Rules
    Keys are those of the profile by OBIS code, else the ``[[pushes]]`` entry's, else made of the code.
    A register's value is published under a scaler that somebody stated: the body, the meter when it was read, the
    profile. One whose scaler nobody knows is left out, and named: a value ten times too large is worse than none.
    Rows of a load profile go each under its own time, as ``lp_<key>``; all else under the message's.
    An event's code goes as ``event``, ``event_code`` and ``event_log``, as from a meter's event log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bridge.dlms.cosem_classes import CLOCK, DATA, REGISTER, interface_class
from bridge.dlms.event_codes import event_log_name, event_words
from bridge.dlms.obis_names import key_of, short_obis
from bridge.dlms.units import unit_text
from bridge.dlms.values import interpret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from bridge.configuration.meter import Meter
    from bridge.configuration.push_entry import PushEntry
    from bridge.dlms.push import PushedBody, PushedValue
    from bridge.sample import Scalar

LP_PREFIX = "lp_"
_EVENTS = ("0", "96", "11")
_NAMES = (("0", "42", "0"), ("0", "96", "1"))

Told = tuple[str, str, "Scalar | None", str, str]
"""Key, OBIS code, value, unit, quality."""


class PushedSet(NamedTuple):
    """Values of one time.

    Args:
        values: what is published.
        sent: a COSEM date-time that stands among them, where it is a row of its own; else empty.
        unscaled: OBIS codes that were left out for want of a scaler.
    """

    values: tuple[Told, ...]
    sent: bytes
    unscaled: tuple[str, ...]


class PushedNames:
    """What is known of one meter's values.

    Args:
        meter: whose.
        scalers: scaler and unit by logical name, as the meter stated them when it was read.
    """

    def __init__(self, meter: Meter, scalers: Callable[[], Mapping[str, tuple[int, str]]]) -> None:
        self._entries = {one.logical_name: one for one in meter.pushes}
        self._registers = {one.logical_name: one for one in (*meter.attributes, *meter.registers)}
        self._scalers = scalers
        self._codes = {
            code: words
            for entry in meter.load_profiles
            if entry.kind == "events"
            for code, words in entry.codes.items()
        }

    def sets(self, body: PushedBody) -> list[PushedSet]:
        """Return the values of a body, set by set."""
        found = [self._set(row, LP_PREFIX) for row in body.rows]
        if body.values:
            found.append(self._set(body.values, "")._replace(sent=b""))
        return found

    def _set(self, values: Sequence[PushedValue], prefix: str) -> PushedSet:
        told: dict[str, Told] = {}
        unscaled: list[str] = []
        sent = b""
        for value in values:
            if value.class_id == CLOCK and value.attribute == 2 and isinstance(value.value, bytes):
                sent = sent or bytes(value.value)
            found = tuple(self._event(value)) or tuple(self._value(value, prefix))
            for one in found:
                told.setdefault(one[0], one)
            if found == (_UNSCALED,):
                del told[_UNSCALED[0]]
                unscaled.append(short_obis(value.logical_name))
        return PushedSet(tuple(told.values()), sent, tuple(dict.fromkeys(unscaled)))

    def _event(self, value: PushedValue) -> Iterable[Told]:
        a, _, c, d, e, _ = value.logical_name.split(".")
        code = value.value
        if (a, c, d) == _EVENTS and isinstance(code, int) and not isinstance(code, bool):
            obis = short_obis(value.logical_name)
            yield "event", obis, event_words(int(code), self._codes), "", ""
            yield "event_code", obis, int(code), "", ""
            yield "event_log", obis, event_log_name(f"0.0.99.98.{e}.255"), "", ""

    def _value(self, value: PushedValue, prefix: str) -> Iterable[Told]:
        name = value.logical_name
        entry, register = self._entries.get(name), self._registers.get(name)
        class_id = value.class_id or (entry.class_id if entry else register.class_id if register else _guessed(value))
        kind = interface_class(class_id)
        is_scaled = value.attribute in kind.scaled
        if value.attribute == 1 or (kind.scaler_unit and value.attribute == kind.scaler_unit):
            return  # its own name, its scaler
        if register is None and entry is None and (class_id == CLOCK or _is_name(name)):
            return
        scaler, unit = self._scale(value, entry) if is_scaled or value.scaler is not None else (0, "")
        is_number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
        if is_scaled and is_number and scaler is None:
            yield _UNSCALED
            return
        scalar, quality = interpret(value.value, class_id=class_id, attribute=value.attribute, scaler=scaler or 0)
        if scalar is not None or quality:
            yield self._key(value, prefix), short_obis(name), scalar, unit, quality

    def _scale(self, value: PushedValue, entry: PushEntry | None) -> tuple[int | None, str]:
        if value.scaler is not None:
            return value.scaler, unit_text(value.unit or 0)
        if (stated := self._scalers().get(value.logical_name)) is not None:
            return stated
        return (entry.scaler, entry.unit) if entry else (None, "")

    def _key(self, value: PushedValue, prefix: str) -> str:
        entry, register = self._entries.get(value.logical_name), self._registers.get(value.logical_name)
        key = entry.key if entry and entry.key else register.key if register else key_of(value.logical_name)
        expected = register.attribute if register else entry.attribute if entry else 2
        end = "" if value.attribute == expected else f"_a{value.attribute}"
        return prefix + key + end + (f"_{value.data_index}" if value.data_index else "")


_UNSCALED: Told = ("", "", None, "", "")


def _guessed(value: PushedValue) -> int:
    """Return the class of a value of which nobody says it: what is measured is taken for a register."""
    if value.scaler is not None:
        return REGISTER
    is_number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
    return REGISTER if is_number and not value.logical_name.startswith("0.") else DATA


def _is_name(logical_name: str) -> bool:
    a, _, c, d, *_ = logical_name.split(".")
    return (a, c, d) in _NAMES
