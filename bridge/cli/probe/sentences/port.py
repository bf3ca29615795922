"""What a probe says of a port and what listens there. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "probe.visible": (
        "everybody on this machine can see a password on the command line; --password - asks for it instead",
        "cualquiera en esta máquina ve una contraseña en la línea de comandos; --password - la pide",
    ),
    "probe.prompt.password": ("password: ", "contraseña: "),
    "probe.prompt.encryption_key": ("encryption key: ", "clave de cifrado: "),
    "probe.prompt.authentication_key": ("authentication key: ", "clave de autenticación: "),
    "probe.bridge_running": (
        "a bridge is running here: if it reads this meter and the meter allows only one session, nobody else gets an answer. Stop it first: docker compose stop bridge",
        "hay un puente en marcha aquí: si lee este medidor y el medidor admite una sola sesión, nadie más obtiene respuesta. Detenerlo antes: docker compose stop bridge",
    ),
    "probe.ports.trying": ("{host}: trying {count} ports", "{host}: probando {count} puertos"),
    "probe.ports.open": ("{host}: open: {ports}", "{host}: abiertos: {ports}"),
    "probe.ports.closed": ("{ports}: {how}", "{ports}: {how}"),
    "probe.ports.none": (
        "none of the usual ports is open; if it is on another one: bridge probe HOST:PORT",
        "ninguno de los puertos usuales está abierto; si está en otro: bridge probe HOST:PUERTO",
    ),
    "probe.tcp.refused": (
        "refuses the connection: the host is there, but nothing listens",
        "rechaza la conexión: el equipo está, pero nada escucha",
    ),
    "probe.tcp.silent": (
        "no answer to the connection: off, elsewhere, or behind a firewall",
        "sin respuesta a la conexión: apagado, en otra red o tras un cortafuegos",
    ),
    "probe.tcp.unreachable": ("no route: {said}", "sin ruta: {said}"),
    "probe.tcp.unknown_name": ("the name has no address", "el nombre no tiene dirección"),
    "probe.asking": (
        "{framing}: server {server}, client {client}",
        "{framing}: servidor {server}, cliente {client}",
    ),
    "probe.found.hdlc": (
        "HDLC: server {server}, {octets}-byte address, answers client {client} with {said} after {ms} ms",
        "HDLC: servidor {server}, dirección de longitud {octets}, responde al cliente {client} con {said} tras {ms} ms",
    ),
    "probe.found.wrapper": (
        "wrapper: server {server} answers client {client} after {ms} ms",
        "wrapper: el servidor {server} responde al cliente {client} tras {ms} ms",
    ),
    "probe.found.mode_e": ("IEC 62056-21 identification: {said}", "identificación IEC 62056-21: {said}"),
    "probe.found.http": ("a web server, not a meter: {said}", "un servidor web, no un medidor: {said}"),
    "probe.found.tls": ("speaks TLS: not a meter", "habla TLS: no es un medidor"),
    "probe.found.ssh": ("an SSH server, not a meter: {said}", "un servidor SSH, no un medidor: {said}"),
    "probe.found.banner": ("greets with text, not a meter: {said}", "saluda con texto, no es un medidor: {said}"),
    "probe.found.telnet": (
        "the converter speaks Telnet ({said}) and alters bytes on the way: set it to raw TCP (on many: TCP Server instead of Telnet or RFC 2217; in ser2net: tcp or raw, not telnet), then probe again",
        "el conversor habla Telnet ({said}) y altera bytes por el camino: ponerlo en TCP puro (en muchos: TCP Server en vez de Telnet o RFC 2217; en ser2net: tcp o raw, no telnet) y sondear otra vez",
    ),
    "probe.found.push": (
        "sends data unasked ({said}) and answers nothing: a customer port (HAN, P1) that only pushes. What it pushes in DLMS the bridge can hear: have the converter connect to it (LISTEN__PORT, and PUSH_ONLY=true for the meter). To ask the meter, use its optical, RS-485 or network port",
        "envía datos sin que nadie los pida ({said}) y no responde nada: un puerto de cliente (HAN, P1) que solo emite. Lo que emite en DLMS el puente lo puede oír: que el conversor se conecte a él (LISTEN__PORT, y PUSH_ONLY=true para el medidor). Para preguntar al medidor, usar su puerto óptico, RS-485 o de red",
    ),
    "probe.found.talks": (
        "sends text first, as a converter or modem that registers does ({said}), and no meter answers behind it: check its baud rate and wiring and the server address, or try --timeout 5",
        "primero envía texto, como un conversor o módem que se registra ({said}), y detrás no responde ningún medidor: revisar su velocidad y cableado y la dirección de servidor, o probar --timeout 5",
    ),
    "probe.found.telegram": (
        "gives its readings as text when asked (IEC 62056-21, {said}) and speaks no DLMS: the bridge cannot read that; use a port that speaks DLMS",
        "da sus lecturas en texto cuando se le piden (IEC 62056-21, {said}) y no habla DLMS: el puente no puede leerlo; usar un puerto que hable DLMS",
    ),
    "probe.found.flow_control": (
        "answers with frames that lack bytes 11 or 13 ({said}): software flow control (XON/XOFF) removes them; switch it off in the converter",
        "responde con tramas a las que faltan bytes 11 o 13 ({said}): los quita el control de flujo por software (XON/XOFF); desactivarlo en el conversor",
    ),
    "probe.found.short": (
        "answers with frames that are one byte short ({said}): check the converter's data bits, stop bits and flow control, and whether it cuts packets",
        "responde con tramas a las que falta un byte ({said}): revisar bits de datos, bits de parada y control de flujo del conversor, y si corta paquetes",
    ),
    "probe.found.damaged": (
        "answers with frames whose checksum is wrong ({said}): noise on the line, termination, wiring, or two meters with one address",
        "responde con tramas cuya suma de control está mal ({said}): ruido en la línea, terminación, cableado, o dos medidores con una misma dirección",
    ),
    "probe.found.parity": (
        "answers with text in 7 bits and parity ({said}): set the converter to 8 data bits without parity, or switch off its IEC 62056-21 mode",
        "responde con texto de 7 bits con paridad ({said}): poner el conversor a 8 bits de datos sin paridad, o desactivar su modo IEC 62056-21",
    ),
    "probe.found.greeting": (
        "sends text first, as a converter or modem that registers does; the bridge skips it: {said}",
        "primero envía texto, como un conversor o módem que se registra; el puente lo pasa por alto: {said}",
    ),
    "probe.found.other_form": (
        "answers from the same address in another form, {server} in {octets} bytes; the bridge accepts that",
        "responde desde la misma dirección en otra forma, {server} en {octets} bytes; el puente lo acepta",
    ),
    "probe.found.echo": (
        "sends back what it gets and nothing else: an RS-485 line without a meter, or echo left on",
        "devuelve lo que recibe y nada más: una línea RS-485 sin medidor, o con eco",
    ),
    "probe.found.other": (
        "answers, but not like a meter: wrong baud rate or parity in the converter? {said}",
        "responde, pero no como un medidor: ¿velocidad o paridad erróneas en el conversor? {said}",
    ),
    "probe.found.closes": (
        "accepts the connection and closes it: does another program hold the converter?",
        "acepta la conexión y la cierra: ¿otro programa ocupa el conversor?",
    ),
    "probe.found.silent": (
        "open, but silent: check baud rate and wiring behind the converter and the server address, or try --timeout 5",
        "abierto, pero mudo: revisar velocidad y cableado tras el conversor y la dirección de servidor, o probar --timeout 5",
    ),
    "probe.no_mode_e": (
        "speaks IEC 62056-21 in text and does not switch to HDLC (mode E), so the bridge cannot read it here; use a port that speaks DLMS ({said})",
        "habla IEC 62056-21 en texto y no pasa a HDLC (modo E), así que el puente no puede leerlo aquí; usar un puerto que hable DLMS ({said})",
    ),
    "probe.no_address": (
        "no HDLC address answered behind it",
        "ninguna dirección HDLC respondió detrás",
    ),
    "probe.no_address.mode_c": (
        "its identification offers no mode E (it has no \\2), and no HDLC address answers behind it: a mode C meter, which here speaks text and no DLMS",
        "su identificación no ofrece el modo E (no contiene \\2) y ninguna dirección HDLC responde detrás: un medidor de modo C, que aquí habla texto y no DLMS",
    ),
    "probe.target.wrong": ("{text}: {said}", "{text}: {said}"),
    "probe.target.scheme": (
        "{text}: give the address alone, without {scheme}://",
        "{text}: indicar solo la dirección, sin {scheme}://",
    ),
    "probe.target.ipv6": (
        "{text}: write an IPv6 address with a port like [2001:db8::7]:4059",
        "{text}: una dirección IPv6 con puerto se escribe como [2001:db8::7]:4059",
    ),
    "probe.target.neither": (
        "{text}: neither a host, nor a host with a port, nor a range such as 192.168.1.0/24",
        "{text}: ni un host, ni un host con puerto, ni un rango como 192.168.1.0/24",
    ),
    "probe.target.port": (
        "{text}: the port must be a number from 1 to 65535",
        "{text}: el puerto debe ser un número de 1 a 65535",
    ),
    "probe.target.ipv6_range": (
        "{text}: only IPv4 ranges can be scanned; name an IPv6 meter by its address",
        "{text}: solo se pueden explorar rangos IPv4; nombrar un medidor IPv6 por su dirección",
    ),
    "probe.target.backwards": ("{text}: the range ends before it begins", "{text}: el rango termina antes de empezar"),
    "probe.target.large": (
        "{text}: {count} addresses; a range has at most {most}, so scan it in parts",
        "{text}: {count} direcciones; un rango tiene como máximo {most}, así que hay que explorarlo por partes",
    ),
}
