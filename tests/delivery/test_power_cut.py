from __future__ import annotations

import os

import pytest

from tests.delivery.power_cut import power_cuts

CUTS = int(os.environ.get("DLMS_TEST_CUTS", "200"))


@pytest.mark.broker
@pytest.mark.timeout(120 + 3 * CUTS)
async def test_no_accepted_sample_is_missing_after_power_cuts_at_random_moments(tmp_path):
    toll = await power_cuts(tmp_path, cuts=CUTS, drop_every=37)

    print(toll)
    assert toll.cuts == CUTS
    assert toll.accepted > 100
    assert toll.torn
    assert not toll.missing
    # A power cut is no damage: nothing had to be set aside and saved.
    assert not list(tmp_path.glob("*corrupt*"))


@pytest.mark.broker
@pytest.mark.timeout(120 + 3 * CUTS)
async def test_nor_is_one_after_power_cuts_within_the_salvage_of_a_damaged_file(tmp_path):
    toll = await power_cuts(tmp_path, cuts=max(40, CUTS // 4), drop_every=37, beheaded=1.0)

    print(toll)
    assert toll.beheaded
    assert toll.within_salvage
    assert not toll.missing
