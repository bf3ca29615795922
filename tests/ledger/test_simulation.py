"""Days of overlapping outages with power cuts at random moments: some seeds, and each fault put back is found."""

from __future__ import annotations

import os

import pytest

from tests.ledger.bites import BITES
from tests.ledger.simulation import run

SEEDS = int(os.environ.get("DLMS_TEST_LEDGER_SEEDS", "3"))
_MOST_SEEDS = 6


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_everything_that_the_meters_still_have_is_there_in_the_end(seed):
    problems, told = run(seed)
    print(told)
    assert problems == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bite", sorted(BITES))
def test_a_fault_put_back_is_found(bite):
    assert any(run(seed, bite)[0] for seed in range(_MOST_SEEDS))
