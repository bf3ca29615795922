"""Which secrets went out to which meter without success, kept on the data volume, so that no meter is ever locked.

Real meters lock for hours after a few wrong passwords, often three, and many say nothing of it: an exception, DM, a
closed connection or silence may all mean that the password is wrong. One policy for the bridge and every command:

* What counts is a secret that went out and was not followed by success, whatever the meter said. It is counted before
  it goes out, under a lock that all processes share. No secret sent counts as none.
* Two within a day, of whatever secrets by whichever clients, and none is sent to that meter for a day after the last.
* A secret that the meter refused explicitly, and never accepted before, is not sent to it again.
* A secret that the meter accepted before is right: silence, a closed connection or an exception then has another cause
  and is not counted. Only an explicit refusal is.
* A secret that works clears them all.

Time is the machine's uptime (CLOCK_BOOTTIME), which nobody sets; over a restart of the machine it is what the ledger of
boots says (``clock/boots.py``), and where that does not know the day starts over. The wall clock is for people to read.

No secret is kept: two bytes of a salted hash tell whether it is the same one, and thousands of others share them.
One file per meter, always rewritten whole. Whoever is sure of a password may delete it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from bridge.clock.machine import wall_s
from bridge.clock.uptime import since_boot
from bridge.meters.secret_files import SecretFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bridge.clock.uptime import Uptime

FOLDER = "refusals"
DAY_S = 86_400.0
_MOST = 2
_KEPT = 8  # sendings remembered of one meter


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why a secret is not sent.

    Args:
        reason: ``same`` when the meter refused it already, ``many`` when two went out without success, ``forgetful``
            when it could not be remembered.
        last_s: when the last one went out, Unix seconds; 0 when none did.
        count: how many are remembered.
        left_s: for how many seconds nothing is sent; infinite for ``same``.
        spoken: whether the meter refused the last one explicitly.
    """

    reason: Literal["same", "many", "forgetful"]
    last_s: float
    count: int
    left_s: float = inf
    spoken: bool = True


