"""The way upstream under TLS: an authority of one's own, a client's certificate, and what must not be trusted.

Certificates are made by openssl for the run; the bridge section has the lines that the container's script renders.
"""

from __future__ import annotations

import asyncio
import ssl

import pytest

from tests.delivery.rig import Rig
from tests.fakes.authority import Authority
from tests.fakes.mosquitto import Mosquitto, tls_lines
from tests.fakes.thingsboard import ThingsBoard

pytestmark = pytest.mark.broker


@pytest.fixture(scope="module")
def authorities(tmp_path_factory) -> tuple[Authority, Authority]:
    made = []
    for name in ("ours", "theirs"):
        folder = tmp_path_factory.mktemp(name)
        for one in (folder, *list(folder.parents)[:3]):  # pytest-xdist has a folder more
            one.chmod(0o755)
        made.append(Authority(folder))
        made[-1].issue("ca")
    return made[0], made[1]


@pytest.fixture
def server_side(authorities) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(
        *authorities[0].issue(
            "server", "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"
        )
    )
    return context


async def test_with_an_authority_of_ones_own_samples_arrive(tmp_path, authorities, server_side):
    lines = tls_lines(authorities[0].certificate)
    async with (
        ThingsBoard(tls=server_side) as server,
        Mosquitto(upstream_port=server.port, tls=lines) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        await server.until(100)
        assert len(server.telemetry) == 100


async def test_with_a_clients_certificate_samples_arrive_without_a_token(tmp_path, authorities, server_side):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(authorities[0].certificate)
    lines = tls_lines(authorities[0].certificate, *authorities[0].issue("client"))
    async with (
        ThingsBoard(tls=server_side) as server,
        Mosquitto(upstream_port=server.port, token=None, tls=lines) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        await server.until(100)
        assert len(server.telemetry) == 100


async def test_directly_an_authority_of_ones_own_and_a_clients_certificate_do_as_well(
    tmp_path, authorities, server_side
):
    server_side.verify_mode = ssl.CERT_REQUIRED
    server_side.load_verify_locations(authorities[0].certificate)
    certificate, key = authorities[0].issue("client")
    files = {"tls": True, "ca_file": authorities[0].certificate, "cert_file": certificate, "key_file": key}
    async with (
        ThingsBoard(tls=server_side) as server,
        Rig(tmp_path, None, upstream=True, port=server.port, **(files | {"token": None})) as rig,
    ):
        rig.put(1, 100)
        await rig.until(lambda: rig.confirmed == 100)
        assert len(server.telemetry) == 100


async def test_directly_a_server_that_another_authority_vouches_for_is_refused_and_said(
    tmp_path, authorities, server_side
):
    trusted = {"tls": True, "ca_file": authorities[1].certificate}
    async with (
        ThingsBoard(tls=server_side) as server,
        Rig(tmp_path, None, upstream=True, port=server.port, **trusted) as rig,
    ):
        rig.put(1, 10)
        await rig.until(lambda: "its certificate is not trusted" in rig.publisher.state.upstream_why)
        assert not server.counts["sessions"]
        assert not rig.confirmed


async def test_a_server_that_another_authority_vouches_for_is_refused_and_said(tmp_path, authorities, server_side):
    lines = tls_lines(authorities[1].certificate)
    async with (
        ThingsBoard(tls=server_side) as server,
        Mosquitto(upstream_port=server.port, tls=lines) as broker,
        Rig(tmp_path, broker, upstream=True) as rig,
    ):
        rig.put(1, 10)
        async with asyncio.timeout(30):
            while "certificate verify failed" not in broker.log.read_text(errors="replace"):
                await asyncio.sleep(0.05)
        assert not server.counts["sessions"]
        await rig.until(lambda: rig.outbox.depth == 10)  # nothing is lost by it
        assert not rig.confirmed
