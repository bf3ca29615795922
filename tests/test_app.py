"""The whole bridge as a process: real meters by gurux, a real mosquitto, real signals."""

import asyncio
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial

import pytest

from bridge.demo import DEMO_PASSWORD, Memory, MeterServer, serve
from tests.fakes.broker import listener, running_broker
from tests.fakes.ports import free_port

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path):
    with running_broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def messages(broker):
    """What arrives at the broker: (topic, payload, retained)."""
    arrived = queue.Queue()
    with listener(broker.port, "v1/#", "meters/#", on_message=lambda *message: arrived.put(message)):
        yield arrived


@pytest.fixture
def meters():
    """Starts meters on a loop of their own thread and returns their ports."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    servers = []

    def start(framing, **arguments):
        make = partial(arguments.pop("kind", MeterServer), framing=framing, **arguments)
        made = asyncio.run_coroutine_threadsafe(serve(framing=framing, meter=make), loop).result(10)
        servers.append(made)
        return made.sockets[0].getsockname()[1]

    async def end():
        for server in servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    yield start
    asyncio.run_coroutine_threadsafe(end(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


class Bridge:
    """A bridge process; ``environ`` is all that it sees of settings."""

    def __init__(self, tmp_path, broker, environ):
        self.port = free_port()
        self.environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "DATA_DIR": str(tmp_path / "data"),
            "BROKER__HOST": "127.0.0.1",
            "BROKER__PORT": str(broker.port),
            "BROKER__CREDENTIALS_FILE": str(broker.credentials_file),
            "HEALTH__PORT": str(self.port),
            "POLL__INTERVAL": "0.2",
            "LOG__LEVEL": "DEBUG",
        } | environ
        self.log = tmp_path / "log"
        self.start()

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen([sys.executable, "-m", "bridge"], env=self.environ, stdout=log, stderr=log)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(20)

    def lines(self):
        return self.log.read_text()

    def figure(self, name):
        lines = (line.split() for line in self.get("/metrics").splitlines() if line.startswith(name + " "))
        return next((float(value) for _, value in lines), 0.0)

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return answer.read().decode()


@pytest.fixture
def bridge(tmp_path, broker):
    started = []

    def start(**environ):
        started.append(Bridge(tmp_path, broker, environ))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def wait_for(arrived, matches, timeout_s=20):
    """Return the first message that matches; fails when none came in time."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        message = arrived.get(timeout=max(0.01, deadline_s - time.monotonic()))
        if matches(*message):
            return message


