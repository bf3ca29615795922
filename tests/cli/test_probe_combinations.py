"""``bridge probe`` against meters of many kinds: the lines that each probe prints are those that the bridge reads with.

The probes are processes of their own, several at a time: nearly all that they do is wait for addresses without a meter.
"""

import asyncio
import os
import sys
from itertools import pairwise

from bridge.cli.probe.likely_addresses import hdlc_address
from bridge.demo import PUBLIC_CLIENT, Client, Keys
from bridge.demo.access import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from tests.cli.meters_on_loopback import ROOT, gurux_meter, meter, pasted, sampled

AT_ONCE = 8
PASSWORD = "87654321"
SECRET = "0123456789abcdef"
KEYS = {"encryption_key": DEMO_ENCRYPTION_KEY.hex(), "authentication_key": DEMO_AUTHENTICATION_KEY.hex()}
WITH_KEYS = ("--key", KEYS["encryption_key"], "--authentication-key", KEYS["authentication_key"])
EXPECTED = {
    "voltage_l1": 135.19,
    "current_l1": 1.23,
    "frequency": 59.98,
    "active_power": -156,
    "active_energy": 56348,
}


def client(address, authentication="low", secret=PASSWORD, security="none", **more):
    return Client(address, authentication, secret.encode(), security, **more)


COMBINATIONS = {
    "HDLC, one byte, client 1, low": ({"clients": [client(1)]}, ["--password", PASSWORD]),
    "HDLC, two bytes, public and client 1, low": (
        {"server": hdlc_address(1, 16, 2).server, "server_address_bytes": 2, "clients": [PUBLIC_CLIENT, client(1)]},
        ["--password", PASSWORD],
    ),
    "HDLC, two bytes, client 17, low": (
        {"server": hdlc_address(1, 17, 2).server, "server_address_bytes": 2, "clients": [PUBLIC_CLIENT, client(17)]},
        ["--password", PASSWORD],
    ),
    "HDLC, four bytes, client 1, low": (
        {"server": hdlc_address(1, 16, 4).server, "server_address_bytes": 4, "clients": [client(1)]},
        ["--password", PASSWORD],
    ),
    "HDLC, four bytes from the serial number, MD5": (
        {
            "server": hdlc_address(1, 1145, 4).server,
            "server_address_bytes": 4,
            "clients": [PUBLIC_CLIENT, client(1, "md5", SECRET)],
        },
        ["--serial", "35480145", "--password", SECRET],
    ),
    "HDLC, server 16, public client alone, no authentication": (
        {"server": 16, "clients": [client(16, "none")]},
        [],
    ),
    "HDLC, short names, no authentication": (
        {"referencing": "sn", "clients": [client(16, "none")]},
        ["--profile-out", "hall.toml"],
    ),
    "HDLC, short names, low": (
        {"referencing": "sn", "clients": [PUBLIC_CLIENT, client(1)]},
        ["--password", PASSWORD, "--profile-out", "hall.toml"],
    ),
    "HDLC, SHA-256": ({"clients": [PUBLIC_CLIENT, client(1, "sha256", SECRET)]}, ["--password", SECRET]),
    "HDLC, client 100, high": ({"clients": [PUBLIC_CLIENT, client(100, "high", SECRET)]}, ["--password", SECRET]),
    "HDLC, strangers refused": (
        {"strangers": "refused", "clients": [PUBLIC_CLIENT, client(1)]},
        ["--password", PASSWORD],
    ),
    "HDLC behind mode E, low": ({"framing": "hdlc-mode-e", "clients": [client(1)]}, ["--password", PASSWORD]),
    "HDLC, low, everything ciphered": (
        {"clients": [PUBLIC_CLIENT, client(1, "low", PASSWORD, "authenticated-encryption")]},
        ["--password", PASSWORD, *WITH_KEYS],
    ),
    "wrapper, client 1, low": ({"framing": "wrapper", "clients": [PUBLIC_CLIENT, client(1)]}, ["--password", PASSWORD]),
    "wrapper, server 16, client 102, low": (
        {"framing": "wrapper", "server": 16, "clients": [PUBLIC_CLIENT, client(102)]},
        ["--password", PASSWORD],
    ),
    "wrapper, client 32, SHA-1": (
        {"framing": "wrapper", "clients": [PUBLIC_CLIENT, client(32, "sha1", SECRET)]},
        ["--password", SECRET],
    ),
    "wrapper, no authentication, without lists, tiny blocks": (
        {"framing": "wrapper", "lists": False, "max_pdu_bytes": 128, "clients": [client(16, "none")]},
        [],
    ),
    "wrapper, GMAC, everything ciphered": (
        {"framing": "wrapper", "clients": [PUBLIC_CLIENT, client(1, "gmac", "", "authenticated-encryption")]},
        [*WITH_KEYS],
    ),
    "wrapper, low, encryption alone": (
        {"framing": "wrapper", "clients": [PUBLIC_CLIENT, client(2, "low", PASSWORD, "encryption")]},
        ["--password", PASSWORD, *WITH_KEYS, "--security", "encryption"],
    ),
    "wrapper, GMAC, suite 2": (
        {
            "framing": "wrapper",
            "keys": Keys(suite=2, encryption_key=bytes(range(32)), authentication_key=bytes(range(64, 96))),
            "clients": [PUBLIC_CLIENT, client(1, "gmac", "", "authenticated-encryption")],
        },
        ["--key", bytes(range(32)).hex(), "--authentication-key", bytes(range(64, 96)).hex(), "--suite", "2"],
    ),
}

