"""One ThingsBoard, sans-I/O: what a real one was recorded to do, in the caller's time and from the caller's randomness.

Rules: no socket, no clock, no thread. Times are seconds from any zero, never going back. What a client sends goes in by
:meth:`ThingsBoard.publish` and its like; what it gets, and every close, comes out of :meth:`ThingsBoard.advance` in the
order of time. Nothing here is believed that is neither in FACTS nor in ``recorded/``; what had to be assumed beyond
says so where it is done. ``test_recorded.py`` plays all recordings to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.thingsboard.behaviour import Limits
from tests.thingsboard.events import MQTT_3, Closed, Event, Refusal, Session
from tests.thingsboard.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Look = Callable[[str, list[tuple[int, dict[str, Any]]]], None]

ADMINISTRATIVE = "Administrative action"
_FIELDS = {"MsgRateLimit": "messages", "TelemetryMsgRateLimit": "telemetry", "TelemetryDataPointsRateLimit": "points"}
_SCOPES = {"transportTenant": "tenant", "transportGatewayDevice": "tells_device", "transportGateway": "gateway"}


class ThingsBoard(Sessions):
    """A server with one gateway, or one plain device, that has a token.

    Args:
        behaviour: what it is like; looked at each time.
        rng: decides every race and every delay.
    """

    def advance(self, now_s: float) -> list[Event]:
        """Everything that happened until ``now_s`` and was not told yet, in order."""
        kept, self._kept = self._kept, []
        return kept + self._transport.due(now_s)

    def next_event_s(self) -> float | None:
        """When :meth:`advance` has something next, as things are; a time that is past for what it has already."""
        return 0.0 if self._kept else self._transport.next_s()

    def watch(self, *, accepted: Look, stored: Look) -> None:
        """Have functions called with a device's name and its rows: when they are accepted, when they are stored."""
        self._transport.on_accepted = lambda device, rows: accepted(device.name, rows)
        self._transport.on_stored = lambda device, rows: stored(device.name, rows)

    def next_stored_s(self) -> float | None:
        """When something reaches the database next, as things are."""
        return self._transport.next_stored_s()

    @property
    def stored(self) -> dict[str, dict[str, dict[int, Any]]]:
        """Device, key, time in ms, value: all of it, built anew. For a look at much data take :meth:`rows`."""
        return {name: _by_key(device.rows) for name, device in self._devices.by_name.items()}

    @property
    def rows_stored(self) -> int:
        """Telemetry rows that reached the database, of different devices or times."""
        return self._transport.rows_stored

    def telemetry_lag_s(self, now_s: float) -> float:
        """How far telemetry's writer is behind what was acknowledged."""
        return self._transport.telemetry.lag_s(now_s)

    def store_until(self, now_s: float) -> None:
        """Let reach the database what has by now, for a look at it between two events."""
        self._transport.store_until(now_s)

    def rows(self, device: str) -> Mapping[int, Mapping[str, Any]]:
        """What is stored of a device: values by time in ms; empty for an unknown one. Not a copy."""
        found = self._devices.by_name.get(device)
        return found.rows if found is not None else {}

    def attributes(self, device: str) -> Mapping[str, Any]:
        """Client attributes of a device that exists. Not a copy."""
        return self._devices.by_name[device].attributes

    def type(self, device: str) -> str:
        """Type of a device that exists."""
        return self._devices.by_name[device].type

    @property
    def devices(self) -> list[str]:
        """Names of all devices, the gateway's among them."""
        return list(self._devices.by_name)

    # What the world does to it

    @property
    def database_up(self) -> bool:
        """Whether the database is there."""
        return self._devices.database_up

    def database(self, up: bool, now_s: float) -> None:
        """The database goes away, or comes back (``storage.py`` says what that costs)."""
        self._kept += self._transport.due(now_s)
        self._devices.database_up = up
        for lane in (self._transport.telemetry, self._transport.attributes):
            (lane.back if up else lane.away)(now_s)

    def kill(self, now_s: float) -> None:
        """``kill -9``, or SIGTERM, which is no better: what is not stored is gone, and every session with it."""
        self._kept += self._transport.due(now_s)
        for session in self._sessions:
            if session.alive:
                self._transport.end(session)
                self._kept.append(Closed(session, None))
        self._sessions = []
        self._transport.drop_all()
        self._transport.telemetry.kill(now_s)
        self._transport.attributes.kill(now_s)
        self._transport.accept_until_s = 0.0
        self._transport.book.empty()
        self._devices.forget()
        self._calls.kill()
        self._up = False

    def start(self, now_s: float, *, unavailable_s: float = 0.0) -> None:
        """It listens again, and refuses sessions as unavailable for a while. A real start takes 30 to 110 s."""
        self._up = True
        self._available_s = now_s + unavailable_s

    def close_sessions(self, now_s: float) -> None:
        """Every session ends by a bare close, as on a broken line."""
        for session in self._sessions:
            self._transport.close(session, now_s)

    def send(self, topic: str, content: Any, now_s: float) -> None:
        """A message of whatever kind to the gateway's session, if there is one."""
        if self._gateway is not None and self._gateway.where is not None:
            self._transport.deliver(self._gateway.where[0], now_s, topic, content)

    def add_device(self, name: str, kind: str = "default") -> None:
        """Make a device by REST."""
        self._devices.add(name, kind)

    def delete_device(self, name: str, now_s: float) -> None:
        """Delete a device by REST; of the gateway the session ends."""
        self._kept += self._transport.due(now_s)
        where = self._devices.by_name[name].where
        device = self._devices.remove(name)
        if device is self._gateway:
            self._gateway = None
        if where is not None and where[0].device is device:
            self._transport.close(where[0], now_s, ADMINISTRATIVE)
        elif device.gateway is not None:
            self._calls.tell(device.gateway, "gateway_device_deleted", name, now_s)

    def rename_device(self, old: str, new: str, now_s: float) -> None:
        """Rename a device by REST; in the session that has it open it goes on under its old name."""
        device = self._devices.rename(old, new)
        if device.gateway is not None:
            self._calls.tell(device.gateway, "gateway_device_renamed", {old: new}, now_s)

    def share(self, device: str, now_s: float, **attributes: Any) -> None:
        """Set shared attributes by REST; None deletes one."""
        found = self._devices.by_name[device]
        changed = {key: value for key, value in attributes.items() if value is not None}
        deleted = [key for key in attributes if key not in changed and found.shared.pop(key, None) is not None]
        found.shared.update(changed)
        self._calls.change(found, changed, deleted, now_s)

    def new_token(self, token: str, now_s: float) -> None:
        """Give the gateway another token; its session ends."""
        self.behaviour.token = token
        if self._gateway is not None and self._gateway.where is not None:
            self._transport.close(self._gateway.where[0], now_s, ADMINISTRATIVE)

    def second_client(self, now_s: float, *, mqtt: int = MQTT_3) -> Session | Refusal:
        """Somebody else connects with the gateway's token."""
        return self.connect(now_s, token=self.behaviour.token, mqtt=mqtt, client_id="another")

    def set_limits(self, **fields: Any) -> None:
        """Set fields of the tenant's profile, as the profile calls them; a limit that changes begins full.

        Limits of the devices behind the gateway are told and not enforced, as the real one's.
        """
        for name, value in fields.items():
            if name == "maxDevices":
                self.behaviour.max_devices = value
                continue
            scope = next(scope for scope in _SCOPES if name.startswith(scope))
            before = getattr(self.behaviour, _SCOPES[scope]) or Limits()
            changed = replace(before, **{_FIELDS[name.removeprefix(scope)]: value})
            setattr(self.behaviour, _SCOPES[scope], changed)

    def rpc(
        self, device: str, method: str, params: Any, now_s: float, *, timeout_s: float = 10, persistent: bool = False
    ) -> int:
        """A two-way call by REST; return its number, under which a ``CallResult`` comes."""
        found = self._devices.by_name[device]
        return self._calls.start(found, method, params, now_s, timeout_s=timeout_s, persistent=persistent)


def _by_key(rows: Mapping[int, Mapping[str, Any]]) -> dict[str, dict[int, Any]]:
    keys: dict[str, dict[int, Any]] = {}
    for ts_ms, values in rows.items():
        for key, value in values.items():
            keys.setdefault(key, {})[ts_ms] = value
    return keys
