"""The confirmation's table: nothing is left open, and what is written above it is what it does."""

from __future__ import annotations

import itertools
import re

from bridge.delivery.confirmation import mark_table as module
from bridge.delivery.confirmation.mark_table import TABLE, Do, Event, State


def written() -> dict[tuple[State, Event], tuple[str, State | None]]:
    """The table in the module's text: the action, and the state after it where the action does not decide."""
    lines = (module.__doc__ or "").splitlines()
    head = next(number for number, line in enumerate(lines) if line.split() == [state.name for state in State])
    found = {}
    for line in lines[head + 1 : head + 1 + len(Event)]:
        event, *cells = re.findall(r"\w+(?::\w+)?(?: \(\*+\))?", line)
        assert len(cells) == len(State), line
        for state, cell in zip(State, cells, strict=True):
            action, _, after = cell.partition(" ")[0].partition(":")
            if "(*" in cell:
                found[state, Event[event]] = action, None
            else:
                found[state, Event[event]] = action, State[after] if after else state
    return found


def test_every_event_is_decided_in_every_state():
    assert set(TABLE) == set(itertools.product(State, Event))
    assert {do for do, _ in TABLE.values()} == set(Do)


def test_the_text_above_the_table_says_what_the_table_does():
    assert written() == {pair: (do.name.lower(), state) for pair, (do, state) in TABLE.items()}
