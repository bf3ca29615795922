"""The short form of the torture: a few dozen cycles of many pairs; ``torture.py`` does thousands of every one."""

import itertools

import pytest

from tests.fakes.torture import FAULTS
from tests.meters.torture import COMBINATIONS, torture

LOOPS = ("uvloop",)

SHORT = 24
PAIRS = list(itertools.product(COMBINATIONS, FAULTS))
"""Each fault with each combination; in the short form every third pair, another third for the next combination."""


@pytest.mark.parametrize(("combination", "fault"), [pair for n, pair in enumerate(PAIRS) if (n + n // 12) % 3 == 0])
async def test_no_value_is_wrong_and_the_meter_is_read_again(combination, fault):
    run = await torture(combination, fault, cycles=SHORT)
    assert run.counts["values"] > 0
    assert run.counts["wrong"] == 0


async def test_a_late_answer_is_never_taken_for_that_to_another_question():
    """Behind the wrapper in clear, invoke-ids come round every sixteen questions."""
    run = await torture("wrapper-ln-clear-single", "late", cycles=300)
    assert run.counts["strikes"] > 20
    assert run.counts["wrong"] == 0
