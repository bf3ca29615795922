"""Incoming: what comes from ThingsBoard, to whom it is addressed. By its topic alone; nothing is read here.

Whoever wants to hear a topic says so once, when delivery is put together.
"""

from __future__ import annotations

from collections.abc import Callable

Hear = Callable[[str, bytes], object]
"""Topic (what stands behind the prefix, where it was given by prefix), payload. Raises nothing, whatever came."""


class Incoming:
    """The way in.

    Args:
        exact: who hears a topic, by its name.
        prefixes: who hears what begins so, by the beginning; it is told the rest.
        others: who hears everything else; it is told the whole topic.
    """

    def __init__(self, *, exact: dict[str, Hear], prefixes: dict[str, Hear], others: Hear) -> None:
        self._exact = exact
        self._prefixes = prefixes
        self._others = others

    def hear(self, topic: str, payload: bytes) -> None:
        """Hand it to whom it is for."""
        if (hear := self._exact.get(topic)) is not None:
            hear(topic, payload)
            return
        for prefix, hear_rest in self._prefixes.items():
            if topic.startswith(prefix):
                hear_rest(topic.removeprefix(prefix), payload)
                return
        self._others(topic, payload)
