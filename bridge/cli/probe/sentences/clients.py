"""What a probe says of clients: whom the meter lets in, and what it asks of the others. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "probe.client.open": (
        "client {client}: let in without authentication",
        "cliente {client}: entra sin autenticación",
    ),
    "probe.client.asks": (
        "client {client}: asked for authentication ({said})",
        "cliente {client}: el medidor le pide autenticación ({said})",
    ),
    "probe.client.ciphered": (
        "client {client}: must cipher its messages ({said})",
        "cliente {client}: debe cifrar sus mensajes ({said})",
    ),
    "probe.client.refused": ("client {client}: refused ({said})", "cliente {client}: rechazado ({said})"),
    "probe.client.unlinked": (
        "client {client}: no HDLC connection ({said})",
        "cliente {client}: sin conexión HDLC ({said})",
    ),
    "probe.client.mute": (
        "client {client}: HDLC connection, then no answer to the association request: it may need a password",
        "cliente {client}: conexión HDLC, y luego ninguna respuesta a la asociación: quizá necesite una contraseña",
    ),
    "probe.client.garbled": (
        "client {client}: answered, but not in whole frames: {said}",
        "cliente {client}: hay respuesta, pero no en tramas enteras: {said}",
    ),
    "probe.garbled": (
        "the meter is there, but its answers arrive damaged: repair the line or the converter's settings, then probe again",
        "el medidor está, pero sus respuestas llegan dañadas: arreglar la línea o los ajustes del conversor y sondear otra vez",
    ),
    "probe.client.short_names": ("short names", "nombres cortos"),
    "probe.client.empty": (
        "client {client}: let in, but may read no register; trying the secret you gave",
        "cliente {client}: entra, pero no puede leer ningún registro; se prueba el secreto indicado",
    ),
    "probe.client.silent": ("clients {clients}: silence", "clientes {clients}: silencio"),
    "probe.mechanism": (
        "client {client}: authentication {mechanism}",
        "cliente {client}: autenticación {mechanism}",
    ),
    "probe.mechanism.unknown": (
        "client {client}: which authentication cannot be found out without a secret",
        "cliente {client}: sin un secreto no se puede averiguar qué autenticación",
    ),
    "probe.not_given.keys": (
        "client {client}: {mechanism} needs --key and --authentication-key",
        "cliente {client}: {mechanism} necesita --key y --authentication-key",
    ),
    "probe.not_given.password": (
        "client {client}: {mechanism} needs --password",
        "cliente {client}: {mechanism} necesita --password",
    ),
    "probe.held.same": (
        "client {client}: this secret was refused on {when}; not sent again, because the meter could lock",
        "cliente {client}: este secreto fue rechazado el {when}; no se envía otra vez, porque el medidor podría bloquearse",
    ),
    "probe.held.many": (
        "client {client}: {count} secrets failed within a day, the last on {when}; no other is sent until a day after that, because the meter could lock",
        "cliente {client}: {count} secretos fallaron en un día, el último el {when}; no se envía otro hasta un día después, porque el medidor podría bloquearse",
    ),
    "probe.held.last": (
        "client {client}: the meter answers even a request without a secret with an authentication failure and may have counted it, and one secret was sent since: no other is sent, because the meter could lock",
        "cliente {client}: el medidor responde con un fallo de autenticación incluso a una petición sin secreto y quizá la contó, y después se envió un secreto: no se envía otro, porque el medidor podría bloquearse",
    ),
    "probe.held.forgetful": (
        "client {client}: no secret is sent, because a refusal could not be remembered: is DATA_DIR writable?",
        "cliente {client}: no se envía ningún secreto, porque un rechazo no se podría recordar: ¿se puede escribir en DATA_DIR?",
    ),
    "probe.trying": ("client {client}: {mechanism}, once", "cliente {client}: {mechanism}, una vez"),
    "probe.let_in": ("client {client}: let in with {mechanism}", "cliente {client}: entra con {mechanism}"),
    "probe.turned_away": ("client {client}: {said}", "cliente {client}: {said}"),
    "probe.spent": (
        "no other secret is sent, so that the meter does not lock",
        "no se envía ningún otro secreto, para que el medidor no se bloquee",
    ),
    "probe.lost": ("{said}", "{said}"),
    "probe.nobody": (
        "no client is let in, and none is asked for a secret; another client address, perhaps? (--client)",
        "ningún cliente entra y a ninguno se le pide un secreto; ¿quizá otra dirección de cliente? (--client)",
    ),
    "probe.needs.password": (
        "the meter is there; client {client} needs its password: --password -",
        "el medidor está; el cliente {client} necesita su contraseña: --password -",
    ),
    "probe.needs.keys": (
        "the meter is there; client {client} needs its keys: --key - --authentication-key -",
        "el medidor está; el cliente {client} necesita sus claves: --key - --authentication-key -",
    ),
    "probe.needs.more": (
        "client {client} is let in without a password but may read no register: with a password it may read more (--password -), or another client may (--client N)",
        "el cliente {client} entra sin contraseña, pero no puede leer ningún registro: con contraseña quizá lea más (--password -), u otro cliente (--client N)",
    ),
    "probe.needs.perhaps": (
        "the meter is there, but says nothing to client {client} without a password: --password -",
        "el medidor está, pero no dice nada al cliente {client} sin contraseña: --password -",
    ),
    "probe.needs.again": (
        "before you use the lines, probe again with the secret: that finds out what can be read, and tries the lines",
        "antes de usar las líneas, sondear otra vez con el secreto: así se averigua qué se puede leer y se prueban las líneas",
    ),
    "probe.needs.other": (
        "the meter is there, but does not let client {client} in with the secret you gave",
        "el medidor está, pero no deja entrar al cliente {client} con el secreto indicado",
    ),
}
