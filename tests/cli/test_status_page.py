"""The page of ``bridge status``: within the width, failing first, what there is much of folded, nothing said twice."""

import io
import json
from dataclasses import replace

import pytest

from bridge.cli.catalogue import Catalogue
from bridge.cli.status.status_page import VERDICTS, show_status
from bridge.cli.status.upstream_reason import UpstreamReason
from bridge.cli.terminal import Terminal
from bridge.delivery.state import ParkedDevice
from bridge.errors import AuthError, LinkError
from bridge.health import verdict
from bridge.health.disk_room import DiskRoom
from bridge.health.size import size_text
from bridge.health.status import Status
from bridge.health.watched_meter import WatchedMeter
from tests.fakes.ports import free_port
from tests.health.plant import NOW_S, Plant, Poller, of_a_shard

REFUSED = LinkError("10.20.0.17:4059: connection refused: does anything listen there? is it the right port?")


class Fleet(Plant):
    """A bridge with so many meters."""

    def __init__(self, *names):
        super().__init__()
        self.pollers = {name: Poller() for name in names}
        for poller in self.pollers.values():
            poller.reads(NOW_S - 2)
        parts = (lambda: self.outbox, lambda: self.delivery)
        room = DiskRoom(78_897_000_000, 2 * 10**11)
        self.status = Status(self.wellness, *parts, room=lambda: room, clock_s=self.clock, monotonic_s=self.clock)
        self.status.watch(tuple(WatchedMeter(name, poller) for name, poller in self.pollers.items()))

    def fails(self, *names, error=REFUSED):
        for name in names:
            self.pollers[name].fails(error, NOW_S - 760, left_alone=isinstance(error, AuthError))

    def page(self, *, columns=80, lang="en", every=False, why=""):
        out = io.StringIO()
        report = json.loads(json.dumps(self.plain()))
        environ = {"COLUMNS": str(columns), "LANG": lang}
        show_status(report, Terminal(out, environ), Catalogue.of(environ), every=every, why=why)
        return out.getvalue().splitlines()


def hundreds(count=200):
    return Fleet(*(f"meter_{number:03}" for number in range(count)))


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("columns", [60, 80, 132])
@pytest.mark.parametrize("count", [3, 200])
def test_it_keeps_to_the_width_whatever_is_wrong(columns, lang, count):
    fleet = hundreds(count)
    fleet.fails("meter_000", "meter_002")
    fleet.fails("meter_001", error=AuthError("the meter refuses the password (LLS), " * 5))
    fleet.says(
        depth=41, oldest_ts_ms=int((NOW_S - 400) * 1000), upstream_connected=False, upstream_why="a reason " * 30,
        parked={f"device {number}": ParkedDevice("a reason " * 20, 5.0, 9.0) for number in range(50)},
    )  # fmt: skip
    lines = fleet.page(columns=columns, lang=lang)
    assert max(map(len, lines)) <= columns
    assert len(lines) < 120


def test_200_meters_that_are_well_are_one_line():
    lines = hundreds().page()
    assert "200 meters are read: 100 % in 5 min, oldest value 2 s ago (--all lists them)" in lines
    assert len(lines) < 20
    assert len(hundreds().page(every=True)) > 200


def test_what_fails_comes_first_with_its_reason_and_the_rest_is_folded():
    fleet = hundreds()
    fleet.fails("meter_120")
    lines = fleet.page()
    assert lines[0] == "✘ a meter fails: 1 of 200"
    at = next(number for number, line in enumerate(lines) if line.startswith("meter_120  failing, 12 min"))
    assert lines[at + 1].startswith("    tcp: 10.20.0.17:4059: connection refused")
    assert any(line.startswith("199 meters are read") for line in lines[at:])


def test_the_reason_is_said_once():
    fleet = Fleet("main", "cellar")
    fleet.fails("main")
    assert " ".join(fleet.page()).count("connection refused") == 1


def test_when_all_fail_ten_are_shown_and_the_others_counted_by_stage():
    fleet = hundreds()
    fleet.fails(*[name for name in fleet.pollers if name < "meter_150"])
    fleet.fails(*[name for name in fleet.pollers if name >= "meter_150"], error=AuthError("refused"))
    lines = fleet.page()
    assert lines[0] == "✘ no meter answers"
    assert "… and 190 more meters that fail: 140 tcp, 50 auth (--all lists them)" in lines
    assert len(lines) < 50


def test_three_meters_are_listed_each_with_the_last_error_of_one_that_came_back():
    fleet = Fleet("main", "cellar", "roof")
    fleet.fails("roof")
    fleet.pollers["roof"].reads(NOW_S - 1)
    (row,) = [line for line in fleet.page() if line.startswith("roof")]
    assert row.split("  ")[-1].strip() == "tcp, 12 min ago"
    assert not any("tcp, 12 min ago" in line for line in fleet.page(columns=60)), "that column gives way first"


