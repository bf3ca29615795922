"""Which secrets went out to which meter without success, kept on the data volume: no command ever adds up to a lock.

Real meters lock for hours after a few wrong passwords, often three, and many say nothing of it: an exception, DM, a
closed connection or silence may all mean that the password is wrong. One policy for the bridge and every command:

* What counts is a secret that went out and was not followed by success, whatever the meter said. It is counted before
  it goes out, under a lock that all processes share. No secret sent counts as none.
* Two within a day, of whatever secrets by whichever clients, and none is sent to that meter for a day after the last.
* A secret that the meter refused in so many words, and never took before, is not sent to it again at all.
* A secret that the meter took before is right: silence, a closed connection or an exception is trouble of another kind
  then and counts as none. Only a refusal in words counts.
* A secret that works forgets them all.

Time is the machine's time since it was started (CLOCK_BOOTTIME), which nobody sets; the day begins anew when the
machine is started again. The wall clock is for people to read.

No secret is kept: two bytes of a salted hash tell whether it is the same one, which thousands of others share.
One file a meter, written anew as a whole; who is sure of a password may remove it.
"""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from bridge.meters.uptime import since_boot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bridge.meters.uptime import Uptime

FOLDER = "refusals"
DAY_S = 86_400.0
_MOST = 2
_KEPT = 8  # sendings remembered of one meter


@dataclass(frozen=True, slots=True)
class Held:
    """Why a secret is not sent.

    Args:
        reason: ``same`` when the meter refused it already, ``many`` when two went out without success, ``forgetful``
            when it could not be remembered.
        last_s: when the last one went out, Unix seconds; 0 when none did.
        count: how many are remembered.
        left_s: for how many seconds nothing is sent; infinite for ``same``.
        spoken: whether the meter refused the last one in words.
    """

    reason: Literal["same", "many", "forgetful"]
    last_s: float
    count: int
    left_s: float = inf
    spoken: bool = True


