"""What ``bridge objects`` says; the rest it shares with ``bridge read``. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "objects.help": ("list the objects of a configured meter", "listar los objetos de un medidor configurado"),
    "objects.help.about": (
        (
            "Lists the objects of a configured meter: class, version, OBIS code with its meaning (IEC 62056-6-1), and what\n"
            "this client may do with each: r read, w write, m call a method. Can write a profile of a selection of them."
        ),
        (
            "Lista los objetos de un medidor configurado: clase, versión, código OBIS con su significado (IEC 62056-6-1) y\n"
            "lo que este cliente puede hacer con cada uno: r leer, w escribir, m llamar un método. Puede escribir un perfil\n"
            "con una selección de ellos."
        ),
    ),
    "objects.help.after": (
        (
            "examples:\n"
            "  bridge objects main                                       all of them\n"
            "  bridge objects main --only '1-0:*.7.0,1-0:*.8.*' --value  those that match, with their values\n"
            "  bridge objects main --class 7                             the load profiles and event logs\n"
            "  bridge objects main --only '1-0:*.7.0' --profile-out mine.toml\n"
            "exit codes: 0 listed · 1 the meter shows none · 2 the configuration or the command line is unusable\n"
            "            130 interrupted"
        ),
        (
            "ejemplos:\n"
            "  bridge objects main                                       todos\n"
            "  bridge objects main --only '1-0:*.7.0,1-0:*.8.*' --value  los que encajan, con sus valores\n"
            "  bridge objects main --class 7                             los perfiles de carga y registros de eventos\n"
            "  bridge objects main --only '1-0:*.7.0' --profile-out mine.toml\n"
            "códigos de salida: 0 listados · 1 el medidor no muestra ninguno · 2 la configuración o la línea de comandos\n"
            "                   no sirve · 130 interrumpido"
        ),
    ),
    "objects.help.only": (
        "OBIS codes with * and ?, separated by commas",
        "códigos OBIS con * y ?, separados por comas",
    ),
    "objects.help.class": ("this interface class; may be repeated", "esta clase de interfaz; se puede repetir"),
    "objects.help.value": ("read their values, too", "leer además sus valores"),
    "objects.help.profile_out": (
        "write a profile of those that have a value; - prints it",
        "escribir un perfil con los que tienen valor; - lo imprime",
    ),
    "objects.wrong_pattern": (
        "--only {text}: write it like 1-0:1.8.0, 1-0:*.7.0 or 0-0:96.*",
        "--only {text}: se escribe como 1-0:1.8.0, 1-0:*.7.0 o 0-0:96.*",
    ),
    "objects.reading": ("reading the object list", "leyendo la lista de objetos"),
    "objects.values": ("values: {done} of {total}", "valores: {done} de {total}"),
    "objects.title": ("{name}  objects: {count} of {of}", "{name}  objetos: {count} de {of}"),
    "objects.column.class": ("class", "clase"),
    "objects.column.version": ("v", "v"),
    "objects.column.name": ("name", "nombre"),
    "objects.column.access": ("access", "acceso"),
    "objects.legend": (
        "r: attributes that may be read, w: written, m: methods that may be called",
        "r: atributos que se pueden leer, w: escribir, m: métodos que se pueden llamar",
    ),
    "objects.short_names": (
        "access: the object's short name, in hex",
        "acceso: el nombre corto del objeto, en hexadecimal",
    ),
    "objects.hidden": (
        "client {client}: does not show its object list",
        "cliente {client}: no muestra su lista de objetos",
    ),
    "objects.no_profile": (
        "none of them gave a value: no profile to write",
        "ninguno dio un valor: no hay perfil que escribir",
    ),
}
