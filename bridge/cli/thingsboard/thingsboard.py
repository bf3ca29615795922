"""``bridge thingsboard``: makes what ThingsBoard needs to show the meters, compares it, or takes it away.

One line a thing. Without ``--yes`` nothing is written. The gateway's token goes into the data folder, where the
bridge and Mosquitto look for it, or is printed alone by ``token``; nothing else here ever shows it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from bridge.cli.catalogue import Catalogue
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG, UNUSABLE
from bridge.cli.terminal import Terminal
from bridge.configuration.load import SECRETS_DIR, read
from bridge.delivery import token_file
from bridge.delivery.token_file import TOKEN_FILE
from bridge.errors import UpstreamError
from bridge.thingsboard.rest import Rest
from bridge.thingsboard.tenant.furnishing import Furnisher, Furnishing
from bridge.thingsboard.tenant.objects import TenantObjects

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from bridge.cli.terminal import Sign
    from bridge.thingsboard.tenant.furnishing import FurnishedThing, Outcome, ThingKind

_SIGNS: Final[dict[Outcome, Sign]] = {
    "same": "good",
    "created": "good",
    "changed": "good",
    "removed": "good",
    "edited": "warn",
    "not mine": "warn",
    "left out": "warn",
    "missing": "bad",
    "old": "bad",
}
_OUTCOMES: Final[dict[Outcome, str]] = {
    "same": "thingsboard.same",
    "created": "thingsboard.created",
    "changed": "thingsboard.changed",
    "removed": "thingsboard.removed",
    "edited": "thingsboard.edited",
    "not mine": "thingsboard.not_mine",
    "left out": "thingsboard.left_out",
    "missing": "thingsboard.missing",
    "old": "thingsboard.old",
}
_KINDS: Final[dict[ThingKind, str]] = {
    "dashboard": "thingsboard.dashboard",
    "profile": "thingsboard.profile",
    "default dashboard": "thingsboard.default_dashboard",
    "alarm rule": "thingsboard.alarm_rule",
    "gateway": "thingsboard.gateway",
}


class ThingsBoardCommand:
    """The command.

    Args:
        environ: the settings, and the language.
        out: where to write.
    """

    def __init__(self, environ: Mapping[str, str], out: TextIO) -> None:
        self._out = out
        self._say = Catalogue.of(environ)
        self._terminal = Terminal(out, environ)
        self._settings = read(environ, SECRETS_DIR).settings  # mistakes in it are check's business
        self._things: list[FurnishedThing] = []

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""
        try:
            with Rest(self._settings.thingsboard) as rest:
                objects = TenantObjects(rest)
                if arguments.action == "token":
                    return self._print_token(objects, arguments.gateway)
                return self._furnish(objects, arguments)
        except UpstreamError as error:
            self._terminal.say(self._terminal.sign("bad"), " ", str(error))
            if error.hint:
                self._terminal.say("      ", (error.hint, "dim"))
            return UNUSABLE

    def _furnish(self, objects: TenantObjects, arguments: argparse.Namespace) -> int:
        terminal, action = self._terminal, arguments.action
        writes = action != "check" and arguments.yes and not arguments.dry_run
        wanted = Furnishing(
            arguments.language, self._settings.thingsboard.device_type, arguments.gateway, arguments.voltage
        )
        furnisher = Furnisher(objects, wanted, self._tell, writes=writes, force=arguments.force)
        if action == "remove":
            furnisher.remove()
        else:
            furnisher.apply()
        terminal.say()
        if writes and action == "apply":
            self._keep_token(objects, arguments)
        to_do = [thing for thing in self._things if thing.outcome in ("missing", "old", "removed")]
        if action != "check" and not writes:
            terminal.say(self._say("thingsboard.with_yes") if to_do else self._say("thingsboard.nothing_to_do"))
            return SOMETHING_WRONG if to_do else ALL_WELL
        differing = sum(thing.differs for thing in self._things)
        if action == "check":
            sign, said = ("bad", "thingsboard.differs") if differing else ("good", "thingsboard.as_it_should_be")
            terminal.say(terminal.sign("bad" if sign == "bad" else "good"), " ", self._say(said, count=differing))
            return SOMETHING_WRONG if differing else ALL_WELL
        return ALL_WELL

    def _tell(self, thing: FurnishedThing) -> None:
        self._things.append(thing)
        what = self._say(_KINDS[thing.kind])
        name = "" if thing.name == "*" else f" {thing.name}"
        self._terminal.say(
            self._terminal.sign(_SIGNS[thing.outcome]), f" {what}{name}: ", self._say(_OUTCOMES[thing.outcome])
        )

    def _print_token(self, objects: TenantObjects, gateway: str) -> int:
        device = objects.device(gateway)
        if device is None:
            self._terminal.say(self._terminal.sign("bad"), " ", self._say("thingsboard.no_gateway", name=gateway))
            return SOMETHING_WRONG
        self._out.write(objects.token(device))
        return ALL_WELL

    def _keep_token(self, objects: TenantObjects, arguments: argparse.Namespace) -> None:
        """Put the gateway's token where bridge and Mosquitto look for it, or into the file that is named."""
        to = self._settings.thingsboard
        if not arguments.token_file and (to.provision_key is not None or not to.uses_kept_token):
            return
        device = objects.device(arguments.gateway)
        if device is None:
            return
        token, data_dir = objects.token(device), self._settings.data_dir
        file = Path(arguments.token_file or data_dir / TOKEN_FILE)
        sign: Sign = "good"
        try:
            if arguments.token_file:
                _write_new(file, token)
                said = self._say("thingsboard.token_written", file=file)
            else:
                news = token_file.kept(data_dir) != token
                if news:
                    token_file.keep(token, data_dir)
                said = self._say("thingsboard.token_kept" if news else "thingsboard.token_known", file=file)
        except FileExistsError:
            sign, said = "warn", self._say("thingsboard.token_there", file=file)
        except OSError as error:
            sign, said = "bad", self._say("thingsboard.token_not_kept", file=file, said=error.strerror)
        self._terminal.say(self._terminal.sign(sign), " ", said)


def _write_new(file: Path, token: str) -> None:
    """Write a file that its owner alone reads; one that is there stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(token)
