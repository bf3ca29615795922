"""What to type here: sentences name the stack's commands; where it runs otherwise, or not at all, they say what is.

    without Docker                bridge doctor
    shard 2, on one machine       docker compose exec bridge-2 bridge doctor
    shard 2, on Swarm             docker exec -it 3f2a9c1d77e0 bridge doctor

Of what only the stack has, Mosquitto for one, they speak as they are written where there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STACK: Final = "DLMS_BRIDGE_STACK"
"""Set in the bridge's container: by the compose file to 1, by ``bridge stack`` to what follows."""
SWARM: Final = "swarm:"
"""Begins it on Swarm, before the service's name; of one machine it is the service's name alone."""
OF_THE_SERVICE: Final = f"{SWARM}{{{{.Service.Name}}}}"
"""Swarm puts the name in."""
_WORDS: Final = {
    "en": ("the bridge's log", "start the bridge again", "stop the bridge", "the same"),
    "es": ("el log del puente", "volver a arrancar el puente", "detener el puente", "lo mismo"),
}
_OF_THE_STACK: Final = ("in the stack: ", "en el stack: ")
"""Begins what is said of it and of nothing else."""
_NAMED: Final = re.compile(
    r"(docker compose (?:exec (?:-T )?|run --rm |logs |restart |stop |ps ))(bridge|mosquitto)( mosquitto)?\b"
)


def is_native(environ: Mapping[str, str]) -> bool:
    """Return whether there is no stack around."""
    return not environ.get(STACK)


def typed_here(said: str, environ: Mapping[str, str], language: str) -> str:
    """Return a sentence as it reads here.

    Args:
        said: the sentence, as it reads in the stack of the compose file.
        environ: where this is; ``UV`` is there under ``uv run``.
        language: of the sentence.
    """
    if "docker compose" not in said:
        return said
    stack = environ.get(STACK, "")
    if stack.startswith(SWARM):
        return _replaced(said, _on_swarm(stack.removeprefix(SWARM), environ, language))
    if stack:
        return said if stack == "1" else _numbered(said, stack.removeprefix("bridge"))
    if any(words in said for words in _OF_THE_STACK):
        return said
    return _replaced(said, _without_docker(environ, language))


def _replaced(said: str, instead: Iterable[tuple[str, str]]) -> str:
    for pattern, text in instead:
        said = re.sub(pattern, text, said)
    return said


def _without_docker(environ: Mapping[str, str], language: str) -> Iterable[tuple[str, str]]:
    bridge = "uv run bridge" if environ.get("UV") else "bridge"
    log, again, stop, _ = _WORDS[language]
    return (
        (r"docker compose exec (?:-T )?bridge bridge\b", bridge),
        (r"docker compose run --rm bridge\b", bridge),
        (r"docker compose logs bridge(?! mosquitto)", log),
        (r"docker compose up -d\b", f"{bridge} run"),
        (r"docker compose restart(?: bridge\b|(?! \w))", again),
        (r"docker compose stop bridge\b", stop),
        (r" docker compose ps$", ""),
    )


def _numbered(said: str, number: str) -> str:
    """Return it of the services of a shard, whose names end with ``number``: ``-2``."""

    def named(found: re.Match[str]) -> str:
        command, service, also = found.groups("")
        return f"{command}{service}{number}" + (f"{also}{number}" if also else "")

    return _NAMED.sub(named, said)


def _on_swarm(service: str, environ: Mapping[str, str], language: str) -> Iterable[tuple[str, str]]:
    stack, relay = service.rpartition("_")[0], service.replace("_bridge-", "_mosquitto-")
    container, shards = environ.get("HOSTNAME", "CONTAINER"), environ.get("SHARD__COUNT", "N")
    *_, same = _WORDS[language]
    return (
        (r"docker compose exec -T bridge bridge\b", f"docker exec {container} bridge"),
        (r"docker compose (?:exec bridge|run --rm) bridge\b", f"docker exec -it {container} bridge"),
        (
            r"docker compose up -d\b",
            f"bridge stack --shards {shards} && docker stack deploy --resolve-image never -c stack.yml {stack}",
        ),
        (r"docker compose logs bridge mosquitto\b", f"docker service logs {service}, docker service logs {relay}"),
        (r"docker compose logs bridge\b", f"docker service logs {service}"),
        (r"docker compose logs mosquitto\b", f"docker service logs {relay}"),
        (r"docker compose restart bridge\b", f"docker service update --force {service}"),
        (r"docker compose restart mosquitto\b", f"docker service update --force {relay}"),
        (r"docker compose restart\b", same),  # said of a file of ./secrets: on Swarm it comes with the stack
        (r"docker compose stop bridge\b", f"docker service scale {service}=0"),
        (r"docker compose ps mosquitto\b", f"docker service ps {relay}"),
        (r"docker compose ps\b", f"docker stack ps {stack}"),
    )
