"""The help of ``bridge probe``. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "probe.help": (
        "find out what answers at an address, and print the settings to paste",
        "averiguar qué responde en una dirección e imprimir los ajustes para pegar",
    ),
    "probe.help.about": (
        (
            "Finds out what answers at HOST, or in a range of addresses: ports, framing, server addresses, clients, the\n"
            "authentication that the meter asks for, its identity and its registers. Ends with lines for .env.\n"
            "Never guesses a password. Tries the one you give once per client, and after two refusals tries nothing more\n"
            "that day: meters lock themselves."
        ),
        (
            "Averigua qué responde en HOST, o en un rango de direcciones: puertos, trama, direcciones de servidor,\n"
            "clientes, la autenticación que pide el medidor, su identidad y sus registros. Termina con líneas para .env.\n"
            "Nunca adivina una contraseña. Prueba la indicada una vez por cliente, y tras dos rechazos no prueba nada más\n"
            "ese día: los medidores se bloquean."
        ),
    ),
    "probe.help.after": (
        (
            "examples:\n"
            "  bridge probe 192.168.1.127                          the usual ports, no password\n"
            "  bridge probe 192.168.1.127:3333 --password -        asks for the password, so that nobody sees it\n"
            "  bridge probe 192.168.1.127 --profile-out mine.toml  writes a profile of what the meter has\n"
            "  bridge probe 192.168.1.0/24                         looks for meters in a network\n"
            "The password may also come from PROBE_PASSWORD, the keys from PROBE_ENCRYPTION_KEY and PROBE_AUTHENTICATION_KEY.\n"
            "exit codes: 0 read a meter, or the scan found one · 1 found nothing that can be read · 2 the command line is\n"
            "            unusable · 130 interrupted; the meter was released"
        ),
        (
            "ejemplos:\n"
            "  bridge probe 192.168.1.127                          los puertos usuales, sin contraseña\n"
            "  bridge probe 192.168.1.127:3333 --password -        pide la contraseña, para que nadie la vea\n"
            "  bridge probe 192.168.1.127 --profile-out mine.toml  escribe un perfil de lo que tiene el medidor\n"
            "  bridge probe 192.168.1.0/24                         busca medidores en una red\n"
            "La contraseña también puede venir de PROBE_PASSWORD, las claves de PROBE_ENCRYPTION_KEY y PROBE_AUTHENTICATION_KEY.\n"
            "códigos de salida: 0 leyó un medidor, o la búsqueda halló uno · 1 no halló nada que se pueda leer\n"
            "                   2 la línea de comandos no sirve · 130 interrumpido; el medidor quedó liberado"
        ),
    ),
    "probe.wrong.client": ("--client {value}: from 1 to {most}", "--client {value}: de 1 a {most}"),
    "probe.wrong.server": (
        "--server {value}: 1 to 127 in one byte, to 16383 in two, to 268435455 in four",
        "--server {value}: de 1 a 127 en un byte, hasta 16383 en dos, hasta 268435455 en cuatro",
    ),
    "probe.wrong.timeout": (
        "--timeout {value}: seconds, above 0 and up to {most}",
        "--timeout {value}: segundos, más de 0 y hasta {most}",
    ),
    "probe.wrong.rate": (
        "--rate {value}: connections per second, above 0",
        "--rate {value}: conexiones por segundo, más de 0",
    ),
    "probe.wrong.ports": (
        "--ports {value}: numbers from 1 to 65535, separated by commas",
        "--ports {value}: números de 1 a 65535, separados por comas",
    ),
    "probe.wrong.profile_out": (
        "--profile-out {value}: name the file like my_meter.toml; - prints the profile",
        "--profile-out {value}: dar al archivo un nombre como my_meter.toml; - imprime el perfil",
    ),
    "probe.help.target": (
        "HOST, HOST:PORT, or a range such as 192.168.1.0/24",
        "HOST, HOST:PUERTO, o un rango como 192.168.1.0/24",
    ),
    "probe.help.password": (
        "password or secret, or hex:0011…; - asks for it",
        "contraseña o secreto, o hex:0011…; - la pide",
    ),
    "probe.help.key": (
        "global unicast encryption key, in hex; - asks for it",
        "clave de cifrado (global unicast), en hexadecimal; - la pide",
    ),
    "probe.help.authentication_key": (
        "authentication key, in hex; - asks for it",
        "clave de autenticación, en hexadecimal; - la pide",
    ),
    "probe.help.authentication": ("the authentication, if you know it", "la autenticación, si se conoce"),
    "probe.help.security": (
        "how APDUs are protected (default with keys: both ways)",
        "cómo se protegen los APDU (por defecto con claves: de ambas formas)",
    ),
    "probe.help.suite": ("security suite", "suite de seguridad"),
    "probe.help.system_title": ("our system title, 16 hex digits", "nuestro system title, 16 dígitos hexadecimales"),
    "probe.help.client": ("only this client address", "solo esta dirección de cliente"),
    "probe.help.server": ("only this server address", "solo esta dirección de servidor"),
    "probe.help.octets": ("its length in HDLC", "su longitud en HDLC"),
    "probe.help.framing": ("only this framing", "solo esta trama"),
    "probe.help.referencing": (
        "only this way of naming objects: logical or short names",
        "solo esta forma de nombrar objetos: nombres lógicos o cortos",
    ),
    "probe.help.serial": (
        "the meter's serial number: some makers derive the address from it",
        "número de serie: algunos fabricantes derivan de él la dirección",
    ),
    "probe.help.ports": ("ports to try, separated by commas", "puertos que probar, separados por comas"),
    "probe.help.timeout": (
        "seconds to wait for an answer (default: %(default)s)",
        "segundos de espera por respuesta (por defecto: %(default)s)",
    ),
    "probe.help.name": ("name of the meter in the lines", "nombre del medidor en las líneas"),
    "probe.help.profile_out": (
        "write a profile of what the meter has; - prints it",
        "escribir un perfil de lo que tiene el medidor; - lo imprime",
    ),
    "probe.help.objects": ("list all objects of the meter, too", "listar además todos los objetos del medidor"),
    "probe.help.yes": (
        "scan more than 256 addresses without asking",
        "explorar más de 256 direcciones sin preguntar",
    ),
    "probe.help.force": ("scan addresses that are not private", "explorar direcciones que no son privadas"),
    "probe.help.rate": (
        "connections per second in a scan (default: %(default)s)",
        "conexiones por segundo al explorar (por defecto: %(default)s)",
    ),
}
