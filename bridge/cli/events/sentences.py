"""What ``bridge events`` says. English, Spanish. The events' own words are in ``words_in_spanish.py``."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "events.help": (
        "show what a meter's own event logs say: power cuts, clock, covers, disconnector",
        "mostrar lo que dicen los registros de eventos de un medidor: cortes, reloj, tapas, interruptor",
    ),
    "events.help.about": (
        "Shows the entries of the meters' event logs, as the bridge has read and sent them. Reads the ledger on the data volume, whether the bridge runs or not. All times are UTC, by the meter's clock.",
        "Muestra las entradas de los registros de eventos de los medidores, como el puente las leyó y envió. Lee el registro del volumen de datos, esté el puente en marcha o no. Todas las horas son UTC, según el reloj del medidor.",
    ),
    "events.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge events main\n"
            "  docker compose exec bridge bridge events main --since 7d\n"
            "\n"
            "exit codes: 0 shown, if only that there are none · 2 it cannot be told"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge events main\n"
            "  docker compose exec bridge bridge events main --since 7d\n"
            "\n"
            "códigos de salida: 0 mostrado, aunque no haya ninguno · 2 no se puede saber"
        ),
    ),
    "events.help.meter": ("name of a meter; all of them without it", "nombre de un medidor; sin él, todos"),
    "events.help.since": (
        "from when: 2026-11-20, 2026-11-20T06:00 (UTC), 2026-11-20T06:00-05:00, or how long ago: 7d, 12h, 90min",
        "desde cuándo: 2026-11-20, 2026-11-20T06:00 (UTC), 2026-11-20T06:00-05:00, o hace cuánto: 7d, 12h, 90min",
    ),
    "events.help.limit": (
        "at most so many of the newest; otherwise 50",
        "como máximo tantos de los más recientes; si no, 50",
    ),
    "events.help.json": ("as one JSON document", "como un documento JSON"),
    "events.utc": (
        "now: {now}; times are UTC, by the meter's clock",
        "ahora: {now}; las horas son UTC, según el reloj del medidor",
    ),
    "events.column.time": ("time", "hora"),
    "events.column.meter": ("meter", "medidor"),
    "events.column.log": ("log", "registro"),
    "events.column.code": ("code", "código"),
    "events.column.event": ("event", "evento"),
    "events.wanted": ("not sent yet", "aún no enviado"),
    "events.on_its_way": ("on its way to ThingsBoard", "en camino a ThingsBoard"),
    "events.confirmed": ("stored", "guardado"),
    "events.refused": ("refused by ThingsBoard", "rechazado por ThingsBoard"),
    "events.any": ("any meter", "ningún medidor"),
    "events.none": ("no event of {name} in that time", "ningún evento de {name} en ese tiempo"),
    "events.no_log": ("no event log of {name}; {why}", "ningún registro de eventos de {name}; {why}"),
    "events.cut": (
        "the newest {limit}; more with --limit or --since",
        "los {limit} más recientes; más con --limit o --since",
    ),
}
