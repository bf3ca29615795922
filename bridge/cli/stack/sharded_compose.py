"""``docker-compose.shards.yml``: several shards on one machine with many cores, by Compose's own means.

An override of ``docker-compose.yml``. Its ``bridge`` and ``mosquitto`` are shard 1 and keep their names and volumes, so
that what waits in the outbox of the bridge that was alone is sent by it; ``bridge-2``, ``mosquitto-2`` and so on are
copies of them with volumes of their own. One machine needs no lease: a data folder has one bridge, and the copies'
shares are disjoint as long as all of them have the same count.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Final

from bridge.cli.stack.compose_file import NUMBERED
from bridge.cli.typed_here import STACK

if TYPE_CHECKING:
    from bridge.cli.stack.compose_file import Mapping

_OWN_VOLUMES: Final = ("data", "credentials")
_FIRST_PORT: Final = 9108


def service_name(service: str, shard: int) -> str:
    """Return what ``service`` of ``shard`` is called: as ever for the first, with its number for the others."""
    return service if shard == 1 else f"{service}-{shard}"


def sharded(compose: Mapping, count: int, *, provision_name: str, port: int = _FIRST_PORT) -> Mapping:
    """Return the override for ``count`` shards.

    Args:
        compose: the compose file.
        count: how many; two or more.
        provision_name: of the first shard's device; the others' has their number.
        port: of the first bridge's page on the host; the others' follow it.
    """
    services: Mapping = {"bridge": _own("bridge", 1, count), "mosquitto": _own("mosquitto", 1, count)}
    for shard in range(2, count + 1):
        for name in NUMBERED:
            copy = _copy(compose["services"][name], shard)
            own = _own(name, shard, count)
            copy["environment"] |= own.get("environment", {})
            copy["volumes"] = [*copy["volumes"], *own["volumes"]]
            services[service_name(name, shard)] = copy
        bridge = services[service_name("bridge", shard)]
        bridge["environment"]["BROKER__HOST"] = service_name("mosquitto", shard)
        bridge["environment"]["THINGSBOARD__PROVISION_NAME"] = f"{provision_name}-{shard}"
        bridge["ports"] = [f"${{BIND_ADDRESS:-127.0.0.1}}:{port + shard - 1}:9108"]
    services["prometheus"] = {"volumes": ["./stack/prometheus.yml:/etc/prometheus/prometheus.yml:ro"]}
    volumes = {service_name(name, shard): None for shard in range(2, count + 1) for name in _OWN_VOLUMES}
    return {"services": services, "volumes": volumes}


def _own(name: str, shard: int, count: int) -> Mapping:
    """Return what a service of ``shard`` has beside what is the same for all."""
    own: Mapping = {"volumes": [f"./secrets/shard-{shard}:/run/secrets:ro"]}
    if name == "bridge":
        own["environment"] = {"SHARD__COUNT": str(count), "SHARD__INDEX": str(shard)}
        if shard > 1:
            own["environment"][STACK] = service_name(name, shard)
    return own


def _copy(service: Mapping, shard: int) -> Mapping:
    copy: Mapping = deepcopy(service)
    # The image is built once, for the first shard.
    copy.pop("build", None)
    if copy.pop("pull_policy", None):
        copy["pull_policy"] = "never"
    copy["volumes"] = [_numbered(volume, shard) for volume in copy["volumes"]]
    return copy


def _numbered(volume: str | Mapping, shard: int) -> str | Mapping:
    """Return the mount, of the shard's own volume where it is of one."""
    if isinstance(volume, str):
        source, colon, rest = volume.partition(":")
        return f"{service_name(source, shard)}{colon}{rest}" if source in _OWN_VOLUMES else volume
    return {**volume, "source": service_name(volume["source"], shard)} if volume["source"] in _OWN_VOLUMES else volume
