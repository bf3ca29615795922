"""One meter that pushes: its messages become samples, each under a time of its own; what is odd is said once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loguru import logger

from bridge.listen.pushed_samples import PushedNames
from bridge.listen.pushed_time import PushedTime
from bridge.log_lines import counted
from bridge.sample import Layout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from bridge.clock.moment import Moment
    from bridge.configuration.meter import Meter
    from bridge.dlms.push import Notification, PushedBody
    from bridge.listen.pushed_samples import PushedSet
    from bridge.sample import Sample


class _Clock(Protocol):
    def best_ms(self, moment: Moment) -> int: ...

    def now_ms(self) -> int | None: ...


class PushedMeter:
    """See the module.

    Args:
        meter: which.
        scalers: scaler and unit by logical name that it stated when it was read.
        clock: the bridge's.
        here: the zone to go by where it states none.
    """

    def __init__(
        self, meter: Meter, scalers: Callable[[], Mapping[str, tuple[int, str]]], *, clock: _Clock, here: tzinfo
    ) -> None:
        self._meter = meter
        self._names = PushedNames(meter, scalers)
        self._time = PushedTime(here)
        self._clock = clock
        self._last: Moment | None = None
        self._layout: Layout | None = None
        self._said: set[str] = set()

    def samples(self, told: Notification, body: PushedBody, moment: Moment) -> list[Sample]:
        """Return what a message says.

        Args:
            told: the message.
            body: its values, with names.
            moment: when it came.
        """
        if body.unnamed and not body.values and not body.rows:
            nameless = counted(len(body.unnamed), "value that nothing names", "values that nothing names")
            self._say(
                f"pushed {nameless} | list them, in their order, as [[pushes]] in a profile of its own; it has "
                f"{self._meter.profile}"
            )
        found = []
        for one in self._names.sets(body):
            for obis in one.unscaled:
                self._say(
                    f"pushed {obis} without a scaler, and none is known: it is left out | give it one as [[pushes]] in "
                    "its profile, obis, scaler and unit"
                )
            if one.values:
                found.append(self._sample(one, one.sent or told.sent, moment))
        return found

    def _sample(self, values: PushedSet, sent: bytes, moment: Moment) -> Sample:
        keys, obis, scalars, units, qualities = zip(*values.values, strict=True)
        layout = self._layout
        if layout is None or (layout.keys, layout.units) != (keys, units):
            layout = self._layout = Layout(self._meter.name, keys, obis, units)
        doubts = qualities if any(qualities) else ()
        stated = self._time.of(sent, self._clock.now_ms())
        if stated.ts_ms is not None:
            return layout.sample(stated.ts_ms, scalars, doubts)
        if stated.doubt:
            self._say(
                f"the time of its message {_without_figures(stated.doubt)}: the time of arrival is taken", "clock"
            )
        self._last = moment = moment.no_sooner_than(self._last)
        return layout.sample(self._clock.best_ms(moment), scalars, doubts, (moment.boot, moment.up_ns))

    def _say(self, said: str, stage: str = "decode") -> None:
        """Say it, once in the life of the process."""
        if said not in self._said and len(self._said) < 100:
            self._said.add(said)
            logger.bind(meter=self._meter.name, stage=stage).warning("{} | {}", self._meter.name, said)


def _without_figures(doubt: str) -> str:
    """Return the doubt so that it is the same each time."""
    return "is ahead of now" if doubt.endswith("ahead of now") else doubt
