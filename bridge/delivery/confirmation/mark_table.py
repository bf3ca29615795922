"""Mark table: what happens to a session that confirms by marks, in which state, and the state after it. Pure.

What the states and the actions are for say the rules of ``marks.py``.

The table: what happens (rows), in which state, and the state after it::

              AWAY            OPENING           FLOWING           STANDING          UNMARKED
    UP        begin:OPENING   again:OPENING     again:OPENING     again:OPENING     again:OPENING
    DOWN      expire:AWAY     end:AWAY          end:AWAY          end:AWAY          end:AWAY
    SILENT    nothing         renew:AWAY        renew:AWAY        renew:AWAY        renew:AWAY
    ANSWERED  nothing         open (*)          nothing           nothing           nothing
    BACK      nothing         resume:FLOWING    confirm:FLOWING   resume:FLOWING    resume:FLOWING
    LATE      nothing         doubt (**)        doubt (**)        doubt (**)        drop:UNMARKED

(*) UNMARKED where no marks are used or rule 6 was found to hold, else OPENING. (**) STANDING, or UNMARKED by rule 6.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """See the module's table."""

    AWAY = auto()
    OPENING = auto()
    FLOWING = auto()
    STANDING = auto()
    UNMARKED = auto()


class Event(Enum):
    """See the module's table."""

    UP = auto()
    DOWN = auto()
    SILENT = auto()
    ANSWERED = auto()
    BACK = auto()
    LATE = auto()


class Do(Enum):
    """What is done about it; see :class:`~bridge.delivery.confirmation.marks.Marks`."""

    NOTHING = auto()
    BEGIN = auto()
    AGAIN = auto()
    END = auto()
    EXPIRE = auto()
    RENEW = auto()
    OPEN = auto()
    CONFIRM = auto()
    RESUME = auto()
    DOUBT = auto()
    DROP = auto()


TABLE: dict[tuple[State, Event], tuple[Do, State | None]] = {
    (State.AWAY, Event.UP): (Do.BEGIN, State.OPENING),
    (State.OPENING, Event.UP): (Do.AGAIN, State.OPENING),
    (State.FLOWING, Event.UP): (Do.AGAIN, State.OPENING),
    (State.STANDING, Event.UP): (Do.AGAIN, State.OPENING),
    (State.UNMARKED, Event.UP): (Do.AGAIN, State.OPENING),
    (State.AWAY, Event.DOWN): (Do.EXPIRE, State.AWAY),
    (State.OPENING, Event.DOWN): (Do.END, State.AWAY),
    (State.FLOWING, Event.DOWN): (Do.END, State.AWAY),
    (State.STANDING, Event.DOWN): (Do.END, State.AWAY),
    (State.UNMARKED, Event.DOWN): (Do.END, State.AWAY),
    (State.AWAY, Event.SILENT): (Do.NOTHING, State.AWAY),
    (State.OPENING, Event.SILENT): (Do.RENEW, State.AWAY),
    (State.FLOWING, Event.SILENT): (Do.RENEW, State.AWAY),
    (State.STANDING, Event.SILENT): (Do.RENEW, State.AWAY),
    (State.UNMARKED, Event.SILENT): (Do.RENEW, State.AWAY),
    (State.AWAY, Event.ANSWERED): (Do.NOTHING, State.AWAY),
    (State.OPENING, Event.ANSWERED): (Do.OPEN, None),
    (State.FLOWING, Event.ANSWERED): (Do.NOTHING, State.FLOWING),
    (State.STANDING, Event.ANSWERED): (Do.NOTHING, State.STANDING),
    (State.UNMARKED, Event.ANSWERED): (Do.NOTHING, State.UNMARKED),
    (State.AWAY, Event.BACK): (Do.NOTHING, State.AWAY),
    (State.OPENING, Event.BACK): (Do.RESUME, State.FLOWING),
    (State.FLOWING, Event.BACK): (Do.CONFIRM, State.FLOWING),
    (State.STANDING, Event.BACK): (Do.RESUME, State.FLOWING),
    (State.UNMARKED, Event.BACK): (Do.RESUME, State.FLOWING),
    (State.AWAY, Event.LATE): (Do.NOTHING, State.AWAY),
    (State.OPENING, Event.LATE): (Do.DOUBT, None),
    (State.FLOWING, Event.LATE): (Do.DOUBT, None),
    (State.STANDING, Event.LATE): (Do.DOUBT, None),
    (State.UNMARKED, Event.LATE): (Do.DROP, State.UNMARKED),
}
"""The module's table; None where the action decides on the state."""