def test_where_a_history_is_kept_it_is_said_how_complete_it_is():
    fleet = Fleet("main", "cellar")
    whole = fleet.report
    fleet.plain = lambda: replace(
        whole, meters=(replace(whole.meters[0], completeness_day=0.979), whole.meters[1])
    ).plain()
    lines = fleet.page()
    assert "complete, 1 day" in next(line for line in lines if line.startswith("meter "))
    assert "97.9 %" in next(line for line in lines if line.startswith("main"))
    assert not any("complete" in line for line in Fleet("main").page())


@pytest.mark.parametrize(
    ("held", "lang", "said"),
    [
        (None, "en", "shard 2 of 4"),
        (True, "en", "shard 2 of 4 on node-b, lease held"),
        (False, "en", "shard 2 of 4 on node-b, without its lease"),
        (True, "es", "fragmento 2 de 4 en node-b, tiene la concesión"),
    ],
)
def test_a_shard_says_which_it_is_and_a_bridge_that_is_alone_says_nothing(held, lang, said):
    fleet = Fleet("main")
    alone, whole = fleet.page(lang=lang), fleet.report
    fleet.plain = lambda: of_a_shard(whole, held).plain()
    assert [line for line in fleet.page(lang=lang) if line not in alone] == [said]


def test_a_name_too_long_for_the_width_is_cut_and_cannot_steer_the_terminal():
    fleet = Fleet("a" * 100 + "\x1b[2J", "b")
    lines = fleet.page()
    assert any(line.startswith("aaaaaaaaaaaaaaa") and "…  reading" in line for line in lines)
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in "".join(fleet.page(columns=300))


def test_numbers_agree_with_their_nouns_and_sizes_with_their_unit():
    fleet = Fleet("main")
    fleet.says(depth=1, oldest_ts_ms=int((NOW_S - 4) * 1000), limit_bytes=512_000_000, lost_full=1)
    fleet.passes(1)
    lines = fleet.page()
    assert "waiting      1 sample, the oldest for 5 s" in lines
    assert "outbox       0 B of 512 MB" in lines
    assert "disk         79 GB free" in lines
    assert "lost         1 sample since the start, 1 in the last hour; 0 set aside" in lines
    assert "  outbox: 1 sample was lost in the last hour" in lines


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (98_765, "99 kB"), (9_940_000, "9.9 MB"), (78_897e6, "79 GB"),
     (999.6e6, "1.0 GB"), (2.5e12, "2.5 TB"), (3.2e15, "3200.0 TB")],
)  # fmt: skip
def test_a_size_is_said_in_the_unit_that_fits(size, text):
    assert size_text(size) == text


def test_every_verdict_has_its_words():
    assert tuple(VERDICTS) == verdict.VERDICTS
    for sign, key in VERDICTS.values():
        assert sign in ("good", "warn", "bad", "none")
        assert Catalogue("en")(key) in verdict.VERDICTS


def test_why_thingsboard_is_away_is_found_out_as_the_doctor_does(tmp_path):
    away, say, port = {"delivery": {"upstream": "down"}}, Catalogue("en"), free_port()
    environ = {"THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__PORT": str(port), "THINGSBOARD__TOKEN": "secret"}
    why = UpstreamReason(environ, say, secrets_dir=tmp_path).of(away)
    assert why.startswith(f"127.0.0.1:{port}: no connection → check THINGSBOARD__PORT")
    environ |= {"THINGSBOARD__HOST": "no-such-name.invalid"}
    why = UpstreamReason(environ, say, secrets_dir=tmp_path).of(away)
    assert why.startswith("no-such-name.invalid: the name has no address → check THINGSBOARD__HOST")
    assert "secret" not in why
    assert UpstreamReason(environ, say, secrets_dir=tmp_path).of({"delivery": {"upstream": "up"}}) == ""


def test_while_one_watches_the_way_is_not_tried_at_every_look(tmp_path):
    now_s, say = [0.0], Catalogue("en")
    environ = {"THINGSBOARD__HOST": "127.0.0.1", "THINGSBOARD__PORT": "1", "THINGSBOARD__TOKEN": "secret"}
    reason = UpstreamReason(environ, say, secrets_dir=tmp_path, clock_s=lambda: now_s[0])
    away = {"delivery": {"upstream": "down"}}
    first = reason.of(away)
    environ["THINGSBOARD__PORT"] = "2"
    assert reason.of(away) == first
    now_s[0] = 31.0
    assert ":2: no connection" in reason.of(away)


def test_the_reason_found_stands_in_thingsboards_line():
    fleet = Fleet("main")
    fleet.says(upstream_connected=False)
    lines = fleet.page(why="tb.example.org: the name has no address")
    assert lines[0] == "✘ ThingsBoard is away"
    assert "ThingsBoard  down: tb.example.org: the name has no address" in lines
