"""Remote calls: by REST to a device, over its session to the client, and back.

Changes of shared attributes come down the same way, and nobody answers them.

Rules: a two-way call ends with its answer or, after its time (5 s at least, 10 s by default), with 504; a persistent
one waits for as long as it takes. A call to a device that is not open waits within its time. The ids of a device's
calls count from 0, those that ThingsBoard makes itself (a device deleted or renamed) among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.thingsboard.events import CallResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.thingsboard.devices import Device
    from tests.thingsboard.events import Event, Session
    from tests.thingsboard.transport import Transport

SUBSCRIPTION = "v1/devices/me/rpc/request/+"
ATTRIBUTES = "v1/devices/me/attributes"
_SHORTEST_S = 5.0
_REST_S = 0.005
"""From the client's answer to the end of the REST call."""
_DELIVERY_S = (0.005, 0.05)


@dataclass(slots=True)
class _Call:
    number: int
    device: Device
    id: int
    method: str
    params: Any
    two_way: bool
    sent: bool = False


class Calls:
    """One server's."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._standing: list[_Call] = []
        self._number = 0

    def start(
        self, device: Device, method: str, params: Any, now_s: float, *, timeout_s: float = 10, persistent: bool = False
    ) -> int:
        """Call a device.

        Returns:
            The call's number: a :class:`~tests.thingsboard.events.CallResult` of it follows.
        """
        call = self._make(device, method, params, two_way=True)

        def expire(_: float) -> Iterable[Event]:
            if call in self._standing:
                self._standing.remove(call)
                return (CallResult(call.number, 504, None),)
            return ()

        if not persistent:
            self._transport.at(now_s + max(_SHORTEST_S, timeout_s), expire)
        self._send(device, now_s)
        return call.number

    def tell(self, device: Device, method: str, params: Any, now_s: float) -> None:
        """A call of ThingsBoard's own, that no answer is waited for."""
        self._make(device, method, params, two_way=False)
        self._send(device, now_s)

    def change(self, device: Device, changed: dict[str, Any], deleted: list[str], now_s: float) -> None:
        """Tell the device which shared attributes changed, if a session has it open; else nobody is told."""
        where = self._way_to(device, now_s, ATTRIBUTES)
        if where is None:
            return
        session, name = where
        content = {**changed, **({"deleted": deleted} if deleted else {})}
        when_s = now_s + self._transport.soon(_DELIVERY_S)
        if session.device is device:
            self._transport.deliver(session, when_s, ATTRIBUTES, content)
        else:
            when_s = max(when_s, session.open[name].ready_s)
            self._transport.deliver(session, when_s, "v1/gateway/attributes", {"device": name, "data": content})

    def reached(self, device: Device, now_s: float) -> None:
        """The device is open, or its session takes calls: what waits for it goes out."""
        if any(call.device is device for call in self._standing):
            self._send(device, now_s)

    def answered(self, device: Device, number: Any, body: Any, when_s: float) -> None:
        """The client's answer came."""
        for call in self._standing:
            if call.device is device and call.id == number and call.sent:
                self._standing.remove(call)
                self._transport.at(when_s + _REST_S, CallResult(call.number, 200, body))
                return

    def kill(self) -> None:
        """A new start knows of no call; persistent ones are not modelled beyond it."""
        self._standing.clear()

    def _make(self, device: Device, method: str, params: Any, *, two_way: bool) -> _Call:
        self._number += 1
        call = _Call(self._number, device, device.calls, method, params, two_way)
        device.calls += 1
        self._standing.append(call)
        return call

    def _send(self, device: Device, now_s: float) -> None:
        where = self._way_to(device, now_s)
        for call in [call for call in self._standing if call.device is device and not call.sent]:
            if where is not None:
                call.sent = True
                self._deliver(call, *where, now_s)
            if not call.two_way:
                self._standing.remove(call)

    def _way_to(self, device: Device, now_s: float, subscription: str = SUBSCRIPTION) -> tuple[Session, str] | None:
        if device.where is None:
            return None
        session, name = device.where
        if session.device is device:
            return device.where if subscription in session.subscriptions else None
        idle_s = now_s - session.open[name].active_s
        return device.where if idle_s <= self._transport.behaviour.inactivity_s else None

    def _deliver(self, call: _Call, session: Session, name: str, now_s: float) -> None:
        when_s = now_s + self._transport.soon(_DELIVERY_S)
        if session.device is call.device:
            content: dict[str, Any] = {"method": call.method, "params": call.params}
            self._transport.deliver(session, when_s, f"v1/devices/me/rpc/request/{call.id}", content)
        else:
            data = {"id": call.id, "method": call.method, "params": call.params}
            when_s = max(when_s, session.open[name].ready_s)
            self._transport.deliver(session, when_s, "v1/gateway/rpc", {"device": name, "data": data})
