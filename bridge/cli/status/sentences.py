"""What ``bridge status`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "status.help": (
        "show how the running bridge, its meters and the way to ThingsBoard are doing",
        "mostrar cómo están el puente en marcha, sus medidores y el camino a ThingsBoard",
    ),
    "status.help.about": (
        "Asks the bridge that runs on this machine and shows its report.",
        "Pregunta al puente en marcha en esta máquina y muestra su informe.",
    ),
    "status.help.after": (
        (
            "examples:\n"
            "  docker compose exec bridge bridge status\n"
            "  docker compose exec bridge bridge status --watch\n"
            "\n"
            "exit codes: 0 all well · 1 something is wrong · 2 the bridge does not answer"
        ),
        (
            "ejemplos:\n"
            "  docker compose exec bridge bridge status\n"
            "  docker compose exec bridge bridge status --watch\n"
            "\n"
            "códigos de salida: 0 todo bien · 1 algo anda mal · 2 el puente no responde"
        ),
    ),
    "status.help.watch": (
        "refresh every two seconds until interrupted",
        "actualizar cada dos segundos, hasta interrumpirlo",
    ),
    "status.help.json": (
        "as JSON, for scripts; the same as GET /status",
        "como JSON, para programas; lo mismo que GET /status",
    ),
    "status.no_answer": (
        "no bridge answers on port {port}: {why}",
        "ningún puente responde en el puerto {port}: {why}",
    ),
    "status.up_for": ("up {span}", "en marcha desde hace {span}"),
    "status.meter": ("meter", "medidor"),
    "status.state": ("state", "estado"),
    "status.last_value": ("last value", "último valor"),
    "status.reconnects": ("reconnects", "reconexiones"),
    "status.last_error": ("last error", "último error"),
    "status.next_attempt": ("next attempt", "próximo intento"),
    "status.state.starting": ("starting", "empezando"),
    "status.state.reading": ("reading", "leyendo"),
    "status.state.late": ("late", "atrasado"),
    "status.state.failing": ("failing", "fallando"),
    "status.state.left_alone": ("left alone", "en pausa"),
    "status.state_for": ("{state} for {span}", "{state} desde hace {span}"),
    "status.ago": ("{span} ago", "hace {span}"),
    "status.in": ("in {span}", "en {span}"),
    "status.none_yet": ("none yet", "aún ninguno"),
    "status.nothing_yet": ("nothing yet", "aún nada"),
    "status.nothing": ("nothing", "nada"),
    "status.unknown": ("unknown", "desconocido"),
    "status.way": ("on the way to ThingsBoard", "en camino a ThingsBoard"),
    "status.broker": ("broker", "broker"),
    "status.upstream": ("upstream", "destino"),
    "status.up": ("up", "conectado"),
    "status.down": ("down", "sin conexión"),
    "status.no_upstream": ("none", "ninguno"),
    "status.shared": ("something else uses the same token", "algo más usa el mismo token"),
    "status.confirmed": ("last confirmed", "última confirmación"),
    "status.waiting": ("waiting", "en espera"),
    "status.waiting_samples": (
        "{count} samples, the oldest for {span}",
        "{count} muestras, la más antigua desde hace {span}",
    ),
    "status.gone_in": (", sent in {span}", ", enviadas en {span}"),
    "status.outbox": ("outbox", "bandeja de salida"),
    "status.of": ("{used} of {limit} MB", "{used} de {limit} MB"),
    "status.clock": ("clock", "reloj"),
    "status.clock.trusted": ("this machine's, trusted", "el de esta máquina, fiable"),
    "status.clock.kept": (
        "the bridge's own; this machine's is off by {off} s",
        "el del puente; el de esta máquina difiere {off} s",
    ),
    "status.clock.estimated": (
        "the meters', with `time estimated`; this machine's is not trusted",
        "el de los medidores, con `time estimated`; el de esta máquina no es fiable",
    ),
    "status.clock.waiting": (
        "not trusted; {count} samples wait for it",
        "no es fiable; {count} muestras lo esperan",
    ),
    "status.disk": ("disk", "disco"),
    "status.free": ("{free} MB free", "{free} MB libres"),
    "status.unwritable": (", outbox not writable for {span}", ", no se puede escribir la bandeja desde hace {span}"),
    "status.unreadable": (", outbox not readable for {span}", ", no se puede leer la bandeja desde hace {span}"),
    "status.lost": ("lost", "perdidas"),
    "status.lost_samples": (
        "{lost} samples since the start, {lately} in the last hour; {aside} set aside",
        "{lost} muestras desde el arranque, {lately} en la última hora; {aside} apartadas",
    ),
    "status.proof": ("confirmed by", "confirmado por"),
    "status.standing": ("; none stored for {span}", "; ninguna guardada desde hace {span}"),
    "status.unstored": ("; accepted, not known to be stored: {count}", "; aceptadas, aún sin confirmar: {count}"),
    "status.foreign": ("kept for others", "guardadas para otros"),
    "status.foreign_samples": (
        "{count} samples for {destination}, not sent: bridge outbox list",
        "{count} muestras para {destination}, sin enviar: bridge outbox list",
    ),
    "status.damaged": ("damaged", "dañados"),
    "status.damaged_files": ("files set aside: {count}, {size} MB", "archivos apartados: {count}, {size} MB"),
    "status.parked": ("parked", "rechazado"),
    "status.shared_attribute": (
        "{meter}: {key} {value}, set in ThingsBoard (shared attribute)",
        "{meter}: {key} {value}, fijado en ThingsBoard (atributo compartido)",
    ),
    "status.parked_device": ("{device}: {reason}, for {span}", "{device}: {reason}, desde hace {span}"),
    "status.parked_again": (", next attempt in {span}", ", próximo intento en {span}"),
    "status.wrong": ("wrong", "mal"),
    "status.all_well": ("all well", "todo bien"),
}
