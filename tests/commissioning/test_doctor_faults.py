"""Faults planted one at a time: the doctor names the right one, and calls nothing else broken.

No bridge runs here: the doctor goes to the meters, the broker and ThingsBoard itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import time

import pytest

from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY, Keys
from bridge.demo.faults import Faults
from bridge.outbox.store import Store
from tests.commissioning.clinic import ROOT, Clinic
from tests.delivery.test_tls import authorities, server_side  # noqa: F401 - fixtures
from tests.fakes.mosquitto import Mosquitto
from tests.fakes.ports import free_port
from tests.fakes.programs import find_program
from tests.fakes.thingsboard import Behaviour, ThingsBoard
from tests.thingsboard import packets

pytestmark = pytest.mark.broker


class Mute(ThingsBoard):
    """Takes sessions, and hears nothing in them."""

    def _packet(self, session, kind, flags, body, writer):
        if kind != packets.PUBLISH:
            super()._packet(session, kind, flags, body, writer)


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    """How long a session is watched; shorter, but where it is what counts."""

    def seconds(how_long: float) -> None:
        monkeypatch.setattr("bridge.commissioning.doctor_upstream._WATCH_S", how_long)

    seconds(0.3)
    return seconds


@pytest.fixture
def outbox(tmp_path):
    """Put samples into the outbox's file, so old that the bridge has been away for so long."""

    def fill(ago_s: float, count: int = 3):
        store = Store(tmp_path / "data" / "outbox.db", max_bytes=10_000_000)
        now_ms = round((time.time() - ago_s) * 1000)
        body = '{"voltage_l1":{"value":1,"unit":"V"}}'
        store.append([(number + 1, "main", now_ms + number, body, "main") for number in range(count)])
        store.close()
        return tmp_path / "data" / "outbox.db"

    return fill


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


def _made(folder):
    folder.mkdir()
    return folder


async def test_13_thingsboard_cannot_be_reached(tmp_path):
    async with Clinic(tmp_path) as clinic:
        await clinic.thingsboard.stop()
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["upstream.tcp"])


async def test_14_thingsboard_accepts_and_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("bridge.commissioning.doctor_upstream._FENCE_S", 1.0)
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


async def test_20_a_damaged_outbox(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        file = outbox(ago_s=1)
        content = bytearray(file.read_bytes())
        content[4096:12288] = os.urandom(8192)
        file.write_bytes(content)
        found = await clinic.examine()
    assert found.code == 1
    assert found.bad == ["bridge.down", "file.damaged"]


async def test_21_a_database_that_is_not_the_bridges(tmp_path):
    async with Clinic(tmp_path) as clinic:
        with sqlite3.connect(clinic.data / "outbox.db") as database:
            database.execute("CREATE TABLE cats (name TEXT)")
        database.close()
        found = await clinic.examine()
    assert "file.foreign" in found.bad


async def test_22_samples_that_wait_since_yesterday_and_no_bridge_that_sends_them(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        outbox(ago_s=86_400 + 7200)
        found = await clinic.examine()
    assert (found.code, found.bad) == (1, ["bridge.down", "samples.old_on_disk"])
    assert "26 h 0 min" in found.one("samples.old_on_disk")["text"]
    assert "file.sound" in found.signed("good")


async def test_23_a_clock_without_a_battery(tmp_path):
    async with Clinic(tmp_path) as clinic:
        found = await clinic.examine(clock_s=lambda: 1_000_000.0)
    assert (found.code, found.bad) == (1, ["clock.old"])


async def test_24_a_clock_that_went_back(tmp_path, outbox):
    async with Clinic(tmp_path) as clinic:
        outbox(ago_s=-3600)
        found = await clinic.examine()
    assert found.bad == ["bridge.down", "clock.went_back"]


def _as_a_program(clinic: Clinic, *, before: tuple[str, ...] = (), file_bytes: int | None = None):
    """Call the command as a process of its own: with fewer rights, or on a disk that is full."""

    def limit():
        if file_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    ended = subprocess.run(
        [*before, sys.executable, "-m", "bridge", "doctor", "--json"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        | clinic.environ,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    assert ended.stderr == b""
    return ended.returncode, [one["finding"] for one in json.loads(ended.stdout)["findings"] if one["sign"] == "bad"]


async def test_25_a_data_volume_that_is_full(tmp_path):
    async with Clinic(tmp_path) as clinic:
        code, bad = await asyncio.to_thread(_as_a_program, clinic, file_bytes=32_768)
    assert (code, bad) == (1, ["disk.full"])


async def test_26_a_data_volume_that_belongs_to_somebody_else(tmp_path):
    async with Clinic(tmp_path) as clinic:
        before: tuple[str, ...] = ()
        clinic.data.chmod(0o555)
        if os.getuid() == 0:  # root may write anywhere, unless that right is taken from it
            os.chown(clinic.data, 12_345, 12_345)
            before = (find_program("setpriv"), "--bounding-set=-dac_override")
        code, bad = await asyncio.to_thread(_as_a_program, clinic, before=before)
        clinic.data.chmod(0o755)
    assert (code, bad) == (1, ["disk.denied"])
    # What could not be remembered is not tried: the meter has had no password from here.
    assert clinic.memories["main"].associations == 0


async def test_27_a_certificate_file_that_is_none(tmp_path):
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("-----BEGIN NONSENSE-----\n")
    async with Clinic(tmp_path, broker=False) as clinic:
        found = await clinic.examine(THINGSBOARD__TLS="true", THINGSBOARD__CA_FILE=str(nonsense))
    assert found.bad == ["broker.down", "upstream.files"]


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
    monkeypatch.setattr("bridge.commissioning.doctor_upstream._FENCE_S", 30.0)
    async with Clinic(tmp_path, thingsboard=Mute()) as clinic:
        began_s = time.monotonic()
        found = await clinic.examine(within_s=3)
    assert time.monotonic() - began_s < 12
    assert found.bad == ["late"]
    assert [one["group"] for one in found.findings if one["finding"] == "late"] == ["upstream"]
    assert "meter.answers" in found.signed("good")
