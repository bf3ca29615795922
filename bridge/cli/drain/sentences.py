"""What ``bridge drain`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "drain.help": (
        "send what waits in a data folder that no bridge uses; read no meter",
        "enviar lo que espera en una carpeta de datos que ningún puente usa; no lee medidores",
    ),
    "drain.help.about": (
        (
            "For a machine whose shard is read by another one now: sends the samples that waited on its disk, through the\n"
            "shard's own broker, and waits for more. Lets go of the folder as soon as a bridge wants it. {{shard}} in\n"
            "DATA_DIR and BROKER__HOST stands for the number of each shard in turn, 1 to SHARD__COUNT."
        ),
        (
            "Para una máquina cuya partición lee ahora otra: envía las muestras que esperaban en su disco, por el broker de\n"
            "la propia partición, y espera a que haya más. Suelta la carpeta en cuanto un puente la quiere. {{shard}} en\n"
            "DATA_DIR y BROKER__HOST representa el número de cada partición, de 1 a SHARD__COUNT."
        ),
    ),
    "drain.help.after": (
        (
            "example:    DATA_DIR=/shards/{{shard}} BROKER__HOST=mosquitto-{{shard}} SHARD__COUNT=4 bridge drain\n"
            "exit codes: 0 stopped as asked (SIGTERM, SIGINT) · 2 a setting is wrong"
        ),
        (
            "ejemplo:    DATA_DIR=/shards/{{shard}} BROKER__HOST=mosquitto-{{shard}} SHARD__COUNT=4 bridge drain\n"
            "códigos de salida: 0 detenido a petición (SIGTERM, SIGINT) · 2 un ajuste está mal"
        ),
    ),
}
