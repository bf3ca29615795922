"""Finds what cannot be among the settings of meters that call by themselves."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from bridge.configuration.source_values import shown
from bridge.configuration.variables import METERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bridge.configuration.settings import MeterSettings, Settings
    from bridge.configuration.source_values import SourceValue, SourceValues

_KNOWN_BY: Final = ("meter_system_title", "logical_device_name", "caller_id")


def find(settings: Settings, found: SourceValues) -> Iterator[str]:
    """Yield what is wrong, one line each.

    Args:
        settings: as far as they could be understood.
        found: what was written where.
    """
    if (place := _given(found, "listen", "udp")) and settings.listen.udp and settings.listen.port is None:
        yield f"{place.place}: LISTEN__PORT is missing; it is the port for datagrams too"
    if settings.listen.port == settings.health.port and (place := _given(found, "listen", "port")):
        yield f"{place.place}={place.value}: the bridge's own page has that port (HEALTH__PORT); choose another"
    behind: dict[str, list[str]] = {}
    known: dict[tuple[str, str], str] = {}
    for name, meter in settings.meters.items():
        if (METERS, name.lower()) in found.tried:
            continue
        yield from _of_one(name, meter, settings, found)
        for field in _KNOWN_BY:
            if value := getattr(meter, field):
                first = known.setdefault((field, value.lower()), name)
                if first != name:
                    yield _twice(name, first, field, found)
        if meter.calls and meter.host:
            behind.setdefault(meter.host.lower(), []).append(name)
    yield from _behind_one_address(behind, settings, found)
    yield from _behind_one_modem(settings, found)


def _behind_one_address(behind: Mapping[str, list[str]], settings: Settings, found: SourceValues) -> Iterator[str]:
    for names in behind.values():
        for name in names if len(names) > 1 else ():
            meter = settings.meters[name]
            if not any(getattr(meter, field) for field in _KNOWN_BY):
                other = next(one for one in names if one != name)
                yield (
                    f"{_place(name, 'host', found)}: meter {name} calls from the address of meter {other} and is not "
                    "to be told from it; give it METER_SYSTEM_TITLE, LOGICAL_DEVICE_NAME or CALLER_ID"
                )


def _behind_one_modem(settings: Settings, found: SourceValues) -> Iterator[str]:
    names = {name.lower(): name for name in settings.meters}
    for name, meter in settings.meters.items():
        key = (METERS, name.lower())
        if meter.via_caller is None or key in found.tried or (*key, "via_caller") in found.tried:
            continue
        said = f"{_place(name, 'via_caller', found)}={shown((METERS, 'via_caller'), meter.via_caller)}"
        caller = names.get(meter.via_caller.lower())
        other = None if caller is None else settings.meters[caller]
        if not meter.dial_in:
            yield f"{said}: {_place(name, 'dial_in', found)}=true is missing; only then a meter is read over a call"
        if meter.host:
            yield (
                f"{_place(name, 'host', found)}: meter {name} is read over the call of {meter.via_caller} "
                f"({_place(name, 'via_caller', found)}); HOST says nothing there: remove it"
            )
        if other is None or caller == name:
            close = get_close_matches(meter.via_caller, [one for one in settings.meters if one != name], n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            yield f"{said}: must be the name of another meter, the one that the modem is known by{hint}"
        elif not other.dial_in or other.via_caller:
            yield f"{said}: meter {caller} opens no connection of its own; name the one that the modem is known by"


def _of_one(name: str, meter: MeterSettings, settings: Settings, found: SourceValues) -> Iterator[str]:
    if meter.dial_in and meter.push_only:
        yield (
            f"{_place(name, 'push_only', found)}: {_place(name, 'dial_in', found)} says the opposite; "
            "a meter that is only heard is not read: remove one"
        )
    if not meter.calls:
        return
    field = "dial_in" if meter.dial_in else "push_only"
    place = _place(name, field, found)
    if settings.listen.port is None and ("listen", "port") not in found.tried:
        yield f"{place}: LISTEN__PORT is missing: there is no port that meter {name} could call"
    known_by = (*_KNOWN_BY, "via_caller")
    tried = any((METERS, name.lower(), known) in found.tried for known in known_by)
    if not tried and not meter.host and not any(getattr(meter, known) for known in known_by):
        yield (
            f"{place}: nothing says by what meter {name} is known when it calls; give HOST (its source address), "
            "METER_SYSTEM_TITLE, LOGICAL_DEVICE_NAME or CALLER_ID (`bridge callers` shows who called)"
        )


def _twice(name: str, first: str, field: str, found: SourceValues) -> str:
    here, there = _given(found, METERS, name.lower(), field), _given(found, METERS, first.lower(), field)
    value = shown((METERS, field), here.value) if here else ""
    where = f" ({there.place})" if there else ""
    return (
        f"{_place(name, field, found)}={value}: meter {first} has the same{where}; "
        "what one of them sends would be taken for the other's"
    )


def _place(name: str, field: str, found: SourceValues) -> str:
    given = _given(found, METERS, name.lower(), field)
    return given.place if given else found.meter_places[name.lower()].beside(field)


def _given(found: SourceValues, *key: str) -> SourceValue | None:
    values: Mapping[tuple[str, ...], SourceValue] = found.values
    return values.get(key)