class Refusals:
    """The files. Asked anew at every question: several processes share them.

    Args:
        data_dir: the data volume; None keeps all of it in memory.
        clock_s: wall clock, Unix seconds; shown, never reckoned with.
        uptime: how long the machine has been running.
        forgiving: whether what cannot be written is kept in memory, and tried all the same: for the bridge, which must
            read meters with a full disk. Commands leave it at that.
    """

    def __init__(
        self,
        data_dir: Path | None,
        *,
        clock_s: Callable[[], float] = time.time,
        uptime: Callable[[], Uptime] | None = None,
        forgiving: bool = False,
    ) -> None:
        self._folder = None if data_dir is None else data_dir / FOLDER
        self._clock_s = clock_s
        self._uptime = uptime or since_boot
        self._forgiving = forgiving
        self._lock = threading.Lock()  # meters of one process are asked on several threads
        self._unwritten: dict[str, dict[str, Any]] = {}

    @property
    def blocks(self) -> bool:
        """Whether a question may take the disk's time."""
        return self._folder is not None

    @staticmethod
    def where(host: str, port: int, server: int, client: int) -> str:
        """Return how one meter's client is named here: a password belongs to an association, that is, to a client."""
        return f"{host.lower()}:{port} server {server} client {client}"

    def remembers(self, where: str) -> bool:
        """Return whether anything went out to the meter without success since a secret last worked. Reads alone."""
        return bool(self._read(_meter(where))["sent"])

    def took(self, where: str, secret: bytes) -> bool:
        """Return whether the meter took this secret before, and no other since. Reads alone."""
        return _is_right(self._read(_meter(where)), where, secret)

    def holds_back(self, where: str, secret: bytes) -> Held | None:
        """Return why ``secret`` must not be sent now, None when it may. :meth:`claim` it before it is."""
        if not secret:
            return None
        with self._alone():
            known = self._read(_meter(where))
            if (held := self._held(known, where, secret)) or self._forgiving:
                return held
            return None if self._write(_meter(where), known) else self._forgetful(known)

    def claim(self, where: str, secret: bytes) -> Held | None:
        """Count ``secret`` as sent, before it is; or return why it must not be.

        Afterwards call :meth:`accepted`, :meth:`refused` (it said so), :meth:`unsent` (it did not go out at all), or
        nothing: then it stays counted.
        """
        if not secret:
            return None
        with self._alone():
            known = self._read(_meter(where))
            if held := self._held(known, where, secret):
                self._write(_meter(where), known)  # with the start of the machine that it was reckoned by
                return held
            if _is_right(known, where, secret):
                return None
            self._count(known, where, secret, spoken=False)
            return None if self._write(_meter(where), known) else self._forgetful(known)

    def unsent(self, where: str, secret: bytes) -> None:
        """Take back what :meth:`claim` counted: the secret did not go out."""
        with self._alone():
            known = self._read(_meter(where))
            if (claimed := _claimed(known, where, secret)) is not None:
                known["sent"].remove(claimed)
                self._write(_meter(where), known)

    def unheard(self, where: str) -> None:
        """Take back whatever went out to the meter and was not refused in words: nobody was there to hear it."""
        with self._alone():
            known = self._read(_meter(where))
            known["sent"] = [one for one in known["sent"] if one["spoken"]]
            self._write(_meter(where), known)

    def refused(self, where: str, secret: bytes) -> None:
        """Remember that the meter refused ``secret`` in words. What cannot be written the next question finds."""
        if not secret:
            return
        with self._alone():
            known = self._read(_meter(where))
            if (claimed := _claimed(known, where, secret)) is not None:
                known["sent"].remove(claimed)
            self._count(known, where, secret, spoken=True)
            self._write(_meter(where), known, lasting=True)

    def accepted(self, where: str, secret: bytes = b"") -> None:
        """Forget what went out without success, and remember ``secret`` as the right one of this client."""
        meter = _meter(where)
        with self._alone():
            known = self._read(meter)
            right = _print(secret, known["salt"]) if secret else known["right"].get(_client(where))
            if not known["sent"] and right == known["right"].get(_client(where)):
                return
            known["sent"].clear()
            if right:
                known["right"][_client(where)] = right
            self._write(meter, known)

    def _held(self, known: dict[str, Any], where: str, secret: bytes) -> Held | None:
        """Return why the secret is held back; brings what is remembered to this start of the machine."""
        boot, now_s = self._uptime()
        for one in known["sent"]:
            if one["boot"] != boot or one["up_s"] > now_s:
                one["boot"], one["up_s"] = boot, now_s  # nobody knows how long the machine was off: the day begins anew
        if not known["sent"]:
            return None
        last = known["sent"][-1]
        mark, client, right = _print(secret, known["salt"]), _client(where), _is_right(known, where, secret)
        if not right and any(
            one["spoken"] and (one["client"], one["print"]) == (client, mark) for one in known["sent"]
        ):
            return Held("same", last["at_s"], len(known["sent"]))
        # Others' guesses say nothing of a secret that is known to be right, and it ends the meter's own count of them.
        told = [one for one in known["sent"] if not right or (one["client"], one["print"]) == (client, mark)][-_MOST:]
        if len(told) < _MOST or told[-1]["up_s"] - told[0]["up_s"] >= DAY_S or now_s - told[-1]["up_s"] >= DAY_S:
            return None
        return Held("many", told[-1]["at_s"], len(told), told[-1]["up_s"] + DAY_S - now_s, told[-1]["spoken"])

    def _forgetful(self, known: dict[str, Any]) -> Held | None:
        last_s = known["sent"][-1]["at_s"] if known["sent"] else 0.0
        return None if self._forgiving else Held("forgetful", last_s, len(known["sent"]))

    def _count(self, known: dict[str, Any], where: str, secret: bytes, *, spoken: bool) -> None:
        boot, up_s = self._uptime()
        mark = _print(secret, known["salt"])
        known["sent"].append(
            {"client": _client(where), "print": mark, "spoken": spoken, "boot": boot, "up_s": up_s,
             "at_s": self._clock_s()}
        )  # fmt: skip
        del known["sent"][:-_KEPT]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep every other process and thread out, where there is a place for a lock."""
        with self._lock:
            if self._folder is None:
                yield
                return
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                lock = (self._folder / ".lock").open("w")
            except OSError:  # then nothing can be written either, which is found when it is
                yield
                return
            with lock:
                if sys.platform != "win32":
                    import fcntl  # noqa: PLC0415 - Windows has none

                    fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    def _read(self, meter: str) -> dict[str, Any]:
        if meter in self._unwritten:
            return self._unwritten[meter]
        if self._folder is not None:
            with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                return _sound(json.loads((self._folder / _file_name(meter)).read_text(encoding="ascii")))
        return {"salt": secrets.token_hex(16), "right": {}, "sent": []}

    def _write(self, meter: str, known: dict[str, Any], *, lasting: bool = False) -> bool:
        """Write what is known; return whether it is kept."""
        if self._folder is None:
            self._unwritten[meter] = known
            return True
        file = self._folder / _file_name(meter)
        new = file.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("w", encoding="ascii") as out:
                json.dump(known, out)
                if lasting:
                    out.flush()
                    os.fsync(out.fileno())
            new.replace(file)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            if self._forgiving:
                self._unwritten[meter] = known
            return False
        self._unwritten.pop(meter, None)
        return True


def _sound(known: Any) -> dict[str, Any]:
    """Return what was read from a file if all of it is as it was written; raise what comes of it otherwise."""
    sent = [
        {"client": str(one["client"]), "print": str(one["print"]), "spoken": bool(one["spoken"]),
         "boot": str(one["boot"]), "up_s": float(one["up_s"]), "at_s": float(one["at_s"])}
        for one in known["sent"]
    ]  # fmt: skip
    return {"salt": str(known["salt"]), "right": dict(known["right"]), "sent": sent}


def _meter(where: str) -> str:
    return where.rpartition(" client ")[0]


def _client(where: str) -> str:
    return where.rpartition(" client ")[2]


def _file_name(meter: str) -> str:
    return re.sub(r"[^a-z0-9.-]+", "_", meter) + ".json"


def _is_right(known: dict[str, Any], where: str, secret: bytes) -> bool:
    return bool(known["right"].get(_client(where)) == _print(secret, known["salt"]))


def _claimed(known: dict[str, Any], where: str, secret: bytes) -> dict[str, Any] | None:
    """Return the last sending of this secret that the meter did not refuse in words; None when there is none."""
    mark = (_client(where), _print(secret, known["salt"]), False)
    same: list[dict[str, Any]] = [one for one in known["sent"] if (one["client"], one["print"], one["spoken"]) == mark]
    return same[-1] if same else None


def _print(secret: bytes, salt: str) -> str:
    return hmac.new(salt.encode(), secret, "sha256").hexdigest()[:4]
