from __future__ import annotations

from bridge.delivery.relay_queue import DROPPED, RETAINED, STORED, RelayQueue


def test_what_waits_upstream_is_what_is_stored_and_not_retained():
    relay = RelayQueue()
    assert relay.queued is None
    relay.hear(STORED, b"67")
    relay.hear(RETAINED, b"60")
    assert relay.queued == 7


def test_the_two_figures_may_be_of_different_moments():
    relay = RelayQueue()
    relay.hear(STORED, b"5")
    relay.hear(RETAINED, b"6")
    assert relay.queued == 0


def test_only_what_was_dropped_since_the_first_figure_counts():
    relay = RelayQueue()
    assert [relay.hear(DROPPED, text) for text in (b"5", b"5", b"8", b"x")] == [0, 0, 3, 0]
