"""What ``bridge audit`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "audit.help": (
        "ask ThingsBoard whether it has every value, name those it lacks, and send them again",
        "preguntar a ThingsBoard si tiene todos los valores, nombrar los que le faltan y volver a enviarlos",
    ),
    "audit.help.about": (
        (
            "Counts, by meter, key and day, the values that ThingsBoard has, and compares them with what was stored: every\n"
            "interval and event of the ledger, and the live readings that are kept (OUTBOX__KEEP_HOURS). Where they differ it\n"
            "names each value that is missing. Needs THINGSBOARD__API_URL and a tenant administrator's API key or login.\n"
            "Changes nothing, unless --repair is given. Works whether or not the bridge runs."
        ),
        (
            "Cuenta, por medidor, clave y día, los valores que tiene ThingsBoard y los compara con lo que se guardó: cada\n"
            "intervalo y evento del libro y las lecturas en vivo conservadas (OUTBOX__KEEP_HOURS). Donde difieren nombra\n"
            "cada valor que falta. Necesita THINGSBOARD__API_URL y la clave o el usuario de un administrador del tenant.\n"
            "No cambia nada, salvo con --repair. Funciona con el puente en marcha y sin él."
        ),
    ),
    "audit.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge audit\n"
            "  docker compose exec bridge bridge audit main --since 2026-11-01\n"
            "  docker compose exec bridge bridge audit --since 30d --repair\n"
            "\n"
            "exit codes: 0 ThingsBoard has everything · 1 values are missing · 2 it could not be asked"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge audit\n"
            "  docker compose exec bridge bridge audit main --since 2026-11-01\n"
            "  docker compose exec bridge bridge audit --since 30d --repair\n"
            "\n"
            "códigos de salida: 0 ThingsBoard lo tiene todo · 1 faltan valores · 2 no se pudo preguntar"
        ),
    ),
    "audit.help.meter": ("a meter's name; all of them without one", "nombre de un medidor; sin él, todos"),
    "audit.help.since": (
        "from when on: 2026-11-01, or how long ago: 30d, 12h; whole UTC days. Default 7d",
        "desde cuándo: 2026-11-01, o hace cuánto: 30d, 12h; días UTC enteros. Por defecto 7d",
    ),
    "audit.help.repair": (
        "send what is missing again: live readings from what is kept, intervals and events from the meter",
        "volver a enviar lo que falta: lecturas en vivo de lo conservado, intervalos y eventos del medidor",
    ),
    "audit.help.json": ("one JSON document instead of lines", "un documento JSON en vez de líneas"),
    "audit.configuration": (
        "the configuration has mistakes, see bridge check: {said}",
        "la configuración tiene errores, ver bridge check: {said}",
    ),
    "audit.no_meters": ("no meter is configured", "no hay ningún medidor configurado"),
    "audit.unknown": (
        "there is no meter {name}; there are {known}",
        "no hay ningún medidor {name}; hay {known}",
    ),
    "audit.failed": ("ThingsBoard could not be asked: {said}", "no se pudo preguntar a ThingsBoard: {said}"),
    "audit.counting": ("{meter}: counting", "{meter}: contando"),
    "audit.comparing": ("{meter}: comparing what differs", "{meter}: comparando lo que difiere"),
    "audit.meter": ("meter", "medidor"),
    "audit.device": ("device in ThingsBoard", "dispositivo en ThingsBoard"),
    "audit.values": ("values", "valores"),
    "audit.unnamed": (
        "{device}: {count} more values are missing than are named at once; again after --repair",
        "{device}: faltan {count} valores más de los que se nombran de una vez; otra vez después de --repair",
    ),
    "audit.missing": ("missing", "faltan"),
    "audit.no_device": (
        "ThingsBoard has no device of this name",
        "ThingsBoard no tiene un dispositivo con este nombre",
    ),
    "audit.nothing_expected": (
        "nothing to compare: no interval was stored, and no reading is kept",
        "nada que comparar: ningún intervalo guardado y ninguna lectura conservada",
    ),
    "audit.lacks": ("{device} lacks, in UTC:", "A {device} le falta, en UTC:"),
    "audit.count_of_day": ("{there} of {expected}", "{there} de {expected}"),
    "audit.more": (" and {count} more", " y {count} más"),
    "audit.intervals": ("intervals", "intervalos"),
    "audit.events": ("events", "eventos"),
    "audit.samples": ("live readings", "lecturas en vivo"),
    "audit.span": (
        "intervals and events: compared since {since} UTC",
        "intervalos y eventos: comparados desde {since} UTC",
    ),
    "audit.live": (
        "live readings: compared since {since} UTC, from when on they are kept",
        "lecturas en vivo: comparadas desde {since} UTC, desde que se conservan",
    ),
    "audit.no_live": (
        "live readings: not compared, for none are kept (OUTBOX__KEEP_HOURS)",
        "lecturas en vivo: no comparadas, pues no se conserva ninguna (OUTBOX__KEEP_HOURS)",
    ),
    "audit.all": ("ThingsBoard has all {count} values", "ThingsBoard tiene los {count} valores"),
    "audit.nothing": (
        "nothing was compared: there is nothing that ThingsBoard should have",
        "no se comparó nada: no hay nada que ThingsBoard deba tener",
    ),
    "audit.lacking": (
        "ThingsBoard lacks {count} of {of} values",
        "a ThingsBoard le faltan {count} de {of} valores",
    ),
    "audit.lacking_one": (
        "ThingsBoard lacks {count} of {of} values",
        "a ThingsBoard le falta {count} de {of} valores",
    ),
    "audit.repair_hint": (
        "bridge audit --repair sends them again",
        "bridge audit --repair los vuelve a enviar",
    ),
    "audit.ordered": (
        "{count} values are sent again: intervals and events as soon as the meter gives them, readings at once; audit again in some minutes",
        "se vuelven a enviar {count} valores: intervalos y eventos cuando el medidor los entregue, lecturas enseguida; repetir la auditoría en unos minutos",
    ),
    "audit.not_ordered": (
        "{count} are no longer kept and cannot be sent again",
        "{count} ya no se conservan y no se pueden volver a enviar",
    ),
}
