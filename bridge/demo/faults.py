"""What a demo meter does wrong: the faults that it was given, and what each does to the meter's own answers.

What goes wrong on the line (bytes lost, bent, late) is ``line_faults.py``'s business; it looks its faults up here.
All chance comes from one seeded random generator, so that a run can be repeated.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

from bridge.demo.fault_table import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


TEXT = b"login: "
GREETING = b"\xff\xfb\x01\xff\xfb\x03\xff\xfd\x00"
"""Telnet: WILL ECHO, WILL SUPPRESS-GO-AHEAD, DO BINARY."""
REGISTRATION = b"+++ REG 359315071234567\r\n"
FALSE_VALUE = 0x0BADBAD0
"""What notifications carry: whoever takes one for an answer reads this."""

_WRONG_VALUES = (
    b"\x00",  # null-data
    b"\x18\x7f\xf8\x00\x00\x00\x00\x00\x00",  # float64, not a number
    b"\x17\x7f\x80\x00\x00",  # float32, infinity
    b"\x0a\x05-----",  # visible-string
    b"\x09\x02\xff\xff",  # octet-string
    b"\x01\x00",  # array of nothing
)
_POSITIVE = ("BYTES", "BYTES_PER_S", "DAYS", "ROWS")
_GIVEN = re.compile(r"^(\d+)[-.](\d+)[:.](\d+)\.(\d+)\.(\d+)(?:[.*](\d+))?$")


class Faults:
    """The faults of one meter; without arguments it has none.

    Args:
        wanted: argument by name of the fault; several arguments in a list; an empty one takes the default.
        seed: of the random generator.

    Raises:
        ValueError: there is no such fault, or its argument makes no sense.
    """

    def __init__(self, wanted: Mapping[str, str | float | list[str]] | None = None, *, seed: int = 1) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - chances, no secret
        self._arguments: dict[str, list[str]] = {}
        self._first_asked_s: float | None = None
        self.counts: dict[str, int] = {}
        self._now: set[str] = set()  # what is to happen to the answer that is being made
        for name, given in (wanted or {}).items():
            if name not in TABLE:
                raise ValueError(f"there is no fault {name!r}; there are {', '.join(TABLE)}")
            arguments = given if isinstance(given, list) else [str(given)]
            self._arguments[name] = [_checked(name, argument or TABLE[name].default) for argument in arguments]

    @classmethod
    def parse(cls, texts: Iterable[str], *, seed: int = 1) -> Faults:
        """Return the faults that ``NAME[=ARGUMENT][,NAME…]`` texts ask for.

        Raises:
            ValueError: as above.
        """
        wanted: dict[str, str | float | list[str]] = {}
        for part in (part.strip() for text in texts for part in text.split(",")):
            name, _, argument = part.partition("=")
            known = wanted.setdefault(name, [])
            if isinstance(known, list):
                known.append(argument)
        wanted.pop("", None)
        return cls(wanted, seed=seed)

    def __bool__(self) -> bool:
        return bool(self._arguments)

    def has(self, name: str) -> bool:
        """Return whether fault ``name`` was asked for."""
        return name in self._arguments

    def text(self, name: str) -> str:
        """Return the argument of ``name``; its default, even when it was not asked for."""
        return self._arguments.get(name, [TABLE[name].default])[-1]

    def strikes(self, name: str) -> bool:
        """Return whether ``name`` strikes now: it was asked for and its chance says so. Counts in :attr:`counts`."""
        if not self.has(name) or self.rng.random() >= float(self.text(name)):
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True

    # What the meter's own layers ask.

    @property
    def block_bytes(self) -> int:
        """The size of a block of a long answer; 0 leaves it to the agreed PDU size."""
        return int(self.text("tiny-blocks")) if self.has("tiny-blocks") else 0

    def clock(self, now_s: float) -> float:
        """Return what the meter takes ``now_s`` for."""
        if self.has("clock-jump"):
            self.first_asked(now_s)
        return now_s + self.jumped_s(now_s)

    def first_asked(self, now_s: float) -> float:
        """Return when the meter was first asked anything; that is now, where it was not yet."""
        if self._first_asked_s is None:
            self._first_asked_s = now_s
        return self._first_asked_s

    @property
    def jump_at_s(self) -> float | None:
        """When its clock jumps; None where that is not known, or not asked for."""
        return self._first_asked_s + 10 if self.has("clock-jump") and self._first_asked_s is not None else None

    def jumped_s(self, at_s: float) -> float:
        """Return by how much its clock had jumped at ``at_s``."""
        jump_at_s = self.jump_at_s
        return float(self.text("clock-jump")) if jump_at_s is not None and at_s >= jump_at_s else 0.0

    def refuses(self, obis: str, index: int) -> bool:
        """Return whether this object is one that is refused; its logical name, attribute 1, never is."""
        return index != 1 and self.has("refuse") and obis in self._arguments["refuse"]

    def nonsense(self, class_id: int, index: int, value: bytes) -> bytes:
        """Return ``value``, or one that makes no sense for a register's value."""
        if class_id in (3, 4, 5) and index == 2 and self.strikes("nonsense"):
            return self.rng.choice(_WRONG_VALUES)
        return value

    def exception(self, apdu: bytes) -> bytes:
        """Return an error instead of the answer to a GET or READ; nothing when the fault does not strike."""
        if apdu[0] not in (0xC0, 0x05) or not self.strikes("exception"):
            return b""
        # service-not-allowed · service-unknown, not supported · other reason · read error: hardware, other
        return bytes.fromhex(self.rng.choice(("d80101", "d80202", "d80103", "0e050100")))

    def counter(self, counter: int) -> int:
        """Return the invocation counter to use where ``counter`` would be right."""
        if not self.has("counter"):
            return counter
        how = self.text("counter")
        if how == "same":
            return 1
        return max(0, 1000 - counter) if how == "low" else self.rng.randrange(1 << 32)

    def lie_about_list(self, invoke: int | None, indices: Sequence[int]) -> bytes | None:
        """Return the false answer to a GET-WITH-LIST (``invoke`` None: a READ of several); None for an honest one.

        Args:
            invoke: invoke-id and priority.
            indices: which attribute of each object is asked for.
        """
        name = "lies-value-list" if self.has("lies-value-list") and 2 in indices else "lies-list"
        if self.has("closes-on-list"):
            return self.end("closes")
        if not self.has(name):
            return None
        head, count, how = b"\x0c" if invoke is None else bytes((0xC4, 3, invoke)), len(indices), self.text(name)
        if how == "garbage":
            return head + self.rng.randbytes(7)
        lies = {
            "exception": bytes.fromhex("d80202"),
            # One item short, and what is there is nothing.
            "count": head + bytes((count - 1,)) + b"\x00\x00" * (count - 1),
            "error": b"\x0c\x01\x01\x03" if invoke is None else bytes((0xC4, 1, invoke, 1, 3)),
            # The choice of all items but the first is left out; what follows is their values.
            "choice": head + bytes((count,)) + b"\x00\x12\x59\xe4" + b"\x12\x59\xe4" * (count - 1),
            "refused": head + bytes((count,)) + b"\x01\xfa" * count,
        }
        return lies[how] if how in lies else self.end(how)

    def of_object(self, obis: str) -> str:
        """Return what goes wrong when this object is asked for: ``silent``, ``closes``, ``unreadable`` or nothing."""
        for name in ("silent-object", "closes-on-object", "unreadable-object"):
            if self.has(name) and obis in self._arguments[name]:
                return name.split("-")[0]
        if self.has("short-answer") and obis in self._arguments["short-answer"]:
            self._now.add("short")
        return ""

    def end(self, how: str) -> bytes:
        """Say nothing, and let the connection (``close``, ``closes``) or the link (``dm``) end, if it is that."""
        self._now.add({"close": "closes"}.get(how, how))
        return b""

    def happens(self, what: str) -> bool:
        """Return whether ``what`` is to happen to this answer, once: ``closes``, ``dm``, ``short``."""
        if what not in self._now:
            return False
        self._now.discard(what)
        return True

    def refusal_of_secret(self) -> bytes | None:
        """Return an answer to a wrong secret that does not name the cause; None for one that does."""
        if not self.has("refuses-by"):
            return None
        how = self.text("refuses-by")
        if how == "exception":
            return bytes.fromhex("d80101")
        return bytes.fromhex("0e010601") if how == "service-error" else self.end(how)

    def notification(self) -> bytes:
        """Return an unsolicited APDU now and then; else nothing."""
        if not self.strikes("notify"):
            return b""
        name = bytes((1, 1, 1, 7, 0, 255))
        value = b"\x06" + FALSE_VALUE.to_bytes(4)  # double-long-unsigned
        if self.rng.random() < 0.5:  # DataNotification: long invoke-id, no time, body
            return b"\x0f" + self.rng.randbytes(4) + b"\x00\x02\x02\x09\x06" + name + value
        return b"\xc2\x00\x00\x03" + name + b"\x02" + value  # EventNotification: no time, class, name, attribute, value


def _checked(name: str, argument: str) -> str:
    """Return ``argument`` when it is one for fault ``name``; an OBIS code with points.

    Raises:
        ValueError: it is not.
    """
    kind = TABLE[name].argument
    wrong = ValueError(f"fault {name}: {argument!r} is no {kind or 'argument it takes'}")
    if kind == "OBIS":
        if not (match := _GIVEN.match(argument)):
            raise wrong
        return ".".join(group or "255" for group in match.groups())
    if "|" in kind:
        if argument not in kind.split("|"):
            raise wrong
        return argument
    if kind:
        try:
            number = float(argument)
        except ValueError:
            raise wrong from None
        if (kind == "P" and not 0 <= number <= 1) or (kind in _POSITIVE and number <= 0):
            raise wrong
        return argument
    if argument:
        raise wrong
    return ""


def listed() -> str:
    """Return the table as text, for ``--help``."""
    lines = []
    for name, fault in TABLE.items():
        head = f"{name}={fault.argument}" if fault.argument else name
        default = f" (default {fault.default})" if fault.default else ""
        lines.append(f"  {head:<32}{fault.does}{default}")
    return "\n".join(lines)
