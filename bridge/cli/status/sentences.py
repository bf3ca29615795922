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
    "status.help.all": (
        "every meter in a row of its own, and all that is wrong, however much it is",
        "cada medidor en su propia fila, y todo lo que anda mal, por mucho que sea",
    ),
    "status.no_answer": (
        "the bridge is down: nothing answers on port {port}: {why}",
        "el puente no funciona: nada responde en el puerto {port}: {why}",
    ),
    "status.verdict.hangs": ("the bridge hangs", "el puente está colgado"),
    "status.verdict.lease": ("waiting for its lease", "esperando su turno"),
    "status.verdict.disk": ("the disk takes nothing", "el disco no admite nada"),
    "status.verdict.no_meter": ("no meter answers", "ningún medidor responde"),
    "status.verdict.broker": ("the broker is away", "sin conexión con el broker"),
    "status.verdict.upstream": ("ThingsBoard is away", "sin conexión con ThingsBoard"),
    "status.verdict.stored": ("ThingsBoard stores nothing", "ThingsBoard no guarda nada"),
    "status.verdict.clock": ("the clock is not set", "el reloj no está en hora"),
    "status.verdict.meter": ("a meter fails", "un medidor falla"),
    "status.verdict.which": (": {failing} of {meters}", ": {failing} de {meters}"),
    "status.verdict.also": ("; {failing} of {meters} meters failing", "; con fallos {failing} de {meters} medidores"),
    "status.verdict.intervals": ("intervals are missing", "faltan intervalos"),
    "status.verdict.look": ("something needs a look", "hay algo que mirar"),
    "status.verdict.not_yet": ("no meter is read yet", "aún no se ha leído ningún medidor"),
    "status.verdict.well": ("all is well", "todo va bien"),
    "status.about": ("dlms-bridge {version}, up {span}", "dlms-bridge {version}, en marcha desde hace {span}"),
    "status.shard": ("shard {number} of {shards}", "fragmento {number} de {shards}"),
    "status.shard.held": (
        "shard {number} of {shards} on {node}, lease held",
        "fragmento {number} de {shards} en {node}, tiene la concesión",
    ),
    "status.shard.not_held": (
        "shard {number} of {shards} on {node}, without its lease",
        "fragmento {number} de {shards} en {node}, sin la concesión",
    ),
    "status.meter": ("meter", "medidor"),
    "status.state": ("state", "estado"),
    "status.last_value": ("last value", "último valor"),
    "status.minutes": ("5 min", "5 min"),
    "status.hour": ("1 h", "1 h"),
    "status.complete": ("complete, 1 day", "completo, 1 día"),
    "status.reconnects": ("reconnects", "reconexiones"),
    "status.last_error": ("last error", "último error"),
    "status.state.starting": ("starting", "empezando"),
    "status.state.reading": ("reading", "leyendo"),
    "status.state.late": ("late", "atrasado"),
    "status.state.failing": ("failing", "fallando"),
    "status.state.left_alone": ("left alone", "en pausa"),
    "status.state_for": ("{state}, {span}", "{state}, {span}"),
    "status.again": ("; next attempt in {span}", "; próximo intento en {span}"),
    "status.more_ailing": (
        "… and {count:more meter that fails|more meters that fail}: {kinds} (--all lists them)",
        "… y {count:medidor más que falla|medidores más que fallan}: {kinds} (--all los muestra)",
    ),
    "status.well": (
        "{count:meter is|meters are} read: {share} in 5 min, oldest value {span} ago",
        "{count:medidor se lee|medidores se leen}: {share} en 5 min, último valor más antiguo hace {span}",
    ),
    "status.well_starting": ("{count:is|are} starting", "{count:está empezando|están empezando}"),
    "status.list_all": ("(--all lists them)", "(--all los muestra)"),
    "status.ago": ("{span} ago", "hace {span}"),
    "status.none_yet": ("none yet", "aún ninguno"),
    "status.nothing_yet": ("nothing yet", "aún nada"),
    "status.nothing": ("nothing", "nada"),
    "status.unknown": ("unknown", "desconocido"),
    "status.and_more": ("… and {count} more (--all lists them)", "… y {count} más (--all muestra todo)"),
    "status.broker": ("broker", "broker"),
    "status.upstream": ("ThingsBoard", "ThingsBoard"),
    "status.up": ("up", "conectado"),
    "status.down": ("down", "sin conexión"),
    "status.no_upstream": (
        "none is set: samples are confirmed here and go nowhere",
        "no hay ninguno: las muestras se confirman aquí y no van a ninguna parte",
    ),
    "status.local_only": (
        "none is set: samples go to the local broker, and no further",
        "no hay ninguno: las muestras llegan al broker local, y no más lejos",
    ),
    "status.silent": ("no answer from {host} so far", "{host} no responde hasta ahora"),
    "status.shared": ("something else uses the same token", "algo más usa el mismo token"),
    "status.confirmed": ("confirmed", "confirmado"),
    "status.proof.mark": ("stored, proven by its marks", "guardado, probado por sus marcas"),
    "status.proof.accepted": ("accepted by ThingsBoard", "aceptado por ThingsBoard"),
    "status.proof.puback": ("taken by the server (puback)", "recibido por el servidor (puback)"),
    "status.proof.local": ("by this bridge alone", "por este puente solo"),
    "status.waiting": ("waiting", "en espera"),
    "status.waiting_samples": (
        "{count:sample|samples}, the oldest for {span}",
        "{count:muestra|muestras}, la más antigua desde hace {span}",
    ),
    "status.gone_in": (", sent in {span}", ", enviadas en {span}"),
    "status.outbox": ("outbox", "bandeja"),
    "status.of": ("{used} of {limit}", "{used} de {limit}"),
    "status.audit": ("audit", "auditoría"),
    "status.audit.none_yet": ("none yet", "ninguna aún"),
    "status.audit.whole": (
        "{span} ago, all {values} values are in ThingsBoard",
        "hace {span}, los {values} valores están en ThingsBoard",
    ),
    "status.audit.lacks": (
        "{span} ago, ThingsBoard lacks {missing} of {values} values: bridge audit",
        "hace {span}, a ThingsBoard le faltan {missing} de {values} valores: bridge audit",
    ),
    "status.audit.failed": (
        "; {count:attempt|attempts} since then failed: {why}",
        "; {count:intento fallido|intentos fallidos} desde entonces: {why}",
    ),
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
        "not trusted; {count:sample waits|samples wait} for it",
        "no es fiable; {count:muestra lo espera|muestras lo esperan}",
    ),
    "status.disk": ("disk", "disco"),
    "status.free": ("{free} free", "{free} libres"),
    "status.unwritable": (", outbox not writable for {span}", ", no se puede escribir la bandeja desde hace {span}"),
    "status.unreadable": (", outbox not readable for {span}", ", no se puede leer la bandeja desde hace {span}"),
    "status.lost": ("lost", "perdidas"),
    "status.lost_none": ("nothing since the start", "nada desde el arranque"),
    "status.lost_samples": (
        "{lost:sample|samples} since the start, {lately} in the last hour; {aside} set aside",
        "{lost:muestra|muestras} desde el arranque, {lately} en la última hora; {aside} apartadas",
    ),
    "status.standing": ("; none stored for {span}", "; ninguna guardada desde hace {span}"),
    "status.unstored": ("; accepted, not known to be stored: {count}", "; aceptadas, aún sin confirmar: {count}"),
    "status.foreign": ("kept", "retenidas"),
    "status.foreign_samples": (
        "{count:sample|samples} for {destination}, not sent: bridge outbox list",
        "{count:muestra|muestras} para {destination}, sin enviar: bridge outbox list",
    ),
    "status.damaged": ("damaged", "dañados"),
    "status.damaged_files": (
        "{count:file|files} set aside, {size}",
        "{count:archivo apartado|archivos apartados}, {size}",
    ),
    "status.parked": ("parked", "rechazado"),
    "status.shared_attribute": (
        "{meter}: {key} {value}, set in ThingsBoard (shared attribute)",
        "{meter}: {key} {value}, fijado en ThingsBoard (atributo compartido)",
    ),
    "status.parked_device": ("{device}: {reason}, for {span}", "{device}: {reason}, desde hace {span}"),
}
