"""Names: what each meter's device is called in ThingsBoard. The settings say it, until somebody renames it over there.

Rules
    A rename is kept on disk and holds until the settings name the device otherwise: what the user wrote last counts.
    No two meters ever have one name: no sample may get into another meter's device. Where ThingsBoard gives a name that
    another meter goes by (its own rename was not heard), that one goes by a name that nobody has, and that is said.
    A meter's own name, which is the one in the settings, never changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.delivery.kept_file import KeptFile

if TYPE_CHECKING:
    from pathlib import Path


def names_file(data_dir: Path, destination: str) -> KeptFile:
    """Return the file in which renames are kept, for one ThingsBoard."""
    loss = (
        "a device that was renamed in ThingsBoard goes by its name in the settings again, as another device: rename "
        "that one, or set METERS__<NAME>__DEVICE"
    )
    return KeptFile(data_dir / "names.json", destination, loss=loss)


@dataclass(frozen=True, slots=True)
class Renamed:
    """One meter's device has another name.

    Args:
        meter: whose.
        old: what it was called.
        new: what it is called now.
    """

    meter: str
    old: str
    new: str


class Names(Mapping[str, str]):
    """A meter's device name over there, by the meter's name. Read on any thread, changed on the event loop.

    Args:
        configured: the names that the settings give, by meter.
        file: where renames are kept; None keeps them in memory.
    """

    def __init__(self, configured: Mapping[str, str], file: KeptFile | None = None) -> None:
        self._configured = dict(configured)
        self._names = dict(configured)
        self._file = file
        self.pending: list[Renamed] = []
        """Renames that the rows on disk have not followed yet, in their order; kept on disk as well."""
        self._take(file.load() if file else {})
        self._meters = {name: meter for meter, name in self._names.items()}

    def __getitem__(self, meter: str) -> str:
        return self._names[meter]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def meter_of(self, device: str) -> str | None:
        """Whose device it is that is called so over there; None for nobody's."""
        return self._meters.get(device)

    @property
    def renamed(self) -> dict[str, str]:
        """Those that are not what the settings say, by meter."""
        return {meter: name for meter, name in self._names.copy().items() if name != self._configured.get(meter, meter)}

    def add(self, meter: str) -> None:
        """One more meter, which goes by its own name: the demo's."""
        if meter not in self._names and meter not in self._meters:
            self._names[meter] = self._meters[meter] = meter

    def rename(self, old: str, new: str) -> str | None:
        """ThingsBoard says that the device ``old`` is called ``new`` now; what changed by it is :attr:`pending`.

        Returns:
            whose device it is; None for nobody's.
        """
        meter = self._meters.get(old)
        if meter is None or old == new:
            return None
        if (other := self._meters.get(new)) is not None:
            free = self._free_name(new)
            logger.bind(stage="upstream").error(
                "upstream | ThingsBoard calls the device of meter {} {!r} now, as that of meter {} was called: what "
                "that one is called there is not known, it goes by {!r}; rename it there, or set METERS__{}__DEVICE",
                meter, new, other, free, other.upper(),
            )  # fmt: skip
            self._call(other, free)
        self._call(meter, new)
        return meter

    def settled(self, renamed: Renamed) -> None:
        """The rows on disk have followed this one."""
        self.pending.remove(renamed)

    def save(self) -> None:
        """Put it on disk; blocks.

        Raises:
            OSError: the disk does not take it.
        """
        if self._file is not None:
            names = {
                meter: {"configured": configured, "name": self._names[meter]}
                for meter, configured in self._configured.items()
                if self._names[meter] != configured
            }
            self._file.save({"names": names, "pending": [[one.meter, one.old, one.new] for one in self.pending]})

    def _call(self, meter: str, new: str) -> None:
        old = self._names[meter]
        self.pending.append(Renamed(meter, old, new))
        self._names[meter] = new
        if self._meters.get(old) == meter:
            del self._meters[old]
        self._meters[new] = meter

    def _free_name(self, name: str) -> str:
        number = 2
        while f"{name} ({number})" in self._meters:
            number += 1
        return f"{name} ({number})"

    def _take(self, kept: Mapping[str, Any]) -> None:
        """Take the renames of earlier runs, unless the settings say otherwise by now."""
        self.pending += _pending(kept)
        for meter, configured, name in _entries(kept):
            if self._configured.get(meter) == configured:
                self._names[meter] = name
        while (clashing := self._clash()) is not None:
            lost, self._names[clashing] = self._names[clashing], self._configured[clashing]
            self.pending.append(Renamed(clashing, lost, self._configured[clashing]))
            logger.bind(stage="upstream").error(
                "upstream | meter {} goes by {!r} again: {!r}, as its device was renamed in ThingsBoard, is another "
                "meter's name by now", clashing, self._configured[clashing], lost,
            )  # fmt: skip
        for meter, name in self._names.items():
            if name != self._configured[meter]:
                logger.info("upstream | the device of meter {} is called {!r} in ThingsBoard", meter, name)

    def _clash(self) -> str | None:
        """A renamed meter that has the name of another one."""
        holders = Counter(self._names.values())
        for meter, name in self._names.items():
            if holders[name] > 1 and name != self._configured[meter]:
                return meter
        return None


def _entries(kept: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    names = kept.get("names")
    for meter, entry in names.items() if isinstance(names, dict) else ():
        match entry:
            case {"configured": str(configured), "name": str(name)}:
                yield meter, configured, name


def _pending(kept: Mapping[str, Any]) -> Iterator[Renamed]:
    pending = kept.get("pending")
    for entry in pending if isinstance(pending, list) else ():
        match entry:
            case [str(meter), str(old), str(new)]:
                yield Renamed(meter, old, new)
