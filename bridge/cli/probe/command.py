"""``bridge probe`` on the command line: its options, where secrets come from, and which of probe and scan is meant."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.cli.parsers import UNUSABLE, add

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.parsers import Subparsers

_AUTHENTICATIONS = ("none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa")
_SECURITIES = ("none", "authentication", "encryption", "authenticated-encryption")


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, say, "probe")
    option = parser.add_argument
    option("target", metavar="TARGET", help=say("probe.help.target"))
    option("--password", metavar="TEXT", default="", help=say("probe.help.password"))
    option("--key", "--encryption-key", dest="encryption_key", metavar="HEX", default="", help=say("probe.help.key"))
    option("--authentication-key", metavar="HEX", default="", help=say("probe.help.authentication_key"))
    option("--authentication", choices=_AUTHENTICATIONS, default="", help=say("probe.help.authentication"))
    option("--security", choices=_SECURITIES, default="", help=say("probe.help.security"))
    option("--suite", choices=("0", "1", "2"), default="", help=say("probe.help.suite"))
    option("--system-title", metavar="HEX", default="", help=say("probe.help.system_title"))
    option("--client", type=int, metavar="N", help=say("probe.help.client"))
    option("--server", type=int, metavar="N", help=say("probe.help.server"))
    option("--server-address-bytes", type=int, choices=(1, 2, 4), help=say("probe.help.octets"))
    option("--framing", choices=("hdlc", "wrapper", "hdlc-mode-e"), help=say("probe.help.framing"))
    option("--referencing", choices=("ln", "sn"), default="", help=say("probe.help.referencing"))
    option("--serial", metavar="TEXT", default="", help=say("probe.help.serial"))
    option("--ports", metavar="N,N", default="", help=say("probe.help.ports"))
    option("--timeout", type=float, default=1.5, metavar="S", help=say("probe.help.timeout"))
    option("--name", default="", help=say("probe.help.name"))
    option("--profile-out", metavar="FILE", default="", help=say("probe.help.profile_out"))
    option("--objects", action="store_true", help=say("probe.help.objects"))
    option("--rate", type=float, default=50.0, metavar="N", help=say("probe.help.rate"))
    option("--yes", action="store_true", help=say("probe.help.yes"))
    option("--force", action="store_true", help=say("probe.help.force"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # None of this is loaded for ``bridge --help``.
    from bridge.cli.catalogue import Catalogue  # noqa: PLC0415
    from bridge.cli.probe.probe import probe_host  # noqa: PLC0415
    from bridge.cli.probe.scan import scan_range  # noqa: PLC0415
    from bridge.cli.probe.targets import RangeTarget, TargetError, parse_target  # noqa: PLC0415
    from bridge.cli.terminal import Terminal  # noqa: PLC0415

    say, terminal = Catalogue.of(os.environ), Terminal(sys.stdout, os.environ)
    try:
        target = parse_target(arguments.target)
        if isinstance(target, RangeTarget):
            return scan_range(target, arguments, say, terminal)
        return probe_host(target, arguments, say, terminal)
    except TargetError as error:
        terminal.say(terminal.sign("bad"), " ", say(error.key, **error.values))
        return UNUSABLE
