"""The few calls that a tenant's profile, rules, dashboards and gateway need; each knows its call's traps.

lists                pages of a hundred; names are compared here: the search is blind to case, and finds parts of names
rules                without ``type=ALARM`` the list is empty
dashboards           titles repeat; a list has no configuration
updates              always with the version that was read: without it ThingsBoard overwrites silently
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.errors import UpstreamError
from bridge.thingsboard.refusals import NOT_FOUND
from bridge.thingsboard.rest import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bridge.thingsboard.rest import Rest

Body = dict[str, Any]
_PAGE: Final = 100
_ADMINISTRATOR: Final = "TENANT_ADMIN"


class TenantObjects:
    """One tenant's things.

    Args:
        rest: the client.
    """

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def version(self) -> tuple[int, ...]:
        """Return ThingsBoard's version.

        Raises:
            UpstreamError: the user is no tenant administrator, or the answers are none of ThingsBoard's; and as
                all that asks here: it was not answered, or refused.
        """
        authority = self._rest.get("/api/auth/user").get("authority")
        if authority != _ADMINISTRATOR:
            raise UpstreamError(
                f"the user of this login is {authority}, and only a tenant administrator may do this",
                hint="make an API key as a tenant administrator, or give that user's name and password",
            )
        told = str(self._rest.get("/api/system/info").get("version", ""))
        try:
            return tuple(int(part) for part in told.split("-", maxsplit=1)[0].split("."))
        except ValueError:
            raise UpstreamError(f"the version of this ThingsBoard is {told!r}, which nobody knows") from None

    def dashboards(self, title: str) -> Iterator[Body]:
        """Yield the dashboards with exactly this title, whole."""
        for listed in self._pages("/api/tenant/dashboards", textSearch=title):
            if listed["title"] == title:
                yield self._rest.get(f"/api/dashboard/{listed['id']['id']}")

    def profile(self, name: str) -> Body | None:
        """Return the device profile of this name, whole; None when there is none."""
        for listed in self._pages("/api/deviceProfileInfos", textSearch=name):
            if listed["name"] == name:
                whole: Body = self._rest.get(f"/api/deviceProfile/{listed['id']['id']}")
                return whole
        return None

    def rules(self, profile: Body) -> dict[str, Body]:
        """Return the alarm rules of a profile by name."""
        path = f"/api/DEVICE_PROFILE/{profile['id']['id']}/calculatedFields"
        return {rule["name"]: rule for rule in self._pages(path, type="ALARM")}

    def device(self, name: str) -> Body | None:
        """Return the device of this name; None when there is none."""
        try:
            found: Body = self._rest.get("/api/tenant/devices", {"deviceName": name})
        except RefusalError as error:
            if error.status == NOT_FOUND:
                return None
            raise
        return found

    def token(self, device: Body) -> str:
        """Return a device's access token."""
        return str(self._rest.get(f"/api/device/{device['id']['id']}/credentials")["credentialsId"])

    def save_dashboard(self, body: Body) -> Body:
        """Make a dashboard, or change the one whose id and version it has; return it."""
        return self._saved("/api/dashboard", body)

    def save_profile(self, body: Body) -> Body:
        """Make a device profile, or change one; return it."""
        return self._saved("/api/deviceProfile", body)

    def save_rule(self, body: Body) -> Body:
        """Make an alarm rule, or change one; return it."""
        return self._saved("/api/calculatedField", body)

    def save_device(self, body: Body) -> Body:
        """Make a device, or change one; return it."""
        return self._saved("/api/device", body)

    def remove_dashboard(self, body: Body) -> None:
        """Remove a dashboard; a profile that points at it must be made not to, before."""
        self._rest.delete(f"/api/dashboard/{body['id']['id']}")

    def remove_rule(self, body: Body) -> None:
        """Remove an alarm rule."""
        self._rest.delete(f"/api/calculatedField/{body['id']['id']}")

    def _saved(self, path: str, body: Body) -> Body:
        saved: Body = self._rest.post(path, body)
        return saved

    def _pages(self, path: str, **query: str) -> Iterator[Body]:
        page = 0
        while True:
            told = self._rest.get(path, {"pageSize": _PAGE, "page": page, **query})
            yield from told["data"]
            if not told["hasNext"]:
                return
            page += 1
