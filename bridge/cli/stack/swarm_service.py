"""One service of the compose file as Swarm takes it: kept, said otherwise, or left out with a reason.

Whatever stands in the compose file is in one of the tables below, or :func:`translated` fails: nothing is lost unsaid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from bridge.cli.stack.compose_file import Mapping

KEPT: Final = (
    "image", "user", "entrypoint", "command", "read_only", "cap_drop", "logging", "networks", "healthcheck",
    "stop_grace_period", "ulimits",
)  # fmt: skip
SAID_OTHERWISE: Final = {
    "restart": "deploy.restart_policy",
    "mem_limit": "deploy.resources.limits.memory",
    "pids_limit": "deploy.resources.limits.pids",
    "tmpfs": "volumes of the type tmpfs; their owner and mode are Swarm's, mode 1777",
    "environment": "what is set in .env stands in the file, what has no value is left out",
    "env_file": "its values stand under environment",
    "volumes": "files as configs and secrets, so that every node has them; what is kept stays a volume of the node",
    "profiles": "a service of a profile is there when COMPOSE_PROFILES of .env names it",
    "ports": "Swarm publishes on all addresses of a node: only Grafana, and only where it has a password",
}
LEFT_OUT: Final = {
    "build": "a node takes the image from a registry, or has it: docker load",
    "pull_policy": "docker stack deploy --resolve-image never",
    "security_opt": "not in Swarm; no-new-privileges in each node's /etc/docker/daemon.json does the same",
    "group_add": "not in Swarm; secrets are readable for the user of the service itself",
    "dns_opt": "not in Swarm; options in each node's /etc/docker/daemon.json (dns-opts) do the same",
}
_RESTART: Final = {"always": {"condition": "any", "delay": "2s"}}
_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class UnknownInComposeError(Exception):
    """The compose file says something that the tables above do not know. A mistake in the program; a test finds it."""


def translated(name: str, service: Mapping) -> Mapping:
    """Return the service without environment, volumes and ports, which depend on more than it says itself.

    Raises:
        UnknownInComposeError: it says something that nobody decided about.
    """
    unknown = set(service) - {*KEPT, *SAID_OTHERWISE, *LEFT_OUT}
    if unknown:
        raise UnknownInComposeError(f"{name}: {', '.join(sorted(unknown))}")
    limits = {"memory": service["mem_limit"], "pids": service["pids_limit"]}
    return {
        **{key: service[key] for key in KEPT if key in service},
        "volumes": [_in_memory(text) for text in service.get("tmpfs", ())],
        "deploy": {
            "replicas": 1,
            "endpoint_mode": "dnsrr",  # an address between would keep connections to a task that is gone
            "restart_policy": _RESTART[service["restart"]],
            "update_config": {"order": "stop-first"},
            "resources": {"limits": limits},
        },
    }


def _in_memory(text: str) -> dict[str, Any]:
    """Return ``/tmp:size=16m,mode=1777`` as a mount."""
    target, _, options = text.partition(":")
    size = dict(option.split("=", 1) for option in options.split(","))["size"]
    number = re.fullmatch(r"(\d+)([kmg]?)", size)
    if number is None:
        raise UnknownInComposeError(f"tmpfs: {text}")
    return {"type": "tmpfs", "target": target, "tmpfs": {"size": int(number[1]) * _UNITS[number[2]]}}
