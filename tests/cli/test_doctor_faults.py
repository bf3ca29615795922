"""Faults planted one at a time: the doctor names the right one, and calls nothing else broken.

No bridge runs here: the doctor goes to the meters itself.
"""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY, Keys
from bridge.demo.faults import Faults
from tests.cli.clinic import Clinic
from tests.fakes.ports import free_port
from tests.fakes.thingsboard import ThingsBoard
from tests.thingsboard import packets

pytestmark = [pytest.mark.broker, pytest.mark.usefixtures("watch")]


class Mute(ThingsBoard):
    """Takes sessions, and hears nothing in them."""

    def _packet(self, session, kind, flags, body, writer):
        if kind != packets.PUBLISH:
            super()._packet(session, kind, flags, body, writer)


def test_everything_is_well_before_anything_is_broken(tmp_path):
    async def scene():
        async with Clinic(tmp_path) as clinic:
            return clinic, await clinic.examine()

    clinic, found = asyncio.run(scene())
    assert (found.code, found.bad) == (0, [])
    answers = found.one("meter.answers")["values"]
    assert (answers["name"], answers["register"]) == ("main", "voltage_l1")
    assert answers["value"].endswith(" V")
    assert {"upstream.session", "upstream.fence", "broker.up", "configuration.fine"} <= set(found.signed("good"))
    assert clinic.memories["main"].associations == 1
    assert clinic.thingsboard.counts["thrown out"] == 0


async def test_1_a_mistake_in_the_settings(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(METERS__MAIN__PROT="3333")
    assert (found.code, found.bad) == (2, ["configuration.mistake"])
    assert "METERS__MAIN__PORT?" in found.one("configuration.mistake")["text"]
    assert clinic.memories["main"].associations == 0


async def test_2_a_name_that_has_no_address(tmp_path, monkeypatch):
    real = socket.getaddrinfo

    def no_address(host, *more, **named):
        if host == "meter.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(METERS__MAIN__HOST="meter.invalid")
    assert (found.code, found.bad) == (1, ["meter.dns"])
    assert found.one("meter.dns")["stage"] == "dns"


async def test_3_a_port_where_nothing_listens(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(METERS__MAIN__PORT=str(free_port()))
    assert (found.code, found.bad) == (1, ["meter.tcp"])
    assert "refused" in found.one("meter.tcp")["detail"]


async def test_4_a_meter_that_is_silent(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(METERS__MAIN__SERVER="77")
    assert (found.code, found.bad) == (1, ["meter.timeout"])


@pytest.mark.parametrize(("speaks", "configured"), [("wrapper", "hdlc"), ("hdlc", "wrapper")])
async def test_5_the_wrong_framing(tmp_path, speaks, configured):
    async with Clinic(tmp_path, meters={"main": {"framing": speaks}}) as clinic:
        found = await clinic.examine(METERS__MAIN__FRAMING=configured)
    assert (found.code, found.bad) == (1, ["meter.wrong_framing"])
    assert found.one("meter.wrong_framing")["remedy"] == f"set FRAMING={speaks} for main"


async def test_6_a_wrong_password_is_tried_once_and_never_again_however_often_the_doctor_is_called(tmp_path):
    async with Clinic(tmp_path) as clinic:
        first = await clinic.examine(METERS__MAIN__PASSWORD="wrong-one")
        again = [await clinic.examine(METERS__MAIN__PASSWORD="wrong-one") for _ in range(3)]
        other = await clinic.examine(METERS__MAIN__PASSWORD="wrong-two")
        third = await clinic.examine(METERS__MAIN__PASSWORD="wrong-three")
    assert (first.code, first.bad) == (1, ["meter.auth"])
    assert [one.bad for one in again] == [["meter.held_same"]] * 3
    assert (other.bad, third.bad) == (["meter.auth"], ["meter.held_many"])
    memory = clinic.memories["main"]
    assert (memory.wrong_secrets, memory.locks) == (2, 0)


async def test_7_a_profile_whose_register_the_meter_refuses(tmp_path):
    faults = Faults({"refuse": ["1.1.32.7.0.255"]})
    async with Clinic(tmp_path, meters={"main": {"faults": faults}}) as clinic:
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["meter.access"])


async def test_28_a_wrong_key(tmp_path):
    right = {
        "METERS__MAIN__SECURITY": "authenticated-encryption",
        "METERS__MAIN__ENCRYPTION_KEY": DEMO_ENCRYPTION_KEY.hex(),
        "METERS__MAIN__AUTHENTICATION_KEY": DEMO_AUTHENTICATION_KEY.hex(),
    }
    ciphered = {"security": "authenticated-encryption", "authentication": "low", "keys": Keys()}
    async with Clinic(tmp_path, meters={"main": ciphered}) as clinic:
        well = await clinic.examine(**right)
        found = await clinic.examine(**right | {"METERS__MAIN__ENCRYPTION_KEY": "00" * 16})
    assert (well.code, well.bad) == (0, [])
    assert (found.code, found.bad) == (1, ["meter.keys"])


async def test_what_takes_too_long_is_said_to_be_late_and_the_rest_is_still_found(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.cli.doctor.upstream._FENCE_S", 30.0)
    async with Clinic(tmp_path, thingsboard=Mute()) as clinic:
        began_s = time.monotonic()
        found = await clinic.examine(within_s=3)
    assert time.monotonic() - began_s < 12
    assert found.bad == ["late"]
    assert [one["group"] for one in found.findings if one["finding"] == "late"] == ["upstream"]
    assert "meter.answers" in found.signed("good")
