"""The command line: ``bridge run`` (default) · ``check`` · ``status`` · ``demo-meter``. Parses and calls."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from functools import partial
from typing import TYPE_CHECKING

from bridge import __version__
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

_EXIT_CODES = """\
exit codes: 0 stopped as asked, or all is well · 1 something nobody expected · 2 the configuration is wrong
            70 the event loop hung · status has its own, see bridge status --help"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` names and return its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
    except ConfigError as error:
        from bridge.app import complain  # noqa: PLC0415

        code = complain(error)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bridge",
        description="Reads DLMS/COSEM electricity meters and hands every reading to ThingsBoard. "
        "Settings come from the environment; see .env.example.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dlms-bridge {__version__}")
    parser.set_defaults(command=_run)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run = commands.add_parser("run", help="read the meters until stopped (the default)")
    run.set_defaults(command=_run)
    check = commands.add_parser("check", help="show the configuration as the bridge sees it, and what is wrong with it")
    check.set_defaults(command=_check)
    status = commands.add_parser(
        "status",
        help="how the running bridge, its meters and the way to ThingsBoard are doing",
        epilog="exit codes: 0 all well · 1 something is wrong · 2 the bridge does not answer",
    )
    status.add_argument("--watch", action="store_true", help="again every two seconds, until interrupted")
    status.add_argument("--json", action="store_true", help="as JSON, for scripts; the same as GET /status")
    status.set_defaults(command=_status)
    meter = commands.add_parser("demo-meter", help="serve the built-in demo meter, to try the bridge against")
    meter.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    meter.add_argument("--port", type=int, default=4059, help="TCP port; 0 takes any (default: %(default)s)")
    meter.add_argument("--framing", choices=("hdlc", "wrapper"), default="hdlc", help="default: %(default)s")
    meter.set_defaults(command=_demo_meter)
    return parser


# Each command imports what it needs when it runs: ``bridge --help`` should not load a DLMS stack.
def _run(_: argparse.Namespace) -> int:
    from bridge import app  # noqa: PLC0415
    from bridge.health import logs  # noqa: PLC0415
    from bridge.settings import load  # noqa: PLC0415

    settings = load(os.environ)
    logs.set_up(settings.log)
    return app.run(settings)


def _check(_: argparse.Namespace) -> int:
    from bridge.commissioning.check import check  # noqa: PLC0415

    return check(os.environ, sys.stdout)


def _status(arguments: argparse.Namespace) -> int:
    from bridge.commissioning.status import status  # noqa: PLC0415
    from bridge.settings import HealthSettings  # noqa: PLC0415

    # Not the whole configuration: a mistake in a meter's settings must not hide how the bridge is doing.
    port = os.environ.get("HEALTH__PORT") or HealthSettings().port
    try:
        port = int(port)
    except ValueError:
        raise ConfigError([f"HEALTH__PORT={port}: must be a number"]) from None
    return status(port, sys.stdout, as_json=arguments.json, watch=arguments.watch)


def _demo_meter(arguments: argparse.Namespace) -> int:
    from bridge import demo  # noqa: PLC0415

    async def serve() -> None:
        meter = partial(demo.MeterServer, framing=arguments.framing)
        server = await demo.serve(host=arguments.host, port=arguments.port, framing=arguments.framing, meter=meter)
        host, port = server.sockets[0].getsockname()[:2]
        print(f"demo meter on {host}:{port}, {arguments.framing}, client 1, server 1, password {demo.DEMO_PASSWORD}")
        await server.serve_forever()

    try:
        asyncio.run(serve())
    except KeyboardInterrupt:
        return 0
    except OSError as error:
        print(f"cannot listen on {arguments.host}:{arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
