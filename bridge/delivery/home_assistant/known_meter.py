"""Known meter: what Home Assistant is told of one, kept over restarts so that a meter that is away is told as well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bridge.sample import Sample


@dataclass(frozen=True, slots=True)
class KnownSensor:
    """One register.

    Args:
        obis: its logical name.
        unit: as the meter states it; empty for none.
        is_text: whether its values are no numbers; None as long as none was seen.
    """

    obis: str
    unit: str
    is_text: bool | None = None


@dataclass(slots=True)
class KnownMeter:
    """One meter.

    Args:
        sensors: its registers, by key, in the order in which they are read.
        gone: keys that it had once.
        device: what it states of itself: serial number, firmware.
    """

    sensors: dict[str, KnownSensor] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    device: dict[str, str] = field(default_factory=dict)

    @property
    def is_settled(self) -> bool:
        """Whether every register has shown what it holds."""
        return all(one.is_text is not None for one in self.sensors.values())

    def learn(self, sample: Sample) -> bool:
        """Take from a sample what registers there are; whether that is news.

        A unit that the meter does not give this time stays what it was: a number whose unit comes and goes would be
        another quantity to Home Assistant, and its statistics would end there.
        """
        layout, sensors = sample.layout, {}
        for key, obis, unit, value in zip(layout.keys, layout.obis, layout.units, sample.scalars, strict=True):
            before = self.sensors.get(key)
            if before is None or before.obis != obis:
                before = KnownSensor(obis, unit)
            stated = unit or before.unit
            sensors[key] = KnownSensor(obis, stated, _is_text(value, stated, before.is_text))
        gone = tuple(key for key in (*self.gone, *self.sensors) if key not in sensors)
        if list(sensors.items()) == list(self.sensors.items()):
            return False
        self.sensors, self.gone = sensors, tuple(dict.fromkeys(gone))
        return True

    def hear(self, attributes: Mapping[str, Any]) -> bool:
        """Take what the meter states of itself; whether that is news."""
        stated = {name: said for name, said in attributes.items() if name in _STATED and isinstance(said, str) and said}
        changed = self.device | stated
        if changed == self.device:
            return False
        self.device = changed
        return True

    def as_json(self) -> dict[str, Any]:
        """For the disk."""
        sensors = {key: [one.obis, one.unit, one.is_text] for key, one in self.sensors.items()}
        return {"sensors": sensors, "gone": list(self.gone), "device": self.device}

    @classmethod
    def of_json(cls, kept: Any) -> KnownMeter | None:
        """The same from the disk; None where that is none."""
        match kept:
            case {"sensors": dict(sensors), "gone": list(gone), "device": dict(device)}:
                pass
            case _:
                return None
        read = {}
        for key, entry in sensors.items():
            match entry:
                case [str(obis), str(unit), bool() | None as is_text]:
                    read[key] = KnownSensor(obis, unit, is_text)
        texts = {name: said for name, said in device.items() if isinstance(said, str)}
        return cls(read, tuple(key for key in gone if isinstance(key, str)), texts)


_STATED = ("serial_number", "firmware", "manufacturer", "profile")


def _is_text(value: object, unit: str, before: bool | None) -> bool | None:
    """What has a unit is a number whatever came; else its first value decides, and text once is text for good."""
    if unit:
        return False
    if value is None or before:
        return before
    return isinstance(value, str | bool)
