"""The tenant's profiles, rules, dashboards and devices behind the REST double, with the traps of the real ones.

versions         a stale one is refused (409); none, or null: the last write wins; every write raises it
names            of profiles unique and case-sensitive, of dashboards not unique; the search is blind to case
nulls            members that were not given come back as null
alarm rules      a list without ``type=ALARM`` is empty; ``additionalInfo`` is kept from 4.3.1.2 on
in use           a dashboard that a profile points at cannot be removed
"""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.thingsboard.server import ThingsBoard

Body = dict[str, Any]
_NULLS = {
    "deviceProfile": {"image": None, "defaultRuleChainId": None, "default": False, "firmwareId": None},
    "dashboard": {"image": None, "assignedCustomers": None, "mobileHide": False},
    "calculatedField": {"debugSettings": None, "tenantId": None},
}


class Refusal(Exception):  # noqa: N818 - what a server answers
    """Status, errorCode, message."""


class TenantStore:
    """What one tenant has, beside the telemetry.

    Args:
        model: the server, for its devices.
        device_id: a device's id by its name.
        version: of the server, looked at each time.
    """

    def __init__(
        self, model: ThingsBoard, device_id: Callable[[str], str], version: Callable[[], tuple[int, ...]]
    ) -> None:
        self._model, self._device_id, self._version = model, device_id, version
        self.things: dict[str, dict[str, Body]] = {"deviceProfile": {}, "dashboard": {}, "calculatedField": {}}
        """By kind and id, as they are stored."""
        self.writes: list[str] = []
        """The kind of each write, in order."""
        self.max_dashboards = 0
        self._devices: dict[str, Body] = {}

    def find(self, kind: str, name: str) -> Body:
        """The one thing of this name or title."""
        [found] = [one for one in self.things[kind].values() if name in (one.get("name"), one.get("title"))]
        return found

    def handle(  # noqa: PLR0911 - an answer for each path
        self, method: str, words: list[str], query: dict[str, str], body: Body
    ) -> object:
        """Answer a request that is for one of these; None for none of them. Raises Refusal."""
        match method, words:
            case "GET", ["tenant", "dashboards"]:
                return self._page("dashboard", "title", query, without="configuration")
            case "GET", ["deviceProfileInfos"]:
                return self._page("deviceProfile", "name", query, without="profileData")
            case "GET", ["DEVICE_PROFILE", profile, "calculatedFields"]:
                return self._rules(profile, query)
            case "GET", [("dashboard" | "deviceProfile") as kind, wanted]:
                return self._get(kind, wanted)
            case "GET", ["device", wanted, "credentials"]:
                behaviour = self._model.behaviour
                is_gateway = behaviour.gateway_name in self._model.devices
                is_gateway = is_gateway and self._device_id(behaviour.gateway_name) == wanted
                return {"credentialsId": behaviour.token if is_gateway else f"token-of-{wanted}"}
            case "POST", [("dashboard" | "deviceProfile" | "calculatedField") as kind]:
                return self._save(kind, body)
            case "POST", ["device"]:
                return self._save_device(body)
            case "DELETE", [("dashboard" | "calculatedField") as kind, wanted]:
                return self._delete(kind, wanted)
        return None

    def device(self, name: str) -> Body:
        """What is known of a device beyond the model."""
        return self._devices.get(name, {"additionalInfo": None, "version": 1})

    def _page(self, kind: str, name: str, query: dict[str, str], *, without: str) -> Body:
        wanted = query.get("textSearch", "").lower()
        found = [one for one in self.things[kind].values() if wanted in one[name].lower()]
        return _paged([{member: one[member] for member in one if member != without} for one in found], query)

    def _rules(self, profile: str, query: dict[str, str]) -> Body:
        rules = self.things["calculatedField"].values() if query.get("type") == "ALARM" else ()
        return _paged([copy.deepcopy(rule) for rule in rules if rule["entityId"]["id"] == profile], query)

    def _get(self, kind: str, wanted: str) -> Body:
        if wanted not in self.things[kind]:
            raise Refusal(404, 32, f"{kind} with id [{wanted}] is not found")
        return copy.deepcopy(self.things[kind][wanted])

    def _save(self, kind: str, body: Body) -> Body:
        there = self.things[kind]
        if kind == "deviceProfile" and not (body.get("profileData") or {}).get("configuration"):
            raise Refusal(500, 2, 'Cannot invoke "getType()" because "configuration" is null')
        if kind == "calculatedField" and not body["configuration"].get("createRules"):
            raise Refusal(400, 31, "Validation error: createRules must not be empty")
        old = there.get((body.get("id") or {}).get("id", ""))
        if body.get("id") and old is None:
            raise Refusal(404, 32, "Requested item wasn't found!")
        if old is not None and body.get("version") is not None and body["version"] != old["version"]:
            raise Refusal(409, 35, f"{kind} was already changed by someone else")
        if kind != "dashboard" and any(
            one is not old and one["name"] == body["name"] and one.get("entityId") == body.get("entityId")
            for one in there.values()
        ):
            raise Refusal(400, 31, "Device profile with such name already exists!")
        if kind == "dashboard" and old is None and self.max_dashboards and len(there) >= self.max_dashboards:
            raise Refusal(403, 41, "Dashboards limit reached")
        stored = copy.deepcopy({**_NULLS[kind], **body})
        if kind == "calculatedField" and self._version() < (4, 3, 1, 2):
            stored.pop("additionalInfo", None)
        stored["version"] = old["version"] + 1 if old else 1
        stored["id"] = old["id"] if old else {"entityType": kind.upper(), "id": str(uuid.uuid4())}
        there[stored["id"]["id"]] = stored
        self.writes.append(kind)
        return copy.deepcopy(stored)

    def _save_device(self, body: Body) -> Body:
        name = body["name"]
        if name not in self._model.devices:
            self._model.add_device(name, body["type"])
        elif not body.get("id"):
            raise Refusal(400, 31, "Device with such name already exists!")
        known = self.device(name)
        self._devices[name] = {"additionalInfo": body.get("additionalInfo"), "version": known["version"] + 1}
        self.writes.append("device")
        return {**body, "id": {"entityType": "DEVICE", "id": self._device_id(name)}, **self._devices[name]}

    def _delete(self, kind: str, wanted: str) -> Body:
        self._get(kind, wanted)
        pointing = (one.get("defaultDashboardId") or {} for one in self.things["deviceProfile"].values())
        if any(one.get("id") == wanted for one in pointing):
            raise Refusal(400, 31, "The dashboard is referenced by a device profile")
        del self.things[kind][wanted]
        self.writes.append(f"{kind} removed")
        return {}


def _paged(found: list[Body], query: dict[str, str]) -> Body:
    size, page = int(query["pageSize"]), int(query["page"])
    first = size * page
    return {
        "data": copy.deepcopy(found[first : first + size]),
        "totalPages": -(-len(found) // size),
        "totalElements": len(found),
        "hasNext": first + size < len(found),
    }
