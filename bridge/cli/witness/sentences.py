"""What ``bridge witness`` says. English, Spanish."""

from __future__ import annotations

from typing import Final

SENTENCES: Final = {
    "witness.help": (
        "grant the leases of shards, as one of three on three machines",
        "conceder los turnos de las particiones, como uno de tres en tres máquinas",
    ),
    "witness.help.about": (
        (
            "Says which bridge may read the meters of a shard. Three witnesses run on three machines, and a bridge reads\n"
            "while two of them say so. Needs SHARD__SECRET, the bridges' own; keeps nothing on disk. After its start it\n"
            "grants nothing for SHARD__LEASE seconds: what it granted before, it has forgotten. Never run one twice."
        ),
        (
            "Dice qué puente puede leer los medidores de una partición. Tres testigos corren en tres máquinas, y un puente\n"
            "lee mientras dos de ellos lo permiten. Necesita SHARD__SECRET, el mismo de los puentes; no guarda nada en\n"
            "disco. Al arrancar no concede nada durante SHARD__LEASE segundos: ha olvidado lo que concedió antes. Nunca\n"
            "debe correr dos veces el mismo."
        ),
    ),
    "witness.help.after": (
        (
            "examples:\n"
            "  bridge witness --port 9109\n"
            "  docker compose exec bridge bridge witness --look\n"
            "\n"
            "exit codes: 0 stopped as asked; with --look: most witnesses answer · 1 they do not · 2 a setting is wrong"
        ),
        (
            "ejemplos:\n"
            "  bridge witness --port 9109\n"
            "  docker compose exec bridge bridge witness --look\n"
            "\n"
            "códigos de salida: 0 detenido a petición; con --look: la mayoría de los testigos responde · 1 no responde\n"
            "            · 2 un ajuste está mal"
        ),
    ),
    "witness.help.host": (
        "address to listen on (default: every one)",
        "dirección en la que escucha (por defecto: todas)",
    ),
    "witness.help.port": ("UDP port (default: %(default)s)", "puerto UDP (por defecto: %(default)s)"),
    "witness.help.look": (
        "ask the witnesses of SHARD__WITNESSES, or the one here, who holds what; grant nothing",
        "preguntar a los testigos de SHARD__WITNESSES, o al de aquí, quién tiene qué; no concede nada",
    ),
    "witness.shard": ("shard {number}", "partición {number}"),
    "witness.silent": (
        "does not answer: is it up, and is SHARD__SECRET its own?",
        "no responde: ¿está en marcha, y es SHARD__SECRET el suyo?",
    ),
    "witness.just_started": (
        "just started: grants nothing for {seconds} s",
        "recién arrancado: no concede nada durante {seconds} s",
    ),
    "witness.held": ("held by {node}, {seconds} s more", "la tiene {node}, {seconds} s más"),
    "witness.free": ("nobody holds it", "nadie la tiene"),
}
