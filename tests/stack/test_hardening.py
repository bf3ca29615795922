"""What the compose file promises of every container, as Docker sees it. Grafana's is made, not started."""

from __future__ import annotations

from tests.stack.stack import docker

USERS = {"bridge": "10001:10001", "mosquitto": "1883:1883", "prometheus": "65534:65534", "grafana": "472:0"}
PUBLISHED = {"bridge": {"9108/tcp"}, "mosquitto": set(), "prometheus": {"9090/tcp"}, "grafana": {"3000/tcp"}}


def test_every_container_is_locked_down_logs_within_bounds_and_is_always_restarted(new_stack, services):
    stack = new_stack()
    stack.compose("create", "--no-build", *services)
    for service in services:
        found = stack.inspect(service)
        host, config = found["HostConfig"], found["Config"]
        assert config["User"] == USERS[service]
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert not host["CapAdd"]
        assert not host["Privileged"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert host["RestartPolicy"]["Name"] == "always"
        assert host["LogConfig"] == {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "5"}}
        assert host["Memory"] > 0
        assert host["PidsLimit"] > 0
        assert config["Healthcheck"]["Test"][0] == "CMD"
        assert config["StopTimeout"] > 0
        assert {mount["Destination"] for mount in found["Mounts"] if mount["Type"] == "volume"} <= {
            "/data", "/bridge-data", "/credentials", "/mosquitto/data", "/prometheus", "/var/lib/grafana",
        }  # fmt: skip
        for mount in found["Mounts"]:
            assert mount["Type"] == "volume" or not mount["RW"], f"{service}: {mount['Destination']} can be written"
        bindings = host["PortBindings"] or {}
        assert set(bindings) == PUBLISHED[service]
        assert {entry["HostIp"] for entries in bindings.values() for entry in entries} <= {"127.0.0.1"}


def test_only_the_brokers_group_can_read_the_password_and_the_bridge_cannot_write_it(new_stack):
    stack = new_stack()
    stack.up("mosquitto", "bridge")
    listing = docker("exec", stack.container("bridge"), "ls", "-ln", "/credentials/bridge")
    assert listing.startswith("-rw-r----- 1 1883 1883 ")
    assert "cannot touch" in docker("exec", stack.container("bridge"), "touch", "/credentials/bridge", check=False)


def test_the_broker_refuses_a_client_without_the_password(new_stack):
    stack = new_stack()
    stack.up("mosquitto")
    container = stack.container("mosquitto")
    stack.heard("$SYS/broker/uptime")
    said = docker(
        "exec", "-e", "XDG_CONFIG_HOME=/nowhere", container, "mosquitto_pub", "-t", "a", "-m", "b", check=False
    )
    assert "not authorised" in said.lower()
