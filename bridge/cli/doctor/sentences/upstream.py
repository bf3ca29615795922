"""What the doctor says of the local broker and ThingsBoard. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "doctor.broker.up": ("{where}: accepts the bridge's user", "{where}: acepta al usuario del puente"),
    "doctor.broker.dns": ("{where}: the name has no address", "{where}: el nombre no tiene dirección"),
    "doctor.broker.down": ("{where}: nothing listens there", "{where}: nada escucha ahí"),
    "doctor.broker.down.fix": (
        "docker compose ps mosquitto; docker compose logs mosquitto; docker compose up -d",
        "docker compose ps mosquitto; docker compose logs mosquitto; docker compose up -d",
    ),
    "doctor.broker.silent": ("{where}: does not answer", "{where}: no responde"),
    "doctor.broker.silent.fix": (
        "docker compose restart mosquitto: it stores nothing, and the bridge sends again what was on its way",
        "docker compose restart mosquitto: no guarda nada, y el puente reenvía lo que iba de camino",
    ),
    "doctor.broker.no_credentials": (
        "the file with its user name and password is unusable: {file}",
        "el archivo con su usuario y contraseña no sirve: {file}",
    ),
    "doctor.broker.no_credentials.fix": (
        "Mosquitto's container writes it at its start: docker compose restart mosquitto",
        "lo escribe el contenedor de Mosquitto al arrancar: docker compose restart mosquitto",
    ),
    "doctor.broker.refused": (
        "{where}: refuses the bridge's user name and password",
        "{where}: rechaza el usuario y la contraseña del puente",
    ),
    "doctor.broker.refused.fix": (
        "docker compose restart mosquitto makes both sides read the same file again",
        "docker compose restart mosquitto hace que ambos lados lean de nuevo el mismo archivo",
    ),
    "doctor.broker.nowhere": ("none, and none is needed", "ninguno, y no hace falta"),
    "doctor.broker.none": (
        "none: the bridge itself speaks to ThingsBoard",
        "ninguno: el puente habla él mismo con ThingsBoard",
    ),
    "doctor.upstream.direct": ("the bridge has its session: {way}", "el puente tiene su sesión: {way}"),
    "doctor.upstream.direct_down": (
        "from here all is well, but the bridge has no session with ThingsBoard",
        "desde aquí todo va bien, pero el puente no tiene sesión con ThingsBoard",
    ),
    "doctor.upstream.direct_down.fix": (
        "wait a minute and examine again; else restart it: docker compose restart bridge",
        "espere un minuto y vuelva a examinar; si no, reinícielo: docker compose restart bridge",
    ),
    "doctor.broker.other_settings": (
        "the broker knows of no ThingsBoard: it was started with other settings",
        "el broker no sabe de ningún ThingsBoard: arrancó con otros ajustes",
    ),
    "doctor.broker.other_settings.fix": ("docker compose up -d", "docker compose up -d"),
    "doctor.broker.upstream_down": (
        "all is well from here, but the broker has no session with ThingsBoard",
        "desde aquí todo va bien, pero el broker no tiene sesión con ThingsBoard",
    ),
    "doctor.broker.upstream_down.fix": (
        "it tries again within 30 s; if not: docker compose logs mosquitto, docker compose up -d",
        "lo intenta de nuevo antes de 30 s; si no: docker compose logs mosquitto, docker compose up -d",
    ),
    "doctor.upstream.none": (
        "none configured: readings go to the local broker, where there is one, and no further",
        "ninguno configurado: las lecturas llegan al broker local, si lo hay, y no más lejos",
    ),
    "doctor.upstream.reach": ("{where}: reachable, without TLS", "{where}: se alcanza, sin TLS"),
    "doctor.upstream.reach_tls": (
        "{where}: reachable, its certificate is trusted",
        "{where}: se alcanza, su certificado es de confianza",
    ),
    "doctor.upstream.dns": ("{host}: the name has no address", "{host}: el nombre no tiene dirección"),
    "doctor.upstream.dns.fix": (
        "check THINGSBOARD__HOST; does this machine reach the Internet and its name server?",
        "revisar THINGSBOARD__HOST; ¿llega este equipo a Internet y a su servidor de nombres?",
    ),
    "doctor.upstream.tcp": ("{where}: no connection", "{where}: sin conexión"),
    "doctor.upstream.tcp.fix": (
        "check THINGSBOARD__PORT (1883, with TLS 8883), the firewall, and whether the server is up",
        "revisar THINGSBOARD__PORT (1883, con TLS 8883), el cortafuegos y si el servidor funciona",
    ),
    "doctor.upstream.silent": (
        "{where}: no connection within {seconds} s",
        "{where}: sin conexión en {seconds} s",
    ),
    "doctor.upstream.silent.fix": (
        "a firewall that drops packets, a wrong address, or no Internet: check THINGSBOARD__HOST and the modem",
        "un cortafuegos que descarta paquetes, una dirección errónea o falta de Internet: revisar THINGSBOARD__HOST y el módem",
    ),
    "doctor.upstream.files": ("a certificate file is unusable", "un archivo de certificado no sirve"),
    "doctor.upstream.files.fix": (
        "check THINGSBOARD__CA_FILE, _CERT_FILE and _KEY_FILE: PEM, readable by the bridge, key without a password",
        "revisar THINGSBOARD__CA_FILE, _CERT_FILE y _KEY_FILE: PEM, legibles por el puente, clave sin contraseña",
    ),
    "doctor.upstream.tls_ca": (
        "{where}: its certificate is signed by nobody trusted here (CA file: {file})",
        "{where}: su certificado no lo firma nadie de confianza aquí (archivo CA: {file})",
    ),
    "doctor.upstream.tls_ca.fix": (
        "put the certificate of the signing authority into ./config and name it in THINGSBOARD__CA_FILE",
        "poner en ./config el certificado de la autoridad que lo firma y nombrarlo en THINGSBOARD__CA_FILE",
    ),
    "doctor.upstream.tls_name": (
        "{where}: its certificate is for another name",
        "{where}: su certificado es para otro nombre",
    ),
    "doctor.upstream.tls_name.fix": (
        "set THINGSBOARD__HOST to the name in the certificate",
        "poner en THINGSBOARD__HOST el nombre que figura en el certificado",
    ),
    "doctor.upstream.tls_dates": (
        "{where}: its certificate is not valid today",
        "{where}: su certificado no es válido hoy",
    ),
    "doctor.upstream.tls_dates.fix": (
        "is this machine's clock right? if so, the server needs a new certificate",
        "¿está bien el reloj de este equipo? si lo está, el servidor necesita un certificado nuevo",
    ),
    "doctor.upstream.tls": (
        "{where}: its certificate is not accepted",
        "{where}: su certificado no se acepta",
    ),
    "doctor.upstream.tls.fix": (
        "check the server's certificate and THINGSBOARD__CA_FILE",
        "revisar el certificado del servidor y THINGSBOARD__CA_FILE",
    ),
    "doctor.upstream.not_tls": (
        "{where}: does not speak TLS on this port",
        "{where}: no habla TLS en este puerto",
    ),
    "doctor.upstream.not_tls.fix": (
        "set THINGSBOARD__PORT to the server's TLS port (usually 8883), or THINGSBOARD__TLS=false",
        "poner en THINGSBOARD__PORT el puerto TLS del servidor (normalmente 8883), o THINGSBOARD__TLS=false",
    ),
    "doctor.upstream.speaks_tls": (
        "{where}: speaks TLS, but THINGSBOARD__TLS is off",
        "{where}: habla TLS, pero THINGSBOARD__TLS está desactivado",
    ),
    "doctor.upstream.speaks_tls.fix": (
        "set THINGSBOARD__TLS=true, or THINGSBOARD__PORT to the plain port (usually 1883)",
        "poner THINGSBOARD__TLS=true, o en THINGSBOARD__PORT el puerto sin cifrar (normalmente 1883)",
    ),
    "doctor.upstream.no_token": (
        "no access token yet: provisioning has not given the bridge one",
        "aún no hay token de acceso: el aprovisionamiento no ha dado ninguno al puente",
    ),
    "doctor.upstream.no_token.fix": (
        "start the bridge and see docker compose logs bridge; does the device profile allow provisioning?",
        "arrancar el puente y ver docker compose logs bridge; ¿permite aprovisionar el perfil de dispositivo?",
    ),
    "doctor.api.well": (
        "the REST API takes the login; ThingsBoard {version}",
        "la API REST acepta el acceso; ThingsBoard {version}",
    ),
    "doctor.api.refused": ("the REST API at {url} is of no use", "la API REST de {url} no sirve"),
    "doctor.api.user": (
        "the REST API's user is {user}, no tenant administrator",
        "el usuario de la API REST es {user}, no un administrador del tenant",
    ),
    "doctor.api.refused.fix": (
        "THINGSBOARD__API_URL, and a tenant administrator's THINGSBOARD__API_KEY or _USER and _PASSWORD; samples need none",
        "THINGSBOARD__API_URL y la THINGSBOARD__API_KEY de un administrador del tenant, o _USER y _PASSWORD; las muestras no la necesitan",
    ),
    "doctor.audit.whole": (
        "audit {ago} ago: all {values} values are there",
        "auditoría hace {ago}: están los {values} valores",
    ),
    "doctor.audit.lacks": (
        "audit {ago} ago: ThingsBoard lacks {missing} of {values} values",
        "auditoría hace {ago}: a ThingsBoard le faltan {missing} de {values} valores",
    ),
    "doctor.audit.lacks.fix": (
        "docker compose exec bridge bridge audit names each; with --repair they are sent again",
        "docker compose exec bridge bridge audit los nombra; con --repair se envían otra vez",
    ),
    "doctor.audit.none_yet": ("no audit was made yet", "aún no se hizo ninguna auditoría"),
    "doctor.audit.failed": (
        "{count:audit|audits} in a row could not be made",
        "{count:auditoría seguida no se pudo|auditorías seguidas no se pudieron} hacer",
    ),
    "doctor.audit.fix": (
        "docker compose exec bridge bridge audit makes one now",
        "docker compose exec bridge bridge audit hace una ahora",
    ),
    "doctor.upstream.not_applied": ("no access token yet", "aún no hay token de acceso"),
    "doctor.upstream.not_applied.fix": (
        "docker compose run --rm bridge thingsboard apply --yes gets the gateway's from ThingsBoard",
        "docker compose run --rm bridge thingsboard apply --yes lo pide a ThingsBoard: el del gateway",
    ),
    "doctor.upstream.not_tried": (
        "token not tried: the broker may have a session with it, which a second one would end",
        "token sin probar: el broker puede tener una sesión con él, y otra la terminaría",
    ),
    "doctor.upstream.session": (
        "the token is accepted: the broker has a session with it",
        "el token se acepta: el broker tiene una sesión con él",
    ),
    "doctor.upstream.token": ("the token is accepted", "el token se acepta"),
    "doctor.upstream.refused": ("ThingsBoard refuses the token", "ThingsBoard rechaza el token"),
    "doctor.upstream.refused.provisioned": (
        "a running bridge asks for another by itself within two minutes; if ThingsBoard gives none, delete the device {name} there",
        "un puente en marcha pide otro por sí mismo en dos minutos; si ThingsBoard no da ninguno, borrar allí el dispositivo {name}",
    ),
    "doctor.upstream.refused.fix": (
        "copy THINGSBOARD__TOKEN again from the gateway device's credentials, then docker compose up -d (a file of ./secrets: docker compose restart)",
        "copiar de nuevo THINGSBOARD__TOKEN de las credenciales del dispositivo gateway, y luego docker compose up -d (un archivo de ./secrets: docker compose restart)",
    ),
    "doctor.upstream.unwilling": ("{where}: refuses the session", "{where}: rechaza la sesión"),
    "doctor.upstream.unwilling.fix": (
        "is ThingsBoard still starting, or its licence or tenant suspended? see its own log",
        "¿está arrancando ThingsBoard, o suspendida su licencia o su tenant? ver su propio log",
    ),
    "doctor.upstream.no_mqtt": (
        "{where}: accepts the connection but does not speak MQTT",
        "{where}: acepta la conexión, pero no habla MQTT",
    ),
    "doctor.upstream.no_mqtt.fix": (
        "is THINGSBOARD__PORT the MQTT port (1883, with TLS 8883) and not the web page's?",
        "¿es THINGSBOARD__PORT el puerto MQTT (1883, con TLS 8883) y no el de la página web?",
    ),
    "doctor.upstream.fence": (
        "answers what it is asked, {milliseconds} ms",
        "responde a lo que se le pregunta, {milliseconds} ms",
    ),
    "doctor.upstream.fence_recent": (
        "the bridge's own samples were stored within the last minute",
        "las muestras del puente se guardaron en el último minuto",
    ),
    "doctor.upstream.no_fence": (
        "nothing asked: THINGSBOARD__CONFIRM=puback",
        "nada preguntado: THINGSBOARD__CONFIRM=puback",
    ),
    "doctor.upstream.no_limits": (
        "does not tell its limits (ThingsBoard before 3.9); the bridge learns them",
        "no dice sus límites (ThingsBoard anterior a 3.9); el puente los aprende",
    ),
    "doctor.upstream.fence_silent": (
        "accepts the session but answers nothing",
        "acepta la sesión, pero no responde a nada",
    ),
    "doctor.upstream.fence_silent.fix": (
        "does something else use the token? is it a ThingsBoard? for a server that does not answer: THINGSBOARD__CONFIRM=puback",
        "¿usa algo más el token? ¿es un ThingsBoard? para un servidor que no responde: THINGSBOARD__CONFIRM=puback",
    ),
    "doctor.upstream.no_gateway": (
        "the device does not seem to be marked Is gateway",
        "el dispositivo no parece marcado como gateway (Is gateway)",
    ),
    "doctor.upstream.no_gateway.fix": (
        "in ThingsBoard, tick Is gateway in the device's details; with a single meter's own token: THINGSBOARD__MODE=device",
        "en ThingsBoard, marcar Is gateway en los detalles del dispositivo; con el token de un solo medidor: THINGSBOARD__MODE=device",
    ),
    "doctor.upstream.shared": (
        "something else uses the same token: each of the two throws the other out",
        "algo más usa el mismo token: cada uno echa al otro",
    ),
    "doctor.upstream.shared.fix": (
        "give each bridge a gateway device of its own in ThingsBoard, and stop old bridges and test clients",
        "dar a cada puente su propio dispositivo gateway en ThingsBoard y detener puentes viejos y clientes de prueba",
    ),
}
