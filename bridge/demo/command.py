"""``bridge demo-meter``: the demo meter as a program of its own, with the properties and faults that are asked for."""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.demo import faults as demo_faults
from bridge.demo.access import (
    DEMO_AUTHENTICATION_KEY,
    DEMO_ENCRYPTION_KEY,
    MECHANISMS,
    SECURITY_BITS,
    Client,
    Keys,
    MeterMemory,
)
from bridge.demo.call_command import add_call_arguments, is_calling, run_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from bridge.demo.meter import MeterServer

KINDS = ("microstar", "single_phase", "three_phase")
"""Of meters, in :mod:`bridge.demo.load`, which takes a while to import."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``bridge demo-meter`` takes; the defaults make the meter of the quick start."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    faults = f"faults:\n{demo_faults.listed()}"
    parser.epilog = f"{parser.epilog}\n\n{faults}" if parser.epilog else faults
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=4059, help="TCP port; 0 takes any (default: %(default)s)")
    add("--framing", choices=("hdlc", "wrapper", "hdlc-mode-e"), default="hdlc", help="default: %(default)s")
    add("--kind", choices=KINDS, default="microstar", help="as the built-in profiles (default: %(default)s)")
    add("--server", type=int, default=1, metavar="N", help="HDLC address or wrapper port (default: %(default)s)")
    add("--server-address-bytes", type=int, choices=(1, 2, 4), default=0, help="the only length it answers to")
    add("--max-info", type=int, default=128, metavar="BYTES", help="HDLC information field (default: %(default)s)")
    add("--window", type=int, default=1, metavar="FRAMES", help="HDLC window, 1 to 7 (default: %(default)s)")
    add("--meters", type=int, default=1, metavar="N", help="so many behind the port, addresses from --server on")
    add("--silent-meter", type=int, metavar="ADDRESS", help="one of them that does not answer")
    add("--client", type=int, default=1, metavar="N", help="address of the reading client (default: %(default)s)")
    add("--public", action="store_true", help="knows the public client 16 too, which sees little")
    add("--strangers", choices=("silent", "refused"), default="silent", help="other clients (default: %(default)s)")
    add("--authentication", choices=tuple(MECHANISMS), help="default: low with a password, none without")
    add("--password", help="text, or hex:0011…; empty for none (default: the demo's)")
    add("--referencing", choices=("ln", "sn"), default="ln", help="default: %(default)s")
    add("--security", choices=tuple(SECURITY_BITS), default="none", help="default: %(default)s")
    add("--suite", type=int, choices=(0, 1, 2), default=0, help="security suite (default: %(default)s)")
    add("--encryption-key", type=bytes.fromhex, metavar="HEX", help="default: the example key of the standard")
    add("--authentication-key", type=bytes.fromhex, metavar="HEX", help="default: the example key of the standard")
    add("--signing-key", type=bytes.fromhex, metavar="HEX", help="ecdsa: the meter's private key (default: a new one)")
    add("--client-public-key", type=bytes.fromhex, metavar="HEX", help="ecdsa: the client's (default: a new one)")
    add("--general-ciphering", action="store_true", help="offers general protection")
    add("--silent-on-low-counter", action="store_true", help="no answer to a counter that did not rise")
    add("--no-lists", action="store_true", help="offers no multiple references")
    add("--max-pdu", type=int, default=0xFFFF, metavar="BYTES", help="longest APDU (default: %(default)s)")
    add("--lock-after", type=int, default=3, metavar="N", help="wrong secrets that lock it (default: %(default)s)")
    add("--lock-minutes", type=float, default=10, metavar="MINUTES", help="for how long (default: %(default)s)")
    add("--fault", action="append", default=[], metavar="NAME[=ARG][,…]", help="goes wrong on purpose; see below")
    add("--seed", type=int, default=1, metavar="N", help="of the faults' chances (default: %(default)s)")
    add_call_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the meter until stopped; return 0, 1 when it cannot listen, 2 when the arguments make no sense."""
    from bridge.demo.serving import serve  # noqa: PLC0415 - gurux-dlms takes a while to import

    try:
        keys, signing = _keys(arguments)
        makers = _makers(arguments, keys)
        makers[0]()  # what the arguments get wrong shows here
    except ValueError as error:
        sys.stderr.write(f"demo-meter: {error}\n")
        return 2
    if is_calling(arguments):
        return run_calls(arguments, makers, keys, _words(arguments, ("127.0.0.1", 0), keys, signing)[1:])

    async def run_it() -> None:
        server = await serve(host=arguments.host, port=arguments.port, framing=arguments.framing, meter=makers)
        host, port = server.sockets[0].getsockname()[:2]
        sys.stdout.write("\n".join(_words(arguments, (host, port), keys, signing)) + "\n")
        sys.stdout.flush()
        await server.serve_forever()

    try:
        asyncio.run(run_it())
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        sys.stderr.write(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}\n")
        return 1
    return 0


