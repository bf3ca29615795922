"""The doctor's last line: what is wrong, by name, so that nobody has to look for the ✘ above."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.cli.catalogue import Catalogue
    from bridge.cli.doctor.examination import Examination
    from bridge.cli.terminal import Sign, Terminal

_NAMED = 4
_CHARACTERS = 72
"""Of one of them: the whole of it stands above."""


def sum_up(terminal: Terminal, say: Catalogue, found: Examination) -> None:
    """Write it."""
    wrong, looks = _named(found, "bad", say), _named(found, "warn", say)
    also = say("doctor.sum.also", count=len(looks)) if looks else ""
    terminal.say()
    if wrong:
        text = say("doctor.sum.wrong", count=len(wrong), names=_listed(wrong, say)) + also
        terminal.wrap([terminal.sign("bad"), " "], text)
    elif looks:
        terminal.wrap([terminal.sign("warn"), " "], say("doctor.sum.looks", names=_listed(looks, say)))
    else:
        terminal.say(terminal.sign("good"), " ", say("doctor.sum.well"))


def _named(found: Examination, sign: Sign, say: Catalogue) -> list[str]:
    return [
        shorten(f"{say(group)}: {finding.text(say)}", _CHARACTERS, placeholder=" …")
        for group, findings in found.groups.items()
        for finding in findings
        if finding.sign == sign
    ]


def _listed(names: list[str], say: Catalogue) -> str:
    more = [say("doctor.sum.more", count=len(names) - _NAMED)] if len(names) > _NAMED else []
    return " · ".join([*names[:_NAMED], *more])
