"""Since when, and how much of late: from a look a second."""

from bridge.health.trends import Lately, Standstill


def test_nothing_stands_while_nothing_waits_or_something_is_stored():
    still = Standstill()
    still.look(100.0, waiting=0, stored=0)
    assert still.since_s is None
    still.look(200.0, waiting=5, stored=7)
    assert still.since_s == 200
    still.look(260.0, waiting=9, stored=7)
    assert still.since_s == 200
    still.look(300.0, waiting=9, stored=8)
    assert still.since_s == 300
    still.look(310.0, waiting=0, stored=8)
    assert still.since_s is None


def test_what_was_lost_is_forgotten_after_an_hour():
    lost = Lately()
    for now_s in range(600):
        lost.look(float(now_s), now_s)
    assert lost.of_last_hour(600.0) == 599
    assert 0 < lost.of_last_hour(3900.0) < 599
    assert lost.of_last_hour(4200.0) == 0


def test_a_steady_loss_is_the_last_hours_and_takes_no_more_memory():
    lost = Lately()
    for now_s in range(0, 10 * 3600, 10):
        lost.look(float(now_s), now_s // 10)
    assert 350 <= lost.of_last_hour(10 * 3600.0) <= 366
    assert len(lost._grown) <= 61
