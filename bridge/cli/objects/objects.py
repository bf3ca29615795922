"""``bridge objects METER``: what a configured meter offers, and a profile made of a choice of it.

Over a connection of its own, like ``bridge read``: while the bridge runs, most meters answer nobody else.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bridge.cli.configured_meter import ConfiguredMeter
from bridge.cli.objects.object_filter import patterns, select_objects
from bridge.cli.objects.object_list import ObjectList, association_version, show_objects
from bridge.cli.objects.object_values import read_values
from bridge.cli.parsers import ALL_WELL, SOMETHING_WRONG
from bridge.cli.profile_text import ProfileRegister, is_profile_file, profile_text
from bridge.cli.progress import ticking
from bridge.cli.running_bridge import find_bridge, health_port
from bridge.configuration.profile import Profile
from bridge.dlms.cosem_classes import DATA, WITH_SCALER
from bridge.errors import ConfigError, MeterError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from bridge.cli.catalogue import Catalogue
    from bridge.cli.progress import Progress
    from bridge.cli.terminal import Terminal
    from bridge.configuration.meter import Meter

_READABLE = (*WITH_SCALER, DATA)
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


def list_objects(arguments: argparse.Namespace, environ: Mapping[str, str], say: Catalogue, terminal: Terminal) -> int:
    """List the objects and return the exit code.

    Raises:
        ConfigError: the settings, or what was asked for, cannot be used.
    """
    only = patterns(arguments.only, say)
    if not is_profile_file(arguments.profile_out):
        raise ConfigError([say("probe.wrong.profile_out", value=arguments.profile_out)])
    configured = ConfiguredMeter.named(arguments.meter, environ, say)
    meter = configured.meter
    objection = configured.objection(say)
    if not arguments.direct and find_bridge(health_port(environ)) is not None:
        objection = say("read.running", name=meter.name)
    if objection:
        return _fail(objection, terminal)
    want_values = arguments.value or bool(arguments.profile_out)
    try:
        with terminal.progress(lines=not arguments.json) as progress:
            listing = asyncio.run(
                _list(configured, ObjectSelection(only, arguments.class_id, want_values), say, progress)
            )
    except MeterError as error:
        return _fail(f"{meter.name}: {error}" + (f" | {error.hint}" if error.hint else ""), terminal)
    show_objects(listing, say, terminal, as_json=arguments.json)
    if arguments.profile_out:
        return _write_profile(listing, meter, arguments.profile_out, say, terminal)
    return ALL_WELL if listing.objects else SOMETHING_WRONG


class ObjectSelection(NamedTuple):
    """Which objects are wanted: by code, by class; and whether what they hold is."""

    only: tuple[str, ...]
    classes: list[int]
    values: bool


async def _list(configured: ConfiguredMeter, choice: ObjectSelection, say: Catalogue, progress: Progress) -> ObjectList:
    name = configured.meter.name
    progress.show(say("read.connecting", name=name))
    async with ticking(progress), configured.visit() as talk:
        progress.show(say("objects.reading"))
        objects = await talk.carry(talk.session.objects())
        chosen, version = select_objects(objects, choice.only, choice.classes), association_version(objects)
        found = None
        if choice.values:
            found = await read_values(
                talk, chosen, version, lambda done, of: progress.show(say("objects.values", done=done, total=of))
            )
    return ObjectList(name, chosen, len(objects), version, found)


def _write_profile(listing: ObjectList, meter: Meter, profile_out: str, say: Catalogue, terminal: Terminal) -> int:
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
    # How this meter must be talked to goes into its profile.
    defaults |= {name: getattr(meter, name) for name, usual in _MANNERS.items() if getattr(meter, name) != usual}
    listed = [
        ProfileRegister(one.class_id, one.logical_name, read[one.class_id, one.logical_name].unit) for one in there
    ]
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
