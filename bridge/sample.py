"""Sample, Value, Presence: what travels from the meters' wing to delivery, and all that the two share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Scalar = int | float | str | bool


@dataclass(frozen=True, slots=True)
class Value:
    """One register as the meter stated it.

    Args:
        key: telemetry key in ThingsBoard, from the profile, such as ``voltage_l1``.
        obis: logical name, such as ``1-1:32.7.0``.
        value: the scaled value in ``unit``; None where there is nothing to publish but the quality.
        unit: unit that the meter states, as text (``V``, ``A``, ``Wh``); empty where it has none.
        quality: what is wrong with the value, in a few words; empty when nothing is.
    """

    key: str
    obis: str
    value: Scalar | None
    unit: str
    quality: str = ""


class Layout:
    """What all samples of a meter have in common, kept once instead of with every value. The tuples are of one length.

    Args:
        meter: the meter's name in the settings.
        keys: telemetry keys, in the profile's order.
        obis: logical names.
        units: units as text.
    """

    __slots__ = ("keys", "meter", "obis", "units")

    def __init__(self, meter: str, keys: tuple[str, ...], obis: tuple[str, ...], units: tuple[str, ...]) -> None:
        self.meter = meter
        self.keys = keys
        self.obis = obis
        self.units = units

    def sample(
        self,
        ts_ms: int,
        scalars: tuple[Scalar | None, ...],
        qualities: tuple[str, ...] = (),
        stamp: tuple[int, int] = (0, 0),
    ) -> Sample:
        """Return a sample. Every cycle comes through here, so nothing is made per register.

        Args:
            ts_ms: when the values were read, milliseconds since 1970-01-01 UTC.
            scalars: a value for each key; None where the meter refused, or where there is only a quality.
            qualities: a quality for each key; none at all when all is well with all of them.
            stamp: the same moment as the machine counts it: which boot of the machine, and BOOTTIME in nanoseconds.
        """
        sample = Sample.__new__(Sample)
        sample.layout = self
        sample.ts_ms = ts_ms
        sample.scalars = scalars
        sample.qualities = qualities
        sample.boot, sample.up_ns = stamp
        return sample


class Sample:
    """What one meter gave in one cycle. The unit of everything downstream: one outbox row, one telemetry entry.

    Never changed once made. Pollers make theirs with :meth:`Layout.sample`.
    ``boot`` and ``up_ns`` say when it was read as the machine counts it, which no step of the wall clock moves; both
    are 0 where nobody kept that.

    Args:
        meter: the meter's name in the settings.
        ts_ms: when the values were read, milliseconds since 1970-01-01 UTC.
        values: the registers that answered, in the profile's order.
    """

    __slots__ = ("boot", "layout", "qualities", "scalars", "ts_ms", "up_ns")

    layout: Layout
    ts_ms: int
    scalars: tuple[Scalar | None, ...]
    qualities: tuple[str, ...]
    boot: int
    up_ns: int

    def __init__(self, meter: str, ts_ms: int, values: Iterable[Value]) -> None:
        values = tuple(values)
        self.layout = Layout(
            meter,
            tuple(value.key for value in values),
            tuple(value.obis for value in values),
            tuple(value.unit for value in values),
        )
        self.ts_ms = ts_ms
        self.scalars = tuple(value.value for value in values)
        qualities = tuple(value.quality for value in values)
        self.qualities = qualities if any(qualities) else ()
        self.boot = self.up_ns = 0

    @property
    def meter(self) -> str:
        """The meter's name in the settings."""
        return self.layout.meter

    @property
    def values(self) -> tuple[Value, ...]:
        """The registers that answered, made anew at every call: for looking at one sample, not at all of them."""
        layout = self.layout
        qualities = self.qualities or ("",) * len(layout.keys)
        return tuple(
            Value(key, obis, scalar, unit, quality)
            for key, obis, scalar, unit, quality in zip(
                layout.keys, layout.obis, self.scalars, layout.units, qualities, strict=True
            )
            if scalar is not None or quality
        )


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a meter is there, reported when that changes and at every association.

    Args:
        meter: the meter's name in the settings.
        present: False once several attempts in a row have failed.
        attributes: what is known of it and rarely changes: serial number, firmware, host, profile, units.
    """

    meter: str
    present: bool
    attributes: Mapping[str, Scalar | Mapping[str, str]] = field(default_factory=dict)
