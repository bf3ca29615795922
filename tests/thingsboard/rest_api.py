"""ThingsBoard's REST API, sans-I/O, over the model that the MQTT double stores into: login, devices, telemetry.

Rules: no socket, no thread. What it answers is what a real 4.3.1.3 was seen to answer, its traps among it; nobody who
asks gets more help than there. ``rest_server.py`` puts it behind a socket; ``test_rest_double.py`` holds it against
what was recorded. Device ids are made of names' devices, so they survive a rename, as the real ones do.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.thingsboard import rest_telemetry
from tests.thingsboard.rest_objects import Refusal, TenantStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.thingsboard.devices import Device
    from tests.thingsboard.server import ThingsBoard

WRONG_LOGIN = "Invalid username or password"
NO_LOGIN = "Authentication failed"
_NAMES = uuid.UUID("d9a6f2a0-0000-4000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    Args:
        status: HTTP status.
        body: what is sent.
        is_json: whether it says that it is JSON.
        location: of a redirection.
    """

    status: int
    body: bytes = b""
    is_json: bool = True
    location: str = ""


@dataclass
class User:
    """Who may log in."""

    name: str = "tenant@example.com"
    password: str = "open-sesame"
    authority: str = "TENANT_ADMIN"
    id: str = "5b6a1f10-0000-4000-8000-000000000001"


@dataclass
class ApiKey:
    """A key, with all its user's rights."""

    value: str
    user: User
    enabled: bool = True
    expires_s: float = 0.0
    """When it ends; 0 for never."""


@dataclass
class RestBehaviour:
    """May be changed while it runs; it is looked at each time."""

    version: str = "4.3.1.3"
    users: list[User] = field(default_factory=lambda: [User()])
    keys: list[ApiKey] = field(default_factory=list)
    max_intervals: int = 700
    token_life_s: float = 9000.0
    busy: int = 0
    """So many requests are answered with *too many requests*, then no more."""
    fails_with: tuple[int, bytes] | None = None
    """What every request is answered with: a trial."""
    answered: list[str] = field(default_factory=list)
    """Method and path of every request, in order."""