def _makers(arguments: argparse.Namespace, keys: Keys) -> list[Callable[[], MeterServer]]:
    """Return the factories of the meters' sides; raise ValueError when the arguments make no sense."""
    from bridge.demo.meter import PUBLIC_CLIENT, MeterServer  # noqa: PLC0415

    secret = _secret(arguments)
    client = Client(arguments.client, _authentication(arguments), secret, arguments.security)
    common: dict[str, Any] = {
        "framing": arguments.framing,
        "kind": arguments.kind,
        "server_address_bytes": arguments.server_address_bytes,
        "clients": (PUBLIC_CLIENT, client) if arguments.public else (client,),
        "strangers": arguments.strangers,
        "referencing": arguments.referencing,
        "keys": keys,
        "general_ciphering": arguments.general_ciphering,
        "silent_on_low_counter": arguments.silent_on_low_counter,
        "lists": not arguments.no_lists,
        "max_pdu_bytes": arguments.max_pdu,
        "max_info_bytes": arguments.max_info,
        "window": arguments.window,
    }
    makers: list[Callable[[], MeterServer]] = []
    for address in range(arguments.server, arguments.server + arguments.meters):
        texts = [*arguments.fault, *(["silent"] if address == arguments.silent_meter else [])]
        faults = demo_faults.Faults.parse(texts, seed=arguments.seed + address)
        memory = MeterMemory(lock_after=arguments.lock_after, lock_minutes=arguments.lock_minutes)
        makers.append(partial(MeterServer, server=address, memory=memory, faults=faults, **common))
    return makers


def _keys(arguments: argparse.Namespace) -> tuple[Keys, dict[str, str]]:
    """Return the meter's keys, and what the client needs of keys made here for ECDSA."""
    double = 2 if arguments.suite == 2 else 1  # AES-256
    signing, client = arguments.signing_key or b"", arguments.client_public_key or b""
    settings = {}
    if arguments.authentication == "ecdsa" and not signing and not client:
        from bridge.demo.security import signing_pair  # noqa: PLC0415

        (signing, public), (theirs, client) = signing_pair(arguments.suite), signing_pair(arguments.suite)
        settings = {"SIGNING_KEY": theirs.hex(), "METER_PUBLIC_KEY": public.hex()}
    keys = Keys(
        arguments.suite,
        arguments.encryption_key or DEMO_ENCRYPTION_KEY * double,
        arguments.authentication_key or DEMO_AUTHENTICATION_KEY * double,
        signing,
        client,
    )
    return keys, settings


def _secret(arguments: argparse.Namespace) -> bytes:
    from bridge.demo.meter import DEMO_PASSWORD  # noqa: PLC0415

    given: str = DEMO_PASSWORD if arguments.password is None else arguments.password
    return bytes.fromhex(given[4:]) if given.startswith("hex:") else given.encode()


def _authentication(arguments: argparse.Namespace) -> Any:
    return arguments.authentication or ("low" if arguments.password != "" else "none")


def _words(arguments: argparse.Namespace, at: tuple[str, int], keys: Keys, signing: dict[str, str]) -> list[str]:
    """Return how to connect: a line for people, then lines for ``.env``."""
    authentication = _authentication(arguments)
    needs_password = authentication not in ("none", "gmac", "ecdsa")
    secret = arguments.password or _secret(arguments).decode("ascii", "replace")
    first = f"demo meter on {at[0]}:{at[1]}, {arguments.framing}, client {arguments.client}, server {arguments.server}"
    lines = [f"{first}, password {secret}" if needs_password else f"{first}, authentication {authentication}"]
    usual = {"FRAMING": "hdlc", "REFERENCING": "ln", "SERVER": 1}
    if arguments.kind == "microstar":  # the other profiles read as the public client
        usual |= {"CLIENT": 1, "AUTHENTICATION": "low"}
    for n in range(arguments.meters):
        settings: dict[str, Any] = {
            "HOST": at[0],
            "PORT": at[1],
            "PROFILE": arguments.kind,
            "FRAMING": arguments.framing,
            "REFERENCING": arguments.referencing,
            "CLIENT": arguments.client,
            "SERVER": arguments.server + n,
            "SERVER_ADDRESS_BYTES": arguments.server_address_bytes or None,
            "AUTHENTICATION": authentication,
            "PASSWORD": secret if needs_password else None,
            **signing,
        }
        if arguments.security != "none" or authentication in ("gmac", "ecdsa"):
            settings |= {
                "SECURITY": arguments.security,
                "SUITE": keys.suite or None,
                "ENCRYPTION_KEY": keys.encryption_key.hex(),
                "AUTHENTICATION_KEY": keys.authentication_key.hex(),
                "GENERAL_CIPHERING": "true" if arguments.general_ciphering else None,
            }
        name = "DEMO" if arguments.meters == 1 else f"DEMO{n + 1}"
        needed = {key: value for key, value in settings.items() if value not in (None, usual.get(key))}
        lines += [f"METERS__{name}__{key}={value}" for key, value in needed.items()]
    return lines
