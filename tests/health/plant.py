"""A bridge's parts that say what a test has them say, and what health makes of it."""

from dataclasses import replace

from bridge.delivery.state import DeliveryState
from bridge.health.disk_room import DiskRoom
from bridge.health.metrics import Metrics
from bridge.health.report import ShardRow
from bridge.health.status import Status
from bridge.health.watched_meter import WatchedMeter
from bridge.health.wellness import Wellness
from bridge.lease.state import LeaseState
from bridge.meters.state import MeterState
from bridge.outbox.state import Failing, OutboxState
from bridge.sample import Sample

NOW_S = 1_800_000_000.0


def of_a_shard(report, held):
    """That report, from shard 2 of 4 on node-b; ``held`` is whether it has its lease, None where none is needed."""
    lease = None
    if held is not None:
        lease = LeaseState(2, held, 9.0, "" if held else "node-c", 3, 3, just_started=0, too_long=False)
    return replace(report, shard=ShardRow(2, 4, "" if held is None else "node-b"), lease=lease)


FULL = Failing(5.0, 3, "disk full", "make room")


class Clock:
    now_s = NOW_S

    def __call__(self):
        return self.now_s


class Poller:
    interval_s = 5.0

    def __init__(self):
        self.state = MeterState()

    def reads(self, now_s):
        self.state.succeeded(Sample("main", int(now_s * 1000), ()), now_s)

    def fails(self, error, now_s, *, left_alone=False):
        self.state.failed(error, now_s, wait_s=20, left_alone=left_alone)


class Plant:
    """Parts that say what a test has them say."""

    def __init__(self):
        self.metrics, self.clock, self.silence_s = Metrics(), Clock(), 0.0
        self.outbox = OutboxState(
            destination="tb", depth=0, pending=0, oldest_ts_ms=None, bytes=0, limit_bytes=1000, accepted=0, commits=0,
            stored=0, lost_full=0, lost_old=0, lost_memory=0, set_aside=0, last_stored_s=None, last_stored_ago_s=None,
            writing=None, reading=None, write_errors=0, read_errors=0, foreign=(), damaged_files=0, damaged_bytes=0,
        )  # fmt: skip
        self.delivery = DeliveryState(
            way="through the local broker, MQTT 3.1.1", needs_broker=True,
            broker_connected=True, upstream_configured=True, upstream_connected=True, upstream_why="",
            token_refused=False, token_shared=False,
            no_gateway=False, marks="moving", confirm="mark", unstored_samples=0, parked={},
            last_stored_ago_s=1.0, entries_per_s=float("inf"), drain_s=None,
        )  # fmt: skip
        self.books = {}
        self.main, self.cellar = Poller(), Poller()
        parts = (lambda: self.outbox, lambda: self.delivery)
        self.wellness = Wellness(*parts, silence_s=lambda: self.silence_s, clock_s=self.clock, monotonic_s=self.clock)
        self.status = Status(
            self.wellness, *parts, room=lambda: DiskRoom(500, 900), clock_s=self.clock, monotonic_s=self.clock,
            books=lambda: self.books,
        )  # fmt: skip
        self.status.watch((WatchedMeter("main", self.main), WatchedMeter("cellar", self.cellar)))
        for poller in (self.main, self.cellar):
            poller.reads(NOW_S - 2)

    def says(self, **changes):
        """Have outbox and delivery say so from now on."""
        for name, value in changes.items():
            part = "outbox" if hasattr(self.outbox, name) else "delivery"
            setattr(self, part, replace(getattr(self, part), **{name: value}))

    def passes(self, seconds, *, every_s=1):
        for _ in range(0, seconds, every_s):
            self.clock.now_s += every_s
            for poller in (self.main, self.cellar):
                poller.reads(self.clock.now_s)
            self.wellness.look()

    @property
    def report(self):
        return self.status.report()

    def plain(self):
        return self.report.plain()

    @property
    def wrong(self):
        return tuple(wrong.said for wrong in self.report.wrong)
