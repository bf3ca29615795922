"""What the doctor says of the data volume and the outbox's file. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "doctor.disk.writable": (
        "{folder}: writable, {free} free",
        "{folder}: se puede escribir, {free} libres",
    ),
    "doctor.disk.absent": (
        "{folder}: does not exist yet; the bridge will create it",
        "{folder}: aún no existe; el puente la creará",
    ),
    "doctor.disk.tight": (
        "{folder}: writable, but only {free} free, and the outbox may grow to {most}",
        "{folder}: se puede escribir, pero solo quedan {free}, y la bandeja de salida puede llegar a {most}",
    ),
    "doctor.disk.tight.fix": (
        "make room on the disk, or lower OUTBOX__MAX_MB, but never below what the outbox holds (bridge status): the oldest samples would go",
        "liberar espacio en el disco o reducir OUTBOX__MAX_MB, pero nunca por debajo de lo que hay en la bandeja (bridge status): se perderían las muestras más antiguas",
    ),
    "doctor.disk.full": ("{folder}: the disk is full", "{folder}: el disco está lleno"),
    "doctor.disk.full.fix": (
        "make room: df -h, docker system df; never by removing volumes. Until then samples wait in memory, and a power cut would lose them",
        "liberar espacio: df -h, docker system df; nunca quitando volúmenes. Hasta entonces las muestras esperan en memoria, y un corte las perdería",
    ),
    "doctor.disk.read_only": (
        "{folder}: the file system is read-only",
        "{folder}: el sistema de archivos es de solo lectura",
    ),
    "doctor.disk.read_only.fix": (
        "after an outage this is often a damaged disk: look at dmesg on the host, check the disk (fsck). A running bridge has samples in memory, which a restart would lose: bridge status says how many",
        "tras un corte suele ser un disco dañado: mirar dmesg en el equipo y revisar el disco (fsck). Un puente en marcha tiene muestras en memoria, que un reinicio perdería: bridge status dice cuántas",
    ),
    "doctor.disk.denied": (
        "{folder}: user {user} may not write there",
        "{folder}: el usuario {user} no puede escribir ahí",
    ),
    "doctor.disk.denied.fix": (
        "give the folder to the bridge's user: in the stack, user 10001 (chown -R 10001:10001)",
        "dar la carpeta al usuario del puente: en el stack, el 10001 (chown -R 10001:10001)",
    ),
    "doctor.disk.broken": ("{folder}: not writable", "{folder}: no se puede escribir"),
    "doctor.disk.broken.fix": (
        "look at dmesg on the host: the disk may be failing",
        "mirar dmesg en el equipo: puede que falle el disco",
    ),
    "doctor.disk.failing": (
        "the bridge cannot use the file of its outbox",
        "el puente no puede usar el archivo de su bandeja de salida",
    ),
    "doctor.disk.failing.fix": (
        "make room, or give the data volume back to the bridge's user; do not restart the bridge before that: the samples in its memory would be lost",
        "liberar espacio o devolver el volumen de datos al usuario del puente; no reiniciar el puente antes: se perderían las muestras en su memoria",
    ),
    "doctor.file.sound": (
        "outbox: sound; samples waiting: {waiting}",
        "bandeja de salida: íntegra; muestras en espera: {waiting}",
    ),
    "doctor.file.large": (
        "outbox: too large to check here; samples waiting: {waiting}",
        "bandeja de salida: demasiado grande para revisarla aquí; muestras en espera: {waiting}",
    ),
    "doctor.file.absent": ("outbox: none yet", "bandeja de salida: aún no hay"),
    "doctor.file.held": (
        "outbox: in use by the running bridge, which checked it at its start",
        "bandeja de salida: en uso por el puente en marcha, que la revisó al arrancar",
    ),
    "doctor.file.held_unknown": (
        "outbox: in use by something that does not answer",
        "bandeja de salida: en uso por algo que no responde",
    ),
    "doctor.file.held_unknown.fix": (
        "is a bridge hung, or do two run on one data volume? docker compose ps",
        "¿hay un puente colgado, o dos con un mismo volumen de datos? docker compose ps",
    ),
    "doctor.file.damaged": ("outbox: the file is damaged", "bandeja de salida: el archivo está dañado"),
    "doctor.file.damaged.fix": (
        "just start the bridge: it sets the file aside and carries over what can be read; then check the disk",
        "basta con arrancar el puente: aparta el archivo y rescata lo que se pueda leer; después revisar el disco",
    ),
    "doctor.file.foreign": (
        "outbox: {folder}/outbox.db is a database, but not the bridge's",
        "bandeja de salida: {folder}/outbox.db es una base de datos, pero no la del puente",
    ),
    "doctor.file.foreign.fix": (
        "is DATA_DIR right? if so, start the bridge: it sets the file aside as it is and begins a new one; move nothing",
        "¿es correcto DATA_DIR? si lo es, arrancar el puente: aparta el archivo tal cual y empieza otro; no mover nada",
    ),
    "doctor.file.alone": (
        "outbox: the file is gone or empty, but its log with samples is there",
        "bandeja de salida: falta el archivo o está vacío, pero su log con muestras está ahí",
    ),
    "doctor.file.alone.fix": (
        "touch nothing and start the bridge (docker compose up -d): it carries over what is in the log; then check the disk",
        "no tocar nada y arrancar el puente (docker compose up -d): rescata lo que hay en el log; después revisar el disco",
    ),
    "doctor.file.newer": (
        "outbox: written by a newer version of the bridge",
        "bandeja de salida: escrita por una versión más nueva del puente",
    ),
    "doctor.file.newer.fix": (
        "start the newer version again; this one leaves the file alone, and what waits in it stays there",
        "arrancar de nuevo la versión más nueva; esta no toca el archivo, y lo que espera en él se queda ahí",
    ),
    "doctor.file.unread": (
        "outbox: user {user} cannot open it",
        "bandeja de salida: el usuario {user} no puede abrirla",
    ),
    "doctor.file.unread.fix": (
        "give the whole folder to the bridge's user (in the stack: chown -R 10001:10001), move nothing; or check the disk",
        "dar toda la carpeta al usuario del puente (en el stack: chown -R 10001:10001), no mover nada; o revisar el disco",
    ),
    "doctor.file.aside": (
        "damaged outboxes set aside earlier: {count}, the newest {newest}",
        "bandejas dañadas apartadas antes: {count}, la última {newest}",
    ),
    "doctor.file.aside.fix": (
        "nothing to do here: what could be read was carried over, and the bridge keeps the last few; check the disk",
        "nada que hacer aquí: lo que se podía leer ya se rescató, y el puente guarda las últimas; revisar el disco",
    ),
}
