"""A key and a secret become a device and its token: ``/provision/request`` in a session of the user ``provision``.

Rules: ``"gateway": true`` in the request makes a gateway; without it the device is a plain one. The words of the
refusals are ThingsBoard's documentation's, not recorded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.thingsboard.payloads import Malformed, parse

if TYPE_CHECKING:
    import random

    from tests.thingsboard.behaviour import Behaviour
    from tests.thingsboard.devices import Devices

USER = "provision"
REQUEST = "/provision/request"
RESPONSE = "/provision/response"


def answer(
    behaviour: Behaviour, payload: bytes, devices: Devices, rng: random.Random
) -> tuple[dict[str, Any], str | None]:
    """What is answered, with the new device's name in it where there is one, and its token."""
    try:
        asked = parse(payload)
    except Malformed:
        asked = None
    if type(asked) is not dict:
        return {"status": "FAILURE", "errorMsg": "Failed to parse the request"}, None
    given = (asked.get("provisionDeviceKey"), asked.get("provisionDeviceSecret"))
    if given != (behaviour.provision_key, behaviour.provision_secret):
        return {"status": "NOT_FOUND", "errorMsg": "Provision data was not found!"}, None
    name = str(asked.get("deviceName") or f"{rng.getrandbits(80):020x}")
    if name in devices.by_name:
        return {"status": "FAILURE", "errorMsg": "Failed to provision device!"}, None
    device = devices.add(name)
    device.marked = bool(asked.get("gateway", False))
    token = f"{rng.getrandbits(80):020x}"
    told = {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": token, "deviceName": name}
    return told, token
