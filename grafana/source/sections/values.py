"""What the meters say, one panel per unit that they state."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Column, Panel, Query, lines, table
from grafana.source.queries import ANSWERS, MOST_LINES, WHOLE, of


def _values(
    title: str,
    description: str,
    matcher: str,
    unit: str,
    *,
    decimals: int | None = None,
    legend: str = "{{meter}} {{key}}",
) -> Panel:
    value = of("dlms_meter_value", matcher)
    return lines(
        title,
        f"{description} Drawn only while the meter answers. With more than {MOST_LINES} registers, the "
        "largest are drawn: choose meters at the top of the page.",
        Query(f"{value} and {ANSWERS} and topk({MOST_LINES}, max_over_time({value}{WHOLE}))", legend),
        unit=unit,
        decimals=decimals,
        empty="no chosen meter states a value in this unit",
        bounds=(None, None),
    )


VALUES = Section(
    "Values",
    (
        _values("Voltage", "Every register that the meter states in volts.", 'unit="V"', "volt", decimals=1),
        _values("Current", "Every register that the meter states in amperes.", 'unit="A"', "amp", decimals=2),
        _values("Power", "Every register that the meter states in watts.", 'unit="W"', "watt"),
        # Not Grafana's own watt-hours: in MWh every tick of a day would read the same.
        _values(
            "Energy",
            "Every register that the meter states in watt-hours: its present reading.",
            'unit="Wh"',
            "suffix:Wh",
        ),
        _values("Frequency", "Every register that the meter states in hertz.", 'unit="Hz"', "hertz", decimals=2),
        _values(
            "Other values",
            "Every register with another unit, or none; the unit is in the name.",
            'unit!~"V|A|W|Wh|Hz"',
            "none",
            legend="{{meter}} {{key}} {{unit}}",
        ),
        table(
            "Every value now",
            "The last value of every register, in the unit that the meter states, of the meters that answer.",
            Query(f"max by (meter, key, unit) ({of('dlms_meter_value')} and {ANSWERS})"),
            columns=(
                Column("meter", "Meter"),
                Column("key", "Key"),
                Column("Value", "Value", unit="string"),
                Column("unit", "Unit"),
            ),
            empty="no chosen meter answers",
            sort=("Meter", "Key"),
        ),
    ),
)
