"""What ``bridge check`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "check.help": (
        "show the configuration as the bridge sees it, with every mistake in it",
        "mostrar la configuración tal como la ve el puente, con todos sus errores",
    ),
    "check.help.about": (
        (
            "Shows every meter and every setting with its source, the meters that share a connection, and all mistakes at\n"
            "once. Secrets show as <secret>. Opens no connection."
        ),
        (
            "Muestra cada medidor y cada ajuste con su origen, los medidores que comparten una conexión y todos los errores\n"
            "a la vez. Los secretos se ven como <secret>. No abre ninguna conexión."
        ),
    ),
    "check.help.after": (
        (
            "examples:\n"
            "  docker compose run --rm bridge check\n"
            "  METERS__MAIN__HOST=10.0.0.7 bridge check\n"
            "\n"
            "exit codes: 0 the bridge would start · 2 it would not"
        ),
        (
            "ejemplos:\n"
            "  docker compose run --rm bridge check\n"
            "  METERS__MAIN__HOST=10.0.0.7 bridge check\n"
            "\n"
            "códigos de salida: 0 el puente arrancaría · 2 no arrancaría"
        ),
    ),
    "check.meters": ("meters", "medidores"),
    "check.column.name": ("name", "nombre"),
    "check.column.value": ("value", "valor"),
    "check.column.from": ("from", "origen"),
    "check.column.address": ("address", "dirección"),
    "check.column.profile": ("profile", "perfil"),
    "check.column.framing": ("framing", "trama"),
    "check.column.client": ("client", "cliente"),
    "check.column.server": ("server", "servidor"),
    "check.column.authentication": ("auth", "autent."),
    "check.column.password": ("password", "contraseña"),
    "check.column.interval": ("interval", "intervalo"),
    "check.column.timeout": ("timeout", "espera"),
    "check.column.meters": ("meters", "medidores"),
    "check.default": ("default", "por defecto"),
    "check.legend": (
        "* from the profile   ~ default   ? unusable, see the mistakes below",
        "* del perfil   ~ por defecto   ? no sirve, ver los errores abajo",
    ),
    "check.further": ("other meter settings", "otros ajustes de medidores"),
    "check.shared": (
        "shared connections, read one meter at a time",
        "conexiones compartidas, se lee un medidor a la vez",
    ),
    "check.shares": (
        "shards: who reads how much; this is shard {shard} of {count}",
        "fragmentos: cuánto lee cada uno; este es el {shard} de {count}",
    ),
    "check.column.shard": ("shard", "fragmento"),
    "check.column.connections": ("connections", "conexiones"),
    "check.one_more": (
        "{shards} shards instead of {count}: {moving} of {meters} meters would change hands, all of them to shard {shards}",
        "{shards} fragmentos en vez de {count}: cambiarían de mano {moving} de {meters} medidores, todos al fragmento {shards}",
    ),
    "check.no_share": (
        "configuration is fine: no meter falls to this shard, so it reads none",
        "la configuración está bien: a este fragmento no le toca ningún medidor, así que no lee ninguno",
    ),
    "check.settings": ("settings", "ajustes"),
    "check.no_upstream": (
        "upstream: none; each sample is confirmed here and goes no further",
        "destino: ninguno; cada muestra se confirma aquí y no va más lejos",
    ),
    "check.via_mosquitto": ("through the local broker", "por el broker local"),
    "check.via_direct": ("direct", "directo"),
    "check.upstream_tls": ("upstream: ThingsBoard at {host}:{port}, TLS", "destino: ThingsBoard en {host}:{port}, TLS"),
    "check.upstream_plain": (
        "upstream: ThingsBoard at {host}:{port}, without TLS",
        "destino: ThingsBoard en {host}:{port}, sin TLS",
    ),
    "check.text": (
        "text that looks like a number, such as serial number 00012345, is sent with a leading space, or ThingsBoard would turn it into the number 12345",
        "un texto que parece un número, como el número de serie 00012345, se envía con un espacio delante; si no, ThingsBoard lo convierte en el número 12345",
    ),
    "check.mistakes": ("mistakes", "errores"),
    "check.one_mistake": ("1 mistake: the bridge will not start", "1 error: el puente no arrancará"),
    "check.many_mistakes": ("{count} mistakes: the bridge will not start", "{count} errores: el puente no arrancará"),
    "check.demo": (
        "no meters configured: the built-in demo meter will be read",
        "no hay medidores configurados: se leerá el medidor de demostración",
    ),
    "check.descriptors": (
        "the meters' connections want {wanted} file descriptors and a process started like this one may open {allowed}: raise nofile under ulimits of the bridge in docker-compose.yml; without containers, LimitNOFILE of the service or ulimit -n",
        "las conexiones de los medidores necesitan {wanted} descriptores de archivo y un proceso iniciado como este puede abrir {allowed}: suba nofile en ulimits del puente en docker-compose.yml; sin contenedores, LimitNOFILE del servicio o ulimit -n",
    ),
    "check.time_zone": (
        "TZ={name} names no time zone, and UTC is taken: the history of meters whose clocks state none would be hours off; write it like America/Santiago",
        "TZ={name} no es ningún huso horario y se toma UTC: el historial de los medidores cuyo reloj no indica ninguno quedaría horas corrido; escríbalo como America/Santiago",
    ),
    "check.readable": (
        "everybody on this machine may read {files}: see the README, “Who may read the secrets”; without containers: chmod go= FILE",
        "cualquiera en este equipo puede leer {files}: vea en el README “Who may read the secrets”; sin contenedores: chmod go= ARCHIVO",
    ),
    "check.kept": (
        "{count:sample|samples} for {to}, kept and not sent: bridge outbox list",
        "{count:muestra|muestras} para {to}, sin enviar: bridge outbox list",
    ),
    "check.one_meter": ("configuration is fine: 1 meter", "la configuración está bien: 1 medidor"),
    "check.many_meters": ("configuration is fine: {count} meters", "la configuración está bien: {count} medidores"),
}