class RestApi:
    """One server's REST API.

    Args:
        model: the server.
        behaviour: what it is like.
        clock_s: for tokens and keys that end.
    """

    def __init__(self, model: ThingsBoard, behaviour: RestBehaviour, clock_s: Callable[[], float]) -> None:
        self._model, self.behaviour, self._clock_s = model, behaviour, clock_s
        self._tokens: dict[str, tuple[User, float]] = {}
        self._ids: dict[int, tuple[Device, str]] = {}
        self.store = TenantStore(model, self.device_id, lambda: self._number)
        """Profiles, rules, dashboards, and what is known of devices."""

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer one request.

        Args:
            method: such as ``GET``.
            target: path and query.
            headers: names in lower case.
            body: what came with it.
        """
        parts = urlsplit(target)
        path, query = parts.path, {name: values[-1] for name, values in parse_qs(parts.query).items()}
        behaviour = self.behaviour
        behaviour.answered.append(f"{method} {path}")
        if behaviour.fails_with is not None:
            status, said = behaviour.fails_with
            return Answer(status, said, is_json=said.startswith(b"{"))
        if behaviour.busy > 0:
            behaviour.busy -= 1
            return _refused(429, 33, "Too many requests for current tenant!")
        if (method, path) == ("POST", "/api/auth/login"):
            return self._login(body)
        user = self._user(headers)
        if isinstance(user, Answer):
            return user
        return self._tenant(method, path, query, user, body)

    def device_id(self, name: str) -> str:
        """The id of a device that exists."""
        device = self._model._devices.by_name[name]
        known = self._ids.get(id(device))
        if known is None:
            known = self._ids[id(device)] = (device, str(uuid.uuid5(_NAMES, f"{name} {len(self._ids)}")))
        return known[1]

    def _login(self, body: bytes) -> Answer:
        try:
            given = json.loads(body)
        except ValueError:
            given = {}
        for user in self.behaviour.users:
            if (given.get("username"), given.get("password")) == (user.name, user.password):
                token = f"eyJ.{len(self._tokens)}.{user.name}"
                self._tokens[token] = user, self._clock_s() + self.behaviour.token_life_s
                return answered({"token": token, "refreshToken": f"{token}.refresh"})
        return _refused(401, 10, WRONG_LOGIN)

    def _user(self, headers: dict[str, str]) -> User | Answer:
        given = headers.get("x-authorization") or headers.get("authorization") or ""
        scheme, _, credential = given.partition(" ")
        if not given:
            return _refused(401, 10, NO_LOGIN)
        if not credential:  # a bare key
            return Answer(302, is_json=False, location="/login")
        if scheme == "Bearer":
            user, until_s = self._tokens.get(credential, (None, 0.0))
            if user is None:
                return _refused(401, 10, WRONG_LOGIN)
            return user if self._clock_s() < until_s else _refused(401, 11, "Token has expired")
        keys = self.behaviour.keys if self._number >= (4, 3) else []
        for key in keys if scheme == "ApiKey" else ():
            if key.value == credential:
                return self._key_user(key)
        return _refused(401, 10, WRONG_LOGIN)

    def _key_user(self, key: ApiKey) -> User | Answer:
        if not key.enabled:
            return _refused(401, 10, "User account is not active")
        if key.expires_s and self._clock_s() >= key.expires_s:
            return _refused(401, 10, "API key is expired")
        return key.user

    @property
    def _number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.behaviour.version.split("."))

    def _tenant(  # noqa: PLR0911 - an answer for each path
        self, method: str, path: str, query: dict[str, str], user: User, body: bytes
    ) -> Answer:
        if (method, path) == ("GET", "/api/system/info"):
            return answered({"version": self.behaviour.version, "artifact": "application", "name": "x", "type": "CE"})
        if (method, path) == ("GET", "/api/auth/user"):
            return answered({"id": {"entityType": "USER", "id": user.id}, "authority": user.authority})
        if user.authority != "TENANT_ADMIN":
            return _refused(403, 20, "You don't have permission to perform this operation!")
        if (method, path) == ("GET", "/api/tenant/devices") and "deviceName" in query:
            return self._device_by_name(query["deviceName"])
        words = path.strip("/").split("/")
        telemetry, last = words[:4] == ["api", "plugins", "telemetry", "DEVICE"], words[5:]
        if method == "GET" and telemetry and last == ["values", "timeseries"]:
            return self._telemetry(words[4], query)
        try:
            told = self.store.handle(method, words[1:], query, json.loads(body) if body else {})
        except Refusal as refusal:
            return _refused(*refusal.args)
        return Answer(404, b'{"status":404,"message":"No endpoint"}') if told is None else answered(told)

    def _device_by_name(self, name: str) -> Answer:
        device = self._model._devices.by_name.get(name)
        if device is None:
            return _refused(404, 32, "Requested item wasn't found!")
        found = {"id": {"entityType": "DEVICE", "id": self.device_id(name)}, "name": name, "type": device.type}
        return answered(found | self.store.device(name))

    def _telemetry(self, wanted: str, query: dict[str, str]) -> Answer:
        try:
            uuid.UUID(wanted)
        except ValueError:
            return _refused(400, 31, f"Invalid UUID string: {wanted}")
        for name in list(self._model._devices.by_name):
            if self.device_id(name) == wanted:
                found = rest_telemetry.series(self._model.rows(name), query, max_intervals=self.behaviour.max_intervals)
                if isinstance(found, str):
                    return Answer(400, found.encode(), is_json=False)
                return answered(found)
        return _refused(404, 32, f"Device with id [{wanted}] is not found")


def answered(content: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(content).encode())


def _refused(status: int, code: int, message: str) -> Answer:
    return answered({"status": status, "message": message, "errorCode": code, "timestamp": 1_790_000_000_000}, status)
