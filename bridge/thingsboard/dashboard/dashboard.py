"""Makes the dashboard: *fleet* (counts, a table, energy per day, alarms) and *meter* (by a click on a row). Pure.

No id of a tenant is inside: meters are found by their device type, a meter's page by the dashboard's state. The keys
are those that the bridge sends; ids are made from names, so the same words give the same JSON each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.thingsboard.dashboard import scripts
from bridge.thingsboard.dashboard.charts import alarm_table, bar_chart, line_chart
from bridge.thingsboard.dashboard.scripts import PHASES
from bridge.thingsboard.dashboard.widgets import (
    BLUE,
    COLUMNS,
    DAY_MS,
    FIXED_WINDOW,
    DashboardPage,
    Json,
    attribute,
    bars,
    calendar,
    font,
    guid,
    key,
    last,
    source,
    span,
)
from bridge.thingsboard.dashboard.words import DashboardWords

if TYPE_CHECKING:
    from bridge.thingsboard.dashboard.words import Language

_KWH: Final[Json] = {"usePostProcessing": True, "postFuncBody": scripts.WH_TO_KWH}
_GREEN, _ORANGE, _RED, _SLATE = "#2e7d32", "#ef6c00", "#c62828", "#455a64"


def dashboard(language: Language, device_type: str) -> Json:
    """Return the dashboard's body: title and configuration.

    Args:
        language: of its words.
        device_type: the device profile that the meters have.
    """
    words = DashboardWords(language)
    widgets: dict[str, Json] = {}
    fleet, meter = DashboardPage(widgets), DashboardPage(widgets)
    _fleet(fleet, words)
    _meter(meter, words)
    meters = {"type": "deviceType", "resolveMultiple": True, "deviceTypes": [device_type], "deviceNameFilter": ""}
    this = {
        "type": "stateEntity",
        "resolveMultiple": False,
        "stateEntityParamName": None,
        "defaultStateEntity": None,
    }
    configuration = {
        "description": words["made"],
        "widgets": widgets,
        "states": {
            "default": fleet.state(words["title"], is_root=True),
            "meter": meter.state("${entityName}", is_root=False),
        },
        "entityAliases": {
            guid("meters"): {"id": guid("meters"), "alias": words["meters"], "filter": meters},
            guid("meter"): {"id": guid("meter"), "alias": words["this_meter"], "filter": this},
        },
        "filters": {guid("ok"): _state_ok(words)},
        "timewindow": {
            "selectedTab": 0,
            "realtime": {"realtimeType": 0, "timewindowMs": DAY_MS, "interval": 300_000},
            "aggregation": {"type": "AVG"},
        },
        "settings": {
            "stateControllerId": "entity",
            "showTitle": False,
            "showDashboardsSelect": False,
            "showEntitiesSelect": False,
            "showFilters": False,
            "showDashboardLogo": False,
            "showDashboardTimewindow": False,
            "showDashboardExport": False,
            "toolbarAlwaysOpen": True,
        },
    }
    return {"title": words["title"], "configuration": configuration}


def _fleet(page: DashboardPage, words: DashboardWords) -> None:
    _count(page, "n_meters", 0, (words["meters"], "electric_meter", _SLATE), mobile=0)
    _count(page, "n_ok", 6, (words["state_ok"], "check_circle", _GREEN), filter_of="ok")
    _count(page, "n_alarms", 12, (words["alarms_now"], "warning", _ORANGE), severities=[])
    _count(page, "n_critical", 18, (words["critical_now"], "error", _RED), severities=["CRITICAL"], mobile=0)
    grey = {"useCellStyleFunction": True, "cellStyleFunction": scripts.old_style(words)}
    columns = [
        key("name", words["meter"], "entityField", settings={"columnWidth": "20%"}),
        attribute("state", words["state"], settings=_cell(scripts.STATE_CELL)),
        key(
            "active_power",
            words["last_value"],
            settings={**_cell(scripts.age_cell(words), scripts.age_style(words)), "disableSorting": True},
        ),
        key("active_power", words["power"], units="W", decimals=0, settings=grey),
        key("completeness_day", words["complete"], settings=_cell(scripts.PERCENT_CELL, scripts.PERCENT_STYLE)),
        key("voltage_l1", words["voltage_l1"], units="V", decimals=1, settings=grey),
        key("active_energy", words["register"], units="kWh", decimals=1, **_KWH),
        attribute("serial_number", words["serial"]),
    ]
    click = {
        "id": "open",
        "name": "open",
        "icon": "more_horiz",
        "type": "openDashboardState",
        "targetDashboardStateId": "meter",
        "setEntityId": True,
    }
    page.add(
        "meters", ("cards.entities_table", "latest"), (0, 2, COLUMNS, 8),
        mobile=7, title=words["click"], sources=[source("meters", columns)],
        settings={
            "entitiesTitle": words["click"],
            "displayEntityName": False,
            "displayEntityLabel": False,
            "displayEntityType": False,
            "enableSelectColumnDisplay": False,
            "displayPagination": False,
            "defaultPageSize": 100,
            "defaultSortOrder": words["meter"],
        },
        widgetCss=scripts.CSS_ROWS, noDataDisplayMessage=words["no_meter"], actions={"rowClick": [click]},
    )  # fmt: skip
    bar_chart(
        page, "fleet_days", 0, words["energy_days_all"], source("meters", [bars(_energy("${entityName}"))]),
        window=calendar("CURRENT_MONTH", "SUM", DAY_MS), legend=True,
    )  # fmt: skip
    alarm_table(page, words, "meters", ["startTime", "originator", "type", "severity"], ["ACTIVE"])


def _meter(page: DashboardPage, words: DashboardWords) -> None:
    known = [attribute("state"), attribute("serial_number"), attribute("manufacturer")]
    head = [*known, key("active_power"), key("completeness_day", "completeness")]
    phases = [key(f"{quantity}_{phase}") for phase in PHASES for quantity in ("voltage", "current")]
    for widget, row, height, width, keys, script, css in (
        ("head", 0, 1, COLUMNS, head, scripts.head_card(words), scripts.CSS_HEAD),
        ("phases", 1, 3, 8, phases, scripts.phases_card(words), scripts.CSS_PHASES),
    ):
        page.add(
            widget, ("cards.markdown_card", "latest"), (0, row, width, height),
            mobile=2, sources=[source("meter", keys)],
            settings={
                "useMarkdownTextFunction": True,
                "markdownTextFunction": script,
                "applyDefaultMarkdownStyle": False,
                "markdownCss": css,
            },
        )  # fmt: skip
    _card(page, "power", 8, key("active_power", words["power_now"]), icon="bolt", unit=("W", 0), shows_age=True)
    for widget, column, label, icon, quick, decimals in (
        ("today", 12, "energy_today", "today", "CURRENT_DAY", 1),
        ("month", 16, "energy_month", "calendar_month", "CURRENT_MONTH", 0),
    ):
        summed = _energy(words[label], aggregationType="SUM")
        _card(page, widget, column, summed, icon=icon, unit=("kWh", decimals), **FIXED_WINDOW, timewindow=span(quick))
    register = key("active_energy", words["register"], **_KWH)
    _card(page, "register", 20, register, icon="electric_meter", unit=("kWh", 1), shows_age=True)
    line_chart(page, "p24", 0, words["power_24h"], [key("active_power", words["power"])], unit=("W", 0))
    for widget, column, quantity, unit in (("v24", 8, "voltage", ("V", 0)), ("a24", 16, "current", ("A", 0))):
        of_phases = [key(f"{quantity}_{phase}", phase.upper(), color=colour) for phase, colour in PHASES.items()]
        line_chart(page, widget, column, words[f"{quantity}_24h"], of_phases, unit=unit)
    energy = source("meter", [bars(_energy(words["energy"]))])
    bar_chart(page, "days", 0, words["energy_days"], energy, window=calendar("CURRENT_MONTH", "SUM", DAY_MS))
    bar_chart(page, "months", 12, words["energy_months"], energy, window=calendar("CURRENT_YEAR", "SUM", "MONTH"))
    page.add(
        "events", ("cards.timeseries_table", "timeseries"), (0, 16, 12, 6), mobile=6, title=words["events_30d"],
        sources=[source("meter", [key("event", words["event"]), key("event_code", words["code"])])],
        settings={
            "enableSearch": False,
            "enableSelectColumnDisplay": False,
            "defaultPageSize": 5,
            "hideEmptyLines": True,
        },
        widgetCss=scripts.CSS_ROWS, **FIXED_WINDOW, timewindow=last(30 * DAY_MS, "NONE", 1000),
    )  # fmt: skip
    alarm_table(page, words, "meter", ["startTime", "type", "severity", "status"], [])


def _energy(label: str, **more: Any) -> Json:
    return key("lp_active_energy_delta", label, **_KWH, **more)


def _cell(content: str, style: str = "") -> Json:
    styled = {"useCellStyleFunction": True, "cellStyleFunction": style} if style else {}
    return {"useCellContentFunction": True, "cellContentFunction": content, **styled}


def _count(
    page: DashboardPage,
    widget: str,
    column: int,
    look: tuple[str, str, str],
    *,
    filter_of: str = "",
    severities: list[str] | None = None,
    mobile: int = 1,
) -> None:
    """A figure at the top; with ``severities``, even none, of alarms."""
    label, icon, colour = look
    of_alarms = severities is not None
    counted: Json = {
        "type": "alarmCount" if of_alarms else "entityCount",
        "entityAliasId": guid("meters"),
        "dataKeys": [key("count", kind="count")],
    }
    background: Json = {"type": "constant", "color": colour}
    if of_alarms:
        chosen = {"severityList": severities} if severities else {}
        counted["alarmFilterConfig"] = {"statusList": ["ACTIVE"], **chosen}
        ranges = [{"from": 0, "to": 0, "color": _GREEN}, {"from": 1, "color": colour}]
        background = {"type": "range", "color": colour, "rangeList": ranges}
    if filter_of:
        counted["filterId"] = guid(filter_of)
    page.add(
        widget, ("alarm_count" if of_alarms else "entity_count", "latest"), (column, 0, 6, 2), mobile=mobile,
        sources=[counted], settings={"label": label, "icon": icon, "layout": "row", "iconBackgroundColor": background},
    )  # fmt: skip


def _card(
    page: DashboardPage,
    widget: str,
    column: int,
    shown: Json,
    *,
    icon: str,
    unit: tuple[str, int],
    shows_age: bool = False,
    **config: Any,
) -> None:
    settings = {
        "layout": "centered",
        "autoScale": False,
        "icon": icon,
        "iconSize": 24,
        "iconColor": {"type": "constant", "color": BLUE},
        "showDate": shows_age,
        "valueFont": font(24, "500", "32px"),
        "labelFont": font(14, "400", "20px"),
    }
    page.add(
        widget, ("cards.value_card", "latest"), (column, 1, 4, 3), mobile=2, sources=[source("meter", [shown])],
        settings=settings, units=unit[0], decimals=unit[1], **config,
    )  # fmt: skip


def _state_ok(words: DashboardWords) -> Json:
    value = {"defaultValue": "ok", "dynamicValue": None}
    predicate = {"type": "STRING", "operation": "EQUAL", "value": value, "ignoreCase": True}
    info = {"editable": False, "label": "", "autogeneratedLabel": True, "order": 0}
    return {
        "id": guid("ok"),
        "filter": words["read_well"],
        "editable": False,
        "keyFilters": [
            {
                "key": {"type": "ATTRIBUTE", "key": "state"},
                "valueType": "STRING",
                "predicates": [{"keyFilterPredicate": predicate, "userInfo": info}],
            }
        ],
    }
