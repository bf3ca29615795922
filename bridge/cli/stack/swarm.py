"""``stack.yml``: the compose file for Docker Swarm, with a bridge and a Mosquitto for each shard.

A shard is not tied to a node: where it runs it has a volume, and a node that is lost keeps its own until it returns;
the service ``drain``, one on each node, then sends what waits there. Files come as configs and secrets, so that every
node has them. What Swarm cannot do is in ``swarm_service.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.cli.stack.swarm_mounts import SwarmMounts
from bridge.cli.stack.swarm_service import translated
from bridge.cli.typed_here import OF_THE_SERVICE, STACK

if TYPE_CHECKING:
    from collections.abc import Mapping as ReadOnly
    from collections.abc import Sequence
    from pathlib import Path

    from bridge.cli.stack.compose_file import Mapping
    from bridge.cli.stack.shard_environment import ShardEnvironment
    from bridge.cli.stack.swarm_files import SwarmFiles

WITNESSES: Final = (1, 2, 3)
WITNESS_PORT: Final = 9109
LEASES: Final = "leases"
"""The network of bridges and witnesses."""
_DESK: Final = ("prometheus", "grafana", "alertmanager")
"""What there is one of: on one node, for what it keeps lies there."""
HAS_A_BRIDGE: Final = """\
up=$$(mosquitto_sub -t '$$SYS/broker/uptime' -C 1 -W 4) || exit 1
[ "$${up%% *}" -lt 60 ] || mosquitto_pub -d -V 5 -q 1 -t relay/held -n | grep -q 'RC:0)'
"""
"""That the broker answers, and, but for its first minute, that the shard's bridge is connected: it alone subscribes to
this topic, and where nobody does, MQTT 5 says so (reason code 16, No matching subscribers: section 3.4.2.1). A
connection alone says too little: a drain has one, also on a node that was cut off. Swarm gives a service its name in
DNS only once it is healthy: so nobody can connect before."""
_BRIDGE_USER: Final = 10001
_MOSQUITTO_USER: Final = 1883


@dataclass(frozen=True, slots=True)
class SwarmPlan:
    """What a stack is made of.

    Args:
        compose: the compose file.
        owners: the meters of each shard, in lower case, by its number.
        meter_files: each shard's part of the fleet's file and its name in the container, where there is one.
        environment: ``.env`` and ``./secrets``.
        files: collects the configs and secrets.
        top: the project's folder.
        made: the folder of what was written beside the stack: ``prometheus.yml``.
        keys: the folder of the secrets that were made for it: ``broker``, ``SHARD__SECRET``.
        image: the bridge's, as the nodes know it; empty for the compose file's.
        nodes: host names of three nodes for the witnesses, the first one for Grafana and Prometheus as well; empty
            where nodes are labelled instead.
        is_encrypted: whether what goes from node to node is.
    """

    compose: Mapping
    owners: ReadOnly[int, Sequence[str]]
    meter_files: ReadOnly[int, tuple[Path, str, bool]]
    environment: ShardEnvironment
    files: SwarmFiles
    top: Path
    made: Path
    keys: Path
    image: str = ""
    nodes: Sequence[str] = ()
    is_encrypted: bool = True


def swarm_stack(plan: SwarmPlan) -> Mapping:
    """Return the document for ``docker stack deploy``."""
    services: Mapping = {}
    for shard in plan.owners:
        services[f"bridge-{shard}"] = _bridge(plan, shard)
        services[f"mosquitto-{shard}"] = _mosquitto(plan, shard)
    for number in WITNESSES:
        services[f"witness-{number}"] = _witness(plan, number)
    if plan.environment.goes_through_mosquitto:
        services["drain"] = _drain(plan)
    for name in _DESK:
        service = plan.compose["services"][name]
        if set(service.get("profiles", ())) <= set(plan.environment.variables.get("COMPOSE_PROFILES", "").split(",")):
            services[name] = _of_the_desk(plan, name, service)
    overlay: Mapping = {"driver": "overlay"}
    if plan.is_encrypted:
        overlay["driver_opts"] = {"encrypted": "true"}
    kept = sorted({mount.partition(":")[0] for service in services.values() for mount in _volumes(service)})
    return {
        "version": "3.9",
        "services": services,
        "networks": dict.fromkeys((*plan.compose["networks"], LEASES), overlay),
        # The names that Compose gives them: what waits in the outbox of a bridge that was alone is found again.
        "volumes": {name: {"name": f"{plan.compose['name']}_{name.removesuffix('-1')}"} for name in kept},
        "configs": plan.files.configs,
        "secrets": plan.files.secrets,
    }


def _volumes(service: Mapping) -> list[str]:
    return [mount for mount in service.get("volumes", ()) if isinstance(mount, str)]


def _of_shard(plan: SwarmPlan, name: str, user: int) -> tuple[Mapping, SwarmMounts]:
    """Return what both services of a shard begin with."""
    service = translated(name, plan.compose["services"][name])
    mounts = SwarmMounts(plan.files, plan.top, user)
    mounts.add(plan.compose["services"][name]["volumes"])
    mounts.configuration(plan.environment.variables.get("THINGSBOARD__CA_FILE", ""), profiles=name == "bridge")
    mounts.secret(plan.keys / "broker")
    return service, mounts


def _bridge(plan: SwarmPlan, shard: int) -> Mapping:
    service, mounts = _of_shard(plan, "bridge", _BRIDGE_USER)
    mounts.secret(plan.keys / "SHARD__SECRET")
    meters = plan.owners[shard]
    for file in plan.environment.secret_files(shard, meters):
        mounts.secret(file)
    environment = {
        **_constants(plan, shard),
        **plan.environment.of_bridge(meters),
        "SHARD__COUNT": str(len(plan.owners)),
        "SHARD__INDEX": str(shard),
        STACK: OF_THE_SERVICE,
        **_lease(plan),
    }
    if shard in plan.meter_files:
        file, inside, is_secret = plan.meter_files[shard]
        environment["METERS_FILE"] = f"/config/{inside}"
        if is_secret:
            mounts.secret(file, f"/config/{inside}")
        else:
            mounts.config(file, f"/config/{inside}")
    service |= {"image": plan.image or service["image"], "environment": environment}
    service["networks"] = [*service["networks"], LEASES]
    service["volumes"] += [f"data-{shard}:/data"]
    # A node that cannot reach the meters gets this label: docker node update --label-add dlms.bridge=no NODE
    service["deploy"]["placement"] = {"constraints": ["node.labels.dlms.bridge != no"]}
    return service | mounts.mounted


def _constants(plan: SwarmPlan, shard: int) -> dict[str, str]:
    """Return what the compose file fixes for the bridge, with the shard's own broker."""
    fixed = {name: value for name, value in plan.compose["services"]["bridge"]["environment"].items() if value}
    del fixed["SECRETS_DIR"]  # they come one by one, in Docker's own folder
    if not any((plan.top / "config" / "profiles").glob("*.toml")):
        del fixed["PROFILES_DIR"]
    return fixed | {"BROKER__HOST": f"mosquitto-{shard}", "BROKER__CREDENTIALS_FILE": "/run/secrets/broker"}


