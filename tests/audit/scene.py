"""A ThingsBoard that answers REST, a data folder with a ledger and kept samples, and the command that sets them beside.

What the double has is put there by hand; what it should have is put into a real ledger file and real kept files.
"""

from __future__ import annotations

import io
import json
import random
from contextlib import closing

from bridge.cli.audit.audit import AuditCommand
from bridge.ledger.history import History
from bridge.ledger.store import LedgerStore
from bridge.outbox.body import body
from bridge.outbox.kept import KeptSample, KeptSamples
from bridge.sample import Sample, Value
from tests.thingsboard.behaviour import Behaviour
from tests.thingsboard.rest_server import RestServer
from tests.thingsboard.server import ThingsBoard

DAY_MS = 86_400_000
DAY = 1_790_812_800_000  # 1 October 2026, 00:00 UTC
NOW_S = DAY / 1000 + 3 * 86_400 + 43_200  # noon of the 4th
QUARTER_MS = 900_000
DESTINATION = "thingsboard tb:1883 gateway"
LOAD_PROFILE = "1.0.99.1.0.255"
ENERGY, DIFFERENCE = "lp_active_energy", "lp_active_energy_delta"


class Scene:
    """Meters ``main`` (device ``Main meter``) and ``second``; ``with`` starts and stops the REST server."""

    def __init__(self, folder):
        self.model = ThingsBoard(Behaviour(), rng=random.Random(1))
        self.folder = folder
        self.server = RestServer(self.model)
        self.environ = {
            "DATA_DIR": str(folder),
            "THINGSBOARD__HOST": "tb",
            "THINGSBOARD__TOKEN": "TOKEN",
            "METERS__MAIN__HOST": "m",
            "METERS__MAIN__DEVICE": "Main meter",
            "METERS__SECOND__HOST": "n",
            **self.server.environ(),
        }
        for name in ("Main meter", "second"):
            self.model.add_device(name, "meter")

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *_):
        self.server.__exit__()

    def has(self, device, ts_ms, **values):
        """The double stores a row."""
        self.model._devices.by_name[device].rows.setdefault(ts_ms, {}).update(values)

    def loses(self, device, ts_ms, key):
        """The double loses a value."""
        del self.model._devices.by_name[device].rows[ts_ms][key]

    def intervals(self, device, days, meter="main", *, period_ms=QUARTER_MS, begin_ms=DAY, epoch=1):
        """Intervals of so many days, confirmed by the ledger and stored: a register's ends and its differences."""
        ends = [begin_ms + number * period_ms for number in range(days * DAY_MS // period_ms)]
        with closing(LedgerStore(self.folder / "ledger.db")) as store, store.changing() as changes:
            history_id = changes.begin(
                History(
                    0, meter, LOAD_PROFILE, "intervals", epoch, period_ms // 1000, (ENERGY,), ("Wh",), begin_ms=begin_ms
                )
            )
            changes.confirm(
                history_id,
                {ENERGY: dict.fromkeys(ends, 1.0), DIFFERENCE: dict.fromkeys((end - period_ms for end in ends), 1.0)},
            )
        for end in ends:
            self.has(device, end, **{ENERGY: 1.0})
            self.has(device, end - period_ms, **{DIFFERENCE: 1.0})
        return ends

    def events(self, device, *stamps, meter="main"):
        """Events, confirmed and stored."""
        with closing(LedgerStore(self.folder / "ledger.db")) as store, store.changing() as changes:
            history_id = changes.begin(History(0, meter, "0.0.99.98.0.255", "events", 1, 0, (), ()))
            changes.confirm(history_id, {"event_code": dict.fromkeys(stamps, 1)})
        for ts in stamps:
            self.has(device, ts, event="power down", event_code=1)

    def samples(self, device, stamps, meter="main", *, since_ms=DAY, **values):
        """Live samples, kept since then, and stored."""
        values = values or {"voltage_l1": 127.4, "active_energy": 5}
        kept = KeptSamples(
            self.folder / "kept",
            keep_s=1e9,
            max_bytes=10**9,
            destination=DESTINATION,
            age_s=lambda: 0.0,
            wall_ms=lambda: since_ms,
            free_bytes=lambda _: 10**12,
        )
        text = body(Sample(meter, 0, [Value(key, "", value, "") for key, value in values.items()]))
        kept.add([KeptSample(meter, ts, text) for ts in stamps], needed_bytes=0)
        kept.close()
        for ts in stamps:
            self.has(device, ts, **values)

    def audit(self, meter="", since="2026-10-01", *, repair=False, **environ):
        """Run the command: exit code, and what it said."""
        out = io.StringIO()
        command = AuditCommand(self.environ | environ, out, clock_s=lambda: NOW_S)
        return command.run(meter, since, repair=repair), out.getvalue()

    def found(self, meter="", since="2026-10-01", *, repair=False, **environ):
        """Run it for JSON: exit code, and the document."""
        out = io.StringIO()
        command = AuditCommand(self.environ | environ, out, as_json=True, clock_s=lambda: NOW_S)
        code = command.run(meter, since, repair=repair)
        return code, json.loads(out.getvalue())

    def missing(self, **asked):
        """What is missing, as (meter, key, times)."""
        _, document = self.found(**asked)
        return [(meter["meter"], one["key"], one["times"]) for meter in document["meters"] for one in meter["missing"]]

    def orders(self):
        """What the ledger is asked to read again: meter, from, to in minutes of the first day."""
        with closing(LedgerStore(self.folder / "ledger.db")) as store:
            return [(one.meter, (one.start_ms - DAY) // 60_000, (one.end_ms - DAY) // 60_000) for one in store.orders()]

    def orders_ms(self):
        """The same, to the millisecond and without the meter."""
        with closing(LedgerStore(self.folder / "ledger.db")) as store:
            return [(one.start_ms, one.end_ms) for one in store.orders()]
