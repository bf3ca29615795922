"""The whole bridge as a process, stopped in order, killed, and left without its broker."""

from __future__ import annotations

import signal
import urllib.error
import urllib.request

import pytest

from bridge.demo import MeterMemory, MeterServer
from tests.app.seen import accepted, one_meter, stamps, telemetry_of, until, wait_for
from tests.fakes.broker import listener

pytestmark = pytest.mark.broker


def test_sigterm_ends_it_in_order_with_exit_code_zero(bridge, messages):
    running = bridge()
    wait_for(messages, telemetry_of("demo"))
    assert running.stop() == 0
    assert "releasing the meters" in running.lines()


def test_a_broker_that_is_killed_again_and_again_leaves_every_sample_to_be_confirmed(bridge, messages, broker):
    running = bridge()
    for _ in range(3):
        wait_for(messages, telemetry_of("demo"))
        broker.kill()
        backlog = len(accepted(running.lines())) + 3
        until(lambda backlog=backlog: len(accepted(running.lines())) >= backlog)
        assert running.figure("dlms_outbox_samples") >= 3
        broker.start()
    until(lambda: running.figure("dlms_broker_connected") and running.figure("dlms_outbox_samples") <= 1)
    assert running.figure("dlms_outbox_confirmed_samples_total") >= 9
    assert running.figure("dlms_outbox_evicted_samples_total") == 0


def test_a_bridge_that_is_killed_comes_back_and_sends_what_it_had_accepted(bridge, messages, broker, tmp_path):
    running = bridge()
    wait_for(messages, telemetry_of("demo"))
    broker.kill()
    # What the broker acknowledged and lost when it was killed is not the outbox's to keep: without an upstream its
    # PUBACK is the receipt. Everything from here on is.
    before = accepted(running.lines())
    until(lambda: len(accepted(running.lines()) - before) >= 5)
    running.stop(signal.SIGKILL)
    waiting = accepted(running.lines()) - before
    seen = set()
    broker.start()
    with listener(broker.port, "v1/#", on_message=lambda *message: messages.put(message)) as subscriber:
        until(subscriber.is_connected)
        running.start()
        until(lambda: not waiting - seen or seen.update(stamps(messages)))


def test_it_comes_up_without_a_broker_and_waits_for_it(bridge, messages, broker):
    broker.kill()
    running = bridge()
    until(lambda: "outbox | committed demo" in running.lines())
    with pytest.raises(urllib.error.HTTPError, match="503"):
        running.get("/readyz")
    broker.start()
    wait_for(messages, telemetry_of("demo"))


def test_stopping_releases_every_meter(bridge, messages, meters):
    seen = []

    class Watched(MeterServer):
        def frames(self, frame):
            seen.append(frame[5])
            return super().frames(frame)

    running = bridge(**one_meter(meters("hdlc", kind=Watched)))
    wait_for(messages, telemetry_of("main"))
    assert running.stop() == 0
    assert seen[-1] == 0x53  # DISC (IEC 62056-46, 6.4.3)
    assert seen[-2] & 1 == 0  # and before it the association's release


def test_starting_again_does_not_try_a_refused_password_again(bridge, broker, meters):
    memory = MeterMemory(lock_after=3)
    running = bridge(**one_meter(meters("hdlc", password="another", memory=memory)))
    until(lambda: "main | auth |" in running.lines())
    for start in range(2, 5):
        running.stop(signal.SIGKILL)
        running.start()
        until(lambda start=start: running.lines().count("main | auth |") >= start)
    assert memory.wrong_secrets == 1
    assert "refused this password or key; it is not sent again until it is changed" in running.lines()
