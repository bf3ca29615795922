"""Nine plants that a stranger must understand in ten seconds: what is so in each, for half an hour until now."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.errors import AuthError, LinkError
from bridge.ledger.bookkeeper import Stuck
from bridge.ledger.books import MeterBook
from bridge.ledger.completeness import timeline
from bridge.ledger.history import History
from bridge.ledger.states import Range, painted
from tests.grafana.plant import Plant

BEFORE_S = 35 * 60
DEAD_FOR_S = 22 * 60
_DAY_MS = 86_400_000
MANY = tuple(f"block-{n // 25 + 1}-flat-{n % 25 + 1:02}" for n in range(200))
FEW = ("main", "cellar", "hall")
REFUSED = LinkError("no connection to 10.0.0.3:4059: connection refused")
WRONG_PASSWORD = AuthError("the meter refuses the password")


@dataclass(frozen=True)
class Scene:
    """A plant, and what becomes of it.

    Args:
        meters: their names.
        change: alters the plant at a scrape; ``ago_s`` is how long before the present that is.
        scrape_s: seconds between two scrapes.
        interval_s: how often a meter is read.
        gaps: whether the meters have load profiles, and how many intervals are missing by meter; None without.
        is_empty: whether nothing was ever scraped.
    """

    meters: tuple[str, ...] = FEW
    change: Callable[[Plant, float], None] = lambda _plant, _ago_s: None
    scrape_s: float = 15.0
    interval_s: float = 5.0
    gaps: dict[str, int] | None = None
    is_empty: bool = False

    def plant(self, now_s: float) -> Plant:
        """Return the plant as it was when the scene began."""
        plant = Plant(now_s - BEFORE_S, self.meters, interval_s=self.interval_s)
        if (gaps := self.gaps) is not None:
            plant.keeps_books = lambda at_s: {name: book(name, count, at_s) for name, count in gaps.items()}
            if any(gaps.values()):
                short = tuple(name for name, count in gaps.items() if count)
                plant.stuck = Stuck(sum(gaps.values()), short, int(now_s * 1000), None)
        return plant


def book(meter: str, missing: int, at_s: float) -> MeterBook:
    """Return the book of a meter with 96 intervals a day, of which so many are missing since two days ago or less."""
    now_ms = int(at_s * 1000)
    begin_ms = now_ms - 40 * _DAY_MS
    keys = ("active_energy",), ("Wh",)
    of = History(1, meter, "1.0.99.1.0.255", "intervals", 1, 900, *keys, begin_ms=begin_ms, capacity=5760)
    told = [Range(begin_ms, of.end_at_or_before(now_ms), "confirmed")]
    if missing:
        ends = of.end_at_or_before(now_ms - 3_600_000)
        told = painted(told, Range(ends - missing * 900_000, ends, "wanted"))
    return MeterBook(meter, now_ms, (timeline(of, told, now_ms=now_ms),))


def _one_dead(plant: Plant, ago_s: float) -> None:
    if ago_s <= DEAD_FOR_S:
        plant.meter("hall").trouble = REFUSED


def _wrong_password(plant: Plant, ago_s: float) -> None:
    plant.meter("hall").trouble = WRONG_PASSWORD


def _upstream_away(plant: Plant, ago_s: float) -> None:
    if ago_s <= DEAD_FOR_S:
        plant.loses_thingsboard("connection refused")


def _clock_not_set(plant: Plant, ago_s: float) -> None:
    plant.loses_its_clock()


def _some_of_many_dead(plant: Plant, ago_s: float) -> None:
    for n, name in enumerate(MANY[::29]):
        if ago_s <= (28 - n) * 60:
            plant.meter(name).trouble = REFUSED


def _bridge_down(plant: Plant, ago_s: float) -> None:
    plant.is_up = ago_s > DEAD_FOR_S


SCENES = {
    "healthy": Scene(gaps=dict.fromkeys(FEW, 0)),
    "one dead": Scene(change=_one_dead),
    "wrong password": Scene(change=_wrong_password),
    "upstream away": Scene(change=_upstream_away),
    "clock not set": Scene(change=_clock_not_set),
    "gaps": Scene(gaps={"main": 0, "cellar": 7, "hall": 211}),
    "200 meters": Scene(MANY, _some_of_many_dead, scrape_s=30.0, interval_s=60.0),
    "empty Prometheus": Scene(is_empty=True),
    "bridge down": Scene(change=_bridge_down),
}
