"""One witness: whose its vote is, what it says of it, and what it still knows when it was started anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.lease.grants import Grants
from bridge.lease.receipts import Receipts
from bridge.lease.wire import WitnessQuestion

SECRET = b"the witnesses' and the bridges'"
ONE = WitnessQuestion("ask", 7, "one/a", 15.0, "n1", "witness-1:9109")
OTHER = replace(ONE, holder="two/b")


def witness(now_s, boot="boot 1", secret=SECRET):
    return Grants(longest_s=15.0, now_s=now_s, receipts=Receipts(secret, boot))


@pytest.fixture
def grants():
    return witness(-100.0)


def test_the_vote_is_one_holders_until_its_time_is_over(grants):
    assert grants.answer(ONE, 0.0).granted
    refused = grants.answer(OTHER, 14.9)
    assert (refused.granted, refused.holder, refused.why) == (False, "one/a", "held")
    assert grants.answer(OTHER, 15.0).granted
    assert not grants.answer(ONE, 15.1).granted


def test_it_is_renewed_for_its_holder_and_every_shard_has_its_own(grants):
    grants.answer(ONE, 0.0)
    assert grants.answer(ONE, 10.0).granted
    assert not grants.answer(OTHER, 24.9).granted
    assert grants.answer(replace(OTHER, shard=8), 10.0).granted


def test_only_its_holder_gives_it_back(grants):
    grants.answer(ONE, 0.0)
    grants.answer(replace(OTHER, do="release"), 1.0)
    assert not grants.answer(OTHER, 1.0).granted
    grants.answer(replace(ONE, do="release"), 2.0)
    assert grants.answer(OTHER, 2.0).granted


def test_who_looks_gets_nothing_and_takes_nothing(grants):
    assert grants.answer(replace(ONE, do="look"), 0.0).why == "nobody holds it"
    grants.answer(ONE, 0.0)
    looked = grants.answer(replace(OTHER, do="look"), 5.0)
    assert (looked.granted, looked.holder, looked.left_s) == (False, "one/a", 10.0)
    assert not grants.answer(OTHER, 14.0).granted


def test_a_longer_lease_than_it_waits_for_after_a_start_is_not_granted(grants):
    assert grants.answer(replace(ONE, lease_s=16.0), 0.0).why == "lease too long"


def test_after_a_start_it_grants_nothing_until_what_it_forgot_is_over():
    anew = witness(100.0)
    assert anew.answer(ONE, 114.9).why == "just started"
    assert anew.answer(ONE, 115.0).granted


def test_after_a_start_a_receipt_is_as_good_as_its_memory(grants):
    receipt = grants.answer(ONE, 100.0).receipt
    anew, shown = witness(105.0), replace(ONE, receipt=receipt)
    assert not anew.answer(OTHER, 106.0).granted
    assert anew.answer(shown, 107.0).granted
    assert anew.answer(OTHER, 121.9).why == "held"
    assert anew.answer(OTHER, 122.0).granted


@pytest.mark.parametrize(
    ("what", "changed", "boot", "now_s"),
    [
        ("its time is over", {}, "boot 1", 115.0),
        ("it is another's", {"holder": "two/b"}, "boot 1", 106.0),
        ("it is another shard's", {"shard": 8}, "boot 1", 106.0),
        ("it is another witness's", {"asked_as": "witness-2:9109"}, "boot 1", 106.0),
        ("the machine has started since, and its clock with it", {}, "boot 2", 106.0),
        ("nobody can tell whether it has", {}, "", 106.0),
    ],
)
def test_a_receipt_is_worth_nothing_when(grants, what, changed, boot, now_s):
    receipt = grants.answer(ONE, 100.0).receipt
    asked = replace(ONE, receipt=receipt, **changed)
    assert witness(105.0, boot).answer(asked, now_s).why == "just started", what


@pytest.mark.parametrize("forged", ["", "/", "999.000/", "999.000/00", "inf/00", "nonsense", "1e9/ä"])
def test_a_receipt_that_nobody_made_is_worth_nothing(forged):
    assert witness(105.0).answer(replace(ONE, receipt=forged), 106.0).why == "just started"


def test_votes_are_for_one_number_of_shards_at_a_time(grants):
    """Shard 8 of 9 reads what shard 7 of 8 may be reading still."""
    of_eight, of_nine = replace(ONE, shards=8), replace(OTHER, shard=8, shards=9)
    grants.answer(of_eight, 0.0)
    grants.answer(replace(of_eight, shard=6, holder="three/c"), 5.0)
    refused = grants.answer(of_nine, 10.0)
    assert (refused.granted, refused.holder, refused.left_s, refused.why) == (False, "", 10.0, "another count")
    assert grants.answer(of_eight, 14.0).granted, "those of the old number are renewed"
    grants.answer(replace(of_eight, do="release"), 15.0)
    assert not grants.answer(of_nine, 19.9).granted
    assert grants.answer(of_nine, 20.0).granted
    assert grants.answer(of_eight, 21.0).why == "another count"
