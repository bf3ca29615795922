"""The rules, one after another: each row of the module's table decides, and only when those above it do not."""

from dataclasses import replace

import pytest

from bridge.clock.trust import RELEASED_S, Evidence, judge

NOW_MS = 1_796_000_000_000
HOUR_NS = 3_600_000_000_000
QUIET = Evidence(
    wall_ms=NOW_MS,
    synchronised=False,
    grade=None,
    stepped_ns=0,
    since_confirmed_s=1e6,
    confirmed_ms=0,
    presumed_ms=0,
    meters=0,
    meters_s=0.0,
    quiet_s=3600.0,
    patience_s=600.0,
)
HURRIED = replace(QUIET, quiet_s=5.0)


@pytest.mark.parametrize(
    ("evidence", "grade", "is_wrong"),
    [
        pytest.param(replace(HURRIED, patience_s=0.0, wall_ms=0), "presumed", False, id="1 somebody says so"),
        pytest.param(replace(QUIET, wall_ms=0), None, True, id="2 1970"),
        pytest.param(replace(QUIET, wall_ms=0, synchronised=True), None, True, id="2 whoever says it"),
        pytest.param(replace(QUIET, confirmed_ms=NOW_MS + 1), None, True, id="3 before what was confirmed"),
        pytest.param(replace(HURRIED, confirmed_ms=NOW_MS + 1, synchronised=True), None, True, id="3 at first"),
        pytest.param(replace(QUIET, confirmed_ms=NOW_MS + 1, synchronised=True), "synchronised", False, id="3 then"),
        pytest.param(replace(HURRIED, synchronised=True), "synchronised", False, id="4"),
        pytest.param(replace(HURRIED, synchronised=True, presumed_ms=NOW_MS + 1), "synchronised", False, id="4 x"),
        pytest.param(replace(HURRIED, synchronised=True, meters=3, meters_s=900.0), "synchronised", False, id="4 m"),
        pytest.param(replace(HURRIED, grade="witnessed"), "witnessed", False, id="5"),
        pytest.param(replace(HURRIED, grade="synchronised", meters=3, meters_s=900.0), "synchronised", False, id="5 m"),
        pytest.param(replace(HURRIED, meters=1, meters_s=-60.0), "witnessed", False, id="6"),
        pytest.param(replace(HURRIED, meters=1, meters_s=1, presumed_ms=NOW_MS + 1), "witnessed", False, id="6 x"),
        pytest.param(replace(QUIET, meters=1, meters_s=-59, grade="presumed", stepped_ns=59 * 10**9), None, True,
                     id="7 stepped"),
        pytest.param(replace(QUIET, meters=1, meters_s=1, grade="presumed", stepped_ns=59 * 10**9), "witnessed", False,
                     id="6 stepped"),
        pytest.param(replace(QUIET, meters=1, meters_s=61.0), None, True, id="7"),
        pytest.param(replace(QUIET, meters=1, meters_s=61.0, grade="presumed"), "presumed", False, id="7 one is none"),
        pytest.param(replace(QUIET, meters=2, meters_s=61.0, grade="presumed"), None, True, id="7 two"),
        pytest.param(replace(QUIET, grade="synchronised", stepped_ns=HOUR_NS, since_confirmed_s=4000.0), None,
                     True, id="8"),
        pytest.param(replace(QUIET, grade="synchronised", stepped_ns=60_000_000_000),
                     "presumed", False, id="8 drift"),
        pytest.param(replace(HURRIED, grade="presumed", stepped_ns=1_900_000_000), "presumed", False, id="9"),
        pytest.param(replace(QUIET, presumed_ms=NOW_MS + 1), None, True, id="10"),
        pytest.param(replace(QUIET, presumed_ms=NOW_MS + HOUR_NS // 10**6, grade="presumed", stepped_ns=-HOUR_NS),
                     "presumed", False, id="10 not one that was set"),
        pytest.param(QUIET, "presumed", False, id="11"),
        pytest.param(replace(QUIET, synchronised=None), "presumed", False, id="11 nobody can be asked"),
        pytest.param(HURRIED, None, False, id="12"),
        pytest.param(replace(HURRIED, grade="presumed", stepped_ns=HOUR_NS), None, False, id="12 stepped"),
    ],
)  # fmt: skip
def test_the_rules(evidence, grade, is_wrong):
    verdict = judge(evidence)
    assert (verdict.grade, verdict.is_wrong) == (grade, is_wrong)
    assert verdict.why


def test_the_release_is_not_in_the_future():
    assert RELEASED_S * 1000 < NOW_MS