OF_GURUX = {
    "HDLC, server 1, client 1, low": {"client": 1},
    "HDLC, server 1, client 16, no authentication": {"client": 16, "password": b""},
    "HDLC, server 16, client 1, low": {"server": 16, "client": 1},
    "HDLC, server 17, client 1, low": {"server": 17, "client": 1},
    "HDLC, two bytes 1/16, client 1, low": {"server": hdlc_address(1, 16, 2).server, "client": 1},
    "HDLC, two bytes 1/17, client 16, no authentication": {
        "server": hdlc_address(1, 17, 2).server,
        "client": 16,
        "password": b"",
    },
    "HDLC, two bytes 1/16, client 2, low": {"server": hdlc_address(1, 16, 2).server, "client": 2},
    "HDLC, four bytes 1/16, client 1, low": {"server": hdlc_address(1, 16, 4).server, "client": 1},
    "HDLC, four bytes 1/17, client 16, no authentication": {
        "server": hdlc_address(1, 17, 4).server,
        "client": 16,
        "password": b"",
    },
    "wrapper, server 1, client 1, low": {"framing": "wrapper", "client": 1},
    "wrapper, server 1, client 16, no authentication": {"framing": "wrapper", "client": 16, "password": b""},
    "wrapper, server 16, client 1, low": {"framing": "wrapper", "server": 16, "client": 1},
    "wrapper, server 1, client 2, low": {"framing": "wrapper", "client": 2},
}


async def probed(place, folder, *options, **environ):
    """Run ``bridge probe`` in a process and a folder of its own; returns the exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", "probe", place, "--timeout", "0.5", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder), "LANG": "C"} | environ,
    )  # fmt: skip
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


async def all_of(names, tmp_path, examine):
    """Examine every one, some at a time; returns what was wrong, by name."""
    room = asyncio.Semaphore(AT_ONCE)
    wrong = {}

    async def one(number, name):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with room:
            try:
                await examine(name, folder)
            except AssertionError as error:
                wrong[name] = str(error)

    await asyncio.gather(*(one(number, name) for number, name in enumerate(names)))
    return wrong


async def test_the_lines_that_it_prints_are_those_with_which_the_bridge_reads_the_meter(tmp_path):
    async def examine(name, folder):
        arguments, options = COMBINATIONS[name]
        async with meter(**arguments) as served:
            code, printed = await probed(served.place, folder, *options)
            assert code == 0, printed
            values = dict(pairwise(options))
            secrets = {
                "password": values.get("--password", ""),
                "encryption_key": values.get("--key", ""),
                "authentication_key": values.get("--authentication-key", ""),
            }
            variables = pasted(printed, **secrets) | {"PROFILES_DIR": str(folder)}
            read = await sampled(variables, folder)
            assert read == EXPECTED, printed
        assert served.memory.wrong_secrets == 0, printed
        assert not [secret for secret in secrets.values() if secret and secret in printed], printed

    assert len(COMBINATIONS) >= 12
    assert await all_of(COMBINATIONS, tmp_path, examine) == {}


async def test_it_finds_its_way_into_meters_of_gurux_s_own_making_too(tmp_path):
    async def examine(name, folder):
        given = {"password": PASSWORD.encode(), **OF_GURUX[name]}
        async with gurux_meter(**given) as place:
            code, printed = await probed(place, folder, PROBE_PASSWORD=given["password"].decode())
            assert code == 0, printed
            assert "GRX0000000000001" in printed, printed
            assert "Gurux, Finland" in printed, printed
            read = await sampled(pasted(printed, password=PASSWORD), folder)
            assert read == EXPECTED, printed

    assert len(OF_GURUX) >= 12
    assert await all_of(OF_GURUX, tmp_path, examine) == {}
