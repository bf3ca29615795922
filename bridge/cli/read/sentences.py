"""What ``bridge read`` says; ``bridge objects`` shares some of it. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "read.help": ("read a configured meter once", "leer una vez un medidor configurado"),
    "read.help.about": (
        (
            "Reads a configured meter once and shows OBIS code, name, value, unit and how long each answer took.\n"
            "If the bridge is running, it does the reading: most meters allow only one session."
        ),
        (
            "Lee una vez un medidor configurado y muestra código OBIS, nombre, valor, unidad y cuánto tardó cada respuesta.\n"
            "Si el puente está en marcha, lee él: la mayoría de los medidores admite una sola sesión."
        ),
    ),
    "read.help.after": (
        (
            "examples:\n"
            "  bridge read main                                   the registers of its profile\n"
            "  bridge read main --obis 1-0:1.8.0,1-0:2.8.0        these registers\n"
            "  bridge read main --obis 0-0:96.1.0 --class 1       another kind of object\n"
            "  bridge read main --profile-generic 1-0:99.1.0 --from 2026-11-24 --to 2026-11-25T06:00\n"
            "  bridge read main --profile-generic 1-0:99.1.0 --last 10\n"
            "  bridge read main --record main.txt                 records the frames, secrets hidden\n"
            "Times without a zone (+01:00, Z) are in the meter's own time. Without --from: the last 24 hours.\n"
            "exit codes: 0 read · 1 the meter gave no value · 2 the configuration or the command line is unusable\n"
            "            130 interrupted; the meter was released"
        ),
        (
            "ejemplos:\n"
            "  bridge read main                                   los registros de su perfil\n"
            "  bridge read main --obis 1-0:1.8.0,1-0:2.8.0        estos registros\n"
            "  bridge read main --obis 0-0:96.1.0 --class 1       otra clase de objeto\n"
            "  bridge read main --profile-generic 1-0:99.1.0 --from 2026-11-24 --to 2026-11-25T06:00\n"
            "  bridge read main --profile-generic 1-0:99.1.0 --last 10\n"
            "  bridge read main --record main.txt                 graba las tramas, con los secretos ocultos\n"
            "Las horas sin zona (+01:00, Z) son las del medidor. Sin --from: las últimas 24 horas.\n"
            "códigos de salida: 0 leído · 1 el medidor no dio ningún valor · 2 la configuración o la línea de comandos no\n"
            "                   sirve · 130 interrumpido; el medidor quedó liberado"
        ),
    ),
    "read.help.meter": ("the meter's name in the configuration", "nombre del medidor en la configuración"),
    "read.help.obis": (
        "OBIS codes to read instead of the profile's, separated by commas",
        "códigos OBIS que leer en lugar de los del perfil, separados por comas",
    ),
    "read.help.class": (
        "their interface class; found out if not given",
        "su clase de interfaz; se averigua si no se indica",
    ),
    "read.help.attribute": (
        "which attribute of theirs (default: %(default)s)",
        "cuál de sus atributos (por defecto: %(default)s)",
    ),
    "read.help.profile_generic": ("a load profile", "un perfil de carga"),
    "read.help.from": (
        "start, as 2026-11-24 or 2026-11-24T06:00",
        "desde cuándo, como 2026-11-24 o 2026-11-24T06:00",
    ),
    "read.help.to": ("end; now if not given", "hasta cuándo; ahora si no se indica"),
    "read.help.last": ("the newest N rows instead", "en su lugar, las N filas más recientes"),
    "read.help.json": ("as JSON, for scripts", "como JSON, para programas"),
    "read.help.record": (
        "record the conversation in FILE, secrets hidden",
        "grabar la conversación en FILE, con los secretos ocultos",
    ),
    "read.help.direct": (
        "use a connection of its own even if the bridge is running",
        "usar una conexión propia aunque el puente esté en marcha",
    ),
    "read.unknown": (
        "no meter {name!r} in the configuration; there are: {known}",
        "no hay ningún medidor {name!r} en la configuración; hay: {known}",
    ),
    "read.connecting": ("{name}: connecting", "{name}: conectando"),
    "read.rows": ("{code}: rows", "{code}: filas"),
    "read.running": (
        "the running bridge is reading {name}, and most meters allow only one session. Stop the bridge first (docker compose stop bridge; then docker compose run --rm bridge …), or try anyway with --direct",
        "el puente en marcha está leyendo {name}, y la mayoría de los medidores admite una sola sesión. Detener antes el puente (docker compose stop bridge; después docker compose run --rm bridge …), o intentarlo igual con --direct",
    ),
    "read.elsewhere": (
        "the running bridge is reading {name} and takes this order only from its own container: docker compose exec bridge bridge read {name}",
        "el puente en marcha está leyendo {name} y solo acepta esta orden desde su propio contenedor: docker compose exec bridge bridge read {name}",
    ),
    "read.no_answer": ("the running bridge does not answer: {said}", "el puente en marcha no responde: {said}"),
    "read.through": (
        "read by the running bridge in {ms} ms, without units",
        "leído por el puente en marcha en {ms} ms, sin unidades",
    ),
    "read.direct": (
        "{ms} ms in all, including connection and association",
        "{ms} ms en total, con conexión y asociación",
    ),
    "read.recorded": (
        "{file} written; secrets are hidden, serial numbers and readings are not",
        "{file} escrito; los secretos están ocultos, los números de serie y las lecturas no",
    ),
    "read.unwritable": ("{file}: {said}", "{file}: {said}"),
    "read.column.name": ("name", "nombre"),
    "read.column.value": ("value", "valor"),
    "read.column.unit": ("unit", "unidad"),
    "read.column.time": ("time", "hora"),
    "read.profile.title": ("{name}  {code}, {count} rows", "{name}  {code}, {count} filas"),
    "read.wrong_time": (
        "{option} {text}: write a time like 2026-11-24, 2026-11-24T06:00 or 2026-11-24T06:00+01:00",
        "{option} {text}: una hora se escribe como 2026-11-24, 2026-11-24T06:00 o 2026-11-24T06:00+01:00",
    ),
    "read.mixed_times": (
        "--from and --to: both with a time zone, or both without",
        "--from y --to: ambas con zona horaria o ambas sin ella",
    ),
    "read.backwards": ("--to is before --from", "--to es anterior a --from"),
    "read.calls": (
        "{name} calls by itself (DIAL_IN, PUSH_ONLY): nobody can connect to it. The bridge shows what it sent: bridge status",
        "{name} llama por sí mismo (DIAL_IN, PUSH_ONLY): nadie puede conectarse a él. El puente muestra lo que envió: bridge status",
    ),
    "read.held.same": (
        "{name} refused this password or key on {when}. It is not sent again, because the meter could lock: correct it first",
        "{name} rechazó esta contraseña o clave el {when}. No se envía otra vez, porque el medidor podría bloquearse: corregirla antes",
    ),
    "read.held.many": (
        "{name}: {count} passwords or keys failed within a day, the last on {when}. No other is sent until a day after that, because the meter could lock",
        "{name}: {count} contraseñas o claves fallaron en un día, la última el {when}. No se envía otra hasta un día después, porque el medidor podría bloquearse",
    ),
    "read.held.forgetful": (
        "{name}: no secret is sent, because a refusal could not be remembered: is DATA_DIR writable?",
        "{name}: no se envía ningún secreto, porque un rechazo no se podría recordar: ¿se puede escribir en DATA_DIR?",
    ),
}
