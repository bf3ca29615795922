"""``bridge demo-meter --push`` and ``--dial-in``: what these take, and the demo meters that call."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.demo.access import Keys
    from bridge.demo.meter import MeterServer
    from bridge.demo.pushing import PushingMeter

Address = tuple[str, int]


def add_call_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a meter that calls; without them it listens."""
    calls = parser.add_argument_group(
        "meters that call", "instead of waiting for a connection; for the bridge's LISTEN__PORT"
    )
    add = calls.add_argument
    add("--push", type=_address, metavar="HOST:PORT", help="pushes notifications there")
    add("--dial-in", type=_address, metavar="HOST:PORT", help="calls there, and is read over that connection")
    add(
        "--every",
        type=float,
        default=60,
        metavar="SECONDS",
        help="from one push or call to the next (default: %(default)s)",
    )
    add("--push-as", choices=("wrapper", "hdlc", "m-bus", "bare"), default="wrapper", help="default: %(default)s")
    add("--push-body", choices=("list", "pairs", "values", "event"), default="list", help="how its values are named")
    add("--push-blocks", type=int, default=0, metavar="BYTES", help="in blocks of so many (general block transfer)")
    add("--ciphered", action="store_true", help="pushes under --security, or authenticated and encrypted without it")
    add("--says", default="", metavar="TEXT", help="--dial-in: what its modem says first; \\r\\n as such")


def is_calling(arguments: argparse.Namespace) -> bool:
    """Return whether the meter calls instead of listening."""
    return bool(arguments.push or arguments.dial_in)


def run_calls(
    arguments: argparse.Namespace,
    meters: Sequence[Callable[[], MeterServer]],
    keys: Keys,
    settings: Sequence[str],
) -> int:
    """Push and call until stopped; return 0.

    Args:
        arguments: of the command line.
        meters: make the meters' sides of a connection.
        keys: the meters'.
        settings: lines for ``.env`` by which the meters would be read if they listened.
    """
    from bridge.demo.calling import dial_in_forever, push_forever  # noqa: PLC0415 - gurux-dlms takes a while to import

    pushing = _pushing(arguments, keys) if arguments.push else []

    async def run_it() -> None:
        async with asyncio.TaskGroup() as tasks:
            for meter in pushing:
                tasks.create_task(push_forever(arguments.push, meter, every_s=arguments.every))
            if arguments.dial_in:
                says = arguments.says.encode().decode("unicode_escape").encode("latin-1")
                tasks.create_task(
                    dial_in_forever(
                        arguments.dial_in, meters, framing=arguments.framing, says=says, every_s=arguments.every
                    )
                )

    sys.stdout.write("\n".join(_words(arguments, pushing, settings)) + "\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_it())
    return 0


def _pushing(arguments: argparse.Namespace, keys: Keys) -> list[PushingMeter]:
    from bridge.demo.inventory import Identity  # noqa: PLC0415
    from bridge.demo.pushing import PushingMeter  # noqa: PLC0415

    security = arguments.security
    if arguments.ciphered and security == "none":
        security = "authenticated-encryption"
    first = PushingMeter(
        kind=arguments.kind,
        framing=arguments.push_as,
        body=arguments.push_body,
        security=security if arguments.ciphered else "none",
        keys=keys,
        block_bytes=arguments.push_blocks,
        info_bytes=arguments.max_info,
        client=arguments.client,
        server=arguments.server,
    )
    meters = []
    for n in range(1, arguments.meters + 1):
        identity = Identity(f"DEMO{n:08}", f"{n:08}", system_title=b"DEM" + n.to_bytes(5))
        meters.append(replace(first, identity=identity, server=arguments.server + n - 1))
    return meters


def _words(arguments: argparse.Namespace, pushing: Sequence[PushingMeter], settings: Sequence[str]) -> list[str]:
    """Return what it does: a line for people, then lines for ``.env``."""
    lines, known = [], {}
    if arguments.dial_in:
        lines.append("demo meter calls {}:{} and is read there, {}".format(*arguments.dial_in, arguments.framing))
        known = dict(line.split("=", 1) for line in settings if "__PORT=" not in line)
    if pushing:
        how = f"{arguments.push_as}, {pushing[0].security}"
        lines.append("demo meter pushes to {}:{} every {:g} s, {}".format(*arguments.push, arguments.every, how))
    for n in range(1, arguments.meters + 1):
        meter = f"METERS__DEMO{n}__" if arguments.meters > 1 else "METERS__DEMO__"
        if pushing:
            known |= {f"{meter}{key}": value for key, value in _push_settings(pushing[n - 1]).items()}
        known[meter + ("DIAL_IN" if arguments.dial_in else "PUSH_ONLY")] = "true"
        if arguments.dial_in and arguments.says:
            known[f"{meter}CALLER_ID"] = arguments.says.encode().decode("unicode_escape").strip()
    last = ("DIAL_IN", "PUSH_ONLY")
    keys = sorted(known, key=lambda key: (key.rpartition("__")[0], key.endswith(last), key))
    return [*lines, *(f"{key}={known[key]}" for key in keys)]


def _push_settings(meter: PushingMeter) -> dict[str, str]:
    if meter.security == "none":
        return {"PROFILE": meter.kind, "LOGICAL_DEVICE_NAME": meter.identity.logical_device_name}
    return {
        "PROFILE": meter.kind,
        "METER_SYSTEM_TITLE": meter.identity.system_title.hex().upper(),
        "SECURITY": meter.security,
        "ENCRYPTION_KEY": meter.keys.encryption_key.hex(),
        "AUTHENTICATION_KEY": meter.keys.authentication_key.hex(),
        **({"SUITE": str(meter.keys.suite)} if meter.keys.suite else {}),
    }


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise argparse.ArgumentTypeError(f"{text!r} must look like 127.0.0.1:4059")
    return host.strip("[]"), int(port)