def until(holds, timeout_s=20):
    """Wait until ``holds()``; fails when it does not in time."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.05)


def telemetry_of(meter):
    return lambda topic, payload, _: topic == "v1/gateway/telemetry" and meter in json.loads(payload)


def stamps(arrived):
    """Every (meter, ts) among the telemetry messages that arrived so far."""
    seen = set()
    while not arrived.empty():
        topic, payload, _ = arrived.get()
        if topic == "v1/gateway/telemetry":
            seen |= {(meter, entry["ts"]) for meter, entries in json.loads(payload).items() for entry in entries}
    return seen


def accepted(log):
    """Every (meter, ts) that the outbox says it has committed."""
    words = (line.split(" committed ")[1].split() for line in log.splitlines() if "outbox | committed " in line)
    return {(meter, int(ts_ms)) for meter, ts_ms in words}


def test_with_no_settings_at_all_the_demo_meter_is_read_and_said_to_be_one(bridge, messages):
    running = bridge()
    _, payload, _ = wait_for(messages, telemetry_of("demo"))
    values = json.loads(payload)["demo"][0]["values"]
    assert values.keys() == {"voltage_l1", "current_l1", "frequency", "active_power", "active_energy"}
    assert "no meters configured" in running.lines()
    assert "values are invented" in running.lines()


def test_an_hdlc_and_a_wrapper_meter_are_read_side_by_side(bridge, messages, meters):
    bridge(
        METERS__MAIN__HOST="127.0.0.1",
        METERS__MAIN__PORT=str(meters("hdlc")),
        METERS__MAIN__PROFILE="microstar",
        METERS__MAIN__PASSWORD=DEMO_PASSWORD,
        METERS__HALL__HOST="127.0.0.1",
        METERS__HALL__PORT=str(meters("wrapper")),
        METERS__HALL__PROFILE="microstar",
        METERS__HALL__FRAMING="wrapper",
        METERS__HALL__PASSWORD=DEMO_PASSWORD,
        METERS__HALL__DEVICE="Hall 2, west",
    )
    wait_for(messages, telemetry_of("main"))
    wait_for(messages, telemetry_of("Hall 2, west"))


def test_local_subscribers_find_the_latest_values_retained(bridge, messages, broker):
    bridge()
    wait_for(messages, telemetry_of("demo"))
    late = queue.Queue()
    with listener(broker.port, "meters/+", on_message=lambda *message: late.put(message)):
        topic, payload, retained = late.get(timeout=10)
    assert (topic, retained) == ("meters/demo", True)
    assert "voltage_l1" in payload.decode()


def test_the_health_pages_tell_of_it(bridge, messages):
    running = bridge()
    wait_for(messages, telemetry_of("demo"))
    assert running.get("/healthz") == "ok\n"
    assert running.get("/readyz") == "ok\n"
    page = running.get("/metrics")
    assert 'dlms_meter_cycles_total{meter="demo",result="ok"}' in page
    assert 'dlms_meter_value{key="voltage_l1",meter="demo",unit="V"}' in page


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


def test_a_wrong_configuration_names_every_mistake_and_exits_two(bridge):
    wrong = bridge(METERS__MAIN__PROT="3333", METERS__MAIN__PORT="99999", POLL__INTERVAL="soon")
    assert wrong.process.wait(20) == 2
    for name in ("METERS__MAIN__PROT", "METERS__MAIN__PORT", "METERS__MAIN__HOST", "POLL__INTERVAL"):
        assert name in wrong.lines()
    assert "Traceback" not in wrong.lines()


def test_a_taken_health_port_is_named_with_its_setting(bridge, broker):
    wrong = bridge(HEALTH__PORT=str(broker.port))
    assert wrong.process.wait(20) == 2
    assert f"HEALTH__PORT={broker.port}: cannot listen there" in wrong.lines()


def test_no_secret_is_in_the_log(bridge, messages, meters):
    running = bridge(
        METERS__MAIN__HOST="127.0.0.1",
        METERS__MAIN__PORT=str(meters("hdlc")),
        METERS__MAIN__PROFILE="microstar",
        METERS__MAIN__PASSWORD="87654321",
    )
    until(lambda: "main | auth |" in running.lines())
    running.stop()
    assert "87654321" not in running.lines()
    assert "for-this-test-alone" not in running.lines()


def one_meter(port, **settings):
    given = {"HOST": "127.0.0.1", "PORT": str(port), "PROFILE": "microstar", "PASSWORD": DEMO_PASSWORD} | settings
    return {f"METERS__MAIN__{name}": value for name, value in given.items()}


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
    memory = Memory(lock_after=3)
    running = bridge(**one_meter(meters("hdlc", password="another", memory=memory)))
    until(lambda: "main | auth |" in running.lines())
    for start in range(2, 5):
        running.stop(signal.SIGKILL)
        running.start()
        until(lambda start=start: running.lines().count("main | auth |") >= start)
    assert memory.wrong_secrets == 1
    assert "refused this password or key; it is not sent again until it is changed" in running.lines()


def test_the_first_connections_of_a_fleet_are_spread_over_the_interval(bridge, broker, meters):
    began_s = []

    class Noted(MeterServer):
        def __init__(self, **arguments):
            began_s.append(time.monotonic())
            super().__init__(**arguments)

    ports = [meters("hdlc", kind=Noted) for _ in range(20)]
    environ = {"POLL__INTERVAL": "3"}
    for number, port in enumerate(ports):
        environ |= {name.replace("MAIN", f"M{number}"): value for name, value in one_meter(port).items()}
    bridge(**environ)
    until(lambda: len(began_s) == 20)
    assert began_s[-1] - began_s[0] > 2
    for at_s in began_s:
        assert sum(at_s <= other_s < at_s + 0.5 for other_s in began_s) <= 8
