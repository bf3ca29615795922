"""Every sentence that the commissioning commands say to a technician, in English and Spanish. Holds text alone.

The bridge's log, its errors and the names of settings are English everywhere: they are what one searches for. A line
of a command therefore says in the technician's language what it means, and quotes the English where there is one.
"""

# ruff: noqa: E501, ISC004 - a sentence is read best whole, beside its translation

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

_LANGUAGES = ("en", "es")


class Catalogue:
    """Says sentences in one language.

    Args:
        language: ``en`` or ``es``.
    """

    def __init__(self, language: str = "en") -> None:
        self.language = language
        self._column = _LANGUAGES.index(language)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return the catalogue in the language of ``LC_ALL``, ``LC_MESSAGES`` or ``LANG``, the first that is set."""
        chosen = next(filter(None, (environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
        return cls("es" if chosen.lower().startswith("es") else "en")

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the sentence ``key`` with its placeholders filled.

        Raises:
            KeyError: there is no such sentence, or a value is missing. A mistake in the program; a test finds it.
        """
        return SENTENCES[key][self._column].format(**values)


SENTENCES: dict[str, tuple[str, str]] = {
    # ---- the command line -------------------------------------------------------------------------------------------
    "help.about": (
        "Reads DLMS/COSEM electricity meters and hands every reading to ThingsBoard. "
        "Settings come from the environment; see .env.example.",
        "Lee medidores eléctricos DLMS/COSEM y entrega cada lectura a ThingsBoard. "
        "Los ajustes vienen del entorno; véase .env.example.",
    ),
    "help.after": (
        "exit codes: 0 all is well, or stopped as asked · 1 something is wrong · 2 the configuration or the command\n"
        "            line cannot be used · 130 interrupted\n"
        "language:   English, or Spanish where LC_ALL, LC_MESSAGES or LANG begins with es; in the stack: LANG=es in .env\n"
        "\n"
        "in the stack: docker compose exec bridge bridge doctor      while it runs\n"
        "              docker compose run --rm bridge check          while it does not",
        "códigos de salida: 0 todo bien, o detenido a petición · 1 algo anda mal · 2 la configuración o la línea de\n"
        "            órdenes no sirve · 130 interrumpido\n"
        "idioma:     inglés, o español si LC_ALL, LC_MESSAGES o LANG empieza por es; en el stack: LANG=es en .env\n"
        "\n"
        "en el stack: docker compose exec bridge bridge doctor      mientras funciona\n"
        "             docker compose run --rm bridge check          mientras no",
    ),
    "help.commands": ("commands", "órdenes"),
    "help.run": ("read the meters until stopped (the default)", "leer los medidores hasta que se detenga (por omisión)"),
    "help.run.about": (
        "Reads every configured meter, for ever, and hands each reading to ThingsBoard.",
        "Lee todos los medidores configurados, sin fin, y entrega cada lectura a ThingsBoard.",
    ),
    "help.run.after": (
        "example:    docker compose up -d\n"
        "exit codes: 0 stopped as asked (SIGTERM, SIGINT) · 1 the event loop hung · 2 the configuration is wrong",
        "ejemplo:    docker compose up -d\n"
        "códigos de salida: 0 detenido a petición (SIGTERM, SIGINT) · 1 el bucle de eventos se colgó · 2 la configuración "
        "está mal",
    ),
    "help.demo": (
        "serve the built-in demo meter, to try the bridge against",
        "servir el medidor de demostración, para probar el puente con él",
    ),
    "help.demo.about": (
        "Serves a meter whose values are invented, until interrupted.",
        "Sirve un medidor cuyos valores son inventados, hasta que se interrumpa.",
    ),
    "help.demo.after": (
        "example:    bridge demo-meter --port 4059\n"
        "exit codes: 0 interrupted · 1 it cannot listen there",
        "ejemplo:    bridge demo-meter --port 4059\n"
        "códigos de salida: 0 interrumpido · 1 no puede escuchar ahí",
    ),
    # ---- outbox -----------------------------------------------------------------------------------------------------
    "held.help": (
        "what the outbox holds, and what of it is not being sent",
        "lo que guarda la bandeja de salida, y lo que de ello no se envía",
    ),
    "held.help.about": (
        "Samples that were accepted for another ThingsBoard than the present one, or for none, are kept and not sent;\n"
        "samples that ThingsBoard will not take are set aside. list shows them, export writes them to FILE (a JSON line\n"
        "each, - for standard output), discard removes them, readdress sends what was for another ThingsBoard to the\n"
        "present one: when it is the same server by another name. Works while the bridge runs and while it does not.",
        "Las muestras aceptadas para otro ThingsBoard que el actual, o para ninguno, se guardan y no se envían; las que\n"
        "ThingsBoard no acepta se apartan. list las muestra, export las escribe en FILE (una línea JSON cada una, - para\n"
        "la salida estándar), discard las borra, readdress envía al actual lo que era para otro ThingsBoard: cuando es el\n"
        "mismo servidor con otro nombre. Sirve con el puente en marcha y sin él.",
    ),
    "held.help.after": (
        "examples:\n"
        "  docker compose exec bridge bridge outbox list\n"
        "  docker compose exec -T bridge bridge outbox export - > waiting.jsonl\n"
        "  docker compose exec bridge bridge outbox readdress --yes\n"
        "\n"
        "exit codes: 0 done, or nothing is held · 1 something is held, or the outbox cannot be read · 2 the command line\n"
        "            cannot be used",
        "ejemplos:\n"
        "  docker compose exec bridge bridge outbox list\n"
        "  docker compose exec -T bridge bridge outbox export - > waiting.jsonl\n"
        "  docker compose exec bridge bridge outbox readdress --yes\n"
        "\n"
        "códigos de salida: 0 hecho, o no se retiene nada · 1 se retiene algo, o no se puede leer la bandeja · 2 la línea de\n"
        "            órdenes no sirve",
    ),
    "held.help.action": (
        "list, export FILE, discard --yes or readdress --yes", "list, export FILE, discard --yes o readdress --yes",
    ),
    "held.help.file": ("for export: the file to write; - is standard output", "para export: el fichero; - es la salida estándar"),
    "held.help.yes": ("do it; without it discard and readdress only show", "hacerlo; sin ello discard y readdress solo muestran"),
    "held.file_needed": ("export needs a FILE to write, or -", "export necesita un FILE donde escribir, o -"),
    "held.no_file": ("only export takes a FILE", "solo export lleva un FILE"),
    "held.not_read": ("the outbox cannot be read: {said}", "no se puede leer la bandeja de salida: {said}"),
    "held.for": ("accepted for", "aceptadas para"),
    "held.samples": ("samples", "muestras"),
    "held.oldest": ("oldest (UTC)", "más antigua (UTC)"),
    "held.newest": ("newest (UTC)", "más reciente (UTC)"),
    "held.none": ("none", "ninguna"),
    "held.sent": ("being sent", "se envían"),
    "held.kept": ("kept, not sent", "guardadas, no se envían"),
    "held.set_aside": ("set aside", "apartadas"),
    "held.refused": ("ThingsBoard will not take them", "ThingsBoard no las acepta"),
    "held.memory": (
        "in memory, not on disk yet: {count}; a restart of the bridge now would lose what has not arrived",
        "en memoria, aún no en disco: {count}; si el puente se reinicia ahora se pierde lo que no haya llegado",
    ),
    "held.damaged": (
        "damaged files set aside: {count}, {size} MB, the newest {newest}; what could be read of them was carried over",
        "ficheros dañados apartados: {count}, {size} MB, el último {newest}; lo que se podía leer ya se rescató",
    ),
    "held.held": (
        "{count} samples are held and not sent: export gives them out, discard --yes removes them",
        "{count} muestras se retienen y no se envían: export las entrega, discard --yes las borra",
    ),
    "held.nothing_held": ("nothing is held back", "no se retiene nada"),
    "held.discard.ask": (
        "what is kept and what is set aside would be removed for good; export it first, then discard --yes",
        "lo guardado y lo apartado se borraría para siempre; expórtelo antes, después discard --yes",
    ),
    "held.discard.done": ("{count} samples removed; what is for {to} stays", "{count} muestras borradas; lo que es para {to} se queda"),
    "held.readdress.ask": (
        "what was for another ThingsBoard would be sent to the present one; when it is the same server: readdress --yes",
        "lo que era para otro ThingsBoard se enviaría al actual; si es el mismo servidor: readdress --yes",
    ),
    "held.readdress.done": ("{count} samples are for {to} now", "{count} muestras son ahora para {to}"),
    "held.export.done": ("{count} samples written to {file}; the outbox still has them", "{count} muestras escritas en {file}; la bandeja aún las tiene"),
    "held.export.exists": ("{file} exists already; name another file", "{file} ya existe; indique otro fichero"),
    "held.export.failed": ("{file} cannot be written: {said}", "no se puede escribir {file}: {said}"),
    # ---- check ------------------------------------------------------------------------------------------------------
    "check.help": (
        "show the configuration as the bridge sees it, and what is wrong with it",
        "mostrar la configuración como la ve el puente, y lo que está mal en ella",
    ),
    "check.help.about": (
        "Shows every meter and setting with the place that it comes from, the meters that share a connection, and every\n"
        "mistake at once. Secrets show as <secret>. Opens no connection.",
        "Muestra cada medidor y ajuste con el lugar de donde viene, los medidores que comparten una conexión y todos los\n"
        "errores a la vez. Los secretos se ven como <secret>. No abre ninguna conexión.",
    ),
    "check.help.after": (
        "examples:\n"
        "  docker compose run --rm bridge check\n"
        "  METERS__MAIN__HOST=10.0.0.7 bridge check\n"
        "\n"
        "exit codes: 0 the bridge would start · 2 it would not",
        "ejemplos:\n"
        "  docker compose run --rm bridge check\n"
        "  METERS__MAIN__HOST=10.0.0.7 bridge check\n"
        "\n"
        "códigos de salida: 0 el puente arrancaría · 2 no arrancaría",
    ),
    "check.meters": ("meters", "medidores"),
    "check.legend": (
        "* from the profile   ~ default   ? cannot be used, see the mistakes below",
        "* del perfil   ~ por omisión   ? no sirve, véanse los errores abajo",
    ),
    "check.further": ("further settings of meters", "otros ajustes de medidores"),
    "check.shared": ("shared connections, one meter at a time", "conexiones compartidas, un medidor a la vez"),
    "check.settings": ("settings", "ajustes"),
    "check.no_upstream": (
        "upstream: none; a sample is confirmed by the local broker",
        "destino: ninguno; el broker local confirma cada muestra",
    ),
    "check.upstream_tls": ("upstream: ThingsBoard at {host}:{port}, TLS", "destino: ThingsBoard en {host}:{port}, TLS"),
    "check.upstream_plain": (
        "upstream: ThingsBoard at {host}:{port}, without TLS", "destino: ThingsBoard en {host}:{port}, sin TLS",
    ),
    "check.text": (
        "text that looks like a number, such as a serial number 00012345, has a space in front in ThingsBoard, which "
        "would make the number 12345 of it",
        "un texto que parece un número, como el número de serie 00012345, lleva un espacio delante en ThingsBoard, que "
        "haría de él el número 12345",
    ),
    "check.mistakes": ("mistakes", "errores"),
    "check.one_mistake": ("1 mistake: the bridge will not start", "1 error: el puente no arrancará"),
    "check.many_mistakes": ("{count} mistakes: the bridge will not start", "{count} errores: el puente no arrancará"),
    "check.demo": (
        "no meters configured: the built-in demo meter will be read",
        "no hay medidores configurados: se leerá el medidor de demostración",
    ),
    "check.kept": (
        "{count} samples wait for {to} and are kept, not sent: bridge outbox list",
        "{count} muestras esperan a {to}; se guardan y no se envían: bridge outbox list",
    ),
    "check.one_meter": ("configuration is fine: 1 meter", "la configuración está bien: 1 medidor"),
    "check.many_meters": ("configuration is fine: {count} meters", "la configuración está bien: {count} medidores"),
    # ---- status -----------------------------------------------------------------------------------------------------
    "status.help": (
        "how the running bridge, its meters and the way to ThingsBoard are doing",
        "cómo están el puente en marcha, sus medidores y el camino a ThingsBoard",
    ),
    "status.help.about": (
        "Asks the bridge that runs on this machine and shows its report.",
        "Pregunta al puente que funciona en esta máquina y muestra su informe.",
    ),
    "status.help.after": (
        "examples:\n"
        "  docker compose exec bridge bridge status\n"
        "  docker compose exec bridge bridge status --watch\n"
        "\n"
        "exit codes: 0 all well · 1 something is wrong · 2 the bridge does not answer",
        "ejemplos:\n"
        "  docker compose exec bridge bridge status\n"
        "  docker compose exec bridge bridge status --watch\n"
        "\n"
        "códigos de salida: 0 todo bien · 1 algo anda mal · 2 el puente no responde",
    ),
    "status.help.watch": (
        "again every two seconds, until interrupted", "otra vez cada dos segundos, hasta que se interrumpa",
    ),
    "status.help.json": (
        "as JSON, for scripts; the same as GET /status", "como JSON, para programas; lo mismo que GET /status",
    ),
    "status.no_answer": ("no bridge answers on port {port}: {why}", "ningún puente responde en el puerto {port}: {why}"),
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
        "{count} samples, the oldest for {span}", "{count} muestras, la más antigua desde hace {span}",
    ),
    "status.gone_in": (", gone in {span}", ", enviadas en {span}"),
    "status.outbox": ("outbox", "bandeja de salida"),
    "status.of": ("{used} of {limit} MB", "{used} de {limit} MB"),
    "status.disk": ("disk", "disco"),
    "status.free": ("{free} MB free", "{free} MB libres"),
    "status.unwritable": (", the outbox cannot be written for {span}", ", no se puede escribir la bandeja desde hace {span}"),
    "status.unreadable": (", the outbox cannot be read for {span}", ", no se puede leer la bandeja desde hace {span}"),
    "status.lost": ("lost", "perdidas"),
    "status.lost_samples": (
        "{lost} samples since the start, {lately} in the last hour; {aside} set aside",
        "{lost} muestras desde el arranque, {lately} en la última hora; {aside} apartadas",
    ),
    "status.proof": ("confirmed by", "confirmado por"),
    "status.standing": ("; none stored for {span}", "; ninguna guardada desde hace {span}"),
    "status.unstored": ("; accepted and not known to be stored: {count}", "; aceptadas y aún sin confirmar: {count}"),
    "status.foreign": ("kept for others", "guardadas para otros"),
    "status.foreign_samples": (
        "{count} samples for {destination}, not sent; see bridge outbox list",
        "{count} muestras para {destination}, sin enviar; vea bridge outbox list",
    ),
    "status.damaged": ("damaged", "dañadas"),
    "status.damaged_files": (
        "files set aside: {count}, {size} MB", "ficheros apartados: {count}, {size} MB",
    ),
    "status.parked": ("not had", "no aceptado"),
    "status.parked_device": ("{device}: {reason}, for {span}", "{device}: {reason}, desde hace {span}"),
    "status.parked_again": (", tried again in {span}", ", se intenta de nuevo en {span}"),
    "status.wrong": ("wrong", "mal"),
    "status.all_well": ("all well", "todo bien"),
    # ---- doctor -----------------------------------------------------------------------------------------------------
    "doctor.help": (
        "the checklist for after an outage, executed: what is broken, where, and what to do",
        "la lista de comprobación tras un corte, ejecutada: qué está roto, dónde y qué hacer",
    ),
    "doctor.help.about": (
        "Examines configuration, data volume, clock, every meter, the local broker and the way to ThingsBoard, and says\n"
        "what to do about what it finds. Meters are asked through the bridge that runs, or directly, once each, when none\n"
        "runs. A meter that refused its password is not tried again. Nothing is changed.",
        "Examina la configuración, el volumen de datos, el reloj, cada medidor, el broker local y el camino a ThingsBoard,\n"
        "y dice qué hacer con lo que encuentra. A los medidores les pregunta por medio del puente en marcha o, si no hay\n"
        "ninguno, directamente, una vez a cada uno. Un medidor que rechazó su contraseña no se intenta de nuevo. No\n"
        "cambia nada.",
    ),
    "doctor.help.after": (
        "examples:\n"
        "  docker compose exec bridge bridge doctor              while the bridge runs\n"
        "  docker compose run --rm bridge doctor                 while it does not\n"
        "  docker compose exec -T bridge bridge doctor --bundle - > bundle.zip\n"
        "\n"
        "✔ works   ✘ does not   ! works, and needs a look   - was not, or cannot be, judged\n"
        "exit codes: 0 nothing is wrong · 1 something is · 2 the configuration cannot be used · 130 interrupted",
        "ejemplos:\n"
        "  docker compose exec bridge bridge doctor              mientras el puente funciona\n"
        "  docker compose run --rm bridge doctor                 mientras no\n"
        "  docker compose exec -T bridge bridge doctor --bundle - > bundle.zip\n"
        "\n"
        "✔ funciona   ✘ no funciona   ! funciona, pero hay que mirarlo   - no se ha podido juzgar\n"
        "códigos de salida: 0 nada anda mal · 1 algo anda mal · 2 la configuración no sirve · 130 interrumpido",
    ),
    "doctor.help.json": ("the findings as JSON, for scripts", "los resultados como JSON, para programas"),
    "doctor.help.bundle": (
        "write a support bundle too (zip, secrets masked): configuration, findings, status, metrics, recent log, failing "
        "frames; - is standard output, and the report then goes to standard error",
        "escribir además un paquete para soporte (zip, secretos ocultos): configuración, resultados, estado, métricas, "
        "registro reciente, tramas fallidas; - es la salida estándar, y el informe va entonces a la de errores",
    ),
    "doctor.help.within": (
        "say that what takes longer is late (default: %(default)s)",
        "dar por tardío lo que dure más (por omisión: %(default)s)",
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
    "doctor.sum.looks": ("nothing is broken; to look at: {looks}", "nada está roto; por mirar: {looks}"),
    "doctor.sum.wrong": ("wrong: {wrong}; to look at: {looks}", "mal: {wrong}; por mirar: {looks}"),
    "doctor.late": ("not done in time", "no ha terminado a tiempo"),
    "doctor.late.fix": (
        "something answers slowly, or not at all; try again with --within 180",
        "algo responde despacio o no responde; pruebe otra vez con --within 180",
    ),
    "doctor.crashed": ("the check itself failed", "la propia comprobación ha fallado"),
    "doctor.crashed.fix": (
        "a mistake in this program: please report it, with --bundle FILE",
        "un error de este programa: comuníquelo, por favor, con --bundle FICHERO",
    ),
    "doctor.left_out.configuration": (
        "left out until the configuration is right", "omitido hasta que la configuración esté bien",
    ),
    "doctor.configuration.mistake": ("{problem}", "{problem}"),
    "doctor.configuration.look": ("the bridge does not start with this", "el puente no arranca con esto"),
    "doctor.configuration.fix": (
        "correct .env, then docker compose up -d; docker compose run --rm bridge check shows all of it",
        "corrija .env y luego docker compose up -d; docker compose run --rm bridge check lo muestra todo",
    ),
    "doctor.configuration.fine": ("can be used; meters: {count}", "sirve; medidores: {count}"),
    "doctor.configuration.demo": (
        "no meters configured: the built-in demo meter is read, its values are invented",
        "no hay medidores configurados: se lee el de demostración, sus valores son inventados",
    ),
    "doctor.configuration.demo.fix": (
        "set METERS__<NAME>__HOST in .env; bridge probe HOST finds out the rest",
        "ponga METERS__<NOMBRE>__HOST en .env; bridge probe HOST averigua el resto",
    ),
    "doctor.configuration.exposed": ("docker inspect shows secrets: {names}", "docker inspect muestra secretos: {names}"),
    "doctor.configuration.exposed.fix": (
        "put each in a file of ./secrets named like it, take it out of .env, then docker compose up -d",
        "ponga cada uno en un fichero de ./secrets con su nombre, quítelo de .env y después docker compose up -d",
    ),
    "doctor.bridge.up": ("runs, version {version}, for {up}", "en marcha, versión {version}, desde hace {up}"),
    "doctor.bridge.version": (
        "version {running} runs, this is {here}", "está en marcha la versión {running}, esta es la {here}",
    ),
    "doctor.bridge.version.fix": ("docker compose up -d", "docker compose up -d"),
    "doctor.bridge.hangs": ("runs, but hangs", "está en marcha, pero colgado"),
    "doctor.bridge.hangs.fix": (
        "it ends itself after a minute and Docker starts it again; else docker compose restart bridge",
        "termina solo al cabo de un minuto y Docker lo arranca de nuevo; si no, docker compose restart bridge",
    ),
    "doctor.bridge.says": ("the running bridge says otherwise", "el puente en marcha dice otra cosa"),
    "doctor.bridge.says.fix": (
        "just mended or just broken? wait a minute and ask again; see docker compose logs bridge mosquitto",
        "¿recién arreglado o recién roto? espere un minuto y pregunte de nuevo; vea docker compose logs bridge mosquitto",
    ),
    "doctor.bridge.down": ("does not run", "no está en marcha"),
    "doctor.bridge.never": (
        "does not run, and never has on this data volume", "no está en marcha, ni lo ha estado con este volumen de datos",
    ),
    "doctor.bridge.start": (
        "docker compose up -d; then docker compose logs bridge", "docker compose up -d; después docker compose logs bridge",
    ),
    "doctor.bridge.mute": (
        "one runs on this data volume, but does not answer", "hay uno en marcha con este volumen de datos, pero no responde",
    ),
    "doctor.bridge.mute.fix": (
        "ask from within it: docker compose exec bridge bridge doctor; if that says the same: docker compose restart bridge",
        "pregunte desde dentro: docker compose exec bridge bridge doctor; si dice lo mismo: docker compose restart bridge",
    ),
    "doctor.disk.writable": ("{folder}: writable, {free_mb} MB free", "{folder}: se puede escribir, {free_mb} MB libres"),
    "doctor.disk.absent": (
        "{folder}: does not exist yet; the bridge makes it", "{folder}: aún no existe; el puente la crea",
    ),
    "doctor.disk.tight": (
        "{folder}: writable, but only {free_mb} MB free, and the outbox may grow to {max_mb} MB",
        "{folder}: se puede escribir, pero solo quedan {free_mb} MB, y la bandeja de salida puede llegar a {max_mb} MB",
    ),
    "doctor.disk.tight.fix": (
        "make room on the disk, or lower OUTBOX__MAX_MB, never below what the outbox holds (bridge status): the oldest would go",
        "libere espacio en el disco o reduzca OUTBOX__MAX_MB, nunca por debajo de lo que hay en la bandeja (bridge status): se irían las más antiguas",
    ),
    "doctor.disk.full": ("{folder}: the disk is full", "{folder}: el disco está lleno"),
    "doctor.disk.full.fix": (
        "make room: df -h, docker system df; never by removing volumes. Samples wait in memory meanwhile, and a power cut loses those",
        "libere espacio: df -h, docker system df; nunca quitando volúmenes. Mientras tanto las muestras esperan en memoria y un corte las pierde",
    ),
    "doctor.disk.read_only": (
        "{folder}: the file system is read-only", "{folder}: el sistema de ficheros es de solo lectura",
    ),
    "doctor.disk.read_only.fix": (
        "after an outage often a damaged disk: look at dmesg on the host, check the disk (fsck). A bridge that runs has samples in memory, which a restart loses: bridge status says how many",
        "tras un corte suele ser un disco dañado: mire dmesg en el equipo y revise el disco (fsck). Un puente en marcha tiene muestras en memoria, que un reinicio pierde: bridge status dice cuántas",
    ),
    "doctor.disk.denied": (
        "{folder}: user {user} may not write there", "{folder}: el usuario {user} no puede escribir ahí",
    ),
    "doctor.disk.denied.fix": (
        "give the folder to the bridge's user: in the stack user 10001 (chown -R 10001:10001)",
        "dé la carpeta al usuario del puente: en el stack, el 10001 (chown -R 10001:10001)",
    ),
    "doctor.disk.broken": ("{folder}: cannot be written", "{folder}: no se puede escribir"),
    "doctor.disk.broken.fix": (
        "look at dmesg on the host: the disk may be failing", "mire dmesg en el equipo: puede que falle el disco",
    ),
    "doctor.disk.failing": (
        "the bridge cannot use its outbox's file", "el puente no puede usar el fichero de su bandeja de salida",
    ),
    "doctor.disk.failing.fix": (
        "make room, or give the data volume back to the bridge's user; do not restart before: memory would be lost",
        "libere espacio o devuelva el volumen de datos al usuario del puente; no reinicie antes: se perdería la memoria",
    ),
    "doctor.file.sound": ("outbox: sound; samples waiting: {waiting}", "bandeja de salida: íntegra; muestras en espera: {waiting}"),
    "doctor.file.large": (
        "outbox: too large to check here; samples waiting: {waiting}",
        "bandeja de salida: demasiado grande para revisarla aquí; muestras en espera: {waiting}",
    ),
    "doctor.file.absent": ("outbox: none yet", "bandeja de salida: aún no hay"),
    "doctor.file.held": (
        "outbox: in use by the running bridge, which checked it when it started",
        "bandeja de salida: en uso por el puente en marcha, que la revisó al arrancar",
    ),
    "doctor.file.held_unknown": (
        "outbox: in use by something that does not answer", "bandeja de salida: en uso por algo que no responde",
    ),
    "doctor.file.held_unknown.fix": (
        "docker compose ps: is a bridge hung, or are two running on one data volume?",
        "docker compose ps: ¿hay un puente colgado, o dos con un mismo volumen de datos?",
    ),
    "doctor.file.damaged": ("outbox: the file is damaged", "bandeja de salida: el fichero está dañado"),
    "doctor.file.damaged.fix": (
        "nothing to do but start the bridge: it sets the file aside and carries over what can be read; then check the disk",
        "basta con arrancar el puente: aparta el fichero y rescata lo que se pueda leer; después revise el disco",
    ),
    "doctor.file.foreign": (
        "outbox: {folder}/outbox.db is a database, but not the bridge's",
        "bandeja de salida: {folder}/outbox.db es una base de datos, pero no la del puente",
    ),
    "doctor.file.foreign.fix": (
        "is DATA_DIR right? if it is, start the bridge: it sets the file aside as it is and begins a new one; move nothing",
        "¿es correcto DATA_DIR? si lo es, arranque el puente: aparta el fichero tal cual y empieza otro; no mueva nada",
    ),
    "doctor.file.alone": (
        "outbox: the file is gone or empty, and its log with samples is there",
        "bandeja de salida: falta el fichero o está vacío, y su registro con muestras está ahí",
    ),
    "doctor.file.alone.fix": (
        "touch nothing and start the bridge (docker compose up -d): it carries over what is in the log; then check the disk",
        "no toque nada y arranque el puente (docker compose up -d): rescata lo que hay en el registro; después revise el disco",
    ),
    "doctor.file.newer": (
        "outbox: written by a newer version of the bridge", "bandeja de salida: escrita por una versión más nueva del puente",
    ),
    "doctor.file.newer.fix": (
        "start the newer version again; this one leaves the file alone, and what waits in it stays there",
        "arranque de nuevo la versión más nueva; esta no toca el fichero, y lo que espera en él se queda ahí",
    ),
    "doctor.file.unread": (
        "outbox: cannot be opened by user {user}", "bandeja de salida: el usuario {user} no puede abrirla",
    ),
    "doctor.file.unread.fix": (
        "give all of the folder to the bridge's user (in the stack chown -R 10001:10001), move nothing; or check the disk",
        "dé toda la carpeta al usuario del puente (en el stack chown -R 10001:10001), sin mover nada; o revise el disco",
    ),
    "doctor.file.aside": (
        "damaged outboxes set aside earlier: {count}, the newest {newest}",
        "bandejas dañadas apartadas antes: {count}, la última {newest}",
    ),
    "doctor.file.aside.fix": (
        "nothing to do: what could be read of them was carried over, and the bridge keeps the last few; check the disk",
        "nada que hacer: lo que se podía leer ya se rescató, y el puente guarda las últimas; revise el disco",
    ),
    "doctor.clock.synchronised": ("{shown} UTC, kept by a time service", "{shown} UTC, sincronizado por un servicio de hora"),
    "doctor.clock.unsynchronised": (
        "{shown} UTC, and no time service keeps it", "{shown} UTC, y ningún servicio de hora lo mantiene",
    ),
    "doctor.clock.unknown": (
        "{shown} UTC; whether it is synchronised cannot be seen from here",
        "{shown} UTC; desde aquí no se ve si está sincronizado",
    ),
    "doctor.clock.look": ("on the host: timedatectl", "en el equipo: timedatectl"),
    "doctor.clock.old": (
        "{shown} UTC cannot be: readings get wrong times", "{shown} UTC no puede ser: las lecturas llevan una hora falsa",
    ),
    "doctor.clock.went_back": (
        "{shown} UTC is before the newest sample ({newest} UTC): it went back, or was ahead",
        "{shown} UTC es anterior a la muestra más reciente ({newest} UTC): se atrasó, o iba adelantado",
    ),
    "doctor.clock.fix": (
        "on the host: timedatectl; sudo timedatectl set-ntp true. Without a battery the clock waits for the network",
        "en el equipo: timedatectl; sudo timedatectl set-ntp true. Sin pila, el reloj espera a la red",
    ),
    "doctor.meter.none": ("none configured", "ninguno configurado"),
    "doctor.meter.rest": ("well: {count}", "bien: {count}"),
    "doctor.meter.answers": (
        "{name}: answers, {register} = {value}, {milliseconds} ms", "{name}: responde, {register} = {value}, {milliseconds} ms",
    ),
    "doctor.meter.reading": (
        "{name}: the bridge reads it, last {ago} ago", "{name}: el puente lo lee, la última vez hace {ago}",
    ),
    "doctor.meter.read_now": (
        "{name}: the bridge has read it now, values: {count}", "{name}: el puente lo acaba de leer, valores: {count}",
    ),
    "doctor.meter.starting": (
        "{name}: the bridge has not read it yet; ask again in a minute",
        "{name}: el puente aún no lo ha leído; pregunte otra vez en un minuto",
    ),
    "doctor.meter.late": (
        "{name}: does not fail, and yet no value for {ago}", "{name}: no falla y, sin embargo, sin valores desde hace {ago}",
    ),
    "doctor.meter.late.fix": (
        "do others wait on the same converter? is its interval too short?",
        "¿esperan otros en el mismo conversor? ¿es demasiado corto su intervalo?",
    ),
    "doctor.meter.taken": (
        "not asked: a bridge that does not answer here holds the meters", "sin preguntar: un puente que aquí no responde los ocupa",
    ),
    "doctor.meter.unknown": (
        "{name}: configured, but the running bridge does not know it", "{name}: configurado, pero el puente en marcha no lo conoce",
    ),
    "doctor.meter.unknown.fix": (
        "it was started with other settings: docker compose up -d", "arrancó con otros ajustes: docker compose up -d",
    ),
    "doctor.meter.clock": (
        "{name}: its clock and ours differ by {drift_s} s", "{name}: su reloj y el nuestro difieren {drift_s} s",
    ),
    "doctor.meter.clock.fix": (
        "if ours is right, have the meter's set; the bridge never writes to meters",
        "si el nuestro está bien, haga ajustar el del medidor; el puente nunca escribe en medidores",
    ),
    "doctor.meter.dns": ("{name}: its name has no address", "{name}: su nombre no tiene dirección"),
    "doctor.meter.dns.fix": (
        "check HOST, or write the IP address there; does the name server run?",
        "revise HOST o escriba ahí la dirección IP; ¿funciona el servidor de nombres?",
    ),
    "doctor.meter.tcp": ("{name}: no connection", "{name}: sin conexión"),
    "doctor.meter.tcp.fix": (
        "refused: check PORT, and who else holds the converter; silence: power, cable, address of the converter",
        "rechazada: revise PORT y quién más ocupa el conversor; silencio: corriente, cable, dirección del conversor",
    ),
    "doctor.meter.timeout": (
        "{name}: the connection stands, and the meter does not answer", "{name}: hay conexión, pero el medidor no responde",
    ),
    "doctor.meter.timeout.fix": (
        "check SERVER, CLIENT and FRAMING (bridge probe finds them), the RS-485 wires and the converter's baud rate",
        "revise SERVER, CLIENT y FRAMING (bridge probe los averigua), los hilos RS-485 y la velocidad del conversor",
    ),
    "doctor.meter.framing": ("{name}: what comes makes no frame", "{name}: lo que llega no forma ninguna trama"),
    "doctor.meter.framing.fix": (
        "check FRAMING, and the converter: it must pass bytes on as they are (no Modbus, no Telnet)",
        "revise FRAMING y el conversor: debe pasar los bytes tal cual (sin Modbus ni Telnet)",
    ),
    "doctor.meter.wrong_framing": (
        "{name}: speaks {speaks}, and FRAMING says {framing}", "{name}: habla {speaks}, y FRAMING dice {framing}",
    ),
    "doctor.meter.wrong_framing.fix": (
        "set FRAMING={speaks} for {name}", "ponga FRAMING={speaks} para {name}",
    ),
    "doctor.meter.association": (
        "{name}: refuses the association", "{name}: rechaza la asociación",
    ),
    "doctor.meter.association.fix": (
        "check CLIENT, SERVER and AUTHENTICATION; bridge probe finds out what it takes",
        "revise CLIENT, SERVER y AUTHENTICATION; bridge probe averigua lo que acepta",
    ),
    "doctor.meter.auth": (
        "{name}: refuses the password or key", "{name}: rechaza la contraseña o la clave",
    ),
    "doctor.meter.auth.fix": (
        "correct PASSWORD, keys, AUTHENTICATION or CLIENT before anything else: a few wrong attempts lock a meter for hours",
        "corrija antes que nada PASSWORD, claves, AUTHENTICATION o CLIENT: unos pocos intentos erróneos bloquean un medidor",
    ),
    "doctor.meter.keys": (
        "{name}: answers, but not to what is protected by the keys",
        "{name}: responde, pero no a lo protegido con las claves",
    ),
    "doctor.meter.keys.fix": (
        "check ENCRYPTION_KEY, AUTHENTICATION_KEY, SECURITY, SUITE and CLIENT",
        "revise ENCRYPTION_KEY, AUTHENTICATION_KEY, SECURITY, SUITE y CLIENT",
    ),
    "doctor.meter.left_alone": (
        "{name}: the bridge leaves it alone for {minutes} min, it refused its password or key",
        "{name}: el puente lo deja en paz {minutes} min, rechazó su contraseña o clave",
    ),
    "doctor.meter.left_alone.fix": (
        "correct PASSWORD, keys, AUTHENTICATION or CLIENT, then docker compose up -d; not tried again from here",
        "corrija PASSWORD, claves, AUTHENTICATION o CLIENT y luego docker compose up -d; desde aquí no se intenta más",
    ),
    "doctor.meter.held_same": (
        "{name}: not tried, it refused this very password or key on {when}",
        "{name}: sin intentar, rechazó esta misma contraseña o clave el {when}",
    ),
    "doctor.meter.held_many": (
        "{name}: not tried, {count} passwords or keys went out to it without success within a day (last {when}), and a third may lock it",
        "{name}: sin intentar, se le enviaron sin éxito {count} contraseñas o claves en un día (última {when}), y otra puede bloquearlo",
    ),
    "doctor.meter.held_forgetful": (
        "{name}: not tried, a refusal of its password could not be remembered on the data volume",
        "{name}: sin intentar, un rechazo de su contraseña no se podría recordar en el volumen de datos",
    ),
    "doctor.meter.held_forgetful.fix": (
        "make the data volume writable first", "haga antes que se pueda escribir en el volumen de datos",
    ),
    "doctor.meter.access": (
        "{name}: lets us in and refuses every register", "{name}: nos deja entrar y rechaza todos los registros",
    ),
    "doctor.meter.access.fix": (
        "check PROFILE (which OBIS codes it reads) and CLIENT (what it may see)",
        "revise PROFILE (qué códigos OBIS lee) y CLIENT (qué puede ver)",
    ),
    "doctor.meter.decode": (
        "{name}: its answer makes no sense", "{name}: su respuesta no tiene sentido",
    ),
    "doctor.meter.decode.fix": (
        "check keys, SECURITY and PROFILE; if they are right, report it with --bundle FILE",
        "revise claves, SECURITY y PROFILE; si están bien, comuníquelo con --bundle FICHERO",
    ),
    "doctor.meter.other": ("{name}: cannot be read", "{name}: no se puede leer"),
    "doctor.meter.other.fix": ("see docker compose logs bridge", "véase docker compose logs bridge"),
    "doctor.broker.up": ("{where}: takes the bridge's user", "{where}: acepta al usuario del puente"),
    "doctor.broker.dns": ("{where}: the name has no address", "{where}: el nombre no tiene dirección"),
    "doctor.broker.down": ("{where}: nothing listens there", "{where}: nada escucha ahí"),
    "doctor.broker.down.fix": (
        "docker compose ps mosquitto; docker compose logs mosquitto; docker compose up -d",
        "docker compose ps mosquitto; docker compose logs mosquitto; docker compose up -d",
    ),
    "doctor.broker.silent": ("{where}: does not answer", "{where}: no responde"),
    "doctor.broker.silent.fix": (
        "docker compose restart mosquitto: it keeps nothing, and the bridge sends again what was on its way",
        "docker compose restart mosquitto: no guarda nada, y el puente reenvía lo que iba de camino",
    ),
    "doctor.broker.no_credentials": (
        "the file with its user name and password cannot be used: {file}",
        "el fichero con su usuario y contraseña no sirve: {file}",
    ),
    "doctor.broker.no_credentials.fix": (
        "Mosquitto's container writes it when it starts: docker compose restart mosquitto",
        "lo escribe el contenedor de Mosquitto al arrancar: docker compose restart mosquitto",
    ),
    "doctor.broker.refused": (
        "{where}: refuses the user name and password of the bridge", "{where}: rechaza el usuario y la contraseña del puente",
    ),
    "doctor.broker.refused.fix": (
        "docker compose restart mosquitto makes both sides read the same file again",
        "docker compose restart mosquitto hace que ambos lados lean de nuevo el mismo fichero",
    ),
    "doctor.broker.other_settings": (
        "the broker knows of no ThingsBoard: it was started with other settings",
        "el broker no sabe de ningún ThingsBoard: arrancó con otros ajustes",
    ),
    "doctor.broker.other_settings.fix": ("docker compose up -d", "docker compose up -d"),
    "doctor.broker.upstream_down": (
        "from here all is well, but the broker has no session with ThingsBoard",
        "desde aquí todo va bien, pero el broker no tiene sesión con ThingsBoard",
    ),
    "doctor.broker.upstream_down.fix": (
        "it tries again within 30 s; if not: docker compose logs mosquitto, docker compose up -d",
        "lo intenta de nuevo antes de 30 s; si no: docker compose logs mosquitto, docker compose up -d",
    ),
    "doctor.upstream.none": (
        "none configured: readings stay with the local broker", "ninguno configurado: las lecturas se quedan en el broker local",
    ),
    "doctor.upstream.reach": ("{where}: reached, without TLS", "{where}: se alcanza, sin TLS"),
    "doctor.upstream.reach_tls": (
        "{where}: reached, its certificate is trusted", "{where}: se alcanza, su certificado es de confianza",
    ),
    "doctor.upstream.dns": ("{host}: the name has no address", "{host}: el nombre no tiene dirección"),
    "doctor.upstream.dns.fix": (
        "check THINGSBOARD__HOST; does this machine reach the Internet and its name server?",
        "revise THINGSBOARD__HOST; ¿llega este equipo a Internet y a su servidor de nombres?",
    ),
    "doctor.upstream.tcp": ("{where}: no connection", "{where}: sin conexión"),
    "doctor.upstream.tcp.fix": (
        "check THINGSBOARD__PORT (1883, with TLS 8883), the firewall, and whether the server runs",
        "revise THINGSBOARD__PORT (1883, con TLS 8883), el cortafuegos y si el servidor funciona",
    ),
    "doctor.upstream.silent": (
        "{where}: no connection within {seconds} s", "{where}: sin conexión en {seconds} s",
    ),
    "doctor.upstream.silent.fix": (
        "a firewall that drops, a wrong address, or no Internet: check THINGSBOARD__HOST and the modem",
        "un cortafuegos que descarta, una dirección errónea o falta de Internet: revise THINGSBOARD__HOST y el módem",
    ),
    "doctor.upstream.files": (
        "a certificate file cannot be used", "un fichero de certificado no sirve",
    ),
    "doctor.upstream.files.fix": (
        "check THINGSBOARD__CA_FILE, _CERT_FILE and _KEY_FILE: PEM, readable by the bridge, key without a password",
        "revise THINGSBOARD__CA_FILE, _CERT_FILE y _KEY_FILE: PEM, legibles por el puente, clave sin contraseña",
    ),
    "doctor.upstream.tls_ca": (
        "{where}: its certificate was signed by nobody that is trusted here (CA file: {file})",
        "{where}: su certificado no lo firmó nadie de confianza aquí (fichero CA: {file})",
    ),
    "doctor.upstream.tls_ca.fix": (
        "put the certificate of the authority that signed it in ./config and name it in THINGSBOARD__CA_FILE",
        "ponga en ./config el certificado de la autoridad que lo firmó y nómbrelo en THINGSBOARD__CA_FILE",
    ),
    "doctor.upstream.tls_name": (
        "{where}: its certificate is for another name", "{where}: su certificado es para otro nombre",
    ),
    "doctor.upstream.tls_name.fix": (
        "write in THINGSBOARD__HOST the name that stands in the certificate",
        "escriba en THINGSBOARD__HOST el nombre que figura en el certificado",
    ),
    "doctor.upstream.tls_dates": (
        "{where}: its certificate is not valid today", "{where}: su certificado no es válido hoy",
    ),
    "doctor.upstream.tls_dates.fix": (
        "is this machine's clock right? else the server needs a new certificate",
        "¿está bien el reloj de este equipo? si no, el servidor necesita un certificado nuevo",
    ),
    "doctor.upstream.tls": ("{where}: its certificate is not accepted", "{where}: su certificado no se acepta"),
    "doctor.upstream.tls.fix": (
        "check the server's certificate and THINGSBOARD__CA_FILE", "revise el certificado del servidor y THINGSBOARD__CA_FILE",
    ),
    "doctor.upstream.not_tls": (
        "{where}: does not speak TLS on this port", "{where}: no habla TLS en este puerto",
    ),
    "doctor.upstream.not_tls.fix": (
        "set THINGSBOARD__PORT to the server's TLS port (usually 8883), or THINGSBOARD__TLS=false",
        "ponga en THINGSBOARD__PORT el puerto TLS del servidor (normalmente 8883), o THINGSBOARD__TLS=false",
    ),
    "doctor.upstream.speaks_tls": (
        "{where}: speaks TLS, and THINGSBOARD__TLS is off", "{where}: habla TLS, y THINGSBOARD__TLS está apagado",
    ),
    "doctor.upstream.speaks_tls.fix": (
        "set THINGSBOARD__TLS=true, or THINGSBOARD__PORT to the plain port (usually 1883)",
        "ponga THINGSBOARD__TLS=true, o en THINGSBOARD__PORT el puerto sin cifrar (normalmente 1883)",
    ),
    "doctor.upstream.no_token": (
        "no access token yet: the bridge has not got one by provisioning",
        "aún no hay token de acceso: el puente no lo ha obtenido por aprovisionamiento",
    ),
    "doctor.upstream.no_token.fix": (
        "start the bridge and see docker compose logs bridge; does the device profile allow provisioning?",
        "arranque el puente y vea docker compose logs bridge; ¿permite aprovisionar el perfil de dispositivo?",
    ),
    "doctor.upstream.not_tried": (
        "token not tried: the broker may have a session with it, which a second one would end",
        "token sin probar: el broker puede tener una sesión con él, y otra la terminaría",
    ),
    "doctor.upstream.session": (
        "the broker's session stands, so the token is accepted", "la sesión del broker está en pie: el token se acepta",
    ),
    "doctor.upstream.token": ("the token is accepted", "el token se acepta"),
    "doctor.upstream.refused": ("ThingsBoard refuses the token", "ThingsBoard rechaza el token"),
    "doctor.upstream.refused.provisioned": (
        "a running bridge asks for another by itself within two minutes; where ThingsBoard gives none, delete the device {name} there",
        "un puente en marcha pide otro por sí mismo en dos minutos; si ThingsBoard no da ninguno, borre allí el dispositivo {name}",
    ),
    "doctor.upstream.refused.fix": (
        "copy THINGSBOARD__TOKEN again from the gateway device's credentials, then docker compose up -d",
        "copie de nuevo THINGSBOARD__TOKEN de las credenciales del dispositivo, y luego docker compose up -d",
    ),
    "doctor.upstream.unwilling": ("{where}: refuses the session", "{where}: rechaza la sesión"),
    "doctor.upstream.unwilling.fix": (
        "is ThingsBoard still starting, or is its licence or tenant suspended? see its own log",
        "¿está arrancando ThingsBoard, o suspendida su licencia o su cliente? véase su propio registro",
    ),
    "doctor.upstream.no_mqtt": (
        "{where}: takes the connection and does not speak MQTT", "{where}: acepta la conexión y no habla MQTT",
    ),
    "doctor.upstream.no_mqtt.fix": (
        "is THINGSBOARD__PORT the MQTT port (1883, with TLS 8883) and not the web page's?",
        "¿es THINGSBOARD__PORT el puerto MQTT (1883, con TLS 8883) y no el de la página web?",
    ),
    "doctor.upstream.fence": (
        "answers what it is asked, {milliseconds} ms", "responde a lo que se le pregunta, {milliseconds} ms",
    ),
    "doctor.upstream.fence_recent": (
        "the bridge's own samples were stored within the last minute",
        "las muestras del puente se guardaron en el último minuto",
    ),
    "doctor.upstream.no_fence": (
        "nothing asked: THINGSBOARD__CONFIRM=puback", "nada preguntado: THINGSBOARD__CONFIRM=puback",
    ),
    "doctor.upstream.no_limits": (
        "does not tell its limits (ThingsBoard before 3.9); the bridge learns them",
        "no dice sus límites (ThingsBoard anterior a 3.9); el puente los aprende",
    ),
    "doctor.upstream.fence_silent": (
        "accepts the session and answers nothing", "acepta la sesión y no responde a nada",
    ),
    "doctor.upstream.fence_silent.fix": (
        "does something else use the token? is it a ThingsBoard? THINGSBOARD__CONFIRM=puback for one that does not answer",
        "¿usa algo más el token? ¿es un ThingsBoard? THINGSBOARD__CONFIRM=puback para uno que no responde",
    ),
    "doctor.upstream.no_gateway": (
        "the device does not seem to be marked Is gateway", "el dispositivo no parece marcado como gateway (Is gateway)",
    ),
    "doctor.upstream.no_gateway.fix": (
        "in ThingsBoard: the device's details, tick Is gateway; for a single meter's own token THINGSBOARD__MODE=device",
        "en ThingsBoard: detalles del dispositivo, marque Is gateway; con el token de un solo medidor THINGSBOARD__MODE=device",
    ),
    "doctor.upstream.shared": (
        "something else uses the same token: each of the two throws the other out",
        "algo más usa el mismo token: cada uno echa al otro",
    ),
    "doctor.upstream.shared.fix": (
        "give every bridge a gateway device of its own in ThingsBoard, and stop old bridges and test clients",
        "dé a cada puente su propio dispositivo gateway en ThingsBoard y detenga puentes viejos y clientes de prueba",
    ),
    "doctor.samples.fresh": (
        "last confirmed {ago} ago; waiting: {waiting}", "última confirmación hace {ago}; en espera: {waiting}",
    ),
    "doctor.samples.none_yet": (
        "nothing confirmed yet; the bridge started {up} ago", "aún nada confirmado; el puente arrancó hace {up}",
    ),
    "doctor.samples.standing": (
        "samples wait, and none is stored; waiting: {waiting}", "hay muestras en espera y no se guarda ninguna; en espera: {waiting}",
    ),
    "doctor.samples.waiting": (
        "waiting on disk: {waiting}, the oldest for {oldest}", "en espera en el disco: {waiting}, la más antigua desde hace {oldest}",
    ),
    "doctor.samples.fix": (
        "see the lines above: a meter, the broker or ThingsBoard; what waits is sent by itself when the way is free",
        "vea las líneas de arriba: un medidor, el broker o ThingsBoard; lo que espera se envía solo cuando hay paso",
    ),
    "doctor.samples.parked": ("ThingsBoard does not have a device", "ThingsBoard no acepta un dispositivo"),
    "doctor.samples.parked.fix": (
        "see the reason: mend the device in ThingsBoard; its samples wait on disk and are sent by themselves then",
        "vea el motivo: arregle el dispositivo en ThingsBoard; sus muestras esperan en el disco y se envían solas después",
    ),
    "doctor.samples.foreign": ("samples wait for another destination", "hay muestras en espera para otro destino"),
    "doctor.samples.foreign.fix": (
        "is THINGSBOARD__HOST or _MODE right? if so: bridge outbox list, then bridge outbox export FILE; they are kept",
        "¿es correcto THINGSBOARD__HOST o _MODE? si lo es: bridge outbox list y bridge outbox export FILE; se conservan",
    ),
    "doctor.samples.nearly_full": ("the outbox is nearly full", "la bandeja de salida está casi llena"),
    "doctor.samples.nearly_full.fix": (
        "mend the way to ThingsBoard; to win time raise OUTBOX__MAX_MB if the disk has room, then docker compose up -d",
        "repare el camino a ThingsBoard; para ganar tiempo suba OUTBOX__MAX_MB si hay espacio y docker compose up -d",
    ),
    "doctor.samples.lost": ("lost in the last hour: {lost}", "perdidas en la última hora: {lost}"),
    "doctor.samples.lost.fix": (
        "see docker compose logs bridge: was the outbox full (raise OUTBOX__MAX_MB), or could the disk not be written?",
        "vea docker compose logs bridge: ¿se llenó la bandeja de salida (suba OUTBOX__MAX_MB) o no se pudo escribir el disco?",
    ),
    "doctor.samples.set_aside": (
        "set aside, ThingsBoard would not take them: {count}", "apartadas, ThingsBoard no las aceptó: {count}",
    ),
    "doctor.samples.set_aside.fix": ("see docker compose logs bridge", "véase docker compose logs bridge"),
    "doctor.samples.nothing_waits": ("none wait on disk", "ninguna espera en el disco"),
    "doctor.samples.on_disk": (
        "waiting on disk: {waiting}, the newest read {ago} ago", "en espera en el disco: {waiting}, la última leída hace {ago}",
    ),
    "doctor.samples.old_on_disk": (
        "waiting on disk: {waiting}, and the newest was read {ago} ago",
        "en espera en el disco: {waiting}, y la última se leyó hace {ago}",
    ),
    "doctor.samples.old_on_disk.fix": (
        "they are sent by themselves once the bridge runs: docker compose up -d",
        "se envían solas en cuanto el puente funcione: docker compose up -d",
    ),
    "doctor.host.contained": (
        "whether Docker starts at boot cannot be seen from inside a container",
        "desde dentro de un contenedor no se ve si Docker arranca con el equipo",
    ),
    "doctor.host.bare": (
        "not in a container: whether the bridge comes back after a power cut is the host's matter",
        "fuera de un contenedor: que el puente vuelva tras un corte es asunto del equipo",
    ),
    "doctor.host.fix": (
        "on the host: systemctl is-enabled docker must say enabled (sudo systemctl enable docker); "
        "docker compose ps must list bridge, mosquitto, prometheus, grafana",
        "en el equipo: systemctl is-enabled docker debe decir enabled (sudo systemctl enable docker); "
        "docker compose ps debe mostrar bridge, mosquitto, prometheus, grafana",
    ),
    "doctor.bundle.written": ("support bundle: {file}, files: {count}", "paquete para soporte: {file}, ficheros: {count}"),
    "doctor.bundle.unwritten": (
        "support bundle not written: {file}: {why}; in a container --bundle - > FILE writes it outside",
        "paquete para soporte no escrito: {file}: {why}; en un contenedor, --bundle - > FICHERO lo escribe fuera",
    ),
    "doctor.bundle.readme": (
        "A support bundle of dlms-bridge, for whoever helps. Passwords, keys and tokens of the settings show as {mask}.\n"
        "doctor.txt, doctor.json   what was found\n"
        "configuration.txt         the settings as the bridge sees them\n"
        "versions.txt              of the bridge and of what it runs on\n"
        "status.json, metrics.txt, log.txt   of the running bridge, if one answered\n"
        "frames.txt                the last frames of meters that failed, in hex",
        "Un paquete para soporte de dlms-bridge. Las contraseñas, claves y tokens de los ajustes se ven como {mask}.\n"
        "doctor.txt, doctor.json   lo que se encontró\n"
        "configuration.txt         los ajustes como los ve el puente\n"
        "versions.txt              del puente y de aquello sobre lo que funciona\n"
        "status.json, metrics.txt, log.txt   del puente en marcha, si alguno respondió\n"
        "frames.txt                las últimas tramas de los medidores que fallaron, en hexadecimal",
    ),
    "doctor.bundle.no_frames": (
        "no frames of a meter that failed", "no hay tramas de ningún medidor que fallara",
    ),
    # ---- probe (the helper of probe and read writes from here to the end) -------------------------------------------
    "probe.help": ("find out what answers at an address, and print the settings to paste",
                   "averigua qué responde en una dirección e imprime la configuración para pegar"),
    "probe.about": (
        "Finds out what answers at HOST, or in a range of addresses: ports, framing, addresses, clients, which\n"
        "authentication the meter asks for, what it says of itself and its registers. Ends with lines for .env.\n"
        "No password is ever guessed. One that is given is tried once a client, and after two refusals nothing more\n"
        "is tried that day: meters lock themselves.",
        "Averigua qué responde en HOST, o en un rango de direcciones: puertos, trama, direcciones, clientes, qué\n"
        "autenticación pide el medidor, qué dice de sí mismo y sus registros. Termina con líneas para .env.\n"
        "Nunca se adivina una contraseña. La que usted da se prueba una vez por cliente, y tras dos rechazos no se\n"
        "prueba nada más ese día: los medidores se bloquean."),
    "probe.after": (
        "examples:\n"
        "  bridge probe 192.168.1.127                          the usual ports, no password\n"
        "  bridge probe 192.168.1.127:3333 --password -        asks for the password, so that nobody sees it\n"
        "  bridge probe 192.168.1.127 --profile-out mine.toml  writes a profile of what the meter has\n"
        "  bridge probe 192.168.1.0/24                         looks for meters in a network\n"
        "The password may also come from PROBE_PASSWORD, the keys from PROBE_ENCRYPTION_KEY and PROBE_AUTHENTICATION_KEY.\n"
        "exit codes: 0 a meter was read, or the scan found one · 1 nothing that can be read · 2 the command line is wrong\n"
        "            130 interrupted; the meter was released",
        "ejemplos:\n"
        "  bridge probe 192.168.1.127                          los puertos usuales, sin contraseña\n"
        "  bridge probe 192.168.1.127:3333 --password -        pregunta la contraseña, para que nadie la vea\n"
        "  bridge probe 192.168.1.127 --profile-out mine.toml  escribe un perfil de lo que tiene el medidor\n"
        "  bridge probe 192.168.1.0/24                         busca medidores en una red\n"
        "La contraseña también puede venir de PROBE_PASSWORD, las claves de PROBE_ENCRYPTION_KEY y PROBE_AUTHENTICATION_KEY.\n"
        "códigos de salida: 0 se leyó un medidor, o la búsqueda halló uno · 1 nada que se pueda leer\n"
        "                   2 la línea de comandos no sirve · 130 interrumpido; el medidor quedó liberado"),
    "probe.option.target": ("HOST, HOST:PORT, or a range such as 192.168.1.0/24", "HOST, HOST:PUERTO, o un rango como 192.168.1.0/24"),
    "probe.option.password": ("password or secret, or hex:0011…; - asks for it", "contraseña o secreto, o hex:0011…; - la pregunta"),
    "probe.option.key": ("global unicast encryption key, in hex; - asks for it", "clave de cifrado (global unicast), en hex; - la pregunta"),
    "probe.option.authentication_key": ("authentication key, in hex; - asks for it", "clave de autenticación, en hex; - la pregunta"),
    "probe.option.authentication": ("which authentication, where you know it", "qué autenticación, si la conoce"),
    "probe.option.security": ("how APDUs are protected; both halves with keys", "cómo se protegen los APDU; ambas mitades con claves"),
    "probe.option.suite": ("security suite", "suite de seguridad"),
    "probe.option.system_title": ("our system title, 16 hex digits", "nuestro system title, 16 dígitos hex"),
    "probe.option.client": ("be this client alone", "ser solo este cliente"),
    "probe.option.server": ("this server address alone", "solo esta dirección de servidor"),
    "probe.option.octets": ("its length in HDLC", "su longitud en HDLC"),
    "probe.option.framing": ("this framing alone", "solo esta trama"),
    "probe.option.referencing": ("this way of naming objects alone: logical or short names", "solo esta forma de nombrar objetos: nombres lógicos o cortos"),
    "probe.option.serial": ("the meter's serial number: makers calculate addresses from it", "número de serie: hay fabricantes que calculan de él la dirección"),
    "probe.option.ports": ("ports to try, separated by commas", "puertos que probar, separados por comas"),
    "probe.option.timeout": ("seconds to wait for an answer (default: %(default)s)", "segundos de espera por respuesta (por omisión: %(default)s)"),
    "probe.option.name": ("name of the meter in the lines", "nombre del medidor en las líneas"),
    "probe.option.profile_out": ("write a profile of what the meter has; - prints it", "escribe un perfil de lo que tiene el medidor; - lo imprime"),
    "probe.option.objects": ("list all objects of the meter, too", "lista además todos los objetos del medidor"),
    "probe.option.yes": ("scan more than 256 addresses without asking", "recorrer más de 256 direcciones sin preguntar"),
    "probe.option.force": ("scan addresses that are not private", "recorrer direcciones que no son privadas"),
    "probe.option.rate": ("connections a second in a scan (default: %(default)s)", "conexiones por segundo al recorrer (por omisión: %(default)s)"),
    "probe.visible": ("the password on the command line can be seen by everybody on this machine; --password - asks for it",
                      "la contraseña en la línea de comandos la ve cualquiera en esta máquina; --password - la pregunta"),
    "probe.prompt": ("{what}: ", "{what}: "),
    "probe.bridge_running": (
        "a bridge is running here: a meter that it reads and that allows one session answers nobody else; docker compose stop bridge",
        "hay un bridge en marcha: un medidor que él lee y que admite una sola sesión no responde a nadie más; docker compose stop bridge"),
    "probe.ports.trying": ("{host}: trying {count} ports", "{host}: probando {count} puertos"),
    "probe.ports.open": ("{host}: open: {ports}", "{host}: abiertos: {ports}"),
    "probe.ports.closed": ("{ports}: {how}", "{ports}: {how}"),
    "probe.ports.none": ("no usual port is open; is it on another one? bridge probe HOST:PORT",
                         "ningún puerto usual está abierto; ¿está en otro? bridge probe HOST:PUERTO"),
    "probe.tcp.refused": ("refuses the connection: the host is there, nothing listens", "rechaza la conexión: el equipo está, nadie escucha"),
    "probe.tcp.silent": ("no answer to the connection: off, elsewhere, or behind a firewall", "sin respuesta a la conexión: apagado, en otra red o tras un cortafuegos"),
    "probe.tcp.unreachable": ("no route: {said}", "sin ruta: {said}"),
    "probe.tcp.unknown_name": ("the name has no address", "el nombre no tiene dirección"),
    "probe.asking": ("{framing}: server {server}, client {client}", "{framing}: servidor {server}, cliente {client}"),
    "probe.found.hdlc": ("HDLC: server {server}, {octets}-byte address, answers client {client} with {said} after {ms} ms",
                         "HDLC: servidor {server}, dirección de {octets} bytes, responde al cliente {client} con {said} tras {ms} ms"),
    "probe.found.wrapper": ("wrapper: server {server} answers client {client} after {ms} ms",
                            "wrapper: el servidor {server} responde al cliente {client} tras {ms} ms"),
    "probe.found.mode_e": ("IEC 62056-21 identification: {said}", "identificación IEC 62056-21: {said}"),
    "probe.found.http": ("a web server, no meter: {said}", "un servidor web, no un medidor: {said}"),
    "probe.found.tls": ("speaks TLS, no meter", "habla TLS, no es un medidor"),
    "probe.found.ssh": ("an SSH server, no meter: {said}", "un servidor SSH, no un medidor: {said}"),
    "probe.found.banner": ("greets with text, no meter: {said}", "saluda con texto, no es un medidor: {said}"),
    "probe.found.telnet": (
        "the converter talks Telnet ({said}) and changes bytes on the way: set it to raw TCP (in the settings of many: "
        "TCP Server instead of Telnet or RFC 2217; in ser2net: tcp or raw, not telnet), then probe again",
        "el convertidor habla Telnet ({said}) y altera bytes por el camino: póngalo en TCP puro (en los ajustes de muchos: "
        "TCP Server en vez de Telnet o RFC 2217; en ser2net: tcp o raw, no telnet) y sondee otra vez"),
    "probe.found.push": (
        "sends by itself what nobody asked for ({said}), and answers nothing: a customer port (HAN, P1) that only pushes. "
        "The bridge asks meters; connect it to the meter's optical, RS-485 or network port",
        "envía por sí solo lo que nadie pidió ({said}) y no responde nada: un puerto de cliente (HAN, P1) que solo emite. "
        "El bridge pregunta a los medidores; conéctelo al puerto óptico, RS-485 o de red del medidor"),
    "probe.found.talks": (
        "sends text first, as a converter or modem that registers does ({said}), and no meter answers behind it: check baud rate and wiring there, the address, or try --timeout 5",
        "primero envía texto, como un convertidor o módem que se registra ({said}), y detrás no responde ningún medidor: revise ahí velocidad y cableado, la dirección, o pruebe --timeout 5"),
    "probe.found.telegram": (
        "gives its readings as text when asked (IEC 62056-21, {said}), and no DLMS: the bridge does not read that; use a port that speaks DLMS",
        "da sus lecturas en texto cuando se le piden (IEC 62056-21, {said}), sin DLMS: el bridge no lee eso; use un puerto que hable DLMS"),
    "probe.found.flow_control": (
        "answers with frames that lack bytes 11 or 13 ({said}): software flow control (XON/XOFF) takes them out; switch it off in the converter",
        "responde con tramas a las que faltan bytes 11 o 13 ({said}): los quita el control de flujo por software (XON/XOFF); desactívelo en el convertidor"),
    "probe.found.short": (
        "answers with frames that are a byte short ({said}): data bits, stop bits or flow control of the converter, or a packet that it cuts",
        "responde con tramas a las que falta un byte ({said}): bits de datos, de parada o control de flujo del convertidor, o un paquete que él corta"),
    "probe.found.damaged": (
        "answers with frames whose check sequence is wrong ({said}): noise on the line, termination, wiring, or two meters at one address",
        "responde con tramas cuya secuencia de control está mal ({said}): ruido en la línea, terminación, cableado, o dos medidores con una misma dirección"),
    "probe.found.parity": (
        "answers with text in 7 bits and parity ({said}): set the converter to 8 data bits without parity, or its IEC 62056-21 mode off",
        "responde con texto de 7 bits con paridad ({said}): ponga el convertidor a 8 bits de datos sin paridad, o desactive su modo IEC 62056-21"),
    "probe.found.greeting": (
        "it sends text first, as a converter or modem that registers does, and the bridge passes over it: {said}",
        "antes envía texto, como un convertidor o módem que se registra, y el bridge lo pasa por alto: {said}"),
    "probe.found.other_form": (
        "it answers from the same address in another form, {server} in {octets} bytes; the bridge takes that",
        "responde desde la misma dirección en otra forma, {server} en {octets} bytes; el bridge lo acepta"),
    "probe.found.echo": ("sends back what it gets and nothing else: an RS-485 line without a meter, or echo left on",
                         "devuelve lo que recibe y nada más: una línea RS-485 sin medidor, o con eco"),
    "probe.found.other": ("answers, but not as a meter does; wrong baud rate or parity in the converter? {said}",
                          "responde, pero no como un medidor; ¿velocidad o paridad del convertidor? {said}"),
    "probe.found.closes": ("takes the connection and closes it: does another program hold the converter?",
                           "acepta la conexión y la cierra: ¿otro programa ocupa el convertidor?"),
    "probe.found.silent": ("open, but silent: check baud rate and wiring behind the converter, the address, or try --timeout 5",
                           "abierto, pero mudo: revise velocidad y cableado tras el convertidor, la dirección, o pruebe --timeout 5"),
    "probe.no_mode_e": ("speaks IEC 62056-21 in text, and does not change to HDLC (mode E), so the bridge cannot read it here; use a port that speaks DLMS ({said})",
                        "habla IEC 62056-21 en texto y no pasa a HDLC (modo E), así que el bridge no puede leerlo aquí; use un puerto que hable DLMS ({said})"),
    "probe.no_address": ("no HDLC address answered behind it", "ninguna dirección HDLC respondió detrás"),
    "probe.no_address.mode_c": (
        "its identification offers no mode E (there is no \\2 in it), and no HDLC address answers behind it: a mode C meter, which speaks text and no DLMS here",
        "su identificación no ofrece el modo E (no hay \\2 en ella) y ninguna dirección HDLC responde detrás: un medidor de modo C, que aquí habla texto y no DLMS"),
    "probe.client.open": ("client {client}: let in without authentication", "cliente {client}: entra sin autenticación"),
    "probe.client.asks": ("client {client}: asks for authentication ({said})", "cliente {client}: pide autenticación ({said})"),
    "probe.client.ciphered": ("client {client}: wants ciphered messages ({said})", "cliente {client}: quiere mensajes cifrados ({said})"),
    "probe.client.refused": ("client {client}: refused ({said})", "cliente {client}: rechazado ({said})"),
    "probe.client.unlinked": ("client {client}: no HDLC connection ({said})", "cliente {client}: sin conexión HDLC ({said})"),
    "probe.client.mute": ("client {client}: HDLC connection, then no answer to the association request: it may want a password",
                          "cliente {client}: conexión HDLC, y luego ninguna respuesta a la asociación: quizá quiera una contraseña"),
    "probe.client.garbled": ("client {client}: answers, but not in whole frames: {said}", "cliente {client}: responde, pero no en tramas enteras: {said}"),
    "probe.garbled": ("the meter is there, and its answers come damaged: mend the line or the converter's settings first, then probe again",
                      "el medidor está, y sus respuestas llegan dañadas: arregle antes la línea o los ajustes del convertidor, y sondee otra vez"),
    "probe.client.short_names": ("short names", "nombres cortos"),
    "probe.client.empty": ("client {client}: let in, but may read no register; what was given is tried",
                           "cliente {client}: entra, pero no puede leer ningún registro; se prueba lo que se dio"),
    "probe.client.silent": ("clients {clients}: silence", "clientes {clients}: silencio"),
    "probe.mechanism": ("client {client}: authentication {mechanism}", "cliente {client}: autenticación {mechanism}"),
    "probe.mechanism.unknown": ("client {client}: which authentication cannot be told without a secret",
                                "cliente {client}: sin un secreto no se sabe qué autenticación"),
    "probe.not_given.keys": ("client {client}: {mechanism} needs --key and --authentication-key", "cliente {client}: {mechanism} necesita --key y --authentication-key"),
    "probe.not_given.password": ("client {client}: {mechanism} needs --password", "cliente {client}: {mechanism} necesita --password"),
    "probe.held.same": ("client {client}: this secret was refused on {when}; not tried again, the meter could lock",
                        "cliente {client}: este secreto fue rechazado el {when}; no se repite, el medidor podría bloquearse"),
    "probe.held.many": ("client {client}: {count} secrets went out without success within a day, the last on {when}; none is sent until a day after that, the meter could lock",
                        "cliente {client}: {count} secretos enviados sin éxito en un día, el último el {when}; no se envía ninguno hasta un día después, el medidor podría bloquearse"),
    "probe.held.last": ("client {client}: the meter calls a question without a secret an authentication failure and may have counted it, and a secret went out since: no other is tried, the meter could lock",
                        "cliente {client}: el medidor llama fallo de autenticación a una pregunta sin secreto y quizá la contó, y después salió un secreto: no se prueba otro, el medidor podría bloquearse"),
    "probe.held.forgetful": ("client {client}: no secret is tried, because a refusal could not be remembered: is DATA_DIR writable?",
                             "cliente {client}: no se prueba ningún secreto, porque un rechazo no se podría recordar: ¿se puede escribir en DATA_DIR?"),
    "probe.trying": ("client {client}: {mechanism}, once", "cliente {client}: {mechanism}, una vez"),
    "probe.let_in": ("client {client}: let in with {mechanism}", "cliente {client}: entra con {mechanism}"),
    "probe.turned_away": ("client {client}: {said}", "cliente {client}: {said}"),
    "probe.spent": ("no more is tried, so that the meter does not lock", "no se prueba nada más, para que el medidor no se bloquee"),
    "probe.lost": ("{said}", "{said}"),
    "probe.reading": ("registers: {done} of {total}", "registros: {done} de {total}"),
    "probe.gathered": ("client {client}: {objects} objects, {registers} registers with a value", "cliente {client}: {objects} objetos, {registers} registros con valor"),
    "probe.gathered.blind": ("client {client}: does not show its objects; {registers} of the usual registers have a value",
                             "cliente {client}: no muestra sus objetos; {registers} de los registros usuales tienen valor"),
    "probe.title.meter": ("meter", "medidor"),
    "probe.fact.name": ("logical device name", "nombre lógico"),
    "probe.fact.maker": ("manufacturer", "fabricante"),
    "probe.fact.serial": ("serial number", "número de serie"),
    "probe.fact.firmware": ("firmware", "firmware"),
    "probe.fact.clock": ("clock", "reloj"),
    "probe.fact.round_trip": ("round trip", "ida y vuelta"),
    "probe.fact.lists": ("several at once", "varios a la vez"),
    "probe.fact.blocks": ("long answers", "respuestas largas"),
    "probe.fact.pdu": ("longest message", "mensaje más largo"),
    "probe.maker.unknown": ("{letters}: not among the known makers", "{letters}: no está entre los fabricantes conocidos"),
    "probe.clock.drift": ("{clock} ({drift_s} s)", "{clock} ({drift_s} s)"),
    "probe.ms": ("{ms} ms", "{ms} ms"),
    "probe.bytes": ("{count} bytes", "{count} bytes"),
    "probe.yes": ("in blocks", "por bloques"),
    "probe.no": ("not in blocks", "sin bloques"),
    "probe.lists.works": ("yes (GET-WITH-LIST, {count} in {ms} ms)", "sí (GET-WITH-LIST, {count} en {ms} ms)"),
    "probe.lists.fails": ("promised, and fails: it is read one by one", "lo promete y falla: se lee de uno en uno"),
    "probe.lists.not_offered": ("no: it is read one by one", "no: se lee de uno en uno"),
    "probe.lists.unknown": ("not tried", "no se probó"),
    "probe.title.registers": ("registers ({count})", "registros ({count})"),
    "probe.column.name": ("name", "nombre"),
    "probe.column.value": ("value", "valor"),
    "probe.column.unit": ("unit", "unidad"),
    "probe.left_out": ("… and {count} more, which were not read", "… y {count} más, que no se leyeron"),
    "probe.title.profile": ("profile", "perfil"),
    "probe.profile.match": ("{name}: {there} of its {of} registers are there", "{name}: están {there} de sus {of} registros"),
    "probe.profile.part": ("a profile of its own reads more: --profile-out FILE", "un perfil propio lee más: --profile-out ARCHIVO"),
    "probe.profile.none": ("none fits, so the lines name the registers; a profile of its own: --profile-out FILE",
                           "ninguno sirve, así que las líneas nombran los registros; un perfil propio: --profile-out ARCHIVO"),
    "probe.silent": ("gives no answer, or none that makes sense, and costs time or the association: {objects}. It is left out of the lines",
                     "no da respuesta, o ninguna con sentido, y cuesta tiempo o la asociación: {objects}. Queda fuera de las líneas"),
    "probe.trial.trying": ("trying the lines", "probando las líneas"),
    "probe.trial.reads": ("tried: read by these lines, {values} of {of} registers gave a value", "probado: leído con estas líneas, {values} de {of} registros dieron valor"),
    "probe.trial.fails": ("tried, and they do not give a sample yet: {said}", "probado, y aún no dan una muestra: {said}"),
    "probe.profile.written": ("{file} written; it belongs into ./config/profiles", "{file} escrito; va en ./config/profiles"),
    "probe.profile.unwritable": ("{file} cannot be written: {said}", "no se puede escribir {file}: {said}"),
    "probe.profile.save": ("save it as ./config/profiles/mine.toml", "guárdelo como ./config/profiles/mine.toml"),
    "probe.title.lines": (".env", ".env"),
    "probe.fill_in": ("put the secret behind the = sign", "ponga el secreto detrás del signo ="),
    "probe.nobody": ("no client is let in, and none is asked for a secret; is it another address (--client)?",
                     "ningún cliente entra y a ninguno se le pide un secreto; ¿es otra dirección (--client)?"),
    "probe.needs.password": ("the meter is there; client {client} needs its password: --password -", "el medidor está; el cliente {client} necesita su contraseña: --password -"),
    "probe.needs.keys": ("the meter is there; client {client} needs its keys: --key - --authentication-key -",
                         "el medidor está; el cliente {client} necesita sus claves: --key - --authentication-key -"),
    "probe.needs.more": ("client {client} is let in without a password, but may read no register: with one it may read more (--password -), or another client may (--client N)",
                         "el cliente {client} entra sin contraseña, pero no puede leer ningún registro: con una quizá lea más (--password -), u otro cliente (--client N)"),
    "probe.needs.perhaps": ("the meter is there, and says nothing to client {client} without a password: --password -",
                            "el medidor está, y no dice nada al cliente {client} sin contraseña: --password -"),
    "probe.needs.again": ("probe again with the secret before the lines are used: it finds out what can be read, and tries them",
                          "sondee otra vez con el secreto antes de usar las líneas: averigua qué se puede leer, y las prueba"),
    "probe.needs.other": ("the meter is there, but what was given does not let client {client} in", "el medidor está, pero lo que se dio no deja entrar al cliente {client}"),
    "probe.scan.ask": ("{count} addresses, {connections} connections, about {minutes} min. Scan them? [y/N] ",
                       "{count} direcciones, {connections} conexiones, unos {minutes} min. ¿Recorrerlas? [s/N] "),
    "probe.scan.yes": ("yY", "sSyY"),
    "probe.scan.large": ("{count} addresses: more than 256 are scanned only with a yes; add --yes", "{count} direcciones: más de 256 solo con un sí; agregue --yes"),
    "probe.scan.public": ("{text}: not a private network; scanning other people's is not done without --force",
                          "{text}: no es una red privada; las ajenas no se recorren sin --force"),
    "probe.scan.no_secret": ("a password is given to one meter, never to a whole network", "una contraseña se da a un medidor, nunca a toda una red"),
    "probe.scan.progress": ("connections; {open} open, {meters} meters", "conexiones; {open} abiertas, {meters} medidores"),
    "probe.scan.title": ("found in {text}", "hallado en {text}"),
    "probe.scan.none": ("nothing answers in {text} on {ports} ports", "nada responde en {text} en {ports} puertos"),
    "probe.scan.end": ("addresses: {count}, open ports: {open}, meters: {meters}, {seconds} s", "direcciones: {count}, puertos abiertos: {open}, medidores: {meters}, {seconds} s"),
    "probe.scan.next": ("more on one of them: bridge probe HOST:PORT", "más sobre uno de ellos: bridge probe HOST:PUERTO"),
    "probe.scan.column.address": ("address", "dirección"),
    "probe.scan.column.what": ("what", "qué"),
    "probe.scan.column.server": ("server", "servidor"),
    "probe.scan.column.name": ("logical device name", "nombre lógico"),
    "probe.scan.column.maker": ("manufacturer", "fabricante"),
    "probe.target.wrong": ("{said}", "{said}"),
    # ---- objects ----------------------------------------------------------------------------------------------------
    "objects.help": ("list what a configured meter offers", "lista lo que ofrece un medidor configurado"),
    "objects.about": (
        "Lists the objects of a meter of the configuration: class, version, OBIS code with its meaning (IEC 62056-6-1),\n"
        "and what this client may do with each: r read, w write, m call a method. Makes a profile of a choice of them.",
        "Lista los objetos de un medidor de la configuración: clase, versión, código OBIS con su significado (IEC 62056-6-1)\n"
        "y lo que este cliente puede hacer con cada uno: r leer, w escribir, m llamar un método. Hace un perfil de una elección."),
    "objects.after": (
        "examples:\n"
        "  bridge objects main                                       all of them\n"
        "  bridge objects main --only '1-0:*.7.0,1-0:*.8.*' --value  those that fit, with what they hold\n"
        "  bridge objects main --class 7                             the load profiles and event logs\n"
        "  bridge objects main --only '1-0:*.7.0' --profile-out mine.toml\n"
        "exit codes: 0 listed · 1 the meter shows none · 2 configuration or command line wrong · 130 interrupted",
        "ejemplos:\n"
        "  bridge objects main                                       todos\n"
        "  bridge objects main --only '1-0:*.7.0,1-0:*.8.*' --value  los que encajan, con lo que contienen\n"
        "  bridge objects main --class 7                             los perfiles de carga y registros de eventos\n"
        "  bridge objects main --only '1-0:*.7.0' --profile-out mine.toml\n"
        "códigos de salida: 0 listados · 1 el medidor no muestra ninguno · 2 configuración o línea de órdenes mal · 130 interrumpido"),
    "objects.option.only": ("OBIS codes with * and ?, separated by commas", "códigos OBIS con * y ?, separados por comas"),
    "objects.option.class": ("this interface class; may be given several times", "esta clase; se puede repetir"),
    "objects.option.value": ("read what they hold, too", "leer además lo que contienen"),
    "objects.option.profile_out": ("write a profile of those that hold a value; - prints it", "escribe un perfil de los que contienen un valor; - lo imprime"),
    "objects.wrong_pattern": ("--only {text}: looks like 1-0:1.8.0, 1-0:*.7.0 or 0-0:96.*", "--only {text}: se escribe 1-0:1.8.0, 1-0:*.7.0 o 0-0:96.*"),
    "objects.reading": ("reading the object list", "leyendo la lista de objetos"),
    "objects.values": ("values: {done} of {total}", "valores: {done} de {total}"),
    "objects.title": ("{name}  objects: {count} of {of}", "{name}  objetos: {count} de {of}"),
    "objects.column.class": ("class", "clase"),
    "objects.column.version": ("v", "v"),
    "objects.column.name": ("name", "nombre"),
    "objects.column.access": ("access", "acceso"),
    "objects.legend": ("r: attributes that may be read, w: written, m: methods that may be called", "r: atributos que se pueden leer, w: escribir, m: métodos que se pueden llamar"),
    "objects.short_names": ("access: the object's short name, in hex", "acceso: el nombre corto del objeto, en hex"),
    "objects.hidden": ("client {client}: does not show its object list", "cliente {client}: no muestra su lista de objetos"),
    "objects.no_profile": ("none of them gave a value: there is nothing to make a profile of", "ninguno dio un valor: no hay de qué hacer un perfil"),
    # ---- read -------------------------------------------------------------------------------------------------------
    "read.help": ("read a configured meter once", "lee una vez un medidor configurado"),
    "read.about": (
        "Reads a meter of the configuration once and shows OBIS, name, value, unit and how long each answer took.\n"
        "While the bridge runs it is asked to do it, for most meters allow one session.",
        "Lee una vez un medidor de la configuración y muestra OBIS, nombre, valor, unidad y cuánto tardó cada respuesta.\n"
        "Si el bridge está en marcha se le pide a él, porque la mayoría de los medidores admite una sola sesión."),
    "read.after": (
        "examples:\n"
        "  bridge read main                                   the registers of its profile\n"
        "  bridge read main --obis 1-0:1.8.0,1-0:2.8.0        these registers\n"
        "  bridge read main --obis 0-0:96.1.0 --class 1       another kind of object\n"
        "  bridge read main --profile-generic 1-0:99.1.0 --from 2026-11-24 --to 2026-11-25T06:00\n"
        "  bridge read main --profile-generic 1-0:99.1.0 --last 10\n"
        "  bridge read main --record main.txt                 writes the frames down, secrets hidden\n"
        "Times without a zone (+01:00, Z) are the meter's own. Without --from it is the last day.\n"
        "exit codes: 0 read · 1 the meter did not give a value · 2 configuration or command line wrong\n"
        "            130 interrupted; the meter was released",
        "ejemplos:\n"
        "  bridge read main                                   los registros de su perfil\n"
        "  bridge read main --obis 1-0:1.8.0,1-0:2.8.0        estos registros\n"
        "  bridge read main --obis 0-0:96.1.0 --class 1       otra clase de objeto\n"
        "  bridge read main --profile-generic 1-0:99.1.0 --from 2026-11-24 --to 2026-11-25T06:00\n"
        "  bridge read main --profile-generic 1-0:99.1.0 --last 10\n"
        "  bridge read main --record main.txt                 anota las tramas, con los secretos ocultos\n"
        "Las horas sin zona (+01:00, Z) son las del medidor. Sin --from es el último día.\n"
        "códigos de salida: 0 leído · 1 el medidor no dio ningún valor · 2 configuración o línea de comandos incorrecta\n"
        "                   130 interrumpido; el medidor quedó liberado"),
    "read.option.meter": ("the meter's name in the configuration", "nombre del medidor en la configuración"),
    "read.option.obis": ("OBIS codes instead of the profile's; separated by commas", "códigos OBIS en lugar de los del perfil; separados por comas"),
    "read.option.class": ("interface class of those; found out when not given", "clase de esos objetos; se averigua si no se da"),
    "read.option.attribute": ("attribute of those (default: %(default)s)", "atributo de esos objetos (por omisión: %(default)s)"),
    "read.option.profile_generic": ("a load profile", "un perfil de carga"),
    "read.option.from": ("from when, as 2026-11-24 or 2026-11-24T06:00", "desde cuándo, como 2026-11-24 o 2026-11-24T06:00"),
    "read.option.to": ("until when; now when not given", "hasta cuándo; ahora si no se da"),
    "read.option.last": ("the newest N rows instead", "en su lugar, las N filas más nuevas"),
    "read.option.json": ("as JSON, for scripts", "como JSON, para programas"),
    "read.option.record": ("write the conversation into FILE, secrets hidden", "anotar la conversación en el ARCHIVO, con los secretos ocultos"),
    "read.option.direct": ("over a connection of its own though the bridge runs", "con una conexión propia aunque el bridge esté en marcha"),
    "read.unknown": ("no meter {name!r} in the configuration; there are: {known}", "no hay medidor {name!r} en la configuración; hay: {known}"),
    "read.connecting": ("{name}: connecting", "{name}: conectando"),
    "read.rows": ("{code}: rows", "{code}: filas"),
    "read.running": (
        "{name} is being read by the running bridge, and most meters allow one session. Stop the bridge first (docker compose stop bridge), or try all the same with --direct",
        "el bridge en marcha está leyendo {name}, y la mayoría de los medidores admite una sola sesión. Detenga antes el bridge (docker compose stop bridge), o inténtelo igual con --direct"),
    "read.elsewhere": (
        "{name} is being read by the running bridge, which takes this from its own container alone: docker compose exec bridge bridge read {name}",
        "el bridge en marcha está leyendo {name}, y solo lo acepta desde su propio contenedor: docker compose exec bridge bridge read {name}"),
    "read.no_answer": ("the running bridge does not answer: {said}", "el bridge en marcha no responde: {said}"),
    "read.through": ("by the running bridge, {ms} ms; units are in bridge status", "por el bridge en marcha, {ms} ms; las unidades, en bridge status"),
    "read.direct": ("{ms} ms in all, connection and association included", "{ms} ms en total, con conexión y asociación"),
    "read.recorded": ("{file} written; secrets are hidden, serial numbers and readings are not", "{file} escrito; los secretos están ocultos, los números de serie y lecturas no"),
    "read.unwritable": ("{file}: {said}", "{file}: {said}"),
    "read.column.name": ("name", "nombre"),
    "read.column.value": ("value", "valor"),
    "read.column.unit": ("unit", "unidad"),
    "read.profile.title": ("{name}  {code}, {count} rows", "{name}  {code}, {count} filas"),
    "read.wrong_time": ("{option} {text}: a time looks like 2026-11-24, 2026-11-24T06:00 or 2026-11-24T06:00+01:00",
                        "{option} {text}: una hora se escribe 2026-11-24, 2026-11-24T06:00 o 2026-11-24T06:00+01:00"),
    "read.mixed_times": ("--from and --to: both with a time zone or both without", "--from y --to: ambas con zona horaria o ambas sin ella"),
    "read.backwards": ("--to: before --from", "--to: antes que --from"),
    "read.held.same": ("{name} refused this password or key on {when}; it is not tried again, the meter could lock. Correct it first",
                       "{name} rechazó esta contraseña o clave el {when}; no se repite, el medidor podría bloquearse. Corríjala antes"),
    "read.held.many": ("{name}: {count} passwords or keys went out to it without success within a day, the last on {when}; none is sent until a day after that, the meter could lock",
                       "{name}: se le enviaron sin éxito {count} contraseñas o claves en un día, la última el {when}; no se envía ninguna hasta un día después, el medidor podría bloquearse"),
    "read.held.forgetful": ("{name}: no secret is tried, because a refusal could not be remembered: is DATA_DIR writable?",
                            "{name}: no se prueba ningún secreto, porque un rechazo no se podría recordar: ¿se puede escribir en DATA_DIR?"),
}  # fmt: skip
