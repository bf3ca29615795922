"""What the doctor says of meters. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "doctor.meter.none": ("none configured", "ninguno configurado"),
    "doctor.meter.rest": ("well: {count}", "bien: {count}"),
    "doctor.meter.answers": (
        "{name}: answers, {register} = {value}, {milliseconds} ms",
        "{name}: responde, {register} = {value}, {milliseconds} ms",
    ),
    "doctor.meter.reading": (
        "{name}: read by the bridge, last {ago} ago",
        "{name}: el puente lo lee, la última vez hace {ago}",
    ),
    "doctor.meter.read_now": (
        "{name}: read by the bridge just now, values: {count}",
        "{name}: el puente lo acaba de leer, valores: {count}",
    ),
    "doctor.meter.starting": (
        "{name}: not read by the bridge yet; run doctor again in a minute",
        "{name}: el puente aún no lo ha leído; repetir doctor en un minuto",
    ),
    "doctor.meter.late": (
        "{name}: no value for {ago}, although it does not fail",
        "{name}: sin valores desde hace {ago}, aunque no falla",
    ),
    "doctor.meter.late.fix": (
        "do other meters wait on the same converter? is its interval too short?",
        "¿esperan otros medidores en el mismo conversor? ¿es demasiado corto su intervalo?",
    ),
    "doctor.meter.taken": (
        "not read: a bridge that does not answer here holds the meters",
        "sin leer: un puente que aquí no responde los ocupa",
    ),
    "doctor.meter.unknown": (
        "{name}: configured, but unknown to the running bridge",
        "{name}: configurado, pero el puente en marcha no lo conoce",
    ),
    "doctor.meter.unknown.fix": (
        "the bridge was started with other settings: docker compose up -d",
        "el puente arrancó con otros ajustes: docker compose up -d",
    ),
    "doctor.meter.clock": (
        "{name}: its clock differs from ours by {drift_s} s",
        "{name}: su reloj difiere del nuestro en {drift_s} s",
    ),
    "doctor.meter.clock.fix": (
        "if ours is right, have the meter's clock set; the bridge never writes to meters",
        "si el nuestro está bien, hacer ajustar el del medidor; el puente nunca escribe en medidores",
    ),
    "doctor.meter.dns": ("{name}: its host name has no address", "{name}: su nombre no tiene dirección"),
    "doctor.meter.dns.fix": (
        "check HOST, or write the IP address there; is the name server up?",
        "revisar HOST o escribir ahí la dirección IP; ¿funciona el servidor de nombres?",
    ),
    "doctor.meter.tcp": ("{name}: no connection", "{name}: sin conexión"),
    "doctor.meter.tcp.fix": (
        "refused: check PORT, and who else holds the converter; silence: power, cable, address of the converter",
        "rechazada: revisar PORT y quién más ocupa el conversor; silencio: corriente, cable, dirección del conversor",
    ),
    "doctor.meter.timeout": (
        "{name}: connected, but the meter does not answer",
        "{name}: hay conexión, pero el medidor no responde",
    ),
    "doctor.meter.timeout.fix": (
        "check SERVER, CLIENT and FRAMING (bridge probe finds them), the RS-485 wires and the converter's baud rate",
        "revisar SERVER, CLIENT y FRAMING (bridge probe los averigua), los hilos RS-485 y la velocidad del conversor",
    ),
    "doctor.meter.framing": (
        "{name}: the bytes that arrive make no frame",
        "{name}: los bytes que llegan no forman ninguna trama",
    ),
    "doctor.meter.framing.fix": (
        "check FRAMING, and the converter: it must pass bytes on unchanged (no Modbus, no Telnet)",
        "revisar FRAMING y el conversor: debe pasar los bytes tal cual (sin Modbus ni Telnet)",
    ),
    "doctor.meter.wrong_framing": (
        "{name}: speaks {speaks}, but FRAMING says {framing}",
        "{name}: habla {speaks}, pero FRAMING dice {framing}",
    ),
    "doctor.meter.wrong_framing.fix": ("set FRAMING={speaks} for {name}", "poner FRAMING={speaks} para {name}"),
    "doctor.meter.association": ("{name}: refuses the association", "{name}: rechaza la asociación"),
    "doctor.meter.association.fix": (
        "check CLIENT, SERVER and AUTHENTICATION; bridge probe finds out what it accepts",
        "revisar CLIENT, SERVER y AUTHENTICATION; bridge probe averigua lo que acepta",
    ),
    "doctor.meter.auth": ("{name}: refuses the password or key", "{name}: rechaza la contraseña o la clave"),
    "doctor.meter.auth.fix": (
        "correct PASSWORD, keys, AUTHENTICATION or CLIENT before anything else: a few wrong attempts lock a meter for hours",
        "corregir antes que nada PASSWORD, claves, AUTHENTICATION o CLIENT: unos pocos intentos erróneos bloquean un medidor durante horas",
    ),
    "doctor.meter.keys": (
        "{name}: answers, but not to messages protected with the keys",
        "{name}: responde, pero no a mensajes protegidos con las claves",
    ),
    "doctor.meter.keys.fix": (
        "check ENCRYPTION_KEY, AUTHENTICATION_KEY, SECURITY, SUITE and CLIENT",
        "revisar ENCRYPTION_KEY, AUTHENTICATION_KEY, SECURITY, SUITE y CLIENT",
    ),
    "doctor.meter.left_alone": (
        "{name}: refused its password or key; the bridge leaves it alone for {minutes} min",
        "{name}: rechazó su contraseña o clave; el puente lo deja en paz {minutes} min",
    ),
    "doctor.meter.left_alone.fix": (
        "correct PASSWORD, keys, AUTHENTICATION or CLIENT, then docker compose up -d (a file of ./secrets: docker compose restart bridge); doctor does not try it again",
        "corregir PASSWORD, claves, AUTHENTICATION o CLIENT y luego docker compose up -d (un archivo de ./secrets: docker compose restart bridge); doctor no lo intenta de nuevo",
    ),
    "doctor.meter.calls": (
        "{name}: calls by itself, so it is not asked; a bridge that runs says when it was heard",
        "{name}: llama por sí mismo, así que no se le pregunta; un puente en marcha dice cuándo se oyó",
    ),
    "doctor.meter.held_same": (
        "{name}: not tried, because it refused this very password or key on {when}",
        "{name}: sin intentar, porque rechazó esta misma contraseña o clave el {when}",
    ),
    "doctor.meter.held_many": (
        "{name}: not tried, because {count} passwords or keys failed within a day (the last on {when}) and another may lock it",
        "{name}: sin intentar, porque {count} contraseñas o claves fallaron en un día (la última el {when}) y otra puede bloquearlo",
    ),
    "doctor.meter.held_forgetful": (
        "{name}: not tried, because a refusal of its password could not be remembered on the data volume",
        "{name}: sin intentar, porque un rechazo de su contraseña no se podría recordar en el volumen de datos",
    ),
    "doctor.meter.held_forgetful.fix": (
        "make the data volume writable first",
        "hacer antes que se pueda escribir en el volumen de datos",
    ),
    "doctor.meter.access": (
        "{name}: lets us in but refuses every register",
        "{name}: nos deja entrar, pero rechaza todos los registros",
    ),
    "doctor.meter.access.fix": (
        "check PROFILE (which OBIS codes it reads) and CLIENT (what it may see)",
        "revisar PROFILE (qué códigos OBIS lee) y CLIENT (qué puede ver)",
    ),
    "doctor.meter.decode": ("{name}: its answer makes no sense", "{name}: su respuesta no tiene sentido"),
    "doctor.meter.decode.fix": (
        "check keys, SECURITY and PROFILE; if they are right, report it with --bundle FILE",
        "revisar claves, SECURITY y PROFILE; si están bien, comunicarlo con --bundle FILE",
    ),
    "doctor.meter.other": ("{name}: cannot be read", "{name}: no se puede leer"),
    "doctor.meter.other.fix": ("see docker compose logs bridge", "ver docker compose logs bridge"),
}
