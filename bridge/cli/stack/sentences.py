"""What ``bridge stack`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "stack.help": (
        "write the stack for several bridges that share out the meters",
        "escribir el stack para varios puentes que se reparten los medidores",
    ),
    "stack.help.about": (
        (
            "For a fleet that is too large for one processor core, or that must outlive a machine. Writes, out of\n"
            "docker-compose.yml, .env, config and secrets of the present folder, stack.yml for docker stack deploy: a bridge\n"
            "and a Mosquitto for each shard, witnesses that see to it that no meter is read by two, one Prometheus, one\n"
            "Grafana. With --compose: an override for one machine with many cores. Starts nothing, opens no connection."
        ),
        (
            "Para una flota demasiado grande para un núcleo, o que debe sobrevivir a una máquina. A partir de\n"
            "docker-compose.yml, .env, config y secrets de la carpeta actual escribe stack.yml para docker stack deploy: un\n"
            "puente y un Mosquitto por fragmento, testigos que cuidan de que dos no lean el mismo medidor, un Prometheus y\n"
            "un Grafana. Con --compose: un override para una máquina con muchos núcleos. No arranca nada ni abre conexiones."
        ),
    ),
    "stack.help.after": (
        (
            "examples:\n"
            "  bridge stack --shards 4\n"
            "  bridge stack --shards 4 --nodes node-1,node-2,node-3\n"
            "  bridge stack --shards 4 --compose\n"
            '  docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" -w /work dlms-bridge:0.1.0 stack --shards 4\n'
            "\n"
            "exit codes: 0 written · 2 nothing written: the configuration or the command line cannot be used"
        ),
        (
            "ejemplos:\n"
            "  bridge stack --shards 4\n"
            "  bridge stack --shards 4 --nodes nodo-1,nodo-2,nodo-3\n"
            "  bridge stack --shards 4 --compose\n"
            '  docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/work" -w /work dlms-bridge:0.1.0 stack --shards 4\n'
            "\n"
            "códigos de salida: 0 escrito · 2 nada escrito: la configuración o la línea de comandos no sirve"
        ),
    ),
    "stack.help.shards": ("how many bridges share out the meters", "cuántos puentes se reparten los medidores"),
    "stack.help.compose": (
        "for one machine: an override of docker-compose.yml, without Swarm",
        "para una sola máquina: un override de docker-compose.yml, sin Swarm",
    ),
    "stack.help.out": (
        "the file to write. Default stack.yml, with --compose docker-compose.shards.yml",
        "archivo que se escribe. Por defecto stack.yml, con --compose docker-compose.shards.yml",
    ),
    "stack.help.nodes": (
        "host names of three nodes: a witness on each, Grafana and Prometheus on the first. Default: the nodes' labels say it",
        "nombres de tres nodos: un testigo en cada uno, Grafana y Prometheus en el primero. Por defecto lo dicen las etiquetas de los nodos",
    ),
    "stack.help.image": (
        "name of the bridge's image in your registry. Default: the one of docker-compose.yml, which each node has to have",
        "nombre de la imagen del puente en su registro. Por defecto la de docker-compose.yml, que cada nodo debe tener",
    ),
    "stack.help.unencrypted": (
        "for a network that is private already, or a kernel without IPsec: what goes between nodes is not encrypted",
        "para una red que ya es privada, o un kernel sin IPsec: lo que va entre nodos no se cifra",
    ),
    "stack.head.swarm": (
        (
            "{shards:shard|shards}, written by bridge stack out of docker-compose.yml, .env, config and secrets. Do not edit:\n"
            "change those, and write it again.\n"
            "docker stack deploy --resolve-image never -c FILE dlms-bridge"
        ),
        (
            "{shards:fragmento|fragmentos}, escrito por bridge stack a partir de docker-compose.yml, .env, config y secrets.\n"
            "No editar: cambiar aquello y volver a escribirlo.\n"
            "docker stack deploy --resolve-image never -c ARCHIVO dlms-bridge"
        ),
    ),
    "stack.head.compose": (
        (
            "{shards:shard|shards} on one machine, written by bridge stack out of docker-compose.yml and .env. Do not edit:\n"
            "change those, and write it again. Shard 1 is the services bridge and mosquitto of docker-compose.yml."
        ),
        (
            "{shards:fragmento|fragmentos} en una máquina, escrito por bridge stack a partir de docker-compose.yml y .env. No\n"
            "editar: cambiar aquello y volver a escribirlo. El fragmento 1 son bridge y mosquitto de docker-compose.yml."
        ),
    ),
    "stack.no_compose": (
        '{file}: there is no docker-compose.yml of dlms-bridge; run this in the project\'s folder; in a container: docker run --rm -v "$PWD:/work" -w /work …',
        '{file}: no hay docker-compose.yml de dlms-bridge; ejecútelo en la carpeta del proyecto; en un contenedor: docker run --rm -v "$PWD:/work" -w /work …',
    ),
    "stack.how_many": ("--shards: must be from {least} to {most}", "--shards: debe ser de {least} a {most}"),
    "stack.three_nodes": (
        "--nodes={nodes}: must name three different nodes: two of three witnesses must agree when a node is lost",
        "--nodes={nodes}: debe nombrar tres nodos distintos: dos de tres testigos deben estar de acuerdo si se pierde un nodo",
    ),
    "stack.no_meters": (
        "no meter is configured, so there is nothing to share out: METERS_FILE in .env names a fleet",
        "no hay ningún medidor configurado, así que no hay nada que repartir: METERS_FILE en .env nombra una flota",
    ),
    "stack.certificate": (
        "THINGSBOARD__CERT_FILE: is one device's, and each shard is a gateway device of its own; give each a token instead",
        "THINGSBOARD__CERT_FILE: es de un solo dispositivo y cada fragmento es un gateway propio; dé a cada uno un token",
    ),
    "stack.no_token": (
        "{file}: missing; shard {shard} needs a gateway device of its own in ThingsBoard, and its token in this file (ThingsBoard keeps one session a token): bridge thingsboard apply --yes --gateway NAME --token-file {file} makes both",
        "{file}: falta; el fragmento {shard} necesita un gateway propio en ThingsBoard, y su token en este archivo (ThingsBoard mantiene una sesión por token): bridge thingsboard apply --yes --gateway NOMBRE --token-file {file} hace ambas cosas",
    ),
    "stack.same_token": (
        "secrets/shard-{one} and secrets/shard-{other} hold the same token: ThingsBoard keeps one session a token, and the two would throw each other out",
        "secrets/shard-{one} y secrets/shard-{other} tienen el mismo token: ThingsBoard mantiene una sesión por token y los dos se echarían uno al otro",
    ),
    "stack.exposed": (
        "{name} stands in .env, and in a stack file anybody could read it: put it in the file {file}",
        "{name} está en .env, y en un archivo de stack cualquiera podría leerlo: póngalo en el archivo {file}",
    ),
    "stack.too_large": (
        "shard {shard} has too many meters for a file of Swarm's, even compressed; use more shards",
        "el fragmento {shard} tiene demasiados medidores para un archivo de Swarm, incluso comprimido; use más fragmentos",
    ),
    "stack.shares": ("shards: who reads how much", "fragmentos: cuánto lee cada uno"),
    "stack.nothing_written": ("nothing was written", "no se escribió nada"),
    "stack.written": (
        "{file}: {shards:shard|shards} for {meters:meter|meters}, out of {compose}",
        "{file}: {shards:fragmento|fragmentos} para {meters:medidor|medidores}, a partir de {compose}",
    ),
    "stack.next.labels": (
        (
            "once, on a manager: docker node update --label-add dlms.witness=1 NODE-A, =2 NODE-B, =3 NODE-C; and\n"
            "--label-add dlms.desk=1 for the node of Grafana and Prometheus. Nodes that cannot reach the meters: dlms.bridge=no"
        ),
        (
            "una vez, en un manager: docker node update --label-add dlms.witness=1 NODO-A, =2 NODO-B, =3 NODO-C; y\n"
            "--label-add dlms.desk=1 para el nodo de Grafana y Prometheus. Nodos que no llegan a los medidores: dlms.bridge=no"
        ),
    ),
    "stack.next.deploy": (
        (
            "each node needs the image: docker save dlms-bridge:0.1.0 | ssh NODE docker load   (or a registry, with --image)\n"
            "then: docker stack deploy --resolve-image never -c {file} dlms-bridge"
        ),
        (
            "cada nodo necesita la imagen: docker save dlms-bridge:0.1.0 | ssh NODO docker load   (o un registro, con --image)\n"
            "después: docker stack deploy --resolve-image never -c {file} dlms-bridge"
        ),
    ),
    "stack.next.compose": (
        (
            "stop first: docker compose down   (two bridges with different numbers of shards would read one meter twice)\n"
            "in .env: COMPOSE_FILE=docker-compose.yml:{file}   then: docker compose up -d"
        ),
        (
            "primero detener: docker compose down   (dos puentes con distinto número de fragmentos leerían un medidor dos veces)\n"
            "en .env: COMPOSE_FILE=docker-compose.yml:{file}   después: docker compose up -d"
        ),
    ),
}
