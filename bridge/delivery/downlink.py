"""Downlink: what comes from ThingsBoard unasked, given to whom it is for: calls, shared attributes, names.

Puts those parts together and runs what they do beside the publishing. Answers to the bridge's own questions are
``answers.py``'s.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bridge.delivery import rpc
from bridge.delivery.calls import Calls
from bridge.delivery.renames import Renames
from bridge.delivery.replies import Replies
from bridge.delivery.shared_attributes import SharedAttributes

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.delivery.calls import Commands
    from bridge.delivery.incoming import Hear
    from bridge.delivery.kept_file import KeptFile
    from bridge.delivery.names import Names
    from bridge.delivery.shared_attributes import Apply
    from bridge.outbox.outbox import Outbox


class Downlink:
    """Runs on the event loop.

    Args:
        outbox: where samples wait under their devices' names.
        names: what the devices are called.
        commands: carries out a call.
        apply: has a meter go by what ThingsBoard sets of it.
        shared_file: where that is kept.
        own: in device mode, the one device.
        session: the number of the session now.
        pause: has nothing more sent for a device in this session.
        renew: has a new session made.
        forget: has a device introduced anew.
        drop: has a name introduced never again.
        wake: has the publisher look again.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        names: Names,
        commands: Commands,
        apply: Apply,
        shared_file: KeptFile | None,
        own: str,
        session: Callable[[], int],
        pause: Callable[[str], object],
        renew: Callable[[str], object],
        forget: Callable[[str], object],
        drop: Callable[[str], object],
        wake: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        self._wake = wake
        self._clock = clock
        self.renames = Renames(names, outbox, pause=pause, renew=renew, forget=forget, drop=drop)
        self.shared = SharedAttributes(names, apply, file=shared_file, own=own, held=self._is_held)
        self.replies = Replies()
        self._calls = Calls(
            commands,
            names=names,
            answer=self._answer,
            session=session,
            own=own,
            notified=self.renames.hear,
            held=self._is_held,
        )

    @property
    def exact(self) -> dict[str, Hear]:
        """Who hears a topic."""
        return dict.fromkeys((rpc.CHANGES, rpc.DEVICE_CHANGES), self.shared.hear)

    def hear(self, topic: str, payload: bytes) -> None:
        """Take everything that is no answer: calls."""
        self._calls.hear(topic, payload)

    async def run(self) -> None:
        """Carry out what comes, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._calls.run(), name="remote calls")
            tasks.create_task(self.renames.run(), name="renames")
            tasks.create_task(self.shared.run(), name="shared attributes")

    def _is_held(self, device: str) -> bool:
        return device in self.renames.held

    def _answer(self, topic: str, payload: bytes, session: int) -> None:
        self.replies.put(topic, payload, session, self._clock())
        self._wake()
