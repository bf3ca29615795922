"""What ThingsBoard has of a device, asked over REST: how many values, and their time stamps.

Its answers have traps, and this file knows them: without an interval it gives a hundred raw values instead of counts; a
count's time is the middle of its interval; an interval without values is left out; more than 700 intervals are refused.
Days are UTC's throughout: zones that ThingsBoard does not know are UTC silently, and its days are never of 23 hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bridge.errors import UpstreamError
from bridge.thingsboard.refusals import NOT_FOUND
from bridge.thingsboard.rest import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bridge.thingsboard.rest import Rest

_INTERVALS = 700
"""Most in one request, as servers come (``DATABASE_TS_MAX_INTERVALS``)."""
_KEYS = 40
"""Most in one request: the address of a request must not become too long."""
_PAGE = 20_000
"""Raw values a request; about a second's work of a busy server."""


class StoredTelemetry:
    """Asks one ThingsBoard.

    Args:
        rest: the client.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def device_id(self, name: str) -> str | None:
        """Return the id of the device that is called so; None when there is none.

        Raises:
            RefusalError, UpstreamError: as all that asks here: it was not answered.
        """
        try:
            told = self._rest.get("/api/tenant/devices", {"deviceName": name})
            return str(told["id"]["id"])
        except RefusalError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        except (KeyError, TypeError) as error:
            raise _strange("a device") from error

    def counts(
        self, device_id: str, keys: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> dict[str, dict[int, int]]:
        """Return how many values there are, by key and by the beginning of each step of ``[start_ms, end_ms)``.

        Args:
            device_id: of the device.
            keys: telemetry keys, none with a comma.
            start_ms: Unix milliseconds.
            end_ms: the same.
            step_ms: how long an interval is; the last one may be shorter.
        """
        found: dict[str, dict[int, int]] = {key: {} for key in keys}
        for some in _portions(keys):
            for begin_ms in range(start_ms, end_ms, step_ms * _INTERVALS):
                stop_ms = min(begin_ms + step_ms * _INTERVALS, end_ms)
                points = self._asked(device_id, some, begin_ms, stop_ms, agg="COUNT", interval=step_ms)
                for key in some:
                    for ts_ms, value in points.get(key, ()):
                        if not begin_ms <= ts_ms < stop_ms or not value.isdigit():
                            raise _strange("counts")
                        found[key][ts_ms - (ts_ms - begin_ms) % step_ms] = int(value)
        return found

    def stamps(self, device_id: str, key: str, start_ms: int, end_ms: int) -> set[int]:
        """Return the time stamps in ``[start_ms, end_ms)`` under which there is a value of ``key``."""
        found: set[int] = set()
        while start_ms < end_ms:
            points = self._asked(device_id, (key,), start_ms, end_ms, orderBy="ASC", limit=_PAGE).get(key, [])
            found.update(ts_ms for ts_ms, _ in points if start_ms <= ts_ms < end_ms)
            if len(points) < _PAGE:
                break
            start_ms = max(found) + 1
        return found

    def _asked(
        self, device_id: str, keys: Sequence[str], start_ms: int, end_ms: int, **further: str | int
    ) -> dict[str, list[tuple[int, str]]]:
        path = f"/api/plugins/telemetry/DEVICE/{device_id}/values/timeseries"
        told: Any = self._rest.get(path, {"keys": ",".join(keys), "startTs": start_ms, "endTs": end_ms, **further})
        try:
            return {key: [(int(point["ts"]), str(point["value"])) for point in points] for key, points in told.items()}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _strange("telemetry") from error


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(keys), _KEYS):
        yield keys[first : first + _KEYS]


def _strange(what: str) -> UpstreamError:
    return UpstreamError(
        f"ThingsBoard answered a question for {what} with something else",
        hint="is THINGSBOARD__API_URL ThingsBoard's own address, and its version 3.9 or newer?",
    )
