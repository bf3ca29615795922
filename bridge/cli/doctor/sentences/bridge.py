"""What the doctor says of the configuration, the bridge, its samples, the clock and the host. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "doctor.configuration.more": (
        "{count:more mistake|more mistakes}: bridge check shows all",
        "{count:error más|errores más}: bridge check los muestra todos",
    ),
    "doctor.configuration.mistake": ("{problem}", "{problem}"),
    "doctor.configuration.look": ("the bridge does not start with this", "el puente no arranca con esto"),
    "doctor.configuration.fix": (
        "correct .env, then docker compose up -d; docker compose run --rm bridge check shows all of it",
        "corregir .env y luego docker compose up -d; docker compose run --rm bridge check lo muestra todo",
    ),
    "doctor.configuration.fine": ("usable; meters: {count}", "sirve; medidores: {count}"),
    "doctor.configuration.demo": (
        "no meters configured: the built-in demo meter is read, its values are invented",
        "no hay medidores configurados: se lee el de demostración, sus valores son inventados",
    ),
    "doctor.configuration.demo.fix": (
        "set METERS__<NAME>__HOST in .env; bridge probe HOST finds out the rest",
        "poner METERS__<NOMBRE>__HOST en .env; bridge probe HOST averigua el resto",
    ),
    "doctor.configuration.exposed": (
        "docker inspect shows secrets: {names}",
        "docker inspect muestra secretos: {names}",
    ),
    "doctor.configuration.exposed.fix": (
        "put each into a file of that name in ./secrets, take it out of .env, then docker compose up -d",
        "poner cada uno en un archivo con su nombre en ./secrets, quitarlo de .env y después docker compose up -d",
    ),
    "doctor.bridge.up": ("runs, version {version}, for {up}", "en marcha, versión {version}, desde hace {up}"),
    "doctor.bridge.shard": ("shard {number} of {shards}", "fragmento {number} de {shards}"),
    "doctor.bridge.shard.held": (
        "shard {number} of {shards} on {node}, lease held",
        "fragmento {number} de {shards} en {node}, tiene la concesión",
    ),
    "doctor.bridge.shard.not_held": (
        "shard {number} of {shards} on {node}, without its lease",
        "fragmento {number} de {shards} en {node}, sin la concesión",
    ),
    "doctor.bridge.version": (
        "version {running} is running, this is {here}",
        "está en marcha la versión {running}, esta es la {here}",
    ),
    "doctor.bridge.version.fix": ("docker compose up -d", "docker compose up -d"),
    "doctor.bridge.hangs": ("runs, but hangs", "está en marcha, pero colgado"),
    "doctor.bridge.hangs.fix": (
        "it ends itself after a minute and Docker starts it again; if not: docker compose restart bridge",
        "termina solo al cabo de un minuto y Docker lo arranca de nuevo; si no: docker compose restart bridge",
    ),
    "doctor.bridge.says": ("the running bridge disagrees", "el puente en marcha dice otra cosa"),
    "doctor.bridge.says.fix": (
        "just mended, or just broken? wait a minute and run doctor again; see docker compose logs bridge mosquitto",
        "¿recién arreglado o recién roto? esperar un minuto y repetir doctor; ver docker compose logs bridge mosquitto",
    ),
    "doctor.bridge.down": ("not running", "no está en marcha"),
    "doctor.bridge.never": (
        "not running, and never has been on this data volume",
        "no está en marcha, ni lo ha estado con este volumen de datos",
    ),
    "doctor.bridge.start": (
        "docker compose up -d; then docker compose logs bridge",
        "docker compose up -d; después docker compose logs bridge",
    ),
    "doctor.bridge.mute": (
        "one runs on this data volume, but does not answer",
        "hay uno en marcha con este volumen de datos, pero no responde",
    ),
    "doctor.bridge.mute.fix": (
        "ask from within its container: docker compose exec bridge bridge doctor; if that says the same: docker compose restart bridge",
        "preguntar desde su contenedor: docker compose exec bridge bridge doctor; si dice lo mismo: docker compose restart bridge",
    ),
    "doctor.clock.synchronised": (
        "{shown} UTC, kept right by a time service",
        "{shown} UTC, sincronizado por un servicio de hora",
    ),
    "doctor.clock.unsynchronised": (
        "{shown} UTC, and no time service keeps it right",
        "{shown} UTC, y ningún servicio de hora lo mantiene en hora",
    ),
    "doctor.clock.unknown": (
        "{shown} UTC; whether it is synchronised cannot be seen from here",
        "{shown} UTC; desde aquí no se ve si está sincronizado",
    ),
    "doctor.clock.look": ("on the host: timedatectl", "en el equipo: timedatectl"),
    "doctor.clock.old": (
        "{shown} UTC cannot be right: readings get wrong times",
        "{shown} UTC no puede ser: las lecturas llevan una hora falsa",
    ),
    "doctor.clock.went_back": (
        "{shown} UTC is before the newest sample ({newest} UTC): the clock went back, or was ahead",
        "{shown} UTC es anterior a la muestra más reciente ({newest} UTC): el reloj se atrasó, o iba adelantado",
    ),
    "doctor.clock.fix": (
        "on the host: timedatectl; sudo timedatectl set-ntp true. Without a battery the clock is wrong until the network is up",
        "en el equipo: timedatectl; sudo timedatectl set-ntp true. Sin pila, el reloj está mal hasta que hay red",
    ),
    "doctor.samples.fresh": (
        "last confirmed {ago} ago; waiting: {waiting}",
        "última confirmación hace {ago}; en espera: {waiting}",
    ),
    "doctor.samples.none_yet": (
        "nothing confirmed yet; the bridge started {up} ago",
        "aún nada confirmado; el puente arrancó hace {up}",
    ),
    "doctor.samples.standing": (
        "samples wait, and none is stored; waiting: {waiting}",
        "hay muestras en espera y no se guarda ninguna; en espera: {waiting}",
    ),
    "doctor.samples.waiting": (
        "waiting on disk: {waiting}, the oldest for {oldest}",
        "en espera en el disco: {waiting}, la más antigua desde hace {oldest}",
    ),
    "doctor.samples.fix": (
        "see the lines above: a meter, the broker or ThingsBoard; what waits is sent by itself once the way is clear",
        "ver las líneas de arriba: un medidor, el broker o ThingsBoard; lo que espera se envía solo en cuanto hay paso",
    ),
    "doctor.samples.parked": ("ThingsBoard refuses a device", "ThingsBoard rechaza un dispositivo"),
    "doctor.samples.parked.fix": (
        "see the reason and mend the device in ThingsBoard; its samples wait on disk and are then sent by themselves",
        "ver el motivo y arreglar el dispositivo en ThingsBoard; sus muestras esperan en el disco y después se envían solas",
    ),
    "doctor.samples.foreign": (
        "samples wait for another destination",
        "hay muestras en espera para otro destino",
    ),
    "doctor.samples.foreign.fix": (
        "is THINGSBOARD__HOST or _MODE right? if so: bridge outbox list, then bridge outbox export FILE; they are kept",
        "¿es correcto THINGSBOARD__HOST o _MODE? si lo es: bridge outbox list y después bridge outbox export FILE; se conservan",
    ),
    "doctor.samples.outbox": ("the outbox is nearly full", "la bandeja de salida está casi llena"),
    "doctor.samples.outbox.fix": (
        "repair the way to ThingsBoard; to gain time, raise OUTBOX__MAX_MB if the disk has room, then docker compose up -d",
        "reparar el camino a ThingsBoard; para ganar tiempo, subir OUTBOX__MAX_MB si hay espacio en el disco, y después docker compose up -d",
    ),
    "doctor.samples.lost": ("lost in the last hour: {lost}", "perdidas en la última hora: {lost}"),
    "doctor.samples.lost.fix": (
        "see docker compose logs bridge: was the outbox full (raise OUTBOX__MAX_MB), or the disk not writable?",
        "ver docker compose logs bridge: ¿se llenó la bandeja de salida (subir OUTBOX__MAX_MB), o no se podía escribir el disco?",
    ),
    "doctor.samples.intervals": ("intervals are missing", "faltan intervalos"),
    "doctor.samples.intervals.fix": (
        "bridge gaps shows which; what a meter still has is read again by itself",
        "bridge gaps muestra cuáles; lo que un medidor aún guarda se vuelve a leer solo",
    ),
    "doctor.samples.set_aside": (
        "set aside because ThingsBoard refuses them: {count}",
        "apartadas porque ThingsBoard las rechaza: {count}",
    ),
    "doctor.samples.set_aside.fix": ("see docker compose logs bridge", "ver docker compose logs bridge"),
    "doctor.samples.nothing_waits": ("none waiting on disk", "ninguna en espera en el disco"),
    "doctor.samples.on_disk": (
        "waiting on disk: {waiting}, the newest read {ago} ago",
        "en espera en el disco: {waiting}, la última leída hace {ago}",
    ),
    "doctor.samples.old_on_disk": (
        "waiting on disk: {waiting}, and the newest was read {ago} ago",
        "en espera en el disco: {waiting}, y la última se leyó hace {ago}",
    ),
    "doctor.samples.old_on_disk.fix": (
        "they are sent by themselves once the bridge runs: docker compose up -d",
        "se envían solas en cuanto el puente está en marcha: docker compose up -d",
    ),
    "doctor.host.contained": (
        "whether Docker starts at boot cannot be seen from inside a container",
        "desde dentro de un contenedor no se ve si Docker arranca con el equipo",
    ),
    "doctor.host.bare": (
        "not in the stack: nothing known here starts the bridge after a power cut",
        "fuera del stack: nada que se conozca aquí arranca el puente tras un corte",
    ),
    "doctor.host.bare.fix": (
        "a systemd service does; so does the stack, which Docker starts at boot",
        "un servicio de systemd lo hace; también el stack, que Docker arranca con el equipo",
    ),
    "doctor.host.fix": (
        "on the host: systemctl is-enabled docker must say enabled (sudo systemctl enable docker); docker compose ps must list bridge, mosquitto, prometheus, grafana",
        "en el equipo: systemctl is-enabled docker debe decir enabled (sudo systemctl enable docker); docker compose ps debe mostrar bridge, mosquitto, prometheus, grafana",
    ),
    "doctor.bridge.lease": (
        "the bridge has no lease of its shard, and reads no meter",
        "el puente no tiene la concesión de su fragmento y no lee ningún medidor",
    ),
    "doctor.bridge.lease.fix": (
        "where another bridge holds it, all is well; else see that two of the three witnesses run and have the same SHARD__SECRET (bridge witness --look)",
        "si la tiene otro puente, todo está bien; si no, comprobar que dos de los tres testigos funcionan y tienen el mismo SHARD__SECRET (bridge witness --look)",
    ),
}
