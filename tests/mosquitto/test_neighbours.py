"""Neighbours on the local broker, as its script lets them in: they read what is for them, and disturb nobody."""

from __future__ import annotations

import os
import signal
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from tests.fakes.authority import Authority
from tests.fakes.mosquitto_container import MosquittoContainer
from tests.fakes.neighbour import Neighbour, SleepingNeighbour

pytestmark = pytest.mark.broker
NEIGHBOURS = ("home-assistant", "node-red", "telegraf")
FOREIGN = (
    "v1/gateway/telemetry", "v1/gateway/connect", "v1/gateway/attributes", "v1/devices/me/telemetry",
    "v1/devices/me/rpc/request/1", "upstream/v1/gateway/rpc", "upstream/v1/devices/me/attributes/response/1",
    "relay/renew", "meters/main", "availability/bridge", "availability/meters/main",
    "$SYS/broker/connection/dlms-bridge/state",
    "homeassistant/device/dlms_bridge_main/config", "homeassistant/sensor/x/config", "anything/else",
)  # fmt: skip


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        yield container


def started(container, **environ):
    container.start(**environ)
    container.until(container.serves)
    linked = "availability/linked"
    with of_bridge(container) as bridge, neighbour(container, "home-assistant", linked) as one:
        for payload in (b"1", b""):  # what is said before the link stands is lost, unless it is retained
            assert bridge.says(linked, payload, retain=True) == "Success"
            one.until(lambda: one.of(linked)[-1:] == [payload])  # noqa: B023 - it is called at once
    return container


def neighbour(container, user, *topics, **more):
    return Neighbour(container.neighbours_port, user, container.password_of(user), *topics, **more)


def of_bridge(container, *topics, **more):
    return Neighbour(container.port, "bridge", container.password_of("bridge"), *topics, **more)


@pytest.mark.parametrize("user", NEIGHBOURS)
def test_what_a_neighbour_says_reaches_nobody_and_it_hears_what_is_for_it_alone(container, user):
    """With the bridge's own user it could have sent telemetry in the name of any meter."""
    started(container)
    with (
        of_bridge(container, "#", "$SYS/broker/connection/#") as bridge,
        neighbour(container, user, "#", "$SYS/#") as one,
    ):
        for topic in FOREIGN:
            assert one.says(topic, b"forged", retain=True) == "Not authorized", topic
        told = ("meters/main", "availability/bridge", "homeassistant/device/dlms_bridge_main/config")
        for topic in (*told, "v1/gateway/telemetry", "relay/renew"):
            assert bridge.says(topic, b"true", retain=True) == "Success"
        expected = [topic for topic in told if user == "home-assistant" or not topic.startswith("homeassistant/")]
        one.until(lambda: len(one.heard) >= len(expected))
        assert sorted(topic for topic, _, _ in one.heard) == sorted(expected)
        assert not [payload for _, payload, _ in bridge.heard if payload == b"forged"]


def test_home_assistant_may_say_that_it_is_back_and_a_reader_may_not(container):
    started(container)
    with of_bridge(container, "homeassistant/status") as bridge:
        with neighbour(container, "home-assistant") as home:
            assert home.says("homeassistant/status", b"online") == "Success"
        with neighbour(container, "node-red") as reader:
            assert reader.says("homeassistant/status", b"online") == "Not authorized"
        bridge.until(lambda: bridge.of("homeassistant/status") == [b"online"])


def test_nobody_throws_the_bridge_out_by_taking_its_name(container):
    """MQTT ends the older of two sessions of one name, whoever has it: a neighbour is called like its user."""
    started(container)
    name = "dlms-bridge-publisher"
    with of_bridge(container, "meters/#", client_id=name) as bridge:
        with neighbour(container, "telegraf", "meters/#", client_id=name) as one:
            assert bridge.says("meters/main", b"{}", retain=True) == "Success"
            one.until(lambda: one.of("meters/main") == [b"{}"])
        assert bridge.ends == []


def test_one_that_does_not_read_costs_the_way_to_thingsboard_nothing(container):
    """The relay counts what a session was too slow for, and the bridge sends all again that may have been among it."""
    started(container)
    topics = ("$SYS/broker/publish/messages/dropped", "$SYS/broker/uptime")
    with of_bridge(container, *topics) as bridge, SleepingNeighbour(container, "telegraf"):
        bridge.until(lambda: bridge.of(topics[0]))
        before = bridge.of(topics[0])[-1]
        for number in range(8000):  # 64 MB, far more than its queue may hold
            bridge.shows(f"meters/m{number % 50}", b"x" * 8000)
        assert bridge.says("meters/main", b"{}") == "Success"
        memory = Path(f"/proc/{container.neighbours_pid()}/statm").read_text().split()
        assert int(memory[1]) * os.sysconf("SC_PAGE_SIZE") < 100_000_000
        said = len(bridge.of(topics[1]))
        bridge.until(lambda: len(bridge.of(topics[1])) >= said + 2)
        assert bridge.of(topics[0])[-1] == before


