"""The load profile of the demo meter: clock and energy every 15 minutes for some days, computed when it is asked for.

A Profile generic, class 7 (IEC 62056-6-2, 4.3.6), with selective access by range and by entry. gurux-dlms 1.0.203
leaves the selection unfinished on the server's side, so the rows are chosen and encoded here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gurux_dlms.enums import DataType, ErrorCode, Unit
from gurux_dlms.objects import GXDLMSProfileGeneric

from bridge.demo.cosem import AccessRefused, array, date_time, from_date_time, logical_name, structure, typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.demo.load import Kind, Load

PROFILE = "1.0.99.1.0.255"
_PERIOD_S = 900
_CLOCK = (8, "0.0.1.0.0.255")


class LoadProfile(GXDLMSProfileGeneric):  # type: ignore[misc]
    """A profile with columns clock, status, active energy and active power.

    Args:
        kind: the kind of meter, whose first registers of energy and power are recorded.
        load: what the meter measures.
        clock: Unix seconds by the meter's own clock.
        days: how far it reaches back.
    """

    def __init__(self, kind: Kind, load: Load, clock: Callable[[], float], *, days: int = 3) -> None:
        super().__init__(PROFILE)
        energy, power = kind.first(Unit.ACTIVE_ENERGY), kind.first(Unit.ACTIVE_POWER)
        self._load, self._clock = load, clock
        self._entries = days * 86400 // _PERIOD_S
        self._columns: list[tuple[int, str, int, Callable[[float], bytes]]] = [
            (*_CLOCK, 2, lambda at_s: typed(DataType.OCTET_STRING, date_time(at_s))),
            (1, "0.0.96.10.1.255", 2, lambda _: typed(DataType.UINT8, 0)),
            (3, energy, 2, lambda at_s: typed(DataType.UINT32, self._load(at_s).get(energy, 0))),
            (3, power, 2, lambda at_s: typed(DataType.INT32, self._load(at_s).get(power, 0))),
        ]
        self.coded: dict[int, Callable[[], bytes]] = {
            2: lambda: self._rows(self._stamps(), self._columns),
            3: lambda: array([self._capture_object(column) for column in self._columns]),
            4: lambda: typed(DataType.UINT32, _PERIOD_S),
            5: lambda: typed(DataType.ENUM, 1),  # first in, first out
            6: lambda: self._capture_object(self._columns[0]),
            7: lambda: typed(DataType.UINT32, self._entries),
            8: lambda: typed(DataType.UINT32, self._entries),
        }

    def select(self, selector: int, parameters: Any) -> bytes:
        """Return the buffer by range (1) or by entry (2), in A-XDR.

        Raises:
            AccessRefused: the selection makes no sense.
        """
        try:
            if selector == 1:
                _, start, end, chosen = parameters
                first_s, last_s = from_date_time(bytes(start)), from_date_time(bytes(end))
                stamps = [at_s for at_s in self._stamps() if first_s <= at_s <= last_s]
                return self._rows(stamps, self._chosen(chosen))
            if selector == 2:
                first, last, first_column, last_column = parameters
                stamps = self._stamps()[max(first, 1) - 1 : last or None]
                return self._rows(stamps, self._columns[max(first_column, 1) - 1 : last_column or None])
        except (TypeError, ValueError):
            raise AccessRefused(ErrorCode.INCONSISTENT_CLASS) from None
        raise AccessRefused(ErrorCode.READ_WRITE_DENIED)

    def _stamps(self) -> list[int]:
        """Return when the entries were captured, oldest first: entry 1 is the oldest."""
        newest_s = int(self._clock()) // _PERIOD_S * _PERIOD_S
        return [newest_s - _PERIOD_S * back for back in reversed(range(self._entries))]

    def _chosen(self, wanted: Any) -> list[Any]:
        """Return the columns that the selection names; all when it names none."""
        names = [(int(entry[0]), bytes(entry[1]), int(entry[2])) for entry in wanted or ()]
        if not names:
            return self._columns
        return [column for column in self._columns if (column[0], logical_name(column[1]), column[2]) in names]

    def _rows(self, stamps: list[int], columns: list[Any]) -> bytes:
        return array([structure(*(cell(at_s) for *_, cell in columns)) for at_s in stamps])

    def _capture_object(self, column: Any) -> bytes:
        class_id, obis, index, _ = column
        return structure(
            typed(DataType.UINT16, class_id),
            typed(DataType.OCTET_STRING, logical_name(obis)),
            typed(DataType.INT8, index),
            typed(DataType.UINT16, 0),
        )
