"""What a scan says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "probe.scan.ask": (
        "{count} addresses, {connections} connections, about {minutes} min. Scan them? [y/N] ",
        "{count} direcciones, {connections} conexiones, unos {minutes} min. ¿Explorarlas? [s/N] ",
    ),
    "probe.scan.yes": ("yY", "sSyY"),
    "probe.scan.large": (
        "{count} addresses: to scan more than 256, add --yes",
        "{count} direcciones: para explorar más de 256, añadir --yes",
    ),
    "probe.scan.public": (
        "{text} is not a private network: to scan it nevertheless, add --force",
        "{text} no es una red privada: para explorarla de todos modos, añadir --force",
    ),
    "probe.scan.no_secret": (
        "a password is for one meter, never for a whole network",
        "una contraseña es para un medidor, nunca para toda una red",
    ),
    "probe.scan.progress": (
        "connections; {open} open, {meters} meters",
        "conexiones; {open} abiertas, {meters} medidores",
    ),
    "probe.scan.title": ("found in {text}", "hallado en {text}"),
    "probe.scan.none": (
        "nothing answers in {text} on {ports} ports",
        "nada responde en {text} en {ports} puertos",
    ),
    "probe.scan.end": (
        "addresses: {count}, open ports: {open}, meters: {meters}, {seconds} s",
        "direcciones: {count}, puertos abiertos: {open}, medidores: {meters}, {seconds} s",
    ),
    "probe.scan.next": (
        "more about one of them: bridge probe HOST:PORT",
        "más sobre uno de ellos: bridge probe HOST:PUERTO",
    ),
    "probe.scan.column.address": ("address", "dirección"),
    "probe.scan.column.what": ("what", "qué"),
    "probe.scan.column.server": ("server", "servidor"),
    "probe.scan.column.name": ("logical device name", "nombre lógico"),
    "probe.scan.column.maker": ("manufacturer", "fabricante"),
}
