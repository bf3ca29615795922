"""A demo meter with a history, asked over the wire; and what it recorded, for comparison."""

from datetime import UTC

from bridge.configuration.meter import resolve
from bridge.configuration.profile import load_profile
from bridge.configuration.settings import MeterSettings, PollSettings
from bridge.demo import Faults, MeterServer
from bridge.dlms.association import MeterSession
from bridge.dlms.history import HistoryWays, examine, read_slice

NOW_S = 1_793_099_240
"""27 October 2026, 11:07:20 UTC. Daylight saving ended on the 25th. The demo meter's past has, with those faults: its
clock set forward on the 22nd at 10:10 and back on the 27th at 10:10, a power cut on the 25th from 01:20 to 08:20."""
PROFILE, EVENT_LOG = "1.0.99.1.0.255", "0.0.99.98.0.255"
DAY_MS = 86_400_000


def load(at_s):
    """Each second has an energy of its own: a value tells when it was captured."""
    return {"1.1.1.8.0.255": int(at_s) - 1_700_000_000, "1.1.1.7.0.255": 1500}


def converse(conversation, answer):
    """Drive a conversation to its end."""
    try:
        request = next(conversation)
        while True:
            request = conversation.send(answer(request))
    except StopIteration as done:
        return done.value


class DemoHistory:
    """A session with a demo meter.

    Args:
        faults: what goes wrong, as the command line says it.
        now_s: when it is asked.
        how: of the meter.
    """

    def __init__(self, *faults, now_s=NOW_S, **how):
        self.now_s = now_s
        how = {"framing": "wrapper", "max_pdu_bytes": 60_000} | how
        self.side = MeterServer(load=load, clock=lambda: self.now_s, password="", faults=Faults.parse(faults), **how)
        given = {"host": "meter", "profile": "microstar", "authentication": "none", "framing": how["framing"]}
        settings = MeterSettings(**given, referencing=how.get("referencing", "ln"))
        self.session = MeterSession(resolve("m", settings, load_profile("microstar"), PollSettings()))
        self._waiting = []
        self.converse(self.session.connect())

    def converse(self, conversation):
        return converse(conversation, self._answer)

    def _answer(self, frame):
        if frame:
            self._waiting.extend(self.side.frames(frame))
        return self._waiting.pop(0)

    def examine(self, profile=PROFILE, **more):
        return self.converse(examine(self.session, profile, now_ms=round(self.now_s * 1000), **more))

    def slice(self, layout, start_ms, end_ms, ways=None, here=UTC):
        ways = ways or HistoryWays()
        return self.converse(read_slice(self.session, layout, start_ms, end_ms, ways, here))

    def days(self, layout, days, *, here=UTC, until_ms=None):
        """Read so many days back, the newest first, and return rows, ways and how many questions each slice took."""
        end_ms, ways, rows, questions = until_ms or round(self.now_s * 1000), HistoryWays(), [], []
        for _ in range(days):
            read = self.slice(layout, end_ms - DAY_MS, end_ms, ways, here)
            assert read.is_whole
            rows = [*read.rows, *rows]
            ways, end_ms = read.ways, end_ms - DAY_MS
            questions.append(read.requests)
        return rows, ways, questions

    def recorded(self, profile=PROFILE):
        """Return what the meter holds, in the order in which it was captured."""
        [item] = [item for item in self.side.items if item.logicalName == profile]
        return item._rows()

    def truth(self, days, profile=PROFILE):
        """Return the stamp and the energy of every row of the last days, by stamp, doubled ones in order."""
        start_s = self.now_s - 86_400 * days
        rows = [row for row in self.recorded(profile) if start_s < row.stamp_s <= self.now_s]
        return sorted(((row.stamp_s * 1000, load(row.at_s)["1.1.1.8.0.255"]) for row in rows), key=lambda row: row[0])


def told(rows, layout):
    """Return stamp and energy of each row."""
    [energy] = [n for n, column in enumerate(layout.columns) if column.logical_name == "1.1.1.8.0.255"][:1]
    return [(row.end_ms, row.cells[energy].value) for row in rows if row.cells[energy + 1].value == 1500]
