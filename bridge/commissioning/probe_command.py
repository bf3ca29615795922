"""``bridge probe`` on the command line: its options, where secrets come from, and which of probe and scan is meant."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bridge.commissioning.command_line import UNUSABLE, add

if TYPE_CHECKING:
    import argparse

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.command_line import Subparsers

_AUTHENTICATIONS = ("none", "low", "high", "md5", "sha1", "sha256", "gmac", "ecdsa")
_SECURITIES = ("none", "authentication", "encryption", "authenticated-encryption")


def register(commands: Subparsers, say: Catalogue) -> None:
    """Add the command."""
    parser = add(commands, "probe", summary=say("probe.help"), about=say("probe.about"), after=say("probe.after"))
    option = parser.add_argument
    option("target", metavar="TARGET", help=say("probe.option.target"))
    option("--password", metavar="TEXT", default="", help=say("probe.option.password"))
    option("--key", "--encryption-key", dest="encryption_key", metavar="HEX", default="", help=say("probe.option.key"))
    option("--authentication-key", metavar="HEX", default="", help=say("probe.option.authentication_key"))
    option("--authentication", choices=_AUTHENTICATIONS, default="", help=say("probe.option.authentication"))
    option("--security", choices=_SECURITIES, default="", help=say("probe.option.security"))
    option("--suite", choices=("0", "1", "2"), default="", help=say("probe.option.suite"))
    option("--system-title", metavar="HEX", default="", help=say("probe.option.system_title"))
    option("--client", type=int, metavar="N", help=say("probe.option.client"))
    option("--server", type=int, metavar="N", help=say("probe.option.server"))
    option("--server-address-bytes", type=int, choices=(1, 2, 4), help=say("probe.option.octets"))
    option("--framing", choices=("hdlc", "wrapper", "hdlc-mode-e"), help=say("probe.option.framing"))
    option("--referencing", choices=("ln", "sn"), default="", help=say("probe.option.referencing"))
    option("--serial", metavar="TEXT", default="", help=say("probe.option.serial"))
    option("--ports", metavar="N,N", default="", help=say("probe.option.ports"))
    option("--timeout", type=float, default=1.5, metavar="S", help=say("probe.option.timeout"))
    option("--name", default="", help=say("probe.option.name"))
    option("--profile-out", metavar="FILE", default="", help=say("probe.option.profile_out"))
    option("--objects", action="store_true", help=say("probe.option.objects"))
    option("--rate", type=float, default=50.0, metavar="N", help=say("probe.option.rate"))
    option("--yes", action="store_true", help=say("probe.option.yes"))
    option("--force", action="store_true", help=say("probe.option.force"))
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run it and return the exit code."""
    # Nothing of this is loaded for ``bridge --help``.
    from bridge.commissioning import probe, scan  # noqa: PLC0415
    from bridge.commissioning.catalogue import Catalogue  # noqa: PLC0415
    from bridge.commissioning.probing.targets import RangeTarget, TargetError, parse  # noqa: PLC0415
    from bridge.commissioning.terminal import Terminal  # noqa: PLC0415

    say, terminal = Catalogue.of(os.environ), Terminal(sys.stdout, os.environ)
    try:
        target = parse(arguments.target)
        if isinstance(target, RangeTarget):
            return scan.run(target, arguments, say, terminal)
        return probe.run(target, arguments, say, terminal)
    except TargetError as error:
        terminal.say(terminal.sign("bad"), " ", say("probe.target.wrong", said=error))
        return UNUSABLE