def _lease(plan: SwarmPlan) -> dict[str, str]:
    addresses = ",".join(f"witness-{number}:{WITNESS_PORT}" for number in WITNESSES)
    lease_s = plan.environment.variables.get("SHARD__LEASE", "")
    environment = {"SHARD__NODE": "{{.Node.Hostname}}", "SHARD__WITNESSES": addresses}
    return {**environment, "SHARD__LEASE": lease_s} if lease_s else environment


def _mosquitto(plan: SwarmPlan, shard: int) -> Mapping:
    service, mounts = _of_shard(plan, "mosquitto", _MOSQUITTO_USER)
    if token := plan.environment.token_file(shard):
        mounts.secret(token)
    environment = plan.environment.filled(plan.compose["services"]["mosquitto"]["environment"])
    service["environment"] = {**environment, "BROKER__CREDENTIALS_FILE": "/run/secrets/broker"}
    # On a node that the others do not reach, a bridge stops with its lease, but its Mosquitto would stay connected to
    # ThingsBoard, and it and its successor would throw each other out: there is one session a token. Docker ends what
    # is unhealthy, also where nobody can tell it to.
    if plan.environment.goes_through_mosquitto:
        test = ["CMD", "sh", "-c", HAS_A_BRIDGE]
        service["healthcheck"] = {**service["healthcheck"], "test": test, "retries": 4}
    return service | mounts.mounted


def _like_a_bridge(plan: SwarmPlan, command: list[str], memory: str) -> Mapping:
    """Return a service of the bridge's image that reads no meter."""
    service = translated("bridge", plan.compose["services"]["bridge"])
    del service["healthcheck"]
    service |= {"image": plan.image or service["image"], "command": command}
    service["deploy"]["resources"]["limits"]["memory"] = memory
    return service


def _witness(plan: SwarmPlan, number: int) -> Mapping:
    service = _like_a_bridge(plan, ["witness"], "96m")
    mounts = SwarmMounts(plan.files, plan.top, _BRIDGE_USER)
    mounts.secret(plan.keys / "SHARD__SECRET")
    place = f"node.hostname == {plan.nodes[number - 1]}" if plan.nodes else f"node.labels.dlms.witness == {number}"
    service["environment"] = {STACK: OF_THE_SERVICE, **_lease(plan)}
    service["networks"] = [LEASES]
    service["deploy"]["placement"] = {"constraints": [place]}
    return service | mounts.mounted


def _drain(plan: SwarmPlan) -> Mapping:
    service = _like_a_bridge(plan, ["drain"], "192m")
    mounts = SwarmMounts(plan.files, plan.top, _BRIDGE_USER)
    mounts.secret(plan.keys / "broker")
    service["environment"] = {
        **plan.environment.of_drain(),
        STACK: OF_THE_SERVICE,
        "SHARD__COUNT": str(len(plan.owners)),
        "SHARD__NODE": "{{.Node.Hostname}}",
        # The numbers of the shards are put in by the command.
        "DATA_DIR": "/shards/{shard}",
        "BROKER__HOST": "mosquitto-{shard}",
        "BROKER__CREDENTIALS_FILE": "/run/secrets/broker",
    }
    service["networks"] = ["broker"]
    service["volumes"] += [f"data-{shard}:/shards/{shard}" for shard in plan.owners]
    service["deploy"] = {**service["deploy"], "mode": "global"}
    del service["deploy"]["replicas"]
    return service | mounts.mounted


def _of_the_desk(plan: SwarmPlan, name: str, service: Mapping) -> Mapping:
    made = translated(name, service)
    mounts = SwarmMounts(
        plan.files, plan.top, int(service["user"].partition(":")[0]), made=plan.made if name == "prometheus" else None
    )
    mounts.add(service["volumes"])
    if environment := plan.environment.filled(service.get("environment", {})):
        made["environment"] = environment
    made["volumes"] += mounts.kept
    if name == "grafana" and mounts.has_secrets:
        port = int(plan.environment.variables.get("GRAFANA_PORT") or 3000)
        made["ports"] = [{"target": 3000, "published": port, "mode": "host"}]
    place = f"node.hostname == {plan.nodes[0]}" if plan.nodes else "node.labels.dlms.desk == 1"
    made["deploy"]["placement"] = {"constraints": [place]}
    return made | mounts.mounted
