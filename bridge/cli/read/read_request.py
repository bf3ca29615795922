"""Turns the options of ``bridge read`` into logical names and times. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bridge.dlms.obis_names import logical_name
from bridge.errors import ConfigError

if TYPE_CHECKING:
    import argparse

    from bridge.cli.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What is to be read.

    Args:
        codes: logical names; empty for the registers of the profile.
        class_id: their class; None to find out.
        attribute: which attribute of them.
        load_profile: logical name of a load profile; empty for registers.
        start: from when; None for no lower bound of its own.
        end: until when.
        last: so many of the newest rows.
    """

    codes: tuple[str, ...] = ()
    class_id: int | None = None
    attribute: int = 2
    load_profile: str = ""
    start: datetime | None = None
    end: datetime | None = None
    last: int | None = None

    @property
    def is_usual(self) -> bool:
        """Whether it is what the bridge reads every cycle, so that the running bridge can do it."""
        return not self.codes and not self.load_profile


def read_request(arguments: argparse.Namespace, say: Catalogue) -> ReadRequest:
    """Return what the options ask for.

    Raises:
        ConfigError: an option makes no sense.
    """
    problems: list[str] = []

    def code(option: str, text: str) -> str:
        try:
            return logical_name(text)
        except ValueError as error:
            problems.append(f"{option} {text}: {error}")
            return ""

    def instant(option: str, text: str) -> datetime | None:
        try:
            return datetime.fromisoformat(text) if text else None
        except ValueError:
            problems.append(say("read.wrong_time", option=option, text=text))
            return None

    texts = [part for given in arguments.obis for part in given.split(",") if part]
    wanted = ReadRequest(
        tuple(code("--obis", text) for text in texts),
        arguments.class_id,
        arguments.attribute,
        code("--profile-generic", arguments.profile_generic) if arguments.profile_generic else "",
        instant("--from", arguments.start),
        instant("--to", arguments.end),
        arguments.last,
    )
    if wanted.start and wanted.end and (wanted.start.tzinfo is None) != (wanted.end.tzinfo is None):
        problems.append(say("read.mixed_times"))
    elif wanted.start and wanted.end and wanted.end < wanted.start:
        problems.append(say("read.backwards"))
    if problems:
        raise ConfigError(problems)
    return wanted
