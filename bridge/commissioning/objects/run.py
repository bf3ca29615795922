"""``bridge objects METER``: what a configured meter offers, and a profile made of a choice of it.

Over a connection of its own, like ``bridge read``: while the bridge runs, most meters answer nobody else.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bridge.commissioning import running
from bridge.commissioning.command_line import ALL_WELL, SOMETHING_WRONG
from bridge.commissioning.objects.listed import Listing, association_version, show
from bridge.commissioning.objects.selected import patterns, selected
from bridge.commissioning.objects.values import values
from bridge.commissioning.probing.order import check_profile_out
from bridge.commissioning.probing.profile_out import Listed, profile_text
from bridge.commissioning.probing.registers import SCALERS
from bridge.commissioning.probing.targets import TargetError
from bridge.commissioning.terminal import ticking
from bridge.commissioning.visit import Visit
from bridge.configuration.reading import read as read_configuration
from bridge.errors import ConfigError, MeterError
from bridge.meters.profile import Profile
from bridge.settings import SECRETS_DIR

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from bridge.commissioning.catalogue import Catalogue
    from bridge.commissioning.terminal import Progress, Terminal
    from bridge.meters.meter import Meter

_DATA = 1
_READABLE = (*SCALERS, _DATA)
_MANNERS: dict[str, str | float] = {
    name: Profile.model_fields[name].default
    for name in (
        "conformance",
        "max_pdu_bytes",
        "max_info_bytes",
        "window",
        "list_items",
        "frame_gap_s",
        "reconnect_gap_s",
    )
}


def run(arguments: argparse.Namespace, environ: Mapping[str, str], say: Catalogue, terminal: Terminal) -> int:
    """List the objects and return the exit code.

    Raises:
        ConfigError: the settings, or what was asked for, cannot be used.
    """
    only = patterns(arguments.only, say)
    try:
        check_profile_out(arguments.profile_out)
    except TargetError as error:
        raise ConfigError([str(error)]) from None
    configuration = read_configuration(environ, SECRETS_DIR)
    if configuration.problems:
        raise ConfigError(configuration.problems)
    named = {name.lower(): meter for name, meter in configuration.resolved.items()}
    meter = named.get(arguments.meter.lower())
    if meter is None:
        known = ", ".join(configuration.resolved) or "-"
        raise ConfigError([say("read.unknown", name=arguments.meter, known=known)])
    visit = Visit(meter, configuration.settings)
    objection = visit.objection(say)
    if not arguments.direct and running.find(running.health_port(environ)) is not None:
        objection = say("read.running", name=meter.name)
    if objection:
        return _fail(objection, terminal)
    want_values = arguments.value or bool(arguments.profile_out)
    try:
        with terminal.progress(lines=not arguments.json) as progress:
            listing = asyncio.run(
                _list(visit, Choice(only, arguments.class_id, want_values), meter.name, say, progress)
            )
    except MeterError as error:
        return _fail(f"{meter.name}: {error}" + (f" | {error.hint}" if error.hint else ""), terminal)
    show(listing, say, terminal, as_json=arguments.json)
    if arguments.profile_out:
        return _write_profile(listing, meter, arguments.profile_out, say, terminal)
    return ALL_WELL if listing.objects else SOMETHING_WRONG


class Choice(NamedTuple):
    """Which objects are wanted: by code, by class; and whether what they hold is."""

    only: tuple[str, ...]
    classes: list[int]
    values: bool


async def _list(visit: Visit, choice: Choice, name: str, say: Catalogue, progress: Progress) -> Listing:
    progress.show(say("read.connecting", name=name))
    async with ticking(progress), visit.talk() as talk:
        progress.show(say("objects.reading"))
        objects = await talk.carry(talk.session.objects())
        chosen, version = selected(objects, choice.only, choice.classes), association_version(objects)
        found = None
        if choice.values:
            found = await values(
                talk, chosen, version, lambda done, of: progress.show(say("objects.values", done=done, total=of))
            )
    return Listing(name, chosen, len(objects), version, found)


def _write_profile(listing: Listing, meter: Meter, profile_out: str, say: Catalogue, terminal: Terminal) -> int:
    """Write a profile of every chosen object that gave a value."""
    read = listing.values or {}
    there = [
        one
        for one in listing.objects
        if one.class_id in _READABLE and (got := read.get((one.class_id, one.logical_name))) and got.value is not None
    ]
    if not there:
        return _fail(say("objects.no_profile"), terminal)
    defaults: dict[str, str | float] = {"framing": meter.framing}
    if meter.referencing != "ln":
        defaults["referencing"] = meter.referencing
    defaults |= {"client": meter.client, "server": meter.server}
    if meter.server_address_bytes:
        defaults["server_address_bytes"] = meter.server_address_bytes
    defaults["authentication"] = meter.authentication
    # How this meter likes to be talked to stays with it.
    defaults |= {name: getattr(meter, name) for name, usual in _MANNERS.items() if getattr(meter, name) != usual}
    listed = [Listed(one.class_id, one.logical_name, read[one.class_id, one.logical_name].unit) for one in there]
    text = profile_text(meter.name, defaults, listed, [], everything=True)
    if profile_out == "-":
        for line in text.splitlines():
            terminal.say(line)
        return ALL_WELL
    file = Path(profile_out)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        return _fail(say("probe.profile.unwritable", file=file, said=error.strerror or error), terminal)
    terminal.say(terminal.sign("good"), " ", say("probe.profile.written", file=file))
    return ALL_WELL


def _fail(said: str, terminal: Terminal) -> int:
    terminal.say(terminal.sign("bad"), " ", said)
    return SOMETHING_WRONG
