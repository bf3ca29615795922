"""``mosquitto/start.sh`` on a real mosquitto: what it makes of its files, whatever has become of them."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.fakes.mosquitto_container import MosquittoContainer

pytestmark = pytest.mark.broker
PROVISIONED = {
    "THINGSBOARD__HOST": "127.0.0.1",
    "THINGSBOARD__PORT": "9",
    "THINGSBOARD__PROVISION_KEY": "KEY",
}
FETCHED = {
    "THINGSBOARD__HOST": "127.0.0.1",
    "THINGSBOARD__PORT": "9",
    "THINGSBOARD__API_URL": "https://tb.example.com",
}


@pytest.fixture
def container(tmp_path):
    with MosquittoContainer(tmp_path) as container:
        yield container


def sound(text: str) -> bool:
    return re.fullmatch(r"bridge\n[0-9a-f]{48}\n", text) is not None


@pytest.mark.parametrize(
    "content",
    [None, b"", b"bridge\n", b"gar\x00bage\nof two lines\n", b"bridge\nshort\n", b"bridge\n" + b"0" * 48 + b"\nmore\n"],
)
def test_credentials_that_it_did_not_write_are_made_again(container, content):
    """Two lines of garbage stayed, and restarting, as advised, did not help."""
    if content is not None:
        container.credentials_file.write_bytes(content)
    container.start()
    container.says("running")
    assert sound(container.credentials_file.read_text())


def test_credentials_of_an_earlier_start_stay(container):
    container.credentials_file.write_text("bridge\n" + "0123456789abcdef" * 3 + "\n")
    container.start()
    container.says("running")
    assert container.credentials_file.read_text() == "bridge\n" + "0123456789abcdef" * 3 + "\n"


def test_credentials_that_are_given_are_taken_where_they_lie(container, tmp_path):
    """As a secret of Swarm's, for two containers on two nodes."""
    given = tmp_path / "secret"
    given.write_text("bridge\n" + "fedcba9876543210" * 3 + "\n")
    container.start(BROKER__CREDENTIALS_FILE=str(given))
    container.says("running")
    assert not container.credentials_file.exists()
    assert "fedcba9876543210" * 3 in (container.run / "mosquitto_sub").read_text()


@pytest.mark.parametrize("settings", [PROVISIONED, FETCHED], ids=["provisioning", "apply"])
@pytest.mark.parametrize("content", [None, b"", b"two words\n", b"a\nb\n", b"\x00\xff\n"])
def test_without_a_token_yet_the_broker_runs_and_starts_again_with_the_first_one(container, content, settings):
    """Samples and local subscribers had no broker at all; a damaged file named a setting that was not there."""
    if content is not None:
        container.token.write_bytes(content)
    container.start(**settings)
    container.says("no upstream yet")
    container.says("running")
    assert container.upstream == ""

    container.token.write_text("first-token\n")
    assert container.ends() == 0
    container.start(**settings)
    container.says("upstream: 127.0.0.1:9")
    assert "remote_username first-token" in container.upstream.splitlines()


def test_a_meters_own_token_is_never_the_gateways(container):
    container.token.write_text("of-the-gateway\n")
    container.start(**FETCHED, THINGSBOARD__MODE="device")
    container.says("THINGSBOARD__TOKEN is missing")
    assert container.ends() == 2


def test_where_the_bridge_itself_speaks_to_thingsboard_the_broker_does_not(container):
    """Two sessions on one token would throw each other out, for ever."""
    container.start(THINGSBOARD__HOST="127.0.0.1", THINGSBOARD__TOKEN="t0ken", THINGSBOARD__VIA="Direct")
    container.says("the bridge itself speaks to ThingsBoard")
    container.says("running")
    assert container.upstream == ""


def test_another_token_is_taken_up_and_the_same_one_is_not(container):
    container.token.write_text("revoked\n")
    container.start(**PROVISIONED)
    container.says("running")
    container.token.write_text("revoked\n")
    time.sleep(3)  # it looks every two seconds
    assert container.is_running

    container.token.write_text("t0ken-of-today\n")
    assert container.ends() == 0
    assert "t0ken" not in container.log.read_text()


def test_when_the_stack_stops_the_broker_goes_last(container):
    """Docker stops all services at once: the bridge's farewell, each meter's state off, found no broker any more."""
    container.start()
    container.says("running")
    container.signal(signal.SIGTERM)
    container.says("the bridge goes first")
    assert container.listens()
    assert container.ends() == 0
    assert not container.listens()
