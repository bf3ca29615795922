"""Line: how much the way to ThingsBoard carries, and so how much may be on it at a time. Pure; learns by looking on.

Rules:

* What is on the way should be accepted within :data:`_AIM_S`. It begins with little, doubles while it is accepted well
  within that, and falls to what the line showed when it is not. So something gets through at 1.2 kbit/s, where a full
  message takes minutes, and a fast line is filled after a few round trips.
* An answer is waited for as long as the line may need for what is on it, and :data:`_LEAST_PATIENCE_S` at least. Late
  answers count while the session stands.
"""

from __future__ import annotations

_AIM_S = 2.0
_FIRST_BYTES, _LEAST_BYTES, _MOST_BYTES = 4_000, 400, 320_000
_FIRST_MESSAGES, _MOST_MESSAGES = 3, 32
_LEAST_PATIENCE_S, _MOST_PATIENCE_S = 10.0, 240.0
_SLOWEST_BYTES_PER_S = 60.0
"""What is assumed of a line that nothing was seen of: 1.2 kbit/s is 150, less what TCP takes."""
_BRIEF_S = 0.05
_FORGET = 1.02
"""A shorter round trip counts at once, a longer one little by little."""


class Line:
    """Times are one monotonic clock's seconds."""

    def __init__(self) -> None:
        self.max_bytes = float(_FIRST_BYTES)
        """How much may be on the way."""
        self.max_messages = float(_FIRST_MESSAGES)
        self._bytes_per_s: float | None = None  # the slowest seen of late
        self._round_trip_s: float | None = None

    @property
    def round_trip_s(self) -> float:
        """What a small question and its answer take, about; 0 while nothing was seen."""
        return self._round_trip_s or 0.0

    @property
    def message_bytes(self) -> int:
        """How large a message should be: two of them fill the line."""
        return int(max(_LEAST_BYTES, self.max_bytes / 2))

    def patience_s(self, bytes_on_the_way: float, messages: int) -> float:
        """How long an answer behind so much is waited for."""
        slowest = self._bytes_per_s if self._bytes_per_s is not None else _SLOWEST_BYTES_PER_S
        expected_s = bytes_on_the_way / slowest + (messages + 1) * self.round_trip_s
        return min(max(_LEAST_PATIENCE_S, 4 * expected_s), _MOST_PATIENCE_S)

    def accepted(self, took_s: float, bytes_taken: float, messages: int, *, round_trips: int | None = None) -> None:
        """So much was accepted, so long after the first of it was sent.

        Args:
            took_s: how long.
            bytes_taken: how much.
            messages: how many.
            round_trips: that are in this time; None where each message waited for the one before it.
        """
        if bytes_taken <= 0 or messages <= 0:
            return
        took_s = max(took_s, 0.001)
        round_trips = messages if round_trips is None else round_trips
        each_s = took_s / round_trips
        self._round_trip_s = each_s if self._round_trip_s is None else min(each_s, self._round_trip_s * _FORGET)
        # What the round trips do not explain the bytes took.
        transfer_s = took_s - round_trips * self._round_trip_s
        carried = bytes_taken / max(transfer_s, _BRIEF_S)
        self._bytes_per_s = carried if self._bytes_per_s is None else min(carried, 0.5 * (self._bytes_per_s + carried))
        if transfer_s < _AIM_S / 2:
            if bytes_taken >= self.max_bytes / 3:
                self.max_bytes = min(self.max_bytes * 2, _MOST_BYTES)
        elif transfer_s > _AIM_S:
            self.max_bytes = max(_LEAST_BYTES, bytes_taken / transfer_s * _AIM_S)
        if took_s < _AIM_S / 2:
            if messages >= self.max_messages / 3:
                self.max_messages = min(self.max_messages * 2, _MOST_MESSAGES)
        elif took_s > _AIM_S:
            self.max_messages = max(_FIRST_MESSAGES, min(self.max_messages, messages * _AIM_S / took_s))

    def failed(self) -> None:
        """Nothing answered what was on the way: less of it next time."""
        self.max_bytes = max(_LEAST_BYTES, self.max_bytes / 2)
        if self._bytes_per_s is not None:
            self._bytes_per_s /= 2
        self.max_messages = max(_FIRST_MESSAGES, self.max_messages / 2)
