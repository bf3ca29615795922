"""Remote calls from ThingsBoard to the gateway or a device behind it: what is asked, what is answered. Pure.

The gateway MQTT API: a call comes on ``v1/gateway/rpc`` as ``{"device", "data": {"id", "method", "params"}}`` and is
answered on the same topic as ``{"device", "id", "data"}``. A shared attribute that changes comes on
``v1/gateway/attributes`` as ``{"device", "data": {"key": value}}``, one that is deleted as
``{"device", "data": {"deleted": ["key"]}}``.

The device MQTT API, which is the gateway's own as well: a call comes on ``v1/devices/me/rpc/request/<id>`` as
``{"method", "params"}`` and is answered on ``v1/devices/me/rpc/response/<id>``; shared attributes come on
``v1/devices/me/attributes`` as ``{"key": value}`` or ``{"deleted": ["key"]}``.

Topics are ThingsBoard's own; where they lie on the local broker is the upstream's business.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GATEWAY_RPC = "v1/gateway/rpc"
CALLS = GATEWAY_RPC
CHANGES = "v1/gateway/attributes"
DEVICE_CALLS = "v1/devices/me/rpc/request/"
DEVICE_CHANGES = "v1/devices/me/attributes"
_DEVICE_ANSWER = "v1/devices/me/rpc/response/"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: which device (empty: the gateway), the number its answer must carry, what to do and with what."""

    device: str
    id: int
    method: str
    params: Any


class Unreadable(ValueError):  # noqa: N818 - a finding about the payload
    """What came is no call. There is nobody to answer; say it in the log and go on."""


def call(topic: str, payload: bytes, own: str = "") -> Call:
    """Return the call in ``payload``.

    Args:
        topic: where it came.
        payload: what came.
        own: in device mode, the device that every call on the device API is for; else the gateway, which is empty.

    Raises:
        Unreadable: it holds none.
    """
    match _parsed(payload):
        case {"device": str(device), "data": {"id": int(number), "method": str(method), **rest}} if (
            topic == CALLS and device
        ):
            return Call(device, number, method, rest.get("params"))
        case {"method": str(method), **rest} if topic.removeprefix(DEVICE_CALLS).isdecimal():
            return Call(own, int(topic.removeprefix(DEVICE_CALLS)), method, rest.get("params"))
        case _:
            raise Unreadable("a remote call needs device, id and method")


def answer(topic: str, asked: Call, data: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return topic and payload that answer ``asked``, which came on ``topic``."""
    if topic == CALLS:
        return GATEWAY_RPC, _json({"device": asked.device, "id": asked.id, "data": data})
    return f"{_DEVICE_ANSWER}{asked.id}", _json(data)


def shared_attributes(topic: str, payload: bytes, own: str = "") -> tuple[str, dict[str, Any], list[str]]:
    """Return the device, the shared attributes that changed and those that were deleted; arguments as for :func:`call`.

    Raises:
        Unreadable: it holds none.
    """
    match _parsed(payload):
        case {"device": str(device), "data": dict(values)} if topic == CHANGES:
            pass
        case dict(values) if topic == DEVICE_CHANGES:
            device = own
        case _:
            raise Unreadable("a change of shared attributes needs device and data")
    deleted = values.pop("deleted", [])
    return device, values, [str(key) for key in deleted] if isinstance(deleted, list) else []


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