class RefusedSecrets:
    """What is remembered; read afresh for every question, since several processes share it.

    Args:
        data_dir: the data volume; None keeps all of it in memory.
        clock_s: wall clock, Unix seconds; shown, never calculated with.
        uptime: how long the machine has been running.
        ago_s: how long ago it was, by boot id and uptime, when the machine ran before; None where nobody knows.
        forgiving: whether what cannot be written is kept in memory, and the secret tried all the same: for the bridge,
            which must read meters with a full disk. Commands do not send it then.
    """

    def __init__(
        self,
        data_dir: Path | None,
        *,
        clock_s: Callable[[], float] = wall_s,
        uptime: Callable[[], Uptime] | None = None,
        ago_s: Callable[[str, float], float | None] = lambda _boot, _up_s: None,
        forgiving: bool = False,
    ) -> None:
        self._files = SecretFiles(None if data_dir is None else data_dir / FOLDER, forgiving=forgiving)
        self._clock_s = clock_s
        self._uptime = uptime or since_boot
        self._ago_s = ago_s
        self._forgiving = forgiving

    @property
    def blocks(self) -> bool:
        """Whether an answer may wait for the disk."""
        return self._files.are_on_disk

    @staticmethod
    def where(host: str, port: int, server: int, client: int) -> str:
        """Return how one meter's client is named here: a password belongs to an association, that is, to a client."""
        return f"{host.lower()}:{port} server {server} client {client}"

    def remembers(self, where: str) -> bool:
        """Return whether anything went out to the meter without success since a secret last worked. Only reads."""
        return bool(self._files.read(_meter(where))["sent"])

    def took(self, where: str, secret: bytes) -> bool:
        """Return whether the meter took this secret before, and no other since. Only reads."""
        return _is_right(self._files.read(_meter(where)), where, secret)

    def holds_back(self, where: str, secret: bytes) -> HeldBack | None:
        """Return why ``secret`` must not be sent now, None when it may. :meth:`claim` it before it is."""
        if not secret:
            return None
        with self._files.alone():
            known = self._files.read(_meter(where))
            if (held := self._held(known, where, secret)) or self._forgiving:
                return held
            return None if self._files.write(_meter(where), known) else self._forgetful(known)

    def claim(self, where: str, secret: bytes) -> HeldBack | None:
        """Count ``secret`` as sent, before it is; or return why it must not be.

        Afterwards call :meth:`accepted`, :meth:`refused` (it said so), :meth:`unsent` (it did not go out at all), or
        nothing: then it stays counted.
        """
        if not secret:
            return None
        with self._files.alone():
            known = self._files.read(_meter(where))
            if held := self._held(known, where, secret):
                self._files.write(_meter(where), known)  # with the boot that it was calculated for
                return held
            if _is_right(known, where, secret):
                return None
            self._count(known, where, secret, spoken=False)
            return None if self._files.write(_meter(where), known) else self._forgetful(known)

    def unsent(self, where: str, secret: bytes) -> None:
        """Take back what :meth:`claim` counted: the secret did not go out."""
        with self._files.alone():
            known = self._files.read(_meter(where))
            if (claimed := _claimed(known, where, secret)) is not None:
                known["sent"].remove(claimed)
                self._files.write(_meter(where), known)

    def unheard(self, where: str) -> None:
        """Take back whatever went out to the meter and was not refused explicitly: nobody was there to receive it."""
        with self._files.alone():
            known = self._files.read(_meter(where))
            known["sent"] = [one for one in known["sent"] if one["spoken"]]
            self._files.write(_meter(where), known)

    def refused(self, where: str, secret: bytes) -> None:
        """Remember that the meter refused ``secret`` explicitly. A failed write shows at the next question."""
        if not secret:
            return
        with self._files.alone():
            known = self._files.read(_meter(where))
            if (claimed := _claimed(known, where, secret)) is not None:
                known["sent"].remove(claimed)
            self._count(known, where, secret, spoken=True)
            self._files.write(_meter(where), known, lasting=True)

    def accepted(self, where: str, secret: bytes = b"") -> None:
        """Forget what went out without success, and remember ``secret`` as the right one of this client."""
        meter = _meter(where)
        with self._files.alone():
            known = self._files.read(meter)
            right = _print(secret, known["salt"]) if secret else known["right"].get(_client(where))
            if not known["sent"] and right == known["right"].get(_client(where)):
                return
            known["sent"].clear()
            if right:
                known["right"][_client(where)] = right
            self._files.write(meter, known)

    def _held(self, known: dict[str, Any], where: str, secret: bytes) -> HeldBack | None:
        """Return why the secret is held back; converts what is remembered to the current boot."""
        boot, now_s = self._uptime()
        for one in known["sent"]:
            if one["boot"] != boot or one["up_s"] > now_s:
                # Where nobody knows how long the machine was off the day starts over.
                one["boot"], one["up_s"] = boot, now_s - (self._ago_s(one["boot"], one["up_s"]) or 0.0)
        if not known["sent"]:
            return None
        last = known["sent"][-1]
        mark, client, right = _print(secret, known["salt"]), _client(where), _is_right(known, where, secret)
        if not right and any(
            one["spoken"] and (one["client"], one["print"]) == (client, mark) for one in known["sent"]
        ):
            return HeldBack("same", last["at_s"], len(known["sent"]))
        # Others' guesses say nothing of a secret that is known to be right, and it ends the meter's own count of them.
        told = [one for one in known["sent"] if not right or (one["client"], one["print"]) == (client, mark)][-_MOST:]
        if len(told) < _MOST or told[-1]["up_s"] - told[0]["up_s"] >= DAY_S or now_s - told[-1]["up_s"] >= DAY_S:
            return None
        return HeldBack("many", told[-1]["at_s"], len(told), told[-1]["up_s"] + DAY_S - now_s, told[-1]["spoken"])

    def _forgetful(self, known: dict[str, Any]) -> HeldBack | None:
        last_s = known["sent"][-1]["at_s"] if known["sent"] else 0.0
        return None if self._forgiving else HeldBack("forgetful", last_s, len(known["sent"]))

    def _count(self, known: dict[str, Any], where: str, secret: bytes, *, spoken: bool) -> None:
        boot, up_s = self._uptime()
        mark = _print(secret, known["salt"])
        known["sent"].append(
            {"client": _client(where), "print": mark, "spoken": spoken, "boot": boot, "up_s": up_s,
             "at_s": self._clock_s()}
        )  # fmt: skip
        del known["sent"][:-_KEPT]


def _meter(where: str) -> str:
    return where.rpartition(" client ")[0]


def _client(where: str) -> str:
    return where.rpartition(" client ")[2]


def _is_right(known: dict[str, Any], where: str, secret: bytes) -> bool:
    return bool(known["right"].get(_client(where)) == _print(secret, known["salt"]))


def _claimed(known: dict[str, Any], where: str, secret: bytes) -> dict[str, Any] | None:
    """Return the last sending of this secret that the meter did not refuse explicitly; None when there is none."""
    mark = (_client(where), _print(secret, known["salt"]), False)
    same: list[dict[str, Any]] = [one for one in known["sent"] if (one["client"], one["print"], one["spoken"]) == mark]
    return same[-1] if same else None


def _print(secret: bytes, salt: str) -> str:
    return hmac.new(salt.encode(), secret, "sha256").hexdigest()[:4]
