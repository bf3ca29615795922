"""Makes what ThingsBoard needs, compares it, or takes it away: dashboard, device profile, alarm rules, gateway.

Rules
    Compare, then write: each write raises a thing's version and is somebody's to notice.
    Mine or not is told by the mark alone (``marks.py``); what a person changed stays, unless it is forced.
    A profile's default dashboard that a person chose is never replaced.
    Stopping half-way does no harm: the next time goes on. Order: dashboard, profile (it points there), rules, gateway;
    away: rules, the profile's pointer, dashboard. Devices, their data and the profile stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from bridge.thingsboard.dashboard.dashboard import dashboard
from bridge.thingsboard.dashboard.words import titles
from bridge.thingsboard.refusals import CONFLICT
from bridge.thingsboard.rest import RefusalError
from bridge.thingsboard.tenant.alarm_rules import alarm_rules
from bridge.thingsboard.tenant.marks import is_edited, is_ours, mark_of, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.thingsboard.dashboard.words import Language
    from bridge.thingsboard.tenant.objects import Body, TenantObjects

Outcome = Literal["same", "created", "changed", "edited", "not mine", "missing", "old", "removed", "left out"]
ThingKind = Literal["dashboard", "profile", "default dashboard", "alarm rule", "gateway"]
_RULES_FROM: Final = (4, 3)
_RULE_MARKS_FROM: Final = (4, 3, 1, 2)


@dataclass(frozen=True, slots=True)
class Furnishing:
    """What should be there.

    Args:
        language: of the dashboard.
        device_type: the meters' device profile.
        gateway: the gateway device's name.
        nominal_voltage: volts.
    """

    language: Language
    device_type: str
    gateway: str
    nominal_voltage: float


@dataclass(frozen=True, slots=True)
class FurnishedThing:
    """One thing, and what became of it, or what it is.

    Args:
        kind: what it is.
        name: which.
        outcome: ``missing`` and ``old`` where nothing was to be written.
    """

    kind: ThingKind
    name: str
    outcome: Outcome

    @property
    def differs(self) -> bool:
        """Whether it is not as it should be."""
        return self.outcome in ("missing", "old", "edited", "not mine", "left out")


class Furnisher:
    """Works on one tenant.

    Args:
        objects: its things.
        wanted: what should be there.
        tell: told each thing as it is done.
        writes: False compares and writes nothing.
        force: whether what a person changed is overwritten, or taken away, too.
    """

    def __init__(
        self,
        objects: TenantObjects,
        wanted: Furnishing,
        tell: Callable[[FurnishedThing], None],
        *,
        writes: bool,
        force: bool = False,
    ) -> None:
        self._objects = objects
        self._wanted = wanted
        self._tell = tell
        self._writes = writes
        self._force = force
        self._version: tuple[int, ...] = ()

    def apply(self) -> None:
        """Have everything there; or, where nothing is written, say what is not.

        Raises:
            UpstreamError: ThingsBoard does not answer, or refuses.
        """
        self._version = self._objects.version()
        shown = _once_more(self._dashboard)
        profile = _once_more(lambda: self._profile(shown))
        if self._version < _RULES_FROM:
            self._say("alarm rule", "*", "left out")
        elif profile is not None:
            self._rules(profile)
        else:
            for rule in alarm_rules(self._wanted.nominal_voltage):
                self._say("alarm rule", rule["name"], "missing")
        _once_more(self._gateway)

    def remove(self) -> None:
        """Take away what the bridge made and nobody changed; raises as :meth:`apply`."""
        self._version = self._objects.version()
        profile = self._objects.profile(self._wanted.device_type)
        if profile is not None and self._version >= _RULES_FROM:
            self._remove_rules(profile)
        mine = self._marked_dashboard()
        if mine is None:
            return
        name = mine["title"]
        if is_edited(*_without_mark(mine)) and not self._force:
            self._say("dashboard", name, "edited")
            return
        if self._writes:
            if profile is not None and (profile.get("defaultDashboardId") or {}).get("id") == mine["id"]["id"]:
                self._objects.save_profile({**profile, "defaultDashboardId": None})
            self._objects.remove_dashboard(mine)
        self._say("dashboard", name, "removed")

    def _dashboard(self) -> Body | None:
        wanted = dashboard(self._wanted.language, self._wanted.device_type)
        marked = {**wanted["configuration"], "bridge": mark_of(wanted["configuration"])}
        found = self._marked_dashboard()
        if found is None:
            return self._made(
                "dashboard", wanted["title"], lambda: self._objects.save_dashboard({**wanted, "configuration": marked})
            )
        how = standing(*_without_mark(found), wanted["configuration"])
        body = {**found, "title": wanted["title"], "configuration": marked}
        return self._brought(how, "dashboard", wanted["title"], found, lambda: self._objects.save_dashboard(body))

    def _marked_dashboard(self) -> Body | None:
        for title in titles():
            for found in self._objects.dashboards(title):
                if is_ours(_without_mark(found)[1]):
                    return found
        return None

    def _profile(self, shown: Body | None) -> Body | None:
        name = self._wanted.device_type
        profile = self._objects.profile(name)
        points = shown["id"] if shown is not None else None
        if profile is None:
            body = {
                "name": name,
                "type": "DEFAULT",
                "transportType": "DEFAULT",
                "description": "Electricity meters that dlms-bridge reads",
                "defaultDashboardId": points,
                "profileData": {
                    "configuration": {"type": "DEFAULT"},
                    "transportConfiguration": {"type": "DEFAULT"},
                },
            }
            return self._made("profile", name, lambda: self._objects.save_profile(body))
        pointed = profile
        if profile.get("defaultDashboardId") is None and points is not None:
            body = {**profile, "defaultDashboardId": points}
            pointed = self._made("default dashboard", name, lambda: self._objects.save_profile(body)) or profile
        self._say("profile", name, "same")
        return pointed

    def _rules(self, profile: Body) -> None:
        there = self._objects.rules(profile)
        for wanted in alarm_rules(self._wanted.nominal_voltage):
            try:
                self._rule(profile, wanted, there)
            except RefusalError as error:
                if error.status != CONFLICT:
                    raise
                self._rule(profile, wanted, self._objects.rules(profile))

    def _rule(self, profile: Body, wanted: Body, there: Mapping[str, Body]) -> None:
        name, configuration, found = wanted["name"], wanted["configuration"], there.get(wanted["name"])
        body = {**wanted, "type": "ALARM", "entityId": profile["id"]}
        if self._version >= _RULE_MARKS_FROM:
            body["additionalInfo"] = mark_of(configuration)
        if found is None:
            self._made("alarm rule", name, lambda: self._objects.save_rule(body))
            return
        how = standing(found["configuration"], found.get("additionalInfo"), configuration)
        body |= {"id": found["id"], "version": found.get("version")}
        self._brought(how, "alarm rule", name, found, lambda: self._objects.save_rule(body))

    def _remove_rules(self, profile: Body) -> None:
        there = self._objects.rules(profile)
        for wanted in alarm_rules(self._wanted.nominal_voltage):
            found = there.get(wanted["name"])
            if found is None:
                continue
            mark = found.get("additionalInfo")
            if not is_ours(mark):
                self._say("alarm rule", wanted["name"], "not mine")
            elif is_edited(found["configuration"], mark) and not self._force:
                self._say("alarm rule", wanted["name"], "edited")
            else:
                if self._writes:
                    self._objects.remove_rule(found)
                self._say("alarm rule", wanted["name"], "removed")

    def _gateway(self) -> Body | None:
        name, info = self._wanted.gateway, {"gateway": True, "overwriteActivityTime": False}
        found = self._objects.device(name)
        if found is None:
            body = {"name": name, "type": "default", "additionalInfo": info}
            return self._made("gateway", name, lambda: self._objects.save_device(body))
        has: Any = found.get("additionalInfo") or {}
        body = {**found, "additionalInfo": {**has, **info}}
        how = "same" if has.get("gateway") is True else "old"
        return self._brought(how, "gateway", name, found, lambda: self._objects.save_device(body))

    def _made(self, kind: ThingKind, name: str, make: Callable[[], Body]) -> Body | None:
        if not self._writes:
            self._say(kind, name, "missing")
            return None
        made = make()
        self._say(kind, name, "created")
        return made

    def _brought(self, how: str, kind: ThingKind, name: str, found: Body, change: Callable[[], Body]) -> Body:
        """Bring what is there to what is wanted, where that is ours to do."""
        if how == "same":
            self._say(kind, name, "same")
        elif how != "old" and not self._force:
            self._say(kind, name, "edited" if how == "edited" else "not mine")
        elif not self._writes:
            self._say(kind, name, "old")
        else:
            found = change()
            self._say(kind, name, "changed")
        return found

    def _say(self, kind: ThingKind, name: str, outcome: Outcome) -> None:
        self._tell(FurnishedThing(kind, name, outcome))


def _without_mark(found: Body) -> tuple[Body, object]:
    """Return a dashboard's configuration without its mark, and the mark."""
    without = dict(found.get("configuration") or {})
    return without, without.pop("bridge", None)


def _once_more(do: Callable[[], Any]) -> Any:
    """Do it; where somebody else changed the thing meanwhile, read and compare once more."""
    try:
        return do()
    except RefusalError as error:
        if error.status != CONFLICT:
            raise
    return do()
