"""A machine whose wall clock may be anything, and whose power may go; true time is known."""

from __future__ import annotations

import json

from bridge.clock.boots import Ledger, from_plain
from bridge.clock.clock import BridgeClock
from bridge.clock.machine import ClockReading
from bridge.clock.moment import Moment

NOON_S = 1_796_000_000
"""A day in November 2026."""
NS = 1_000_000_000


class World:
    """Args: how long the machine runs already, how far its wall clock is off, whether a time service keeps it."""

    def __init__(self, *, up_s=0.0, off_s=0.0, synchronised=False, patience_s=600.0) -> None:
        self.true_ns = NOON_S * NS
        self.boot, self.began_ns = 1, self.true_ns - round(up_s * NS)
        self.off_ns, self.synchronised, self.patience_s = round(off_s * NS), synchronised, patience_s
        self.kept = json.dumps(Ledger().plain())
        self.changes = []
        self.served = None  # by systemd's time service
        self.start()

    @property
    def up_ns(self):
        return self.true_ns - self.began_ns

    def read(self) -> ClockReading:
        return ClockReading(self.stamp(), self.true_ns + self.off_ns, self.synchronised, self.served)

    def stamp(self) -> Moment:
        return Moment(self.boot, self.up_ns)

    def start(self) -> None:
        """The bridge is started: it knows what is on the disk."""
        self.clock = BridgeClock(self.read, self.stamp, from_plain(json.loads(self.kept)), patience_s=self.patience_s)
        self.look()

    def power_cut(self, *, for_s, off_s, runs_s=0.0) -> None:
        """The power goes and comes again; the bridge starts when the machine runs for ``runs_s``."""
        self.true_ns += round(for_s * NS)
        self.boot, self.began_ns, self.off_ns, self.synchronised = self.boot + 1, self.true_ns, round(off_s * NS), False
        self.served = None
        self.true_ns += round(runs_s * NS)
        self.start()

    def step(self, by_s) -> None:
        """Somebody sets the wall clock."""
        self.off_ns += round(by_s * NS)
        self.synchronised = False

    def set_right(self) -> None:
        """A time service sets it."""
        self.off_ns, self.synchronised = 0, True

    def look(self):
        change = self.clock.look()
        self.changes.append(change)
        if self.clock.is_news:
            self.kept, self.clock.is_news = json.dumps(self.clock.ledger.plain()), False
        return change

    def wait(self, seconds, every_s=1.0):
        for _ in range(round(seconds / every_s)):
            self.true_ns += round(every_s * NS)
            self.look()

    def says(self, meter, ahead_s=0.0) -> None:
        """A meter whose clock is so far ahead is read."""
        self.clock.heard(meter, self.true_ns // NS + ahead_s, self.stamp())

    def off_by_s(self, stamp, true_ns):
        """How far the time of a stamp is from the truth; None when it has none."""
        time = self.clock.time_of(stamp)
        return None if time is None else (time.ts_ms * 1_000_000 - true_ns) / NS

    @property
    def condition(self):
        return self.clock.state.condition
