"""The alarm rules of the meters' device profile, as ThingsBoard 4.3 wants them: calculated fields of type ALARM. Pure.

A limit is an argument that reads a *server attribute* of the device and falls back to a default: one meter's limits are
changed by an attribute, and nobody needs to edit a rule.

====================== ======== ============================================= ==========================================
rule                   severity raised when                                   server attributes, with their defaults
====================== ======== ============================================= ==========================================
``No data``            major    no power value for some minutes               ``no_data_minutes`` 10
``Read failing``       major    attribute ``state`` is ``failing``            none
``Clock off``          warning  attribute ``clock_offset`` beyond the limit   ``clock_limit_s`` 30 (and ``…_minus_s``)
``Completeness low``   warning  ``completeness_day`` below the limit          ``completeness_min`` 0.95
``Voltage out of
range``                major    a phase outside the limits for a minute       ``voltage_min``, ``voltage_max``: 10 %
``Tamper``             critical a cover was opened, or the fraud log speaks   none; a person clears it
====================== ======== ============================================= ==========================================
"""

from __future__ import annotations

from typing import Any, Final

Body = dict[str, Any]

_PHASES: Final = ("l1", "l2", "l3")
_NO_DATA_MIN: Final = 10
_CLOCK_S: Final = 30
_COMPLETENESS: Final = 0.95
_VOLTAGE_SHARE: Final = 0.1
_VOLTAGE_FOR_S: Final = 60
_LOWEST_POWER: Final = -1e8


def alarm_rules(nominal_voltage: float) -> list[Body]:
    """Return the rules, each a body but for the profile it belongs to.

    Args:
        nominal_voltage: volts; the limits of voltage are a tenth below and above.
    """
    low, high = round(nominal_voltage * (1 - _VOLTAGE_SHARE), 1), round(nominal_voltage * (1 + _VOLTAGE_SHARE), 1)
    volts = {  # a meter without the phases L2 and L3 has them right in the middle
        phase: _value(f"voltage_{phase}", None if phase == "l1" else nominal_voltage) for phase in _PHASES
    }
    return [
        _rule(
            "No data",
            "MAJOR",
            # Without a default the argument is missing, and a meter that never sent anything raises nothing.
            {"power": _value("active_power", -1e9), "minutes": _server("no_data_minutes", _NO_DATA_MIN)},
            _now(_filters("AND", _no_data("power", "minutes"))),
            _now(_filters("AND", _number("power", "GREATER", _LOWEST_POWER))),
            details="no value for ${minutes} min",
        ),
        _rule(
            "Read failing",
            "MAJOR",
            {"state": _client("state")},
            _now(_filters("AND", _text("state", "EQUAL", "failing"))),
            _now(_filters("AND", _text("state", "NOT_EQUAL", "failing"))),
        ),
        _rule(
            "Clock off",
            "WARNING",
            {
                "off": _client("clock_offset"),
                "limit": _server("clock_limit_s", _CLOCK_S),
                "minus": _server("clock_limit_minus_s", -_CLOCK_S),
            },
            _now(_filters("OR", _number("off", "GREATER", "limit"), _number("off", "LESS", "minus"))),
            _now(
                _filters("AND", _number("off", "LESS_OR_EQUAL", "limit"), _number("off", "GREATER_OR_EQUAL", "minus"))
            ),
            details="clock off by ${off} s",
        ),
        _rule(
            "Completeness low",
            "WARNING",
            {"share": _value("completeness_day"), "limit": _server("completeness_min", _COMPLETENESS)},
            _now(_filters("AND", _number("share", "LESS", "limit"))),
            _now(_filters("AND", _number("share", "GREATER_OR_EQUAL", "limit"))),
            details="${share} of the day's intervals",
        ),
        _rule(
            "Voltage out of range",
            "MAJOR",
            {**volts, "low": _server("voltage_min", low), "high": _server("voltage_max", high)},
            _lasting(
                _VOLTAGE_FOR_S,
                _filters(
                    "OR",
                    *(_number(phase, "GREATER", "high") for phase in _PHASES),
                    *(_number(phase, "LESS", "low") for phase in _PHASES),
                ),
            ),
            _now(
                _filters(
                    "AND",
                    *(_number(phase, "LESS_OR_EQUAL", "high") for phase in _PHASES),
                    *(_number(phase, "GREATER_OR_EQUAL", "low") for phase in _PHASES),
                )
            ),
            details="L1 ${l1} V, L2 ${l2} V, L3 ${l3} V; allowed ${low} to ${high} V",
        ),
        _rule(
            "Tamper",
            "CRITICAL",
            {"event": _value("event"), "log": _value("event_log", "none")},
            _now(_filters("OR", _text("event", "CONTAINS", "cover opened"), _text("log", "EQUAL", "fraud"))),
            None,
            details="${event}",
        ),
    ]


def _rule(name: str, severity: str, arguments: Body, raised: Body, cleared: Body | None, *, details: str = "") -> Body:
    create: Body = {"condition": raised}
    if details:
        create["alarmDetails"] = details
    configuration: Body = {"type": "ALARM", "arguments": arguments, "createRules": {severity: create}}
    if cleared is not None:
        configuration["clearRule"] = {"condition": cleared}
    return {"name": name, "configuration": configuration}


def _argument(key: Body, default: float | str | None) -> Body:
    return {"refEntityKey": key} if default is None else {"refEntityKey": key, "defaultValue": str(default)}


def _value(key: str, default: float | str | None = None) -> Body:
    return _argument({"key": key, "type": "TS_LATEST"}, default)


def _server(key: str, default: float) -> Body:
    return _argument({"key": key, "type": "ATTRIBUTE", "scope": "SERVER_SCOPE"}, default)


def _client(key: str) -> Body:
    return _argument({"key": key, "type": "ATTRIBUTE", "scope": "CLIENT_SCOPE"}, None)


def _limit(limit: float | str) -> Body:
    return {"dynamicValueArgument": limit} if isinstance(limit, str) else {"staticValue": limit}


def _number(argument: str, operation: str, limit: float | str) -> Body:
    predicate = {"type": "NUMERIC", "operation": operation, "value": _limit(limit)}
    return {"argument": argument, "valueType": "NUMERIC", "predicates": [predicate]}


def _text(argument: str, operation: str, text: str) -> Body:
    predicate = {"type": "STRING", "operation": operation, "value": {"staticValue": text}, "ignoreCase": True}
    return {"argument": argument, "valueType": "STRING", "predicates": [predicate]}


def _no_data(argument: str, minutes: str) -> Body:
    predicate = {"type": "NO_DATA", "unit": "MINUTES", "duration": _limit(minutes)}
    return {"argument": argument, "valueType": "NUMERIC", "predicates": [predicate]}


def _filters(operation: str, *filters: Body) -> Body:
    return {"type": "SIMPLE", "operation": operation, "filters": list(filters)}


def _now(expression: Body) -> Body:
    return {"type": "SIMPLE", "expression": expression}


def _lasting(seconds: int, expression: Body) -> Body:
    return {"type": "DURATION", "unit": "SECONDS", "value": _limit(seconds), "expression": expression}