def test_the_broker_for_neighbours_is_started_again_and_the_relay_goes_on(container):
    started(container)
    with of_bridge(container) as bridge, neighbour(container, "telegraf", "meters/+") as one:
        assert bridge.says("meters/main", b"1", retain=True) == "Success"
        one.until(lambda: one.of("meters/main") == [b"1"])
        os.kill(container.neighbours_pid(), signal.SIGKILL)
        container.until(lambda: "ended; starting it again" in container.log.read_text())
        one.until(lambda: len(one.of("meters/main")) == 2)
        assert bridge.says("meters/main", b"", retain=True) == "Success"
        one.until(lambda: one.of("meters/main")[-1] == b"")
        assert bridge.ends == []


def test_passwords_are_made_once_for_each_and_are_the_containers_alone(container):
    started(container)
    files = {name: container.credentials_file.parent / name for name in NEIGHBOURS}
    passwords = {name: container.password_of(name) for name in ("bridge", *NEIGHBOURS)}
    assert len(set(passwords.values())) == len(passwords)
    assert all(len(one) == 48 for one in passwords.values())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files.values()} == {0o600}
    assert all(one not in container.log.read_text() for one in passwords.values())
    container.stop()
    files["telegraf"].write_text("telegraf\nshort\n")
    started(container)
    again = {name: container.password_of(name) for name in passwords}
    assert again.pop("telegraf") != passwords.pop("telegraf")
    assert again == passwords


def test_a_neighbour_without_a_password_stops_nobody(container):
    (container.credentials_file.parent / "telegraf.new").mkdir()  # where its password would be written
    started(container)
    assert "telegraf cannot connect" in container.log.read_text()
    with of_bridge(container, "meters/+") as bridge, neighbour(container, "node-red", "meters/+") as one:
        assert bridge.says("meters/main", b"{}", retain=True) == "Success"
        one.until(lambda: one.of("meters/main") == [b"{}"])


def test_other_readers_and_another_prefix(container):
    started(container, BROKER_READERS="plc, my-program, plc", HOME_ASSISTANT__PREFIX="home/one")
    with of_bridge(container, "home/one/status") as bridge:
        with neighbour(container, "my-program", "#") as one:
            assert bridge.says("meters/main", b"{}", retain=True) == "Success"
            one.until(lambda: one.of("meters/main") == [b"{}"])
        with neighbour(container, "home-assistant", "home/one/device/+/config") as home:
            assert bridge.says("home/one/device/x/config", b"{}", retain=True) == "Success"
            home.until(lambda: home.of("home/one/device/x/config") == [b"{}"])
            assert home.says("home/one/status", b"online") == "Success"
            assert home.says("homeassistant/status", b"online") == "Not authorized"
    assert not (container.credentials_file.parent / "node-red").exists()


def encrypted(folder):
    """The settings for TLS, and the certificate of who signed."""
    authority = Authority(folder)
    authority.issue("ca")
    certificate, key = authority.issue("broker", "-addext", "subjectAltName=IP:127.0.0.1")
    return {"BROKER_CERT_FILE": str(certificate), "BROKER_KEY_FILE": str(key)}, authority.certificate


def test_with_a_certificate_neighbours_speak_tls_and_nothing_else(container, tmp_path):
    settings, authority = encrypted(tmp_path)
    container.start(**settings)
    container.until(container.serves)
    with of_bridge(container) as bridge, neighbour(container, "telegraf", "meters/+", authority=authority) as one:
        assert bridge.says("meters/main", b"true", retain=True) == "Success"
        one.until(lambda: one.of("meters/main") == [b"true"])
    with socket.create_connection(("127.0.0.1", container.neighbours_port), timeout=20) as plain:
        plain.sendall(bytes.fromhex("100c00044d5154540402003c0000"))  # CONNECT, MQTT 3.1.1
        with suppress(ConnectionError):
            assert plain.recv(1) != b"\x20", "no CONNACK in clear"


@pytest.mark.parametrize("missing", ["BROKER_CERT_FILE", "BROKER_KEY_FILE"])
@pytest.mark.parametrize("instead", ["", "/config/nowhere.pem"])
def test_without_the_certificate_that_is_wanted_nobody_is_let_in_and_the_relay_goes_on(
    container, tmp_path, missing, instead
):
    container.start(**encrypted(tmp_path)[0] | {missing: instead})
    container.says(f"mosquitto | {missing} names {instead or 'no file'}, which this container")
    container.until(container.listens)
    with of_bridge(container, "meters/+") as bridge:
        assert bridge.says("meters/main", b"true") == "Success"
    assert container.neighbours_pid() is None
    assert container.is_running
    container.signal(signal.SIGTERM)
    assert container.ends() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"BROKER_READERS": "bridge"},
        {"BROKER_READERS": "a,home-assistant"},
        {"BROKER_READERS": "a\ntopic readwrite #"},
        {"BROKER_READERS": "../x"},
        {"BROKER_READERS": "Reader"},
        {"HOME_ASSISTANT__PREFIX": "a b"},
        {"HOME_ASSISTANT__PREFIX": "a\ntopic readwrite #"},
        {"HOME_ASSISTANT__PREFIX": "+"},
        {"HOME_ASSISTANT__PREFIX": "a|b"},
        {"HOME_ASSISTANT__PREFIX": "v1"},
        {"HOME_ASSISTANT__PREFIX": "meters/x"},
    ],
)
def test_what_would_become_another_right_is_refused(container, wrong):
    container.start(**wrong)
    assert container.ends() == 2
    (name,) = wrong
    assert f"mosquitto | {name} " in container.log.read_text()
