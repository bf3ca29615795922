"""Which meters refused a password or key, kept on the data volume, so that attempts of several commands never add up.

Real meters lock for hours after a few wrong passwords, often three. One command alone tries once; but a technician
runs one after another, and the bridge besides. Rules:

* A secret that a meter refused is not tried on it again.
* Two refusals within a day, of whatever secrets, and no other is tried that day.
* A secret that works forgets them all.

No secret is kept: four bytes of a salted scrypt tell whether it is the same one, and no more than that.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = "refusals.json"
_MOST = 2
_DAY_S = 86_400.0
_KEPT = 8  # refusals remembered of one meter


@dataclass(frozen=True, slots=True)
class Held:
    """Why a secret is not tried.

    Args:
        reason: ``same`` when it was refused already, ``many`` when others were, ``forgetful`` when a refusal could not
            be remembered.
        last_s: when the meter last refused one, Unix seconds; 0 when it never did.
        count: refusals remembered.
    """

    reason: Literal["same", "many", "forgetful"]
    last_s: float
    count: int


class Refusals:
    """The file. Read anew at every question: several processes share it.

    Args:
        data_dir: the data volume.
        clock_s: wall clock, Unix seconds.
    """

    def __init__(self, data_dir: Path, *, clock_s: Callable[[], float] = time.time) -> None:
        self._file = data_dir / FILE
        self._clock_s = clock_s
        self._lock = threading.Lock()  # meters of one process are refused in one moment, on several threads

    @staticmethod
    def where(host: str, port: int, server: int, client: int) -> str:
        """Return how one meter is named here: a password belongs to an association, that is, to a client."""
        return f"{host.lower()}:{port} server {server} client {client}"

    def remembers(self, where: str) -> bool:
        """Return whether the meter has refused a secret and none was accepted since. Reads alone, and fast."""
        return bool(self._read()["meters"].get(where))

    def holds_back(self, where: str, secret: bytes) -> Held | None:
        """Return why ``secret`` must not be tried on the meter, None when it may."""
        with self._lock:
            return self._held(where, secret)

    def _held(self, where: str, secret: bytes) -> Held | None:
        known = self._read()
        refusals = known["meters"].get(where, [])
        last_s = max((when_s for when_s, _ in refusals), default=0.0)
        if not self._can_remember(known):
            return Held("forgetful", last_s, len(refusals))
        if not refusals:
            return None
        fingerprint = _fingerprint(secret, known["salt"])
        if any(known_print == fingerprint for _, known_print in refusals):
            return Held("same", last_s, len(refusals))
        recent = [when_s for when_s, _ in refusals if self._clock_s() - when_s < _DAY_S]
        return Held("many", last_s, len(recent)) if len(recent) >= _MOST else None

    def refused(self, where: str, secret: bytes) -> None:
        """Remember that the meter refused ``secret``. What cannot be written is found by the next question."""
        with self._lock:
            known = self._read()
            refusals = known["meters"].setdefault(where, [])
            refusals.append([self._clock_s(), _fingerprint(secret, known["salt"])])
            del refusals[:-_KEPT]
            with suppress(OSError):
                self._write(known)

    def accepted(self, where: str) -> None:
        """Forget the meter's refusals."""
        with self._lock:
            known = self._read()
            if known["meters"].pop(where, None) is not None:
                with suppress(OSError):
                    self._write(known)

    def _can_remember(self, known: dict[str, Any]) -> bool:
        try:
            self._write(known)
        except OSError:
            return False
        return True

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            known = json.loads(self._file.read_text(encoding="ascii"))
            if isinstance(known, dict) and isinstance(known.get("meters"), dict) and isinstance(known.get("salt"), str):
                return known
        return {"salt": secrets.token_hex(16), "meters": {}}

    def _write(self, known: dict[str, Any]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        new = self._file.with_suffix(f".{os.getpid()}.new")
        try:
            with new.open("w", encoding="ascii") as file:
                json.dump(known, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def _fingerprint(secret: bytes, salt: str) -> str:
    return hashlib.scrypt(secret, salt=salt.encode(), n=2**14, r=8, p=1, dklen=4).hex()
