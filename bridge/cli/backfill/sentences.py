"""What ``bridge backfill`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "backfill.help": (
        "have a time of a meter's load profiles read again",
        "hacer leer otra vez un tiempo de los perfiles de carga de un medidor",
    ),
    "backfill.help.about": (
        "Orders the running bridge to read a time of a meter's load profiles and event logs again, and shows how far it is until all of it is stored in ThingsBoard. What was there before is overwritten with the same. All times are UTC.",
        "Ordena al puente en marcha leer otra vez un tiempo de los perfiles de carga y registros de eventos de un medidor, y muestra el avance hasta que todo está guardado en ThingsBoard. Lo que ya estaba se sobrescribe con lo mismo. Todas las horas son UTC.",
    ),
    "backfill.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge backfill main --from 2026-11-20 --to 2026-11-21\n"
            "  docker compose exec bridge bridge backfill main --from 2026-11-20T06:00-05:00 --profile 1-0:99.1.0\n"
            "  docker compose exec bridge bridge backfill main --from 7d --no-wait\n"
            "\n"
            "live readings go first. Ctrl-C leaves the order where it is.\n"
            "\n"
            "exit codes: 0 all is stored, or ordered · 1 some cannot be had · 2 nothing was ordered"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge backfill main --from 2026-11-20 --to 2026-11-21\n"
            "  docker compose exec bridge bridge backfill main --from 2026-11-20T06:00-05:00 --profile 1-0:99.1.0\n"
            "  docker compose exec bridge bridge backfill main --from 7d --no-wait\n"
            "\n"
            "las lecturas en vivo van primero. Ctrl-C deja la orden donde está.\n"
            "\n"
            "códigos de salida: 0 todo guardado, u ordenado · 1 algo no se puede obtener · 2 no se ordenó nada"
        ),
    ),
    "backfill.help.meter": ("name of the meter", "nombre del medidor"),
    "backfill.help.from": (
        "from when: 2026-11-20, 2026-11-20T06:00 (UTC), 2026-11-20T06:00-05:00, or how long ago: 7d, 12h, 90min",
        "desde cuándo: 2026-11-20, 2026-11-20T06:00 (UTC), 2026-11-20T06:00-05:00, o hace cuánto: 7d, 12h, 90min",
    ),
    "backfill.help.to": ("until when; otherwise until now", "hasta cuándo; si no, hasta ahora"),
    "backfill.help.profile": (
        "this load profile or event log alone, such as 1-0:99.1.0",
        "solo este perfil de carga o registro de eventos, como 1-0:99.1.0",
    ),
    "backfill.help.no_wait": ("order it and do not wait", "ordenarlo y no esperar"),
    "backfill.help.json": (
        "say at the end, as one JSON document, what became of it",
        "decir al final, como un documento JSON, qué resultó",
    ),
    "backfill.what": (
        "{name}: {what} from {start} to {end} (UTC) is read again",
        "{name}: se lee otra vez {what} desde {start} hasta {end} (UTC)",
    ),
    "backfill.older": (
        "{what}: the meter keeps nothing from before {since}; that part cannot be had any more",
        "{what}: el medidor no guarda nada anterior a {since}; esa parte ya no se puede obtener",
    ),
    "backfill.changed": (
        "{what}: the load profile was changed on {since}; what the meter had before cannot be had any more",
        "{what}: el perfil de carga se cambió el {since}; lo que el medidor tenía antes ya no se puede obtener",
    ),
    "backfill.ordered": (
        "ordered; `bridge gaps {name}` shows how far it is",
        "ordenado; `bridge gaps {name}` muestra el avance",
    ),
    "backfill.left_alone": (
        "the order stays where it is; `bridge gaps {name}` shows how far it is",
        "la orden queda donde está; `bridge gaps {name}` muestra el avance",
    ),
    "backfill.down": (
        "no bridge runs here: the order waits on disk until it starts (docker compose up -d)",
        "aquí no hay ningún puente en marcha: la orden espera en disco hasta que arranque (docker compose up -d)",
    ),
    "backfill.waits": ("waiting for the bridge", "esperando al puente"),
    "backfill.soon": ("the bridge takes it up", "el puente la recibe"),
    "backfill.not_taken": (
        "the bridge runs and has not taken the order up yet: does it reach {name}, and is the ledger on (LEDGER__ENABLED)? `bridge doctor` says",
        "el puente está en marcha y aún no ha recibido la orden: ¿llega a {name}, y está el registro activado (LEDGER__ENABLED)? `bridge doctor` lo dice",
    ),
    "backfill.reading": ("reading", "leyendo"),
    "backfill.on_its_way": ("on the way to ThingsBoard: {count}", "en camino a ThingsBoard: {count}"),
    "backfill.had": ("{count} intervals stored", "{count} intervalos guardados"),
    "backfill.off": ("{count} never were: the meter was off", "{count} nunca existieron: el medidor estaba apagado"),
    "backfill.left": ("{count} still to come", "{count} por venir"),
    "backfill.overwritten": ("{count} overwritten in the meter", "{count} sobrescritos en el medidor"),
    "backfill.refused": ("{count} refused", "{count} rechazados"),
    "backfill.done": ("read again", "leído otra vez"),
    "backfill.backwards": (
        "--from {start} (UTC) is not before --to {end} (UTC)",
        "--from {start} (UTC) no es anterior a --to {end} (UTC)",
    ),
    "backfill.nothing": (
        "{name}: nothing to read again, no load profile or event log; {why}",
        "{name}: nada que leer otra vez, ni perfil de carga ni registro de eventos; {why}",
    ),
    "backfill.no_profile": (
        "{name}: --profile {code} is none of its load profiles and event logs: {known}",
        "{name}: --profile {code} no es ninguno de sus perfiles de carga y registros de eventos: {known}",
    ),
}
