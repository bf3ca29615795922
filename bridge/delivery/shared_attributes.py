"""Shared attributes: what ThingsBoard sets of a meter. Asked for, heard of, kept over restarts, undone when deleted.

Rules
    ThingsBoard tells a change only to a device that is open. So they are asked for whenever one is opened: the question
    that proves the device (``introductions.py``) is the one for :data:`KEY`, and an answer without it says that there
    is none; in device mode the session's own question.
    What was told after the question was asked is newer than its answer.
    What holds is kept on disk: after a restart it holds before ThingsBoard is reached.
    What the meter wing does not take is said and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.delivery import rpc

if TYPE_CHECKING:
    from bridge.delivery.kept_file import KeptFile
    from bridge.delivery.names import Names

KEY = "interval"
"""The one that is known: seconds from one reading to the next."""
_AGAIN_S = 60.0

Apply = Callable[[str, Mapping[str, Any]], str]
"""Meter, all that ThingsBoard sets of it now (empty: back to the settings); what is wrong with it, empty for nothing.
Raises nothing."""


class SharedAttributes:
    """Runs on the event loop; :attr:`values` may be read on any thread.

    Args:
        names: whose device it is.
        apply: has the meter go by them.
        file: where they are kept; None keeps them in memory.
        own: in device mode, the one device.
        held: whether it is not certain just now whose device it is.
    """

    def __init__(
        self,
        names: Names,
        apply: Apply,
        *,
        file: KeptFile | None = None,
        own: str = "",
        held: Callable[[str], bool] = lambda _device: False,
    ) -> None:
        self._held = held
        self._names = names
        self._apply = apply
        self._file = file
        self._own = own
        self._told: set[str] = set()  # devices that were told of a change since they were asked
        self._dirty = asyncio.Event()
        self.values: Mapping[str, Mapping[str, Any]] = {}
        """By meter: what holds, replaced whole."""
        kept = file.load().get("meters") if file else None
        if isinstance(kept, dict):
            known = {meter: values for meter, values in kept.items() if meter in names and isinstance(values, dict)}
            self.values = {meter: {KEY: values[KEY]} for meter, values in known.items() if KEY in values}

    def restore(self) -> None:
        """Have the meters go by what was kept: once, when there are meters."""
        for meter, values in self.values.items():
            self._take(meter, values, "kept from ThingsBoard")

    def hear(self, topic: str, payload: bytes) -> None:
        """Take a change that ThingsBoard tells; raises nothing whatever it is."""
        try:
            device, values, deleted = rpc.shared_attributes(topic, payload, self._own)
        except rpc.Unreadable:
            return
        meter = self._names.meter_of(device)
        if meter is None or self._held(device) or (KEY not in values and KEY not in deleted):
            return
        self._told.add(device)
        self._hold(meter, {KEY: values[KEY]} if KEY in values else {})

    def asking(self, device: str) -> None:
        """The device is asked now: what was told before is in its answer."""
        self._told.discard(device or self._own)

    def answered(self, device: str, value: Any) -> None:
        """Take the answer.

        Args:
            device: whose; empty for the own one.
            value: the attribute; None where ThingsBoard has none.
        """
        device = device or self._own
        meter = self._names.meter_of(device)
        if meter is not None and device not in self._told:
            self._hold(meter, {} if value is None else {KEY: value})

    async def run(self) -> None:
        """Keep on disk what changes, until cancelled."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            kept = {"meters": {meter: dict(values) for meter, values in self.values.items()}}
            try:
                if self._file is not None:
                    await asyncio.get_running_loop().run_in_executor(None, self._file.save, kept)
            except OSError as error:
                logger.bind(stage="disk").warning("upstream | shared attributes cannot be kept on disk: {}", error)
                await asyncio.sleep(_AGAIN_S)
                self._dirty.set()

    def _hold(self, meter: str, values: dict[str, Any]) -> None:
        if values == self.values.get(meter, {}) or not self._take(meter, values, "ThingsBoard says"):
            return
        others = {one: held for one, held in self.values.items() if one != meter}
        self.values = {**others, meter: values} if values else others
        self._dirty.set()

    def _take(self, meter: str, values: Mapping[str, Any], whence: str) -> bool:
        said = f"{KEY} {values[KEY]}" if values else f"no {KEY} any more: that of the settings holds"
        if wrong := self._apply(meter, values):
            logger.bind(stage="upstream").warning("upstream | {} | shared attribute, {}: {}", meter, said, wrong)
            return False
        logger.info("upstream | {} | shared attribute, {}: {}", meter, whence, said)
        return True
