"""What ``bridge outbox`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "outbox.help": (
        "show what waits in the outbox and what is held back; export, discard or readdress it",
        "mostrar lo que espera en la bandeja de salida y lo retenido; exportarlo, borrarlo o redirigirlo",
    ),
    "outbox.help.about": (
        (
            "Samples accepted for another ThingsBoard than the present one, or for none, are kept and not sent; samples\n"
            "that ThingsBoard refuses are set aside. list shows both. export writes them to FILE, one JSON line each (- is\n"
            "standard output). discard removes them. readdress sends what was for another ThingsBoard to the present one:\n"
            "use it when that is the same server under another name. All work whether or not the bridge runs."
        ),
        (
            "Las muestras aceptadas para otro ThingsBoard que el actual, o para ninguno, se guardan y no se envían; las que\n"
            "ThingsBoard rechaza se apartan. list muestra ambas. export las escribe en FILE, una línea JSON cada una (- es\n"
            "la salida estándar). discard las borra. readdress envía al ThingsBoard actual lo que era para otro: sirve\n"
            "cuando es el mismo servidor con otro nombre. Todo funciona con el puente en marcha y sin él."
        ),
    ),
    "outbox.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge outbox list\n"
            "  docker compose exec -T bridge bridge outbox export - > waiting.jsonl\n"
            "  docker compose exec bridge bridge outbox readdress --yes\n"
            "\n"
            "exit codes: 0 done, or nothing is held back · 1 something is held back, or the outbox cannot be read\n"
            "            2 the command line is unusable"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge outbox list\n"
            "  docker compose exec -T bridge bridge outbox export - > waiting.jsonl\n"
            "  docker compose exec bridge bridge outbox readdress --yes\n"
            "\n"
            "códigos de salida: 0 hecho, o no hay nada retenido · 1 hay algo retenido, o no se puede leer la bandeja\n"
            "            2 la línea de comandos no sirve"
        ),
    ),
    "outbox.help.action": (
        "list, export FILE, discard --yes or readdress --yes",
        "list, export FILE, discard --yes o readdress --yes",
    ),
    "outbox.help.file": (
        "for export: the file to write; - is standard output",
        "para export: el archivo que se escribe; - es la salida estándar",
    ),
    "outbox.help.yes": (
        "do it; without it discard and readdress only show what they would touch",
        "hacerlo; sin ello discard y readdress solo muestran lo que tocarían",
    ),
    "outbox.file_needed": ("export needs a FILE to write, or -", "export necesita un FILE donde escribir, o -"),
    "outbox.no_file": ("only export takes a FILE", "solo export lleva un FILE"),
    "outbox.not_read": ("the outbox cannot be read: {said}", "no se puede leer la bandeja de salida: {said}"),
    "outbox.for": ("accepted for", "aceptadas para"),
    "outbox.samples": ("samples", "muestras"),
    "outbox.oldest": ("oldest (UTC)", "más antigua (UTC)"),
    "outbox.newest": ("newest (UTC)", "más reciente (UTC)"),
    "outbox.span": ("; {oldest} to {newest} UTC", "; {oldest} a {newest} UTC"),
    "outbox.none": ("none", "ninguna"),
    "outbox.sent": ("being sent", "se están enviando"),
    "outbox.kept": ("kept, not sent", "guardadas, no se envían"),
    "outbox.undated": ("no time yet", "aún sin hora"),
    "outbox.for_clock": ("wait for the clock", "esperan al reloj"),
    "outbox.set_aside": ("set aside", "apartadas"),
    "outbox.refused": ("refused by ThingsBoard", "rechazadas por ThingsBoard"),
    "outbox.memory": (
        "in memory, not on disk yet: {count}; restarting the bridge now would lose those not delivered",
        "en memoria, aún no en disco: {count}; al reiniciar ahora el puente se perderían las no entregadas",
    ),
    "outbox.damaged": (
        "damaged files set aside: {count}, {size}, the newest {newest}; whatever was readable has been carried over",
        "archivos dañados apartados: {count}, {size}, el último {newest}; lo legible ya se rescató",
    ),
    "outbox.held": (
        "{count:sample is|samples are} held back: export saves them, discard --yes removes them",
        "{count:muestra retenida|muestras retenidas}: export las guarda en un archivo, discard --yes las borra",
    ),
    "outbox.nothing_held": ("nothing is held back", "no hay nada retenido"),
    "outbox.discard.ask": (
        "this would remove for good what is kept and what is set aside: export it first, then discard --yes",
        "esto borraría para siempre lo guardado y lo apartado: exportarlo antes, después discard --yes",
    ),
    "outbox.discard.done": (
        "{count:sample|samples} removed; what is for {to} stays",
        "{count:muestra borrada|muestras borradas}; lo que es para {to} se queda",
    ),
    "outbox.readdress.ask": (
        "this would send to the present ThingsBoard what was for another; if both are the same server: readdress --yes",
        "esto enviaría al ThingsBoard actual lo que era para otro; si ambos son el mismo servidor: readdress --yes",
    ),
    "outbox.readdress.done": (
        "{count:sample is|samples are} now for {to}",
        "{count:muestra es|muestras son} ahora para {to}",
    ),
    "outbox.export.done": (
        "{count:sample|samples} written to {file}; the outbox still holds them",
        "{count:muestra escrita|muestras escritas} en {file}; la bandeja aún las tiene",
    ),
    "outbox.export.exists": ("{file} already exists; name another file", "{file} ya existe; indicar otro archivo"),
    "outbox.export.failed": ("{file} cannot be written: {said}", "no se puede escribir {file}: {said}"),
}
