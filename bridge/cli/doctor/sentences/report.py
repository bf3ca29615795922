"""The help of ``bridge doctor``, the frame of its report, and the support bundle. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "doctor.help": (
        "run the checklist for after an outage: what is broken, where, and what to do",
        "pasar la lista de comprobación tras un corte: qué está roto, dónde y qué hacer",
    ),
    "doctor.help.about": (
        (
            "Checks configuration, data volume, clock, every meter, the local broker and the way to ThingsBoard, and says\n"
            "what to do about each finding. A running bridge reads the meters for it; if none runs, each meter is read\n"
            "directly, once. A meter that refused its password is not tried again. Changes nothing."
        ),
        (
            "Revisa la configuración, el volumen de datos, el reloj, cada medidor, el broker local y el camino a\n"
            "ThingsBoard, y dice qué hacer con cada hallazgo. Un puente en marcha lee los medidores para ello; si no hay\n"
            "ninguno, cada medidor se lee directamente, una vez. Un medidor que rechazó su contraseña no se intenta de\n"
            "nuevo. No cambia nada."
        ),
    ),
    "doctor.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge doctor              while the bridge runs\n"
            "  docker compose run --rm bridge doctor                 while it is stopped\n"
            "  docker compose exec -T bridge bridge doctor --bundle - > bundle.zip\n"
            "\n"
            "✔ works   ✘ does not work   ! works, but needs a look   - was not, or cannot be, judged\n"
            "exit codes: 0 nothing is wrong · 1 something is wrong · 2 the configuration is unusable · 130 interrupted"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge doctor              con el puente en marcha\n"
            "  docker compose run --rm bridge doctor                 con el puente detenido\n"
            "  docker compose exec -T bridge bridge doctor --bundle - > bundle.zip\n"
            "\n"
            "✔ funciona   ✘ no funciona   ! funciona, pero hay que mirarlo   - no se ha podido juzgar\n"
            "códigos de salida: 0 nada anda mal · 1 algo anda mal · 2 la configuración no sirve · 130 interrumpido"
        ),
    ),
    "doctor.help.json": ("the findings as JSON, for scripts", "los hallazgos como JSON, para programas"),
    "doctor.help.bundle": (
        "also write a support bundle (zip, secrets masked): configuration, findings, status, metrics, recent log, frames of failing meters; with - it goes to standard output and the report to standard error",
        "escribir además un paquete para soporte (zip, secretos ocultos): configuración, hallazgos, estado, métricas, log reciente, tramas de medidores que fallan; con - va a la salida estándar y el informe a la de errores",
    ),
    "doctor.help.watch": (
        "examine again 20 s after each report, until interrupted",
        "volver a examinar 20 s después de cada informe, hasta interrumpirlo",
    ),
    "doctor.help.within": (
        "seconds after which a check counts as late (default: %(default)s)",
        "segundos tras los que una comprobación se da por tardía (por defecto: %(default)s)",
    ),
    "doctor.group.configuration": ("configuration", "configuración"),
    "doctor.group.bridge": ("bridge", "puente"),
    "doctor.group.disk": ("data volume", "volumen de datos"),
    "doctor.group.clock": ("clock", "reloj"),
    "doctor.group.meters": ("meters", "medidores"),
    "doctor.group.broker": ("local broker", "broker local"),
    "doctor.group.upstream": ("ThingsBoard", "ThingsBoard"),
    "doctor.group.samples": ("samples", "muestras"),
    "doctor.group.host": ("host", "equipo"),
    "doctor.sum.well": ("all well", "todo bien"),
    "doctor.sum.looks": ("nothing is broken; worth a look: {names}", "nada está roto; por mirar: {names}"),
    "doctor.sum.wrong": ("{count:fault|faults}: {names}", "{count:fallo|fallos}: {names}"),
    "doctor.sum.more": ("{count} more", "{count} más"),
    "doctor.sum.also": ("; worth a look: {count}", "; por mirar: {count}"),
    "doctor.late": ("not finished in time", "no ha terminado a tiempo"),
    "doctor.late.fix": (
        "something answers slowly, or not at all; try again with --within 180",
        "algo responde despacio o no responde; probar otra vez con --within 180",
    ),
    "doctor.crashed": ("the check itself failed", "la propia comprobación ha fallado"),
    "doctor.crashed.fix": (
        "a bug in this program: please report it, with --bundle FILE",
        "un error de este programa: comunicarlo, por favor, con --bundle FILE",
    ),
    "doctor.left_out.configuration": (
        "skipped until the configuration is right",
        "omitido hasta que la configuración esté bien",
    ),
    "doctor.bundle.written": (
        "support bundle: {file}, files: {count}",
        "paquete para soporte: {file}, archivos: {count}",
    ),
    "doctor.bundle.unwritten": (
        "support bundle not written: {file}: {why}; in a container, --bundle - > FILE writes it outside",
        "paquete para soporte no escrito: {file}: {why}; en un contenedor, --bundle - > FILE lo escribe fuera",
    ),
    "doctor.bundle.readme": (
        (
            "A support bundle of dlms-bridge, for whoever helps. Passwords, keys and tokens of the settings show as {mask}.\n"
            "doctor.txt, doctor.json   what was found\n"
            "configuration.txt         the settings as the bridge sees them\n"
            "versions.txt              of the bridge and of what it runs on\n"
            "status.json, metrics.txt, log.txt   of the running bridge, if one answered\n"
            "frames.txt                the last frames of meters that failed, in hex"
        ),
        (
            "Un paquete para soporte de dlms-bridge, para quien ayude. Contraseñas, claves y tokens de los ajustes se ven como {mask}.\n"
            "doctor.txt, doctor.json   lo que se encontró\n"
            "configuration.txt         los ajustes tal como los ve el puente\n"
            "versions.txt              del puente y de aquello sobre lo que funciona\n"
            "status.json, metrics.txt, log.txt   del puente en marcha, si alguno respondió\n"
            "frames.txt                las últimas tramas de los medidores que fallaron, en hexadecimal"
        ),
    ),
    "doctor.bundle.no_frames": (
        "no frames of a meter that failed",
        "no hay tramas de ningún medidor que fallara",
    ),
}
