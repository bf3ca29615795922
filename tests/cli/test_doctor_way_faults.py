"""Faults planted on the way to ThingsBoard, one at a time: the doctor names the right one alone.

No bridge runs here: the doctor goes to the broker and to ThingsBoard itself.
"""

from __future__ import annotations

import pytest

from tests.cli.clinic import Clinic
from tests.delivery.test_tls import authorities, server_side  # noqa: F401 - fixtures
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.thingsboard import Behaviour, ThingsBoard
from tests.thingsboard import packets

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("watch")]


class Mute(ThingsBoard):
    """Takes sessions, and hears nothing in them."""

    def _packet(self, session, kind, flags, body, writer):
        if kind != packets.PUBLISH:
            super()._packet(session, kind, flags, body, writer)


def _made(folder):
    folder.mkdir()
    return folder


async def test_8_a_broker_that_is_down(tmp_path):
    async with Clinic(tmp_path, broker=False) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["broker.down"])
    # Nobody else has a session with ThingsBoard, so the token is tried from here.
    assert {"upstream.token", "upstream.fence"} <= set(found.signed("good"))


async def test_9_a_broker_that_refuses_the_bridges_password(tmp_path):
    async with Clinic(tmp_path, password="right") as clinic:
        clinic.broker.credentials_file.write_text("bridge\nstale\n")
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["broker.refused"])
    # Its session may stand: a second one with the token would end it.
    assert "upstream.not_tried" in found.signed("none")
    assert clinic.thingsboard.counts["thrown out"] == 0


async def test_10_the_file_with_the_brokers_password_is_gone(tmp_path):
    async with Clinic(tmp_path, password="right") as clinic:
        found = await clinic.examine(BROKER__CREDENTIALS_FILE=str(tmp_path / "gone"))
    assert (found.code, found.bad) == (1, ["broker.no_credentials"])


async def test_11_a_token_that_thingsboard_refuses(tmp_path):
    async with Clinic(tmp_path, token="WRONG") as clinic:
        found = await clinic.examine(THINGSBOARD__TOKEN="WRONG")
    assert (found.code, found.bad) == (1, ["upstream.refused"])


async def test_12_two_sessions_on_one_token(tmp_path, watch):
    watch(4)
    async with Clinic(tmp_path, broker=False) as clinic, Mosquitto(upstream_port=clinic.thingsboard.port):
        found = await clinic.examine()
        assert (found.code, found.bad) == (1, ["broker.down", "upstream.shared"])
    # The same when our own broker has a session, and both throw each other out.
    async with (
        Clinic(_made(tmp_path / "both"), meters={"main": {}}) as clinic,
        Mosquitto(upstream_port=clinic.thingsboard.port),
    ):
        found = await clinic.examine()
    assert "upstream.shared" in found.bad


async def test_13_thingsboard_cannot_be_reached(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.thingsboard.stop()
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["upstream.tcp"])


async def test_14_thingsboard_accepts_and_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.cli.doctor.upstream._FENCE_S", 1.0)
    async with Clinic(tmp_path, thingsboard=Mute()) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["upstream.fence_silent"])


async def test_a_thingsboard_that_tells_no_limits_is_well_all_the_same(tmp_path):
    async with Clinic(tmp_path, thingsboard=ThingsBoard(Behaviour(version="3.6.4"))) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (0, [])
    assert "upstream.fence" in found.signed("good")
    assert "upstream.no_limits" in found.signed("none")


async def test_15_a_device_that_is_no_gateway_is_pointed_out(tmp_path):
    async with Clinic(tmp_path, thingsboard=ThingsBoard(Behaviour(is_gateway=False))) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (0, [])
    assert "upstream.no_gateway" in found.signed("warn")


async def test_16_a_server_whose_authority_is_not_trusted(tmp_path, authorities, server_side):  # noqa: F811
    async with Clinic(tmp_path, broker=False, thingsboard=ThingsBoard(tls=server_side)) as clinic:
        theirs = str(authorities[1].certificate)
        wrong = await clinic.examine(THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=theirs)
        ours = str(authorities[0].certificate)
        right = await clinic.examine(THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=ours)
    assert wrong.bad == ["broker.down", "upstream.tls_ca"]
    assert right.bad == ["broker.down"]
    assert {"upstream.reach_tls", "upstream.token", "upstream.fence"} <= set(right.signed("good"))


async def test_17_tls_on_the_plain_port(tmp_path, authorities):  # noqa: F811
    async with Clinic(tmp_path, broker=False) as clinic:
        ours = str(authorities[0].certificate)
        found = await clinic.examine(THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=ours)
    assert found.bad == ["broker.down", "upstream.not_tls"]


async def test_18_no_tls_on_the_tls_port(tmp_path, server_side):  # noqa: F811
    async with Clinic(tmp_path, broker=False, thingsboard=ThingsBoard(tls=server_side)) as clinic:
        found = await clinic.examine()
    assert found.bad == ["broker.down", "upstream.speaks_tls"]


async def test_19_a_broker_that_was_started_without_thingsboard(tmp_path):
    async with Clinic(tmp_path, upstream=False) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["broker.other_settings"])


async def test_27_a_certificate_file_that_is_none(tmp_path):
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("-----BEGIN NONSENSE-----\n")
    async with Clinic(tmp_path, broker=False) as clinic:
        found = await clinic.examine(THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=str(nonsense))
    assert found.bad == ["broker.down", "upstream.files"]
