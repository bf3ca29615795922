"""What is taken from elsewhere is pinned, and no part of the stack has more of the others than it needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DOCKERFILE = (ROOT / "bridge" / "Dockerfile").read_text(encoding="utf-8")


def test_every_file_of_a_locked_package_has_its_hash():
    packages = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    foreign = [package for package in packages if "registry" in package["source"]]
    assert len(foreign) == len(packages) - 1, "all but the project itself"
    for package in foreign:
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert files
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", file["hash"]) for file in files), package["name"]


def test_the_image_installs_what_is_locked_and_nothing_newer():
    syncs = re.findall(r"^RUN uv sync (.*)$", DOCKERFILE, re.MULTILINE)
    assert len(syncs) == 2
    assert all("--frozen" in one and "--no-dev" in one for one in syncs)
    assert re.findall(r"pip install .* (\S+)$", DOCKERFILE, re.MULTILINE) == ["uv==0.13.9"]


def test_every_image_is_a_version_and_none_is_whatever_is_newest():
    images = [service["image"] for service in COMPOSE.values()] + re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) >= 7
    for image in images:
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d+\.\d+[a-z0-9.-]*", image), image


def test_what_shows_figures_cannot_reach_the_broker_and_the_broker_publishes_no_port():
    assert {name for name, service in COMPOSE.items() if "broker" in service["networks"]} == {"bridge", "mosquitto"}
    assert COMPOSE["mosquitto"]["networks"] == ["broker"]
    assert "ports" not in COMPOSE["mosquitto"]


def test_prometheus_can_be_asked_and_not_told():
    """No login of its own: whoever reaches the port reads. Reloading, deleting and writing are off."""
    flags = " ".join(COMPOSE["prometheus"]["command"])
    for switched_on in ("web.enable-lifecycle", "web.enable-admin-api", "web.enable-remote-write-receiver"):
        assert switched_on not in flags


def test_every_published_port_is_for_this_machine_unless_the_settings_say_otherwise():
    ports = [port for service in COMPOSE.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("${BIND_ADDRESS:-127.0.0.1}:") for port in ports)
